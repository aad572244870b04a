"""Embed whole documents, encode sentence by sentence, without white space."""

import numpy
import pytest
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Adam

from spacy_birnn.models.embed import build_word_char_embed
from spacy_birnn.models.encoder import build_birnn_encoder
from spacy_birnn.models.tok2vec import build_tok2vec

from .tiny import make_vocab

VOCAB = make_vocab()


def make_doc(words, starts=None, vocab=VOCAB):
    return Doc(vocab, words=words.split("_"), sent_starts=starts)


def make(docs, embed=None, encode=None):
    model = build_tok2vec(
        embed or build_word_char_embed(vectors="frozen", char_width=8),
        encode or build_birnn_encoder(8),
    )
    model.initialize(X=docs)
    return model


PLAIN = make_doc("the_cat_sat_Paris_is_big")
SPLIT = make_doc("the_cat_sat_Paris_is_big", [1, 0, 0, 1, 0, 0])
SPACED = make_doc("the_cat_ _sat_Paris_\n_is_big", [1, 0, 0, 0, 1, 0, 0, 0])


def test_sentences_are_sequences_of_their_own():
    model = make([PLAIN])
    first, second = make_doc("the_cat_sat"), make_doc("Paris_is_big")
    whole, split, one, two = model.predict([PLAIN, SPLIT, first, second])
    assert numpy.abs(split - numpy.concatenate([one, two])).max() < 1e-5
    assert numpy.abs(split - whole).max() > 1e-3


def test_white_space_is_left_out_and_gets_zeros():
    model = make([PLAIN])
    spaced, split = model.predict([SPACED, SPLIT])
    space = [token.is_space for token in SPACED]
    assert not spaced[space].any()
    assert numpy.abs(spaced[~numpy.array(space)] - split).max() < 1e-5


def test_batch_does_not_matter():
    docs = [PLAIN, SPLIT, make_doc(" "), SPACED, Doc(VOCAB), make_doc("\n_a")]
    model = make(docs)
    for doc, together in zip(docs, model.predict(docs), strict=True):
        alone = model.predict([doc])[0]
        assert alone.shape == together.shape == (len(doc), 8)
        assert not alone.size or numpy.abs(alone - together).max() < 1e-5


def test_gradients_equal_those_of_the_sentences_alone():
    embed = build_word_char_embed(vectors="frozen", char_width=8, word_dropout=0.0)
    model = make([PLAIN], embed)
    first, second = make_doc("the_cat_sat"), make_doc("Paris_is_big")
    found = []
    for docs in ([SPACED], [SPLIT], [first, second]):
        copied = model.copy()
        Y, backprop = copied.begin_update(docs)
        dY = numpy.arange(48, dtype="f").reshape(6, 8)
        if docs == [SPACED]:  # whatever is asked of white space counts for nothing
            dY = numpy.insert(dY, [2, 4], 1000.0, axis=0)
        backprop(copied.ops.unflatten(dY, [len(doc) for doc in docs]))
        params = [
            param
            for node in copied.walk()
            for shim in node.shims
            for param in shim.module.parameters()
        ]
        found.append([p.grad.to_dense().numpy() for p in params if p.grad is not None])
    assert len(found[0]) > 8
    for spaced, split, alone in zip(*found, strict=True):
        numpy.testing.assert_allclose(split, alone, rtol=1e-4, atol=1e-3)
        numpy.testing.assert_allclose(spaced, alone, rtol=1e-4, atol=1e-3)


def spacys(name, *args, **kwargs):
    return registry.get("architectures", f"spacy.{name}.v2")(*args, **kwargs)


ENCODERS = {
    "birnn": lambda: build_birnn_encoder(16),
    "maxout": lambda: spacys("MaxoutWindowEncoder", 16, 1, 2, 2),
}
EMBEDS = {
    "birnn": lambda: build_word_char_embed(char_width=10),
    "hash": lambda: spacys("MultiHashEmbed", 16, ["NORM"], [100], False),
    "cnn": lambda: spacys(
        "HashEmbedCNN",
        width=16,
        depth=1,
        embed_size=100,
        window_size=1,
        maxout_pieces=2,
        subword_features=False,
        pretrained_vectors=None,
    ),
}


@pytest.mark.parametrize("encode", ENCODERS)
@pytest.mark.parametrize("embed", EMBEDS)
def test_parts_of_spacy_fit_in(embed, encode):
    """Their gradients too, over documents without a word."""
    docs = [PLAIN, SPACED, Doc(VOCAB), make_doc(" ")]
    model = make(docs, EMBEDS[embed](), ENCODERS[encode]())
    assert model.get_dim("nO") == 16
    for batch in (docs, docs[2:], docs[3:], docs[2:3], []):
        Y, backprop = model.begin_update(batch)
        assert [y.shape for y in Y] == [(len(doc), 16) for doc in batch]
        backprop(Y)
        model.finish_update(Adam(0.01))
    assert numpy.isfinite(model.ops.flatten(model.predict(docs))).all()


def test_every_part_has_an_effect():
    sizes = {
        make([PLAIN], embed, encode).predict([PLAIN])[0].shape
        for embed, encode in (
            (None, None),
            (None, build_birnn_encoder(6)),
            (build_word_char_embed(char_width=4), build_birnn_encoder(10)),
        )
    }
    assert sizes == {(6, 8), (6, 6), (6, 10)}
    model = make([PLAIN], build_word_char_embed(char_width=4))
    assert model.get_ref("encode").get_dim("nI") == 10


def test_bytes_of_an_uninitialized_model():
    model = make([PLAIN])
    other = build_tok2vec(
        build_word_char_embed(vectors="frozen", char_width=8), build_birnn_encoder(8)
    ).from_bytes(model.to_bytes())
    assert numpy.array_equal(other.predict([PLAIN])[0], model.predict([PLAIN])[0])
    assert other.get_ref("encode") is other.layers[1]


def test_initialize_again_with_other_vectors():
    model = make([PLAIN])
    other = [make_doc("the_cat", vocab=make_vocab(width=3))]
    model.initialize(X=other)
    assert model.predict(other)[0].shape == (2, 8)
