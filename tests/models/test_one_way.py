"""Prediction and training are one model: the same numbers from both, in any batch."""

import itertools

import numpy
import pytest
from spacy.tokens import Doc
from thinc.api import chain, fix_random_seed

from spacy_birnn.models.embed import build_word_char_embed
from spacy_birnn.models.encoder import build_birnn_encoder
from spacy_birnn.models.sequence_tagger import build_sequence_tagger, set_labels
from spacy_birnn.models.tok2vec import build_tok2vec
from spacy_birnn.nn.rnn.cells import CELLS

from .tiny import make_vocab, train

EMBEDDINGS = [
    (vectors, chars)
    for vectors in ("finetune", "frozen", "none")
    for chars in ("cnn", "rnn", "none")
    if (vectors, chars) != ("none", "none")
]
LABELS = ["O", "B-X", "I-X", "E-X", "S-X"]
TEXT = "Paris is in 1999 and \n the Paris of Xyz is there in the end ; Anna goes to it"


def documents(vocab):
    """Of several lengths, with and without sentence starts, white space and nothing."""
    words = TEXT.split(" ")
    cuts = [(0, 5), (3, 4), (0, len(words)), (5, 6), (2, 11), (0, 0), (8, 17), (1, 9)]
    docs = [Doc(vocab, words=words[a:b]) for a, b in cuts]
    docs[2][6].is_sent_start = docs[6][3].is_sent_start = True
    return docs


def tagger(tok2vec, decoder, docs):
    model = build_sequence_tagger(tok2vec, decoder=decoder, dropout=0.0)
    set_labels(model, LABELS, "bioes")
    model.initialize(X=docs)
    train(model, docs, 2)  # words and characters that are met
    return model


def assert_one_way(model, docs):
    want, _ = model.begin_update(docs)
    for batch in ([docs], [docs[:3], docs[3:]], [[doc] for doc in docs]):
        parts = (model.predict(part) for part in batch)
        for expected, got in zip(want, itertools.chain.from_iterable(parts)):
            assert got.shape == expected.shape
            numpy.testing.assert_allclose(got, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("decoder", ["crf", "constrained", "softmax"])
@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("vectors", "chars"), EMBEDDINGS)
def test_our_tok2vec(vectors, chars, cell, bidirectional, depth, decoder):
    fix_random_seed(1)
    docs = documents(make_vocab())
    embed = build_word_char_embed(
        vectors=vectors, chars=chars, char_width=6, word_dropout=0.0
    )
    encode = build_birnn_encoder(
        width=8, depth=depth, cell=cell, bidirectional=bidirectional, dropout=0.0
    )
    assert_one_way(tagger(build_tok2vec(embed, encode), decoder, docs), docs)


@pytest.mark.parametrize("cell", CELLS)
def test_our_parts_in_spacys_tok2vec(cell):
    """`spacy.Tok2Vec.v2` runs embed and encode one after the other."""
    docs = documents(make_vocab())
    embed = build_word_char_embed(char_width=6, word_dropout=0.0)
    encode = build_birnn_encoder(width=8, cell=cell, dropout=0.0)
    assert_one_way(tagger(chain(embed, encode), "crf", docs), docs)


def test_what_a_part_does_in_training_it_does_in_prediction(monkeypatch):
    """The look-up of forms and the layers are the same code on both ways."""
    docs = documents(make_vocab())
    embed = build_word_char_embed(char_width=6, word_dropout=0.0)
    encode = build_birnn_encoder(width=8, dropout=0.0)
    model = tagger(build_tok2vec(embed, encode), "crf", docs)
    calls = {"read_forms": 0, "PreparedLayer": 0}

    def count(place, name, make):
        def counted(*args, **settings):
            calls[name] += 1
            return make(*args, **settings)

        monkeypatch.setattr(f"{place}.{name}", counted)

    from spacy_birnn.models import embed as embedding
    from spacy_birnn.models import word_forms
    from spacy_birnn.nn.rnn import layer, predict

    count("spacy_birnn.models.embed", "read_forms", embedding.read_forms)
    count("spacy_birnn.models.word_forms", "read_forms", word_forms.read_forms)
    count("spacy_birnn.nn.rnn.layer", "PreparedLayer", layer.PreparedLayer)
    count("spacy_birnn.nn.rnn.predict", "PreparedLayer", predict.PreparedLayer)
    model.begin_update(docs)
    assert calls == {"read_forms": 1, "PreparedLayer": 1}
    model.predict(docs)
    assert calls == {"read_forms": 2, "PreparedLayer": 2}
