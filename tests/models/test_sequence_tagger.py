"""The components' model: emissions, labels, every option."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy
import pytest
import spacy
import torch
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam, set_dropout_rate

from spacy_birnn.errors import BirnnError
from spacy_birnn.models.embed import build_word_char_embed
from spacy_birnn.models.sequence_tagger import (
    build_sequence_tagger,
    get_decoder,
    set_labels,
)

from .tiny import blank_vocab, make_docs, make_tagger, make_vocab, predict, train

TEXTS = ("the cat sat", "", "Paris in 1999")


@pytest.fixture
def docs():
    return make_docs(*TEXTS, vocab=make_vocab())


def test_one_row_a_token_one_column_a_label(docs):
    model = make_tagger(docs)
    assert [y.shape for y in model.predict(docs)] == [(3, 5), (0, 5), (3, 5)]
    assert get_decoder(model).linear.out_features == model.get_dim("nO") == 5


@pytest.mark.parametrize("change", [{"decoder": "softmax"}, {"decoder": "constrained"}])
def test_decoders_differ(docs, change):
    """In their loss, or in what they allow."""
    models = [make_tagger(docs), make_tagger(docs, **change)]
    rows = torch.tensor([[0.0, 0.0, 9.0, 0.0, 0.0]] * 3)
    labels = torch.tensor([1, 2, 3])
    found = []
    for model in models:
        decoder = get_decoder(model)
        for param in decoder.crf.parameters():
            param.data.fill_(0.5)
        loss = decoder.loss(rows, [3], labels).item()
        found.append((round(loss, 4), decoder.decode(rows, [3]).tolist()))
    assert found[0] != found[1]
    assert (found[1][1] == [2, 2, 2]) == (change["decoder"] == "softmax")


def test_scheme_has_an_effect():
    """Through the component, which makes the decoder's labels of entity types."""
    labels = {}
    for scheme in ("bioes", "iob2"):
        nlp = spacy.blank("en")
        ner = nlp.add_pipe("birnn_ner", config={"model": {"scheme": scheme}})
        reference = {"entities": [(0, 3, "PER")]}
        example = Example.from_dict(nlp.make_doc("Ann ran"), reference)
        nlp.initialize(lambda example=example: [example])
        labels[scheme] = set(ner.model.get_ref("emissions").attrs["labels"])
    assert labels == {
        "bioes": {"O", "B-PER", "I-PER", "E-PER", "S-PER"},
        "iob2": {"O", "B-PER", "I-PER"},
    }


def dropped(model, docs):
    """How much training outputs vary."""
    runs = [model.ops.flatten(model.begin_update(docs)[0]) for _ in range(4)]
    return float(numpy.std(runs, axis=0).max())


def test_dropout_of_the_emissions(docs):
    fixed = {"embed": {"word_dropout": 0.0}, "encode": {"dropout": 0.0}}
    follows, never, always = (
        make_tagger(docs, dropout=rate, **fixed) for rate in (None, 0.0, 0.5)
    )
    for model in (follows, never, always):
        dropped(model, docs)  # all words and characters are met
    assert dropped(follows, docs) == dropped(never, docs) == 0.0
    assert dropped(always, docs) > 0.01
    for model in (follows, never, always):
        set_dropout_rate(model, 0.3)
    assert dropped(follows, docs) > 0.01
    assert dropped(never, docs) == 0.0
    for model in (follows, always):
        assert numpy.array_equal(predict(model, docs), predict(model, docs))


def test_prediction_right_after_an_update_is_deterministic(docs):
    model = make_tagger(docs)
    set_dropout_rate(model, 0.5)
    train(model, docs)
    first = predict(model, docs)
    assert numpy.array_equal(predict(model, docs), first)
    set_dropout_rate(model, 0.0)
    assert numpy.array_equal(predict(model, docs), first)


def test_training_reaches_every_layer(docs):
    # Words that training meets have vectors of their own: dropout alone takes the
    # unknown one.
    model = make_tagger(docs, embed={"word_dropout": 0.1})
    before = model.to_bytes()
    params = [
        (shim, name, param.detach().clone())
        for node in model.walk()
        for shim in node.shims
        for name, param in shim.module.named_parameters()
        if len(param) and "crf" not in name
    ]
    set_dropout_rate(model, 0.1)
    train(model, docs, 10)
    assert model.to_bytes() != before
    for shim, name, old in params:
        assert not torch.equal(shim.module.get_parameter(name).detach(), old), name


def test_a_batch_of_nothing(docs):
    model = make_tagger(docs)
    vocab = docs[0].vocab
    for batch in ([], [docs[1]], [Doc(vocab, words=[" ", "\n"]), docs[1]]):
        Y, backprop = model.begin_update(batch)
        assert [y.shape for y in Y] == [(len(doc), 5) for doc in batch]
        backprop(Y)
        model.finish_update(Adam(0.01))


def test_labels_may_change_until_initialize(docs):
    model = make_tagger(docs)
    set_labels(model, ["A", "B"], "raw")
    model.initialize(X=docs)
    assert [y.shape[1] for y in model.predict(docs)] == [2, 2, 2]
    decoder = get_decoder(model)
    rows = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    decoder.crf.start.data.zero_()
    assert decoder.decode(rows, [2]).shape == (2,)


def test_errors_of_a_model_that_is_not_ready(docs):
    with pytest.raises(BirnnError, match=r"^\[B008\] spacy-birnn.SequenceTagger.v1"):
        build_sequence_tagger(build_word_char_embed(), dropout=1.5)
    model = make_tagger(None)
    with pytest.raises(BirnnError, match=r"^\[B001\]"):
        get_decoder(model)
    with pytest.raises(BirnnError, match=r"^\[B001\]"):
        model.predict(docs)
    with pytest.raises(BirnnError, match=r"^\[B004\]"):
        model.initialize()
    unlabelled = build_sequence_tagger(build_word_char_embed())
    with pytest.raises(BirnnError, match=r"^\[B004\] SequenceTagger.v1"):
        unlabelled.initialize(X=docs)


def test_one_label_and_many_labels(docs):
    for n in (1, 300):
        model = make_tagger(docs, labels=[f"L{i}" for i in range(n)])
        train(model, docs)
        rows = torch.from_numpy(predict(model, docs))
        assert get_decoder(model).decode(rows, [3, 3]).shape == (6,)


def test_very_long_documents(docs):
    vocab = docs[0].vocab
    model = make_tagger(docs)
    train(model, docs)
    words = ["the", "cat", "sat", "in", "Paris"] * 800
    found, short = model.predict(
        [Doc(vocab, words=words), Doc(vocab, words=words[:2500])]
    )
    assert found.shape == (4000, 5)
    assert numpy.abs(short[:2000] - found[:2000]).max() < 1e-4


def train_for_hash():
    """A digest of the weights after some steps with new words and dropout."""
    vocab = blank_vocab()
    docs = make_docs("a b c d e f g h", "a b c", "Paris in 1999", vocab=vocab)
    model = make_tagger(docs)
    set_dropout_rate(model, 0.3)
    train(model, docs, 5)
    return hashlib.sha256(model.to_bytes()).hexdigest()


def test_same_weights_under_another_hash_seed():
    code = (
        "import tests.models.test_sequence_tagger as test; print(test.train_for_hash())"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == train_for_hash()
