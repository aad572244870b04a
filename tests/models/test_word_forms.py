"""Word forms as the embedding's module takes them, and their embedding by form."""

import numpy
import pytest
import torch

from spacy_birnn.errors import BirnnError
from spacy_birnn.models.embed import form_embedder
from spacy_birnn.models.shim import shim_of
from spacy_birnn.models.word_forms import MAX_CHARS, read_forms

from .tiny import make_docs, make_tagger, make_vocab, train

FORMS = ["Paris", "PARIS", "1999", "xyz"]


def embedding(vocab, **settings):
    docs = make_docs("Paris xyz", vocab=vocab)
    model = make_tagger(docs, embed=settings)
    train(model, docs, 2)
    return model.get_ref("tok2vec").layers[0]


def keys_of(vocab, forms):
    return [vocab.strings.add(form) for form in forms]


def test_inputs_of_the_module():
    vocab = make_vocab()
    module = shim_of(embedding(vocab)).module
    keys = keys_of(vocab, FORMS)
    forms = read_forms(module, vocab.vectors, vocab.strings, keys, is_train=False)
    given, known, own_rows, code_points, char_lengths = forms.inputs
    assert given[:, 0].tolist() == [2.0, 1.0, 4.0, 0.0]
    assert known.tolist() == [True, True, True, False]
    assert (own_rows >= 0).tolist() == [True, False, False, True]
    assert char_lengths == [5, 5, 4, 3]
    assert len(code_points) == sum(char_lengths) + len(FORMS) + 1
    assert forms.found.rows.tolist() == [1, 0, 3, -1]


def test_words_get_a_row_in_training_alone():
    vocab = make_vocab()
    module = shim_of(embedding(vocab)).module
    keys, before = keys_of(vocab, ["new"]), len(module.words)
    read_forms(module, vocab.vectors, vocab.strings, keys, is_train=False)
    assert len(module.words) == before
    read_forms(module, vocab.vectors, vocab.strings, keys, is_train=True)
    assert len(module.words) == before + 1


def test_long_forms_are_read_by_both_ends():
    vocab = make_vocab()
    module = shim_of(embedding(vocab)).module
    half = MAX_CHARS // 2
    keys = keys_of(vocab, ["a" * half + "x" * 999 + "b" * half, "c"])
    inputs = read_forms(module, None, vocab.strings, keys, is_train=False).inputs
    assert inputs[4] == [MAX_CHARS, 1]
    assert inputs[3].unique().tolist() == [0, *map(ord, "abc")]


def test_vectors_of_another_width():
    vocab, other = make_vocab(), make_vocab(width=3)
    module = shim_of(embedding(vocab)).module
    keys = keys_of(other, FORMS)
    with pytest.raises(BirnnError, match=r"\[B012\].* 3 .* 6"):
        read_forms(module, other.vectors, other.strings, keys, is_train=False)


@pytest.mark.parametrize("chars", ["cnn", "rnn", "none"])
def test_a_form_is_embedded_as_a_token_is(chars):
    vocab = make_vocab()
    model = embedding(vocab, chars=chars)
    rows, found = form_embedder(model).embed(
        vocab.vectors, vocab.strings, keys_of(vocab, FORMS)
    )
    tokens = model.predict(make_docs(" ".join(FORMS), vocab=vocab))[0]
    numpy.testing.assert_allclose(rows.numpy(), tokens, rtol=0, atol=1e-6)
    assert len(found.rows) == len(FORMS)


def test_which_embeddings_are_exact():
    """A form's embedding does not depend on the forms beside it, but by a last bit
    where an LSTM reads the characters."""
    vocab = make_vocab()
    for chars, is_exact in (("cnn", True), ("none", True), ("rnn", False)):
        embedder = form_embedder(embedding(vocab, chars=chars))
        assert embedder.is_exact == is_exact
        together, _ = embedder.embed(
            vocab.vectors, vocab.strings, keys_of(vocab, FORMS)
        )
        for i, form in enumerate(FORMS):
            keys = keys_of(vocab, [form])
            alone, _ = embedder.embed(vocab.vectors, vocab.strings, keys)
            if is_exact:
                assert torch.equal(alone[0], together[i])
            else:
                torch.testing.assert_close(alone[0], together[i])


def test_the_same_embedder_until_the_weights_change():
    vocab = make_vocab()
    model = embedding(vocab)
    before = form_embedder(model)
    assert form_embedder(model) is before
    with torch.no_grad():
        shim_of(model).module.unknown.add_(1.0)
    assert form_embedder(model) is not before
