"""Word vectors beside characters, over a vocabulary of spaCy's."""

import logging
import warnings

import numpy
import pytest
import torch
from spacy.tokens import Doc
from spacy.vectors import Vectors
from thinc.api import Adam

from spacy_birnn.errors import BirnnError
from spacy_birnn.models.embed import build_word_char_embed, log_coverage
from spacy_birnn.models.word_forms import MAX_CHARS

from .tiny import WORDS, blank_vocab, make_docs, make_vocab, predict, train


def make(docs, vectors="frozen", chars="none", **args):
    args = {"word_width": 6, "char_width": 8, **args}
    model = build_word_char_embed(vectors, chars, **args)
    model.initialize(X=docs)
    return model


def words_of(model):
    return model.shims[0].module.words


# --- arguments ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ({"vectors": "none", "chars": "none"}, "B009"),
        ({"chars": "rnn", "char_width": 7}, "B010"),
        ({"char_width": 0}, "B007"),
        ({"char_embed_width": -3}, "B007"),
        ({"word_width": 0}, "B007"),
        ({"word_dropout": 1.0}, "B098"),
    ],
)
def test_wrong_arguments(args, code):
    with pytest.raises(BirnnError, match=rf"^\[{code}\] spacy-birnn.WordCharEmbed.v1"):
        build_word_char_embed(**args)


TEXTS = ("the cat sat in Paris", "1999 was long")


def trace(vocab=None, **args):
    """What a model predicts after some steps."""
    docs = make_docs(*TEXTS, vocab=make_vocab() if vocab is None else vocab)
    torch.manual_seed(0)
    model = make(docs, **{"vectors": "finetune", "chars": "cnn", **args})
    train(model, docs)
    return predict(model, docs)


@pytest.mark.parametrize(
    "change",
    [
        {"vectors": "frozen"},
        {"vectors": "none"},
        {"chars": "rnn"},
        {"chars": "none"},
        {"char_width": 10},
        {"char_embed_width": 7},
        {"word_dropout": 0.5},
    ],
)
def test_every_option_has_an_effect(change):
    before, after = trace(), trace(**change)
    assert numpy.array_equal(trace(), before)
    assert before.shape != after.shape or numpy.abs(before - after).max() > 1e-3


def test_word_width_is_for_words_learned_from_scratch():
    narrow, wide = (trace(blank_vocab(), word_width=n, chars="none") for n in (5, 9))
    assert (narrow.shape[1], wide.shape[1]) == (5, 9)
    assert trace(word_width=9, chars="none").shape[1] == 6


# --- look-up --------------------------------------------------------------------------


def test_rows_are_those_of_the_table():
    docs = make_docs("paris Paris PARIS The 1234 dog Dog", vocab=make_vocab())
    found = predict(make(docs), docs)
    assert (found == found[:, :1]).all()
    assert found[:, 0].tolist() == [1.0, 2.0, 1.0, 3.0, 4.0, 0.0, 0.0]


def test_unknown_words_share_one_vector_which_frozen_vectors_train():
    docs = make_docs("dog the cow", vocab=make_vocab())
    model = make(docs)
    train(model, docs)
    dog, the, cow = predict(model, docs)
    assert numpy.array_equal(dog, cow)
    assert dog.any()
    assert the.tolist() == [3.0] * 6


def test_floret_vectors():
    vocab = blank_vocab()
    data = numpy.random.normal(size=(50, 6)).astype("f")
    keys = {"hash_count": 2, "minn": 2, "maxn": 3, "bow": "<", "eow": ">"}
    vocab.vectors = Vectors(strings=vocab.strings, mode="floret", data=data, **keys)
    docs = make_docs("any Word", vocab=vocab)
    want = numpy.array([vocab.vectors[word] for word in ("any", "Word")])
    for vectors in ("frozen", "finetune"):
        model = make(docs, vectors)
        numpy.testing.assert_allclose(predict(model, docs), want, atol=1e-6)
        train(model, docs)
        assert numpy.abs(predict(model, docs) - want).max() < 0.1


# --- frozen vectors -------------------------------------------------------------------


def test_frozen_vectors_are_not_in_the_bytes():
    sizes = []
    for n_words in (10, 50_000):
        words = {**WORDS, **{f"w{i}": 1.0 for i in range(n_words)}}
        docs = make_docs(*TEXTS, vocab=make_vocab(words))
        model = make(docs, "frozen", "cnn")
        train(model, docs)
        sizes.append(len(model.to_bytes()))
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("vectors", ["frozen", "finetune"])
def test_other_vectors_give_other_outputs(vectors):
    docs = make_docs("the cat", vocab=make_vocab())
    model = make(docs, vectors)
    numbers = {word: -number for word, number in WORDS.items()}
    docs[0].vocab.vectors = make_vocab(numbers).vectors
    assert predict(model, docs)[:, 0].tolist() == [-3.0, -5.0]


