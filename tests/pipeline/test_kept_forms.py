"""What prediction keeps of word forms never shows: not in what is predicted before, nor
after the weights or the vectors have changed."""

import copy
import pickle

import numpy
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vectors import Vectors
from thinc.api import Adam

from spacy_birnn.models.forms import FormTable
from spacy_birnn.models.shim import shim_of

from .toys import config, emissions, examples, trained

TEXT = "Anna often rains in Old Harbour with 3 quite new words and Ω"
WORDS = TEXT.split()


def with_chars(chars):
    """An untrained pipeline; its weights do for what is asked here."""
    nlp = spacy.blank("en")
    settings = config()
    settings["model"]["tok2vec"]["embed"]["chars"] = chars
    nlp.add_pipe("birnn_ner", config=settings)
    nlp.initialize(lambda: examples(nlp))
    nlp.update(examples(nlp), sgd=Adam(0.01))
    return nlp


def docs_of(nlp):
    return [Doc(nlp.vocab, words=WORDS[i:]) for i in range(0, len(WORDS), 3)]


def scores(nlp):
    return numpy.concatenate(emissions(nlp, docs_of(nlp)))


def fresh_scores(nlp):
    """With nothing kept."""
    for node in nlp.get_pipe("birnn_ner").model.walk():
        if node.name == "birnn_encoder":
            shim_of(node).forms = FormTable()
    return scores(nlp)


@pytest.mark.parametrize("chars", ["cnn", "rnn", "none"])
def test_what_was_predicted_before_does_not_change_a_bit(chars):
    nlp = with_chars(chars)
    want = fresh_scores(nlp)
    for doc in reversed(docs_of(nlp)):
        for word in doc:
            nlp(Doc(nlp.vocab, words=[word.text]))
        nlp(doc)
    assert numpy.array_equal(scores(nlp), want)


def assert_follows(nlp, before):
    """What is predicted now is what a pipeline says that has kept nothing."""
    after = scores(nlp)
    assert numpy.abs(after - before).max() > 1e-4
    assert numpy.array_equal(after, fresh_scores(nlp))


def test_training():
    nlp = trained()
    before = scores(nlp)
    nlp.update(examples(nlp), sgd=Adam(0.01))
    assert_follows(nlp, before)


def test_averages():
    nlp = trained()
    optimizer = Adam(0.05, use_averages=True)
    for _ in range(3):
        nlp.update(examples(nlp), sgd=optimizer)
    before = scores(nlp)
    with nlp.use_params(optimizer.averages):
        averaged = scores(nlp)
        assert_follows(nlp, before)
    assert numpy.array_equal(scores(nlp), before)
    assert numpy.abs(averaged - before).max() > 1e-4


def test_other_weights_from_a_file():
    nlp, other = trained(), trained(steps=3)
    before = scores(nlp)
    nlp.from_bytes(other.to_bytes())
    assert_follows(nlp, before)


def test_gradients_that_are_still_added_up():
    """The module notes characters before the optimizer makes its step."""
    settings = config()
    settings["model"]["tok2vec"]["embed"]["vectors"] = "none"
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_ner", config=settings)
    nlp.initialize(lambda: examples(nlp))
    nlp.update(examples(nlp), sgd=Adam(0.01))
    before = scores(nlp)
    words = Doc(nlp.vocab, words=["Ω3", "3Ω", "quite"])
    new = Doc(nlp.vocab, words=["Ω3", "3Ω", "quite"], ents=["O"] * 3)
    nlp.update([Example(words, new)], sgd=False)
    assert_follows(nlp, before)


def test_a_copy_in_another_process_counts_its_changes_for_itself():
    shim = next(
        shim
        for node in trained().get_pipe("birnn_ner").model.walk()
        for shim in node.shims
    )
    kept = shim._version
    for copied in (pickle.loads(pickle.dumps(shim)), copy.deepcopy(shim)):
        assert copied._version != kept


@pytest.mark.parametrize("change", ["replace", "new word", "data"])
def test_vectors(change):
    nlp = spacy.blank("en")
    rng = numpy.random.default_rng(0)
    known = WORDS[:-1]
    nlp.vocab.vectors = Vectors(shape=(len(known) + 2, 12))
    for word in known:
        nlp.vocab.set_vector(word, rng.normal(size=12).astype("f"))
    settings = config()
    settings["model"]["tok2vec"]["embed"]["vectors"] = "frozen"
    nlp.add_pipe("birnn_ner", config=settings)
    nlp.initialize(lambda: examples(nlp))
    before = scores(nlp)
    if change == "replace":
        data = rng.normal(size=(len(known), 12)).astype("f")
        nlp.vocab.vectors = Vectors(data=data, keys=[nlp.vocab[w].orth for w in known])
    elif change == "new word":
        nlp.vocab.set_vector(WORDS[-1], rng.normal(size=12).astype("f"))
    else:
        for factor in (2.0, 0.5, -1.0):  # freed and taken again, memory has one address
            before = scores(nlp)
            nlp.vocab.vectors.data = nlp.vocab.vectors.data * factor
            assert_follows(nlp, before)
        return
    assert_follows(nlp, before)
