"""What is saved comes back to the bit, and a damaged file changes nothing."""

import json

import pytest
import spacy
import srsly
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin

from spacy_birnn.errors import BirnnError

from .toys import (
    FACTORIES,
    confidences,
    config,
    emissions,
    examples,
    found,
    texts,
    train,
    trained,
    untrained,
)


def assert_same(nlp, other):
    docs = list(nlp.pipe(texts()))
    others = list(other.pipe(texts()))
    assert [found(doc) for doc in docs] == [found(doc) for doc in others]
    assert [confidences(doc) for doc in docs] == [confidences(doc) for doc in others]
    for one, two in zip(emissions(nlp, docs), emissions(other, others), strict=True):
        assert one.tobytes() == two.tobytes()


@pytest.mark.parametrize("factory", FACTORIES)
@pytest.mark.parametrize("decoder", ["crf", "constrained", "softmax"])
def test_overfitting_io(factory, decoder, tmp_path):
    nlp = untrained(factory, decoder=decoder, confidence=True)
    data = examples(nlp, nlp.get_pipe(factory).target)
    assert train(nlp, data, 60) < 0.1
    for example in data:
        assert found(nlp(example.predicted.copy())) == found(example.reference)
    nlp.to_disk(tmp_path / "model")
    assert_same(nlp, spacy.load(tmp_path / "model"))
    other = spacy.blank("en")
    other.add_pipe(factory, config=config(decoder=decoder, confidence=True))
    assert_same(nlp, other.from_bytes(nlp.to_bytes()))


@pytest.mark.parametrize("vocab", [[], ["vocab"]])
def test_component_alone(vocab, tmp_path):
    nlp = trained()
    pipe = nlp.get_pipe("birnn_ner")
    pipe.to_disk(tmp_path / "disk", exclude=vocab)
    data = pipe.to_bytes(exclude=vocab)
    for load in (
        lambda other: other.from_disk(tmp_path / "disk", exclude=vocab),
        lambda other: other.from_bytes(data, exclude=vocab),
    ):
        other = spacy.blank("en")
        assert load(other.add_pipe("birnn_ner", config=config())).labels == pipe.labels
        assert_same(nlp, other)


def test_bytes_are_deterministic_and_hold_no_pickle(tmp_path):
    nlp = trained(steps=2)
    assert nlp.to_bytes() == nlp.to_bytes()
    nlp.to_disk(tmp_path)
    names = sorted(path.name for path in (tmp_path / "birnn_ner").iterdir())
    assert names == ["cfg", "checksum", "model"]
    assert json.loads((tmp_path / "birnn_ner" / "cfg").read_text("utf8")) == {
        "labels": ["LOC", "PER"],
        "masked": [],
    }
    srsly.msgpack_loads((tmp_path / "birnn_ner" / "model").read_bytes())


def test_save_before_initialize(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_ner", config=config())
    nlp.to_disk(tmp_path)
    other = spacy.load(tmp_path)
    other.initialize(lambda: examples(other))
    assert other.get_pipe("birnn_ner").labels == ("LOC", "PER")


def test_saved_settings_come_from_the_config(tmp_path):
    nlp = trained()
    nlp.to_disk(tmp_path)
    text = texts()[0]
    assert spacy.load(tmp_path)(text).ents[0]._.confidence is None
    for override in (
        {"components.birnn_ner.confidence": True},
        {"components": {"birnn_ner": {"confidence": True}}},
    ):
        doc = spacy.load(tmp_path, config=override)(text)
        assert found(doc) == found(nlp(text))
        assert 0.5 < doc.ents[0]._.confidence <= 1.0


# --- damaged files --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cfg", "model", "checksum"])
def test_damaged_files_are_refused(name, tmp_path):
    nlp = untrained()
    nlp.to_disk(tmp_path)
    folder = tmp_path / "birnn_ner"
    whole = (folder / name).read_bytes()
    other = trained(steps=5)
    other_before = other.to_bytes()
    pipe = other.get_pipe("birnn_ner")

    @settings(max_examples=25, deadline=None, phases=[Phase.generate])
    @given(place=st.integers(0, len(whole) - 1), change=st.integers(1, 255))
    def alter(place, change):
        data = bytearray(whole)
        data[place] ^= change
        for damaged in (bytes(data), whole[:place], whole + bytes([change])):
            (folder / name).write_bytes(damaged)
            with pytest.raises(BirnnError, match=r"^\[B020\] Component 'birnn_ner'.*$"):
                pipe.from_disk(folder)

    alter()
    assert other.to_bytes() == other_before
    (folder / name).unlink()
    with pytest.raises(BirnnError, match=rf"^\[B021\].*{name}"):
        pipe.from_disk(folder)
    assert other.to_bytes() == other_before
    (folder / name).write_bytes(whole)
    pipe.from_disk(folder, exclude=["vocab"])
    assert_same(nlp, other)


@pytest.mark.parametrize("exclude", [["vocab"], []])
def test_damaged_bytes_are_refused(exclude):
    nlp = untrained()
    pipe = nlp.get_pipe("birnn_ner")
    whole = pipe.to_bytes(exclude=exclude)
    before = nlp.to_bytes()

    @settings(max_examples=100, deadline=None, phases=[Phase.generate])
    @given(
        place=st.one_of(
            st.integers(0, len(whole) - 1),
            st.integers(0, 300),  # where the layout of the message is told
            st.integers(len(whole) - 300, len(whole) - 1),
        ),
        change=st.integers(1, 255),
    )
    def alter(place, change):
        data = bytearray(whole)
        data[place] ^= change
        for damaged in (bytes(data), whole[:place]):
            with pytest.raises(BirnnError, match=r"^\[B020\] Component 'birnn_ner'.*$"):
                pipe.from_bytes(damaged, exclude=exclude)

    alter()
    assert nlp.to_bytes() == before


def test_model_of_another_config_is_refused(tmp_path):
    """In one line, and the component can be used, or be loaded, as if nothing was."""
    wide = spacy.blank("en")
    wide.add_pipe("birnn_ner")
    wide.initialize(lambda: examples(wide))
    wide.to_disk(tmp_path / "wide")
    small = trained()
    small.to_disk(tmp_path / "small")
    before = small.to_bytes()
    pipe = small.get_pipe("birnn_ner")
    with pytest.raises(BirnnError, match=r"^\[B024\] Component 'birnn_ner'.*$"):
        pipe.from_disk(tmp_path / "wide" / "birnn_ner")
    assert small.to_bytes() == before

    fresh = spacy.blank("en")
    pipe = fresh.add_pipe("birnn_ner", config=config())
    with pytest.raises(BirnnError, match=r"^\[B024\]"):
        pipe.from_disk(tmp_path / "wide" / "birnn_ner")
    pipe.from_disk(tmp_path / "small" / "birnn_ner")
    assert_same(small, fresh)


# --- documents ------------------------------------------------------------------------


@pytest.mark.parametrize("factory", FACTORIES)
def test_documents_keep_confidences(factory):
    nlp = trained(factory, confidence=True)
    docs = list(nlp.pipe(texts()))
    assert any(confidences(doc) for doc in docs)
    stored = DocBin(docs=docs, store_user_data=True).to_bytes()
    loaded = DocBin().from_bytes(stored).get_docs(nlp.vocab)
    for doc, again in zip(docs, loaded, strict=True):
        assert found(again) == found(doc)
        assert confidences(again) == confidences(doc)
        copied = Doc(nlp.vocab).from_bytes(doc.to_bytes())
        assert found(copied) == found(doc)
        assert confidences(copied) == confidences(doc)
