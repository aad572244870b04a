"""A loaded model: the settings of its file and those of its config."""

import pytest
import spacy
from thinc.api import Adam

from spacy_birnn.errors import BirnnError
from spacy_birnn.models.votes import has_votes

from .tiny import make_docs, make_tagger, make_vocab, train

TEXTS = ("the cat saw Paris and the other cat saw the cat", "Paris saw the cat")
DOCS = make_docs(*TEXTS, vocab=make_vocab())
PARTS = ("embed", "encode")


def tagger(part=None, **changed):
    """A tagger, one part of which has other settings."""
    given = {part: changed} if part in PARTS else changed
    return make_tagger(DOCS, **given)


FIXED = [
    ("encode", "depth", 2, 1),
    ("encode", "cell", "gru", "lstm"),
    ("encode", "bidirectional", False, True),
    ("encode", "lookahead", 1, None),
    ("encode", "forget_bias", 0.5, 1.0),
    ("embed", "vectors", "frozen", "finetune"),
    ("embed", "chars", "rnn", "cnn"),
    ("embed", "char_embed_width", 8, 30),
    ("embed", "word_width", 12, 6),
    ("emissions", "decoder", "softmax", "crf"),
    ("emissions", "scheme", "iob2", "bioes"),
    ("emissions", "votes", 0.2, False),
]


@pytest.mark.parametrize(("part", "key", "value", "default"), FIXED)
def test_settings_of_the_weights_are_those_of_training(part, key, value, default):
    """Either way, in one line that names both."""
    usual, other = tagger(), tagger(part, **{key: value})
    wanted = bool(value) if key == "votes" else value
    for model, saved, found, trained in (
        (other, usual, wanted, default),
        (usual, other, default, wanted),
    ):
        with pytest.raises(BirnnError) as caught:
            model.copy().from_bytes(saved.to_bytes())
        assert str(caught.value).startswith("[B026] ")
        line = f": {key} = {found!r}, but the saved model was trained with {trained!r}:"
        assert line in str(caught.value)


@pytest.mark.parametrize(
    ("part", "key", "before", "after"),
    [
        ("embed", "word_dropout", 0.0, 0.9),
        ("encode", "dropout", 0.0, 0.9),
        ("encode", "dropout", None, 0.9),
        ("encode", "dropout", 0.9, None),
        ("emissions", "dropout", 0.0, 0.9),
        ("emissions", "votes", 0.1, 0.9),
    ],
)
def test_settings_of_training_are_those_of_the_config(part, key, before, after):
    """What goes on from the same weights learns as the config says."""
    saved = tagger(part, **{key: before}).to_bytes()
    losses = []
    for setting in (before, after):
        model = tagger(part, **{key: setting}).from_bytes(saved)
        assert model.predict(DOCS)[0].tolist() == (
            tagger(part, **{key: before}).predict(DOCS)[0].tolist()
        )
        train(model, DOCS, optimizer=Adam(0.1))
        losses.append(model.predict(DOCS)[0].tolist())
    assert losses[0] != losses[1]
    assert has_votes(model) == (key == "votes")


def test_a_model_of_an_earlier_version_has_the_settings_of_its_config():
    """Its file does not name them all."""
    model = tagger("encode", lookahead=1)
    earlier = model.copy()
    for node in earlier.walk():
        node.attrs.pop("settings", None)
    loaded = tagger("encode", lookahead=1).from_bytes(earlier.to_bytes())
    assert loaded.predict(DOCS)[0].tolist() == model.predict(DOCS)[0].tolist()

    for node in earlier.walk():
        node.attrs["settings"] = {}
    loaded = tagger("encode", lookahead=1).from_bytes(earlier.to_bytes())
    assert loaded.predict(DOCS)[0].tolist() == model.predict(DOCS)[0].tolist()


def test_a_shared_encoder_too(tmp_path):
    nlp = spacy.blank("en")
    embed = {"@architectures": "spacy-birnn.WordCharEmbed.v1"}
    encode = {"@architectures": "spacy-birnn.BiRNNEncoder.v1", "width": 8}
    model = {"@architectures": "spacy-birnn.Tok2Vec.v1"}
    model.update(embed=embed, encode=encode)
    nlp.add_pipe("tok2vec", config={"model": model})
    nlp.initialize()
    nlp.to_disk(tmp_path / "model")
    other = {"components.tok2vec.model.encode.cell": "gru"}
    with pytest.raises(BirnnError, match=r"^\[B026\] birnn_encoder: cell = 'gru', but"):
        spacy.load(tmp_path / "model", config=other)
