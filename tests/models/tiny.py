"""Small models and documents that the tests of the models share."""

import numpy
from spacy.language import BaseDefaults
from spacy.tokens import Doc
from spacy.vectors import Vectors
from spacy.vocab import Vocab, create_vocab
from thinc.api import Adam, fix_random_seed

from spacy_birnn.models.embed import build_word_char_embed
from spacy_birnn.models.encoder import build_birnn_encoder
from spacy_birnn.models.sequence_tagger import build_sequence_tagger, set_labels
from spacy_birnn.models.tok2vec import build_tok2vec

LABELS = ["O", "B-X", "I-X", "E-X", "S-X"]
WORDS = {"paris": 1.0, "Paris": 2.0, "the": 3.0, "0000": 4.0, "cat": 5.0}


def blank_vocab() -> Vocab:
    """The vocabulary of a blank pipeline: no vectors, but it knows white space."""
    return create_vocab(None, BaseDefaults)


def make_vocab(words=WORDS, width=6):
    """A vocabulary with vectors: each word's is its number, repeated."""
    vocab = blank_vocab()
    keys = [vocab.strings.add(word) for word in words]
    data = numpy.repeat(numpy.array([*words.values()], dtype="f")[:, None], width, 1)
    vocab.vectors = Vectors(strings=vocab.strings, data=data, keys=keys)
    return vocab


def make_docs(*texts, vocab=None):
    """Documents of words between single blanks; an empty text has none."""
    vocab = blank_vocab() if vocab is None else vocab
    return [Doc(vocab, words=text.split(" ") if text else []) for text in texts]


def make_tagger(docs, *, embed=None, encode=None, labels=LABELS, seed=0, **settings):
    """An initialized tagger."""
    fix_random_seed(seed)
    model = build_sequence_tagger(
        build_tok2vec(
            build_word_char_embed(
                **{"word_width": 6, "char_width": 8, **(embed or {})}
            ),
            build_birnn_encoder(**{"width": 12, **(encode or {})}),
        ),
        **settings,
    )
    set_labels(model, labels, "bioes" if "B-X" in labels else "raw")
    if docs:
        model.initialize(X=docs)
    return model


def train(model, docs, steps=3, optimizer=None):
    """Steps with a made-up gradient; the optimizer that took them."""
    optimizer = optimizer or Adam(0.01)
    for _ in range(steps):
        Y, backprop = model.begin_update(docs)
        backprop(
            [numpy.sin(numpy.arange(y.size, dtype="f")).reshape(y.shape) for y in Y]
        )
        model.finish_update(optimizer)
    return optimizer


def predict(model, docs):
    """All rows of all documents in one matrix that nothing else holds."""
    return model.ops.flatten(model.predict(docs)).copy()


def shims(model):
    """Of the decoder, the encoder and the embedding."""
    nodes = sorted(model.walk(), key=lambda node: node.name)
    return [shim for node in nodes for shim in node.shims]
