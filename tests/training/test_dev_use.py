"""Dev that is trained on too, and training that does without."""

import pytest
from spacy.util import load_config, registry

from spacy_birnn.errors import BirnnError
from spacy_birnn.training.dev_use import DevUse

from .conftest import PLATEAU, quiet, weights


@pytest.mark.cpu
def test_dev_too_is_both_files_in_their_order(make_config, corpora, tmp_path):
    """By the settings of the training corpus, of which `limit` counts for each file."""
    both = make_config({"corpora.dev.joined": 10})
    quiet(both, tmp_path / "too", dev_use=DevUse.train)
    listed = make_config({"paths.train": list(map(str, corpora.values()))})
    quiet(listed, tmp_path / "listed", dev_use=DevUse.none)
    last = tmp_path / "too" / "model-last"
    assert weights(last) == weights(tmp_path / "listed" / "model-last")
    # What is saved is the config that was given.
    saved = load_config(last / "config.cfg", interpolate=False)
    assert saved["corpora"]["train"]["path"] == "${paths.train}"
    limited = make_config({"corpora.train.limit": 4, "training.max_epochs": 1})
    _, progress, _ = quiet(limited, None, dev_use=DevUse.train)
    assert progress.words == sum(
        len(sentence.splitlines())
        for path in corpora.values()
        for sentence in path.read_text().split("\n\n")[:4]
    )


@pytest.mark.parametrize(
    "reader",
    [
        {"@readers": "spacy.Corpus.v1", "path": "dev.spacy"},
        {"@readers": "spacy-birnn.ConllCorpus.v1", "path": "dev.conll"},
    ],
)
def test_dev_of_another_reader_is_not_trained_on(make_config, reader):
    config = make_config()
    config["corpora"]["dev"] = reader
    with pytest.raises(
        BirnnError, match="B069.*'corpora.dev' must be a corpus of files"
    ):
        quiet(config, None, dev_use=DevUse.train)


def test_dev_of_a_function_that_reads_several_corpora(make_config):
    @registry.readers("test.several")
    def make():
        return {"train": list, "dev": list}

    config = make_config()
    config["corpora"] = {"@readers": "test.several"}
    with pytest.raises(BirnnError, match="B069.*'corpora.dev' must be a corpus of"):
        quiet(config, None, dev_use=DevUse.train)


def test_files_of_dev_that_train_has_too(make_config, corpora, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = make_config({"paths.dev": corpora["train"].name})
    with pytest.raises(BirnnError, match=r"B100.*train\.conll would be read twice"):
        quiet(config, None, dev_use=DevUse.train)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"training.max_epochs": 0}, "max_epochs = 0 must be at least 1"),
        (
            {"training.max_epochs": -1, "training.max_steps": 0},
            "max_epochs = -1 must be at least 1",
        ),
        (PLATEAU, "optimizer.learn_rate = 'spacy-birnn.plateau.v1' must be"),
    ],
)
def test_what_needs_dev(make_config, overrides, message):
    with pytest.raises(BirnnError, match=rf"B069.*{message}"):
        quiet(make_config(overrides), None, dev_use=DevUse.none)
