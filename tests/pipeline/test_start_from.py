"""Training that starts from what another pipeline has learned."""

import numpy
import pytest
import spacy

from spacy_birnn.errors import BirnnError
from spacy_birnn.models.sequence_tagger import get_decoder
from spacy_birnn.models.transfer import take_encoder
from spacy_birnn.pipeline.start_from import create_start_from

from .toys import SENTENCES, config, examples, trained, untrained


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("other") / "model"
    trained().to_disk(path)
    return str(path)


def hidden_states(nlp, name):
    """Of a sentence, from the component's encoder."""
    docs = [nlp.make_doc(SENTENCES[0][0])]
    return nlp.get_pipe(name).model.get_ref("tok2vec").predict(docs)[0].tolist()


@pytest.mark.parametrize("factory", ["birnn_ner", "birnn_tagger"])
def test_words_and_contexts_are_those_of_the_other_one(saved, factory):
    """Through the config; the labels are those of the data."""
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe(factory, config=config())
    callback = {"@callbacks": "spacy-birnn.start_from.v1", "model": saved}
    nlp.config["initialize"]["after_init"] = callback
    nlp.initialize(lambda: examples(nlp, pipe.target))
    other = spacy.load(saved)
    assert hidden_states(nlp, factory) == hidden_states(other, "birnn_ner")
    assert pipe.labels == untrained(factory).get_pipe(factory).labels
    fresh, learned = (
        get_decoder(one.get_pipe(name).model).linear.weight
        for one, name in ((nlp, factory), (other, "birnn_ner"))
    )
    assert fresh.shape != learned.shape or not fresh.equal(learned)


def test_without_another_one_nothing_changes():
    nlp = untrained()
    before = hidden_states(nlp, "birnn_ner")
    assert create_start_from()(nlp) is nlp
    assert hidden_states(nlp, "birnn_ner") == before


def test_it_learns_on(saved):
    """What it took is its own: the other pipeline stays as it is."""
    nlp = untrained()
    create_start_from(saved)(nlp)
    before = hidden_states(nlp, "birnn_ner")
    nlp.update(examples(nlp), sgd=nlp.resume_training())
    assert hidden_states(nlp, "birnn_ner") != before
    assert hidden_states(spacy.load(saved), "birnn_ner") == before


def test_only_new_components_start_from_it(saved):
    """A frozen one beside a new one, and a frozen one alone."""
    frozen = trained("birnn_tagger")
    frozen.config["initialize"]["after_init"] = {
        "@callbacks": "spacy-birnn.start_from.v1",
        "model": saved,
    }
    before = hidden_states(frozen, "birnn_tagger")
    off = frozen.select_pipes(disable="birnn_tagger")
    with off, pytest.raises(BirnnError, match=r"^\[B496\]"):
        frozen.initialize(lambda: examples(frozen))
    frozen.add_pipe("birnn_ner", config=config())
    with frozen.select_pipes(disable="birnn_tagger"):
        frozen.initialize(lambda: examples(frozen))
    assert hidden_states(frozen, "birnn_tagger") == before
    other = spacy.load(saved)
    assert hidden_states(frozen, "birnn_ner") == hidden_states(other, "birnn_ner")


def test_which_component_it_starts_from(tmp_path):
    other = trained()
    other.add_pipe("birnn_tagger", source=trained("birnn_tagger"))
    other.to_disk(tmp_path / "both")
    both = str(tmp_path / "both")
    nlp = untrained()
    create_start_from(both)(nlp)
    assert hidden_states(nlp, "birnn_ner") == hidden_states(other, "birnn_ner")
    create_start_from(both, "birnn_tagger")(nlp)
    assert hidden_states(nlp, "birnn_ner") == hidden_states(other, "birnn_tagger")
    named = untrained("birnn_chunker")
    with pytest.raises(BirnnError, match=r"^\[B097\].*'birnn_chunker'.*birnn_tagger\)"):
        create_start_from(both)(named)
    with pytest.raises(BirnnError, match=r"^\[B097\].*'ner'"):
        create_start_from(both, "ner")(nlp)


def test_a_folder_that_is_no_pipeline(tmp_path):
    for wrong in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(BirnnError, match=r"^\[B094\].*OUT/model-best") as error:
            create_start_from(str(wrong))(untrained())
        assert "\n" not in str(error.value)


def test_other_sizes_change_nothing(saved):
    nlp = spacy.blank("en")
    settings = config()
    settings["model"]["tok2vec"]["encode"]["width"] = 20
    nlp.add_pipe("birnn_ner", config=settings)
    nlp.initialize(lambda: examples(nlp))
    before = hidden_states(nlp, "birnn_ner")
    with pytest.raises(
        BirnnError, match=r"^\[B095\].*'birnn_ner' of .*: width = 16 instead of 20\."
    ):
        create_start_from(saved)(nlp)
    assert hidden_states(nlp, "birnn_ner") == before


def test_nothing_to_start_from(tmp_path):
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(BirnnError, match=r"^\[B096\].*blank has no"):
        create_start_from(str(tmp_path / "blank"))(untrained())
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_ner", config=config())
    nlp.to_disk(tmp_path / "fresh")
    with pytest.raises(BirnnError, match=r"^\[B001\]"):
        create_start_from(str(tmp_path / "fresh"))(untrained())


def with_vectors(scale, words=("Ann", "lives", "in")):
    """An initialized pipeline with word vectors."""
    nlp = spacy.blank("en")
    for i, word in enumerate(words):
        nlp.vocab.set_vector(word, numpy.full(4, scale * (i + 1), dtype="f"))
    nlp.add_pipe("birnn_ner", config=config())
    nlp.initialize(lambda: examples(nlp))
    return nlp


def test_word_vectors_are_the_same(tmp_path):
    """Those of fewer words are."""
    with_vectors(1.0).to_disk(tmp_path / "other")
    start_from = create_start_from(str(tmp_path / "other"))
    nlp = with_vectors(2.0)
    before = hidden_states(nlp, "birnn_ner")
    with pytest.raises(BirnnError, match=r"^\[B099\].*other are others"):
        start_from(nlp)
    assert hidden_states(nlp, "birnn_ner") == before
    for words in (("Bob",), ()):
        with pytest.raises(BirnnError, match=r"^\[B099\]"):
            start_from(with_vectors(1.0, words=words))
    start_from(with_vectors(1.0, words=("Ann", "lives")))


def test_a_shared_encoder(saved):
    nlp, model = untrained(), trained().get_pipe("birnn_ner").model
    shared = spacy.blank("en")
    shared.add_pipe("tok2vec")
    listener = {
        "@architectures": "spacy.Tok2VecListener.v1",
        "width": 96,
        "upstream": "*",
    }
    pipe = shared.add_pipe("birnn_ner", config={"model": {"tok2vec": listener}})
    shared.initialize(lambda: examples(shared))
    with pytest.raises(BirnnError, match=r"^\[B096\].*the config has no"):
        take_encoder(pipe.model, model, "'x' of y")
    with pytest.raises(BirnnError, match=r"^\[B096\].*'x' of y has no"):
        take_encoder(nlp.get_pipe("birnn_ner").model, pipe.model, "'x' of y")
