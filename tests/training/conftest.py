import io
import random

import pytest
import srsly
from spacy.util import load_config_from_str
from thinc.api import Config

from spacy_birnn.cli.init_config import init_config, to_text
from spacy_birnn.training.train import train

NAMES = ["Ada", "Emmy", "Grace", "Sofja", "Rosa", "Lise"]
PLACES = ["Oslo", "London", "Bonn", "Lyon"]
FRAMES = [
    ["{n}", "left", "{p}", "."],
    ["In", "{p}", ",", "{n}", "{n}", "spoke", "."],
    ["Nobody", "saw", "{n}", "in", "{p}", "or", "{p}", "."],
    ["It", "rained", "."],
]


PLATEAU = {
    "training.optimizer": {
        "@optimizers": "spacy-birnn.SGD.v1",
        "average_decay": 0.8,
        "learn_rate": {
            "@schedules": "spacy-birnn.plateau.v1",
            "learn_rate": 0.3,
            "patience": 1,
        },
    },
    "training.eval_frequency": 2,
    "training.patience": 40,
    "training.max_epochs": 8,
}


def make_corpus(n_sentences, seed):
    """Sentences in CoNLL columns, of which a small tagger learns most, not all."""
    chosen, blocks = random.Random(seed), []
    for _ in range(n_sentences):
        rows, before = [], "O"
        for word in chosen.choice(FRAMES):
            tag = "O"
            if word in ("{n}", "{p}"):
                tag = "PER" if word == "{n}" else "LOC"
                prefix = "I" if before == tag == "PER" else "B"
                # Some words are both, so that the score keeps moving.
                stock = NAMES if tag == "PER" or chosen.random() < 0.2 else PLACES
                word, before, tag = chosen.choice(stock), tag, f"{prefix}-{tag}"
            else:
                before = "O"
            rows.append(f"{word} {tag}")
        blocks.append("\n".join(rows))
    return "\n\n".join(blocks) + "\n"


@pytest.fixture
def corpora(tmp_path):
    paths = {"train": tmp_path / "train.conll", "dev": tmp_path / "dev.conll"}
    for seed, (name, path) in enumerate(paths.items()):
        path.write_text(make_corpus(60 if name == "train" else 30, seed))
    return paths


@pytest.fixture
def make_config(corpora):
    """A small config; settings are given as `{"training.patience": 0}`."""

    def make(overrides=None) -> Config:
        config = init_config("ner", "efficiency")
        small = {
            "paths.train": str(corpora["train"]),
            "paths.dev": str(corpora["dev"]),
            "components.birnn_ner.model.tok2vec.encode.width": 12,
            "components.birnn_ner.model.tok2vec.embed.char_width": 6,
            "components.birnn_ner.model.tok2vec.embed.word_width": 8,
            "training.batcher.size": 8,
            "training.batcher.min_batches": 1,
            "training.max_epochs": 3,
            "training.eval_frequency": 5,
            **(overrides or {}),
        }
        return load_config_from_str(to_text(config), overrides=small, interpolate=False)

    return make


@pytest.fixture
def write_config(make_config, tmp_path):
    """The same as a file."""

    def write(overrides=None):
        path = tmp_path / "config.cfg"
        path.write_text(make_config(overrides).to_str(interpolate=False))
        return path

    return write


def weights(folder):
    """The bytes of all models of a saved pipeline."""
    found = sorted(folder.glob("*/model"))
    assert found
    return {path.parent.name: path.read_bytes() for path in found}


def performance(folder):
    return srsly.read_json(folder / "meta.json")["performance"]


def quiet(config, output, **settings):
    settings.setdefault("eval_frequency", config["training"]["eval_frequency"])
    return train(config, output, stdout=io.StringIO(), **settings)
