"""Votes in a model: whose word is the same, where, and what they change."""

from itertools import islice

import numpy
import pytest
from spacy.tokens import Doc
from thinc.api import set_dropout_rate

from spacy_birnn.errors import BirnnError
from spacy_birnn.models.sequence_tagger import add_labels, get_decoder
from spacy_birnn.models.shim import forget, shim_of
from spacy_birnn.models.votes import find_mentions, has_votes

from .tiny import blank_vocab, make_docs, make_tagger, predict, train

TEXTS = ("Paris is where Ann lives", "", "PARIS saw paris and Ann , not Paris")


@pytest.fixture
def docs():
    return make_docs(*TEXTS)


def without_votes(model):
    """Switch the votes of a model off."""
    get_decoder(model).votes.votes.weight.data.zero_()
    forget(model)


def words_of(docs):
    """The mentions of a batch, as one list of rows per word."""
    rows, counts = (part.tolist() for part in find_mentions(docs))
    rows = iter(rows)
    return [list(islice(rows, count)) for count in counts]


def test_mentions_are_of_one_document_and_any_case(docs):
    assert words_of(docs) == [[5, 7, 12]]
    assert sorted(words_of([docs[2], docs[0], docs[2]])) == [[0, 2, 7], [13, 15, 20]]
    assert words_of([]) == words_of([docs[1]]) == words_of([docs[0]]) == []


def test_white_space_is_no_word():
    doc = Doc(blank_vocab(), words=["a", "\n", "b", "\n", "a", "\n"])
    assert words_of([doc]) == [[0, 4]]


def test_mentions_of_other_sentences_count():
    words = ["Ann", "ran", ".", "ann", "sat", "."]
    starts = [True, False, False] * 2
    doc = Doc(blank_vocab(), words=words, sent_starts=starts)
    assert sorted(words_of([doc])) == [[0, 3], [2, 5]]


def test_votes_change_the_words_that_occur_again_alone(docs):
    model = make_tagger(docs, votes=0.2)
    train(model, docs)
    found = predict(model, docs)
    without_votes(model)
    changed = numpy.abs(found - predict(model, docs)).max(1) > 1e-6
    assert changed.nonzero()[0].tolist() == [5, 7, 12]


def test_a_document_s_votes_do_not_depend_on_its_batch(docs):
    model = make_tagger(docs, votes=0.2)
    train(model, docs)
    together = predict(model, docs)
    apart = numpy.concatenate([predict(model, [doc]) for doc in docs if len(doc)])
    assert numpy.abs(together - apart).max() < 1e-5


def test_gradients_through_votes_reach_the_encoder(docs):
    """Against differences, of what reaches a token that has no gradient of its own."""
    model = make_tagger(docs, votes=1e-9)
    train(model, docs)
    doc, embed = docs[2], model.get_ref("tok2vec").get_ref("embed")
    table = shim_of(embed).module.unknown
    Y, backprop = model.begin_update([doc])
    dY = [numpy.zeros_like(Y[0])]
    dY[0][0, 1] = 1.0  # of PARIS, for which paris and Paris vote
    backprop(dY)
    gradient = table.grad.flatten()[0].item()
    table.grad = None

    def output(step):
        table.data.flatten()[0] += step
        try:
            return float(model.begin_update([doc])[0][0][0, 1])
        finally:
            table.data.flatten()[0] -= step

    slope = (output(1e-2) - output(-1e-2)) / 2e-2
    assert gradient == pytest.approx(slope, rel=0.02)


@pytest.mark.parametrize("rate", [1e-9, 1 - 1e-9])
def test_training_takes_the_own_emissions_of_words_that_have_votes(docs, rate):
    """What is left of them are votes, and no gradient reaches their own emissions."""
    model = make_tagger(docs, votes=rate)
    train(model, docs)
    without_votes(model)
    Y, backprop = model.begin_update(docs)
    is_gone = ~model.ops.flatten(Y).any(1)
    assert is_gone.nonzero()[0].tolist() == ([] if rate < 0.5 else [5, 7, 12])
    dY = [numpy.zeros_like(y) for y in Y]
    dY[2][0] = 1.0
    backprop(dY)
    gradient = get_decoder(model).linear.weight.grad
    assert gradient.any() == (rate < 0.5)


def test_prediction_takes_nothing_away(docs):
    often, rarely = (make_tagger(docs, votes=rate) for rate in (0.9, 0.1))
    assert numpy.array_equal(predict(often, docs), predict(rarely, docs))


@pytest.mark.parametrize("rate", [-0.1, 1.0])
def test_a_rate_out_of_range(docs, rate):
    with pytest.raises(BirnnError, match=r"^\[B098\] .*v1: votes"):
        make_tagger(docs, votes=rate)


def test_dropout_follows_that_of_the_tagger(docs):
    fixed = {"embed": {"word_dropout": 0.0}, "encode": {"dropout": 0.0}}
    model = make_tagger(docs, votes=0.2, dropout=None, **fixed)
    get_decoder(model).linear.weight.data.zero_()
    get_decoder(model).votes.votes.weight.data.fill_(1.0)
    for rate, varies in ((0.0, False), (0.5, True)):
        set_dropout_rate(model, rate)
        runs = [model.ops.flatten(model.begin_update(docs)[0]) for _ in range(4)]
        assert (numpy.std(runs, axis=0).max() > 0.01) == varies


def test_new_labels_keep_the_votes_of_the_old_ones(docs):
    model = make_tagger(docs, votes=0.2)
    train(model, docs)
    before = predict(model, docs)
    add_labels(model, ["O", "B-X", "I-X", "E-X", "S-X", "S-Y"], "bioes")
    assert numpy.abs(predict(model, docs)[:, :5] - before).max() < 1e-6
    train(model, docs)


def test_bytes_give_the_same_model(docs):
    model = make_tagger(docs, votes=0.2)
    train(model, docs)
    other = make_tagger(docs, votes=0.2, seed=1).from_bytes(model.to_bytes())
    assert has_votes(other)
    assert not has_votes(make_tagger(docs))
    assert numpy.array_equal(predict(other, docs), predict(model, docs))


def test_a_batch_without_repeated_words(docs):
    model = make_tagger(docs, votes=0.2)
    batch = [docs[0], docs[1]]
    train(model, batch)
    assert not get_decoder(model).votes.votes.weight.any()
    assert [y.shape for y in model.predict([docs[1]])] == [(0, 5)]
    assert model.predict([]) == []