def test_vectors_are_read_only_to_the_model():
    docs = make_docs(*TEXTS, vocab=make_vocab())
    before = docs[0].vocab.vectors.data.copy()
    for vectors in ("frozen", "finetune"):
        model = make(docs, vectors)
        train(model, docs)
        model.predict(docs)[0][:] = 77
        assert numpy.array_equal(docs[0].vocab.vectors.data, before)
    docs[0].vocab.vectors.data.flags.writeable = False
    predict(model, docs)


def test_frozen_over_an_empty_table_warns_and_adds_nothing():
    docs = make_docs(*TEXTS)
    with pytest.warns(UserWarning, match=r"^\[W001\]") as caught:
        model = make(docs, "frozen", "cnn")
    assert len(caught) == 1
    assert predict(model, docs).shape[1] == model.get_dim("nO") == 8
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(model, docs)
    with pytest.raises(BirnnError, match=r"^\[B011\]"):
        make(docs, "frozen", "none")


@pytest.mark.parametrize("vectors", ["frozen", "finetune"])
def test_vectors_of_another_width_are_refused(vectors):
    docs = make_docs(*TEXTS, vocab=make_vocab())
    model = make(docs, vectors)
    others = make_docs(*TEXTS, vocab=make_vocab(width=4))
    with pytest.raises(BirnnError, match=r"^\[B012\].* 4 wide.* 6:"):
        model.predict(others)


def test_frozen_vectors_must_not_get_lost():
    """A pipeline loaded without its vectors would predict nonsense in silence."""
    model = make(make_docs(*TEXTS, vocab=make_vocab()))
    with pytest.raises(BirnnError, match=r"^\[B012\].* 0 wide.* 6:"):
        model.predict(make_docs(*TEXTS))


# --- trainable vectors ----------------------------------------------------------------


def test_trained_words_move_and_the_others_stay():
    vocab = make_vocab()
    docs = make_docs("the the paris", vocab=vocab)
    model = make(docs, "finetune", word_dropout=0.0)
    assert len(words_of(model)) == 0
    assert predict(model, docs)[:, 0].tolist() == [3.0, 3.0, 1.0]
    train(model, docs)
    assert len(words_of(model)) == 2
    every = make_docs("the paris Paris cat 1999 dog cow", vocab=vocab)
    found = predict(model, every)
    assert numpy.abs(found[:2] - [[3.0] * 6, [1.0] * 6]).min() > 0
    assert found[2:, 0].tolist() == [2.0, 5.0, 4.0, 0.0, 0.0]
    assert numpy.array_equal(found[5], found[6])


def test_spellings_that_share_a_vector_share_its_row():
    vocab = make_vocab({"the": 3.0})
    docs = make_docs("THE The", vocab=vocab)
    model = make(docs, "finetune", word_dropout=0.0)
    train(model, docs)
    found = predict(model, make_docs("the The", vocab=vocab))
    assert list(words_of(model).rows) == [vocab.strings["the"]]
    assert numpy.array_equal(found[0], found[1])
    assert found[0, 0] != 3.0


def test_words_are_learned_from_scratch():
    docs = make_docs("a b c")
    model = make(docs, "finetune", word_width=7)
    assert model.get_dim("nO") == 7
    assert not predict(model, docs).any()  # not met yet: all unknown
    train(model, docs)
    found = predict(model, docs)
    assert len(numpy.unique(found, axis=0)) == 3
    new = predict(model, make_docs("d e", vocab=docs[0].vocab))
    assert numpy.array_equal(new[0], new[1])


def test_numbers_learned_from_scratch_share_what_they_learn():
    docs = make_docs("in 1999 , 12 men")
    model = make(docs, "finetune")
    train(model, docs)
    vocab = docs[0].vocab
    new = predict(model, make_docs("1999 2024 12 57 123", vocab=vocab))
    assert numpy.array_equal(new[0], new[1])
    assert numpy.array_equal(new[2], new[3])
    assert not numpy.array_equal(new[0], new[2])


def test_prediction_adds_no_words():
    docs = make_docs(*TEXTS, vocab=make_vocab())
    model = make(docs, "finetune")
    train(model, docs[:1])
    before = model.to_bytes()
    predict(model, docs)
    assert len(words_of(model)) == 5
    assert model.to_bytes() == before


def test_growth_between_accumulated_batches():
    """With rows that appear meanwhile, the first batch's gradient is still there."""
    first = make_docs("a b c")
    chars = " ".join(chr(i) for i in range(0x4E00, 0x4E00 + 2000))
    second = make_docs(chars, vocab=first[0].vocab)
    model = make(first, "finetune", word_dropout=0.0)
    for docs in (first, second, first):
        Y, backprop = model.begin_update(docs)
        backprop([numpy.ones_like(y) for y in Y])
    grad = words_of(model).table.grad.coalesce()
    assert grad.shape[0] >= len(words_of(model)) == 2003
    assert grad.values()[:, 0].tolist() == [2.0] * 3 + [1.0] * 2000
    before = predict(model, first)
    model.finish_update(Adam(0.01))
    assert numpy.abs(predict(model, first) - before).min() > 1e-3


