"""The temperature of a component: what it changes, and what it never does."""

import json
import math

import pytest
import spacy
from safetensors.torch import load, save

from spacy_birnn.errors import BirnnError
from spacy_birnn.models.shim import shim_of

from .toys import (
    FACTORIES,
    SENTENCES,
    confidences,
    doc_of,
    examples,
    found,
    texts,
    train,
    trained,
    untrained,
)

every_factory = pytest.mark.parametrize("factory", FACTORIES)
every_decoder = pytest.mark.parametrize("decoder", ["crf", "constrained", "softmax"])


@every_factory
@every_decoder
def test_labels_and_their_order_stay(factory, decoder):
    nlp = trained(factory, steps=20, decoder=decoder, confidence=True)
    pipe = nlp.get_pipe(factory)
    assert pipe.temperature == 1.0
    before = [nlp(text) for text in texts()]
    best = pipe.k_best([nlp.make_doc(text) for text in texts()], k=4)
    for temperature in (0.5, 4.0):
        pipe.temperature = temperature
        after = [nlp(text) for text in texts()]
        assert list(map(found, after)) == list(map(found, before))
        old = [p for doc in before for p in confidences(doc)]
        new = [p for doc in after for p in confidences(doc)]
        assert any(abs(a - b) > 1e-3 for a, b in zip(old, new))
        again = pipe.k_best([nlp.make_doc(text) for text in texts()], k=4)
        assert [[y for y, _ in one] for one in again] == [
            [y for y, _ in one] for one in best
        ]


@pytest.mark.parametrize("decoder", ["crf", "constrained"])
def test_confidences_and_k_best_are_of_one_distribution(decoder):
    nlp = trained(steps=20, decoder=decoder, confidence=True)
    pipe = nlp.get_pipe("birnn_ner")
    pipe.temperature = 2.0
    doc = nlp(doc_of(nlp, "Tilda hired Otto"))
    (every,) = pipe.k_best([doc_of(nlp, "Tilda hired Otto")], k=10_000)
    assert sum(math.exp(log) for _, log in every) == pytest.approx(1.0)
    assert doc.ents
    for ent in doc.ents:
        assert ent.end - ent.start == 1
        label = f"S-{ent.label_}"
        want = sum(math.exp(log) for y, log in every if y[ent.start] == label)
        assert ent._.confidence == pytest.approx(want, rel=1e-5)
    entropy = -sum(math.exp(log) * log for _, log in every)
    assert pipe.entropies([doc]) == pytest.approx([entropy], rel=1e-6)


def test_min_confidence_uses_it():
    nlp = trained(steps=30, min_confidence=0.6, candidates=True, confidence=True)
    pipe, text = nlp.get_pipe("birnn_ner"), SENTENCES[0][0]
    kept = len(nlp(text).ents)
    assert kept > 0
    pipe.temperature = 20.0
    doc = nlp(text)
    assert not doc.ents
    assert len(doc.spans["birnn_candidates"]) >= kept


def test_entropies_add_up_over_sentences():
    nlp = trained(steps=8)
    pipe = nlp.get_pipe("birnn_ner")
    parts = ["Anna lives in Oslo .", "It rains .", "Otto hired Tilda ."]
    words = " ".join(parts).split()
    starts = [i in (0, 5, 8) for i in range(len(words))]
    joined = spacy.tokens.Doc(nlp.vocab, words=words, sent_starts=starts)
    apart = pipe.entropies([doc_of(nlp, part) for part in parts])
    assert len(apart) == 3
    assert pipe.entropies([joined]) == pytest.approx([sum(apart)], rel=1e-5)
    assert pipe.entropies([nlp.make_doc(""), nlp.make_doc(" \n ")]) == [0.0, 0.0]


@every_factory
def test_it_is_saved_with_the_component(factory, tmp_path):
    nlp = trained(factory, steps=8, confidence=True)
    nlp.get_pipe(factory).temperature = 1.75
    docs = [nlp(text) for text in texts()]
    nlp.to_disk(tmp_path / "model")
    for loaded in (
        spacy.load(tmp_path / "model"),
        spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes()),
    ):
        assert loaded.get_pipe(factory).temperature == 1.75
        again = [loaded(text) for text in texts()]
        assert list(map(confidences, again)) == list(map(confidences, docs))


def test_files_of_before_have_none():
    nlp = trained(steps=8)
    nlp.get_pipe("birnn_ner").temperature = 1.75
    shim = shim_of(nlp.get_pipe("birnn_ner").model.get_ref("emissions"))
    data = shim.to_bytes()
    tensors = load(data)
    del tensors["crf.temperature"]
    header = {"spacy-birnn": _metadata(data)}
    shim.from_bytes(save(tensors, metadata=header))
    assert nlp.get_pipe("birnn_ner").temperature == 1.0


def _metadata(data):
    size = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + size])["__metadata__"]["spacy-birnn"]


def test_training_sets_it_back_and_says_so():
    nlp, other = trained(steps=8), trained(steps=8)
    pipe = nlp.get_pipe("birnn_ner")
    pipe.temperature = 1.75
    data = examples(nlp)
    with pytest.warns(UserWarning, match=r"W440.*'birnn_ner'.*1\.75"):
        loss = train(nlp, data, 1)
    assert pipe.temperature == 1.0
    assert loss == train(other, examples(other), 1)  # it had no part in the loss
    train(nlp, data, 1)  # and no further warning


def test_a_new_label_leaves_it():
    nlp = trained(steps=8, confidence=True)
    pipe = nlp.get_pipe("birnn_ner")
    pipe.temperature = 1.75
    before = [confidences(nlp(text)) for text in texts()]
    pipe.add_label("NEW")
    assert pipe.temperature == 1.75
    for old, new in zip(before, [confidences(nlp(text)) for text in texts()]):
        assert new == pytest.approx(old, abs=1e-5)


def test_a_fresh_component_has_none():
    nlp = untrained()
    nlp.get_pipe("birnn_ner").temperature = 3.0
    nlp.initialize(lambda: examples(nlp))
    assert nlp.get_pipe("birnn_ner").temperature == 1.0


@pytest.mark.parametrize("value", [0, -1.0, math.nan, math.inf, "1", None])
def test_a_temperature_that_cannot_be(value):
    pipe = untrained().get_pipe("birnn_ner")
    with pytest.raises(BirnnError, match=r"^\[B497\]"):
        pipe.temperature = value
    assert pipe.temperature == 1.0
