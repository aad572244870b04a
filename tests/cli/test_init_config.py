import subprocess
import sys

import pytest
import spacy
from spacy.training.initialize import init_nlp
from spacy.util import load_config, load_model_from_config

from spacy_birnn.cli.init_config import init_config
from spacy_birnn.cli.recipe_config import TASKS
from spacy_birnn.cli.recipes import RECIPES
from spacy_birnn.errors import BirnnError

SCORES = {
    "ner": "ents_f",
    "pos": "pos_acc",
    "tag": "tag_acc",
    "chunk": "spans_chunks_f",
}


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
    grows = training["before_update"] or {"start": recipe.dropout_start, "epochs": 0}
    assert grows["start"] == recipe.dropout_start
    assert grows["epochs"] == recipe.dropout_warmup
    rate = training["optimizer"]["learn_rate"]
    if recipe.decay:
        assert (rate["base_rate"], rate["decay"]) == (recipe.learn_rate, recipe.decay)
    else:
        assert rate == recipe.learn_rate
    batcher = training["batcher"]
    assert batcher["warmup"] == recipe.warmup
    assert config["corpora"]["dev"]["joined"] == (10 if recipe.joined else 0)
    assert batcher["size"] == recipe.batch_size
    assert (batcher["min_batches"], batcher["buffer"]) == (60, recipe.buffer)
    assert (batcher["share"], batcher["longest"]) == (recipe.joined, recipe.longest)
    weights = training["score_weights"]
    assert [key for key, weight in weights.items() if weight] == [SCORES[task]]
    assert set(config["paths"]) >= {"train", "dev", "vectors"}


def test_every_task_has_both_aims():
    assert set(RECIPES) == {
        (task, optimize) for task in TASKS for optimize in ("efficiency", "accuracy")
    }


@pytest.mark.parametrize("tasks", ["ner,chunk", "chunk,pos", "ner,pos"])
def test_several_tasks_are_trained_for_as_long_as_any_needs_it(tasks):
    found = init_config(tasks, "accuracy")["training"]["patience"]
    each = [RECIPES[task, "accuracy"].patience for task in tasks.split(",")]
    assert found == (0 if 0 in each else max(each))  # 0 is for all epochs


@pytest.mark.parametrize("task", ["pos", "tag"])
def test_the_tagger_learns_what_the_task_says(task):
    config = init_config(task, "efficiency")
    assert config["components"]["birnn_tagger"]["target"] == task
    assert config["corpora"]["train"]["columns"] == {"word": 0, task: -1}


def test_several_tasks(tmp_path, run):
    """A component each, of its own recipe; trained as slowly as any of them needs."""
    path = tmp_path / "a.cfg"
    result = run("init-config", path, "--task", "ner,pos,chunk")
    assert result.exit_code == 0, result.output
    assert "--columns word=0,pos=1,chunks=2,ents=-1" in result.output
    config = load_config(path)
    assert load_model_from_config(config, auto_fill=True).config == config
    names = ["birnn_ner", "birnn_tagger", "birnn_chunker"]
    assert config["nlp"]["pipeline"] == names
    assert set(config["components"]) == set(names)
    assert config["components"]["birnn_tagger"]["model"]["decoder"] == "softmax"
    for corpus in config["corpora"].values():
        assert corpus["columns"] == {"word": 0, "pos": 1, "chunks": 2, "ents": -1}
    recipes = [RECIPES[task, "efficiency"] for task in TASKS]
    training = config["training"]
    assert training["max_epochs"] == max(recipe.max_epochs for recipe in recipes)
    assert training["optimizer"]["learn_rate"]["base_rate"] == 0.003
    assert training["batcher"]["share"] == max(recipe.joined for recipe in recipes)
    weights = training["score_weights"]
    assert {key: w for key, w in weights.items() if w} == {
        "ents_f": 0.33,
        "pos_acc": 0.33,
        "spans_chunks_f": 0.33,
    }


def test_columns_of_the_training_table_can_be_told_apart():
    """spaCy shows the first ten letters of those that are not null."""
    for tasks in (*TASKS, "ner,pos,chunk", "ner,tag,chunk"):
        weights = init_config(tasks, "efficiency")["training"]["score_weights"]
        shown = [key[:10] for key, weight in weights.items() if weight is not None]
        assert len(shown) == len(set(shown))
        for task in ("pos", "tag"):
            assert (f"{task}_acc" in shown) == (task in tasks.split(","))


@pytest.mark.parametrize("tasks", ["ner,ner", "nre", "", "ner,"])
def test_wrong_tasks(tasks, tmp_path, run):
    result = run("init-config", tmp_path / "a.cfg", "--task", tasks)
    assert result.exit_code == 2
    assert "[B201]" in result.output
    assert "ner, pos, tag, chunk" in result.output


def test_two_tasks_of_one_component(tmp_path, run):
    result = run("init-config", tmp_path / "a.cfg", "--task", "pos,ner,tag")
    assert result.exit_code == 2
    assert "[B201]" in result.output
    assert "birnn_tagger" in result.output


def test_missing_vectors_are_one_coded_line(corpus, tmp_path, run):
    path = tmp_path / "a.cfg"
    assert run("init-config", path, "--task", "ner").exit_code == 0
    overrides = {"paths.vectors": str(tmp_path / "nowhere")}
    overrides.update({"paths.train": str(corpus), "paths.dev": str(corpus)})
    config = load_config(path, overrides=overrides)
    with pytest.raises(BirnnError, match=r"^\[B035\].*nowhere.*--paths.vectors"):
        init_nlp(config)


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
    "ner,pos,chunk": [],
    "ner": ["--columns", "word=0,ents=3"],
    "pos": ["--columns", "word=0,pos=1"],
    "tag": ["--columns", "word=0,tag=1"],
    "chunk": ["--columns", "word=0,chunks=2"],
}


@pytest.mark.slow
@pytest.mark.parametrize("task", COLUMNS)
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
    for name in task.split(","):
        assert nlp.meta["performance"][SCORES[name]] > 0.9


def test_standard_output_gets_the_config_alone(tmp_path, run):
    path = tmp_path / "a.cfg"
    settings = ["--task", "ner,tag", "--lang", "de"]
    assert run("init-config", path, *settings).exit_code == 0
    result = run("init-config", "-", *settings)
    assert result.exit_code == 0, result.output
    assert result.stdout == path.read_text()


def test_words_are_no_labels(tmp_path, run):
    path = tmp_path / "a.cfg"
    result = run("init-config", path, "--task", "ner", "--columns", "word=0,ents=0")
    assert result.exit_code == 1
    assert "[B117]" in result.stderr
    assert not path.exists()