def test_word_dropout_trains_the_unknown_vector():
    docs = make_docs("the cat " * 20 + "the", vocab=make_vocab())
    still, moving = (make(docs, "finetune", word_dropout=rate) for rate in (0.0, 0.3))
    for model in (still, moving):
        train(model, docs)
    assert not still.shims[0].module.unknown.any()
    assert moving.shims[0].module.unknown.any()
    assert numpy.array_equal(predict(moving, docs), predict(moving, docs))


def test_initialize_again_starts_anew():
    docs = make_docs(*TEXTS, vocab=make_vocab())
    model = make(docs, "finetune", "cnn")
    train(model, docs)
    width = model.get_dim("nO")
    model.initialize(X=docs)
    assert len(words_of(model)) == 0
    others = make_docs(*TEXTS, vocab=make_vocab(width=3))
    model.initialize(X=others)
    assert model.get_dim("nO") == width - 3 == predict(model, others).shape[1]


# --- forms and batches ----------------------------------------------------------------

ODD = [
    "a\0b",
    "\0",
    "a",
    "b",
    "😀",
    "👩‍👩‍👧",
    "\U0010ffff",
    "x" * 10**5,
    " ",
    "\n\n",
    "ß",
    "İ",
]


@pytest.mark.parametrize("chars", ["cnn", "rnn"])
@pytest.mark.parametrize("vectors", ["finetune", "none"])
def test_a_word_does_not_depend_on_its_company(chars, vectors):
    vocab = make_vocab()
    docs = [Doc(vocab, words=ODD)]
    model = make(docs, vectors, chars)
    train(model, docs)
    together = predict(model, docs)
    assert numpy.isfinite(together).all()
    for row, word in zip(together, ODD, strict=True):
        alone = predict(model, [Doc(vocab, words=[word])])
        numpy.testing.assert_allclose(alone[0], row, atol=1e-6)
    assert len(numpy.unique(together.round(5), axis=0)) == len(ODD)


def test_long_words_are_read_at_both_ends():
    half = MAX_CHARS // 2
    words = ["a" * half + middle + "b" * half for middle in ("", "c", "d" * 10**5)]
    docs = make_docs(" ".join([*words, "a" * half + "b" * (half - 1)]))
    model = make(docs, "none", "rnn")
    train(model, docs)
    short, one, long, other = predict(model, docs)
    assert numpy.abs(short - one).max() < 1e-6
    assert numpy.abs(short - long).max() < 1e-6
    assert numpy.abs(short - other).max() > 1e-4


@pytest.mark.parametrize("texts", [[], [""], ["", ""]])
def test_nothing_to_embed(texts):
    model = make(make_docs(*TEXTS), "finetune", "cnn")
    docs = make_docs(*texts)
    Y, backprop = model.begin_update(docs)
    assert [y.shape for y in Y] == [(0, 14)] * len(texts)
    backprop(Y)
    model.finish_update(Adam(0.01))
    assert [y.shape for y in model.predict(docs)] == [(0, 14)] * len(texts)


def test_an_uninitialized_model_says_so():
    model = build_word_char_embed()
    for docs in (make_docs("a"), make_docs("")):
        with pytest.raises(BirnnError, match=r"^\[B001\]"):
            model.predict(docs)
    with pytest.raises(BirnnError, match=r"^\[B004\] WordCharEmbed.v1"):
        model.initialize()
    with pytest.raises(BirnnError, match=r"^\[B004\]"):
        model.initialize(X=[])


# --- coverage -------------------------------------------------------------------------


def test_coverage_is_logged(caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("spacy"), "propagate", True)
    docs = make_docs("a", vocab=make_vocab())
    words = {"the": 5, "The": 2, "1999": 1, "dog": 1, "cow": 11}
    with caplog.at_level(logging.INFO):
        log_coverage(make(docs, "frozen"), "ner", docs[0].vocab, words)
        log_coverage(make(docs, "none", "cnn"), "quiet", docs[0].vocab, words)
        log_coverage(make(make_docs("a"), "finetune"), "quiet", blank_vocab(), words)
    assert [record.getMessage() for record in caplog.records] == [
        "ner: word vectors of 20 tokens: 25.0 % exact, 10.0 % lower, 5.0 % digits, "
        "60.0 % unknown (such as cow, dog)"
    ]


def test_vectors_lost_after_training_are_an_error():
    """Words that only the table knows must not become unknown in silence."""
    docs = make_docs("the cat", vocab=make_vocab())
    model = make(docs, "finetune")
    model.predict(docs)
    docs[0].vocab.vectors = Vectors(shape=(0, 0))
    with pytest.raises(BirnnError, match=r"\[B012\].* 0 wide"):
        model.predict(docs)


def test_vectors_that_came_after_initialization_are_not_looked_up():
    model = make(make_docs("the cat"), "finetune", "cnn")
    bare = model.predict(make_docs("the cat"))[0]
    beside = model.predict(make_docs("the cat", vocab=make_vocab()))[0]
    assert (bare == beside).all()
