import subprocess
import sys

import pytest
import spacy
from spacy.util import load_config, load_model_from_config

from spacy_birnn.cli.init_config import init_config
from spacy_birnn.cli.recipes import RECIPES, TASKS

SCORES = {"ner": "ents_f", "pos": "pos_acc", "chunk": "spans_chunks_f"}


@pytest.mark.parametrize(("task", "optimize"), sorted(RECIPES))
def test_config_is_complete(task, optimize, tmp_path, run):
    """spaCy finds nothing to fill in, and the recipe's values are where they belong."""
    path = tmp_path / "a.cfg"
    result = run("init-config", path, "--task", task, "--optimize", optimize)
    assert result.exit_code == 0, result.output
    config = load_config(path)
    assert load_model_from_config(config, auto_fill=True).config == config
    recipe, factory = RECIPES[task, optimize], TASKS[task].factory
    assert config["nlp"]["pipeline"] == [factory]
    tok2vec = config["components"][factory]["model"]["tok2vec"]
    assert tok2vec["encode"]["width"] == recipe.width
    assert tok2vec["encode"]["depth"] == recipe.depth
    assert tok2vec["embed"]["char_width"] == recipe.char_width
    assert tok2vec["embed"]["word_dropout"] == recipe.word_dropout
    training = config["training"]
    for key in ("dropout", "max_epochs", "patience", "eval_frequency"):
        assert training[key] == getattr(recipe, key)
    assert training["optimizer"]["learn_rate"] == recipe.learn_rate
    assert training["batcher"]["size"] == recipe.batch_size
    weights = training["score_weights"]
    assert [key for key, weight in weights.items() if weight] == [SCORES[task]]
    assert set(config["paths"]) >= {"train", "dev", "vectors"}


def test_every_task_has_both_aims():
    assert set(RECIPES) == {
        (task, optimize) for task in TASKS for optimize in ("efficiency", "accuracy")
    }


def test_pos_means_the_target_pos():
    assert init_config("pos", "efficiency")["components"]["birnn_tagger"]["target"] == (
        "pos"
    )


def test_options_reach_the_config(tmp_path, run):
    path = tmp_path / "a.cfg"
    options = ["--lang", "de", "--columns", "word=1,ents=-2", "--scheme", "bilou"]
    assert run("init-config", path, "--task", "ner", *options).exit_code == 0
    config = load_config(path)
    assert config["nlp"]["lang"] == "de"
    for corpus in config["corpora"].values():
        assert corpus["columns"] == {"word": 1, "ents": -2}
        assert corpus["scheme"] == "bilou"


def test_sections_come_in_order(tmp_path, run):
    path = tmp_path / "a.cfg"
    assert run("init-config", path, "--task", "ner").exit_code == 0
    assert run("init-config", path, "--task", "ner", "--force").exit_code == 0
    heads = [line for line in path.read_text().splitlines() if line.startswith("[")]
    assert heads[:3] == ["[paths]", "[system]", "[nlp]"]
    assert heads.index("[components.birnn_ner.model]") < heads.index("[corpora]")


COLUMNS = {
    "ner": ["--columns", "word=0,ents=3"],
    "pos": ["--columns", "word=0,pos=1"],
    "chunk": ["--columns", "word=0,chunks=2"],
}


@pytest.mark.slow
@pytest.mark.parametrize("task", ["ner", "pos", "chunk"])
def test_config_trains(task, corpus, tmp_path, run_process):
    """Through the real commands, from a CoNLL file to a pipeline that labels it."""
    text = corpus.read_text().replace(" NNP ", " PROPN ").replace("VBD", "VERB")
    corpus.write_text(text.replace(". . O O", ". PUNCT O O"))
    config, model = tmp_path / "a.cfg", tmp_path / "model"
    line = ["init-config", config, "--task", task, *COLUMNS[task]]
    result = run_process(*line, through_spacy=task == "ner")
    assert result.returncode == 0, result.stderr
    train = subprocess.run(
        [sys.executable, "-m", "spacy", "train", config, "--output", model]
        + ["--paths.train", corpus, "--paths.dev", corpus]
        + ["--training.max_epochs", "150", "--training.eval_frequency", "50"]
        + ["--training.dropout", "0.1"],
        capture_output=True,
        timeout=900,
    )
    assert train.returncode == 0, train.stderr
    nlp = spacy.load(model / "model-best")
    score = nlp.meta["performance"][SCORES[task]]
    assert score > 0.9
