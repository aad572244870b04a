"""`docs/spacy-commands.md`: the table is complete, and what it says works does."""

import json
import os
import re
from pathlib import Path

import pytest
import spacy
import typer
from spacy.cli import app
from spacy.tokens import DocBin
from spacy.util import load_config
from typer.testing import CliRunner

from spacy_birnn.cli.app import app as our_app

from .conftest import ROOT

PAGE = (ROOT / "docs" / "spacy-commands.md").read_text(encoding="utf8")
TABLE = dict(re.findall(r"^\| `spacy ([\w -]+)` \| ([\w ]+) \|", PAGE, re.MULTILINE))

FILES = ["--paths.train", "train.spacy", "--paths.dev", "dev.spacy"]
BRIEFLY = ["--training.max_steps", "2", "--training.eval_frequency", "2"]
MODEL = "model/model-best"

RUNS = {
    "train": ["ner.cfg", "-o", "trained", *FILES, *BRIEFLY],
    "evaluate": [MODEL, "dev.spacy", "-o", "scores.json", "-dp", "drawn", "-P"],
    "benchmark accuracy": [MODEL, "dev.spacy", "-o", "accuracy.json"],
    "benchmark speed": [MODEL, "dev.spacy", "--batches", "30", "--warmup", "1"],
    "apply": [MODEL, "texts.jsonl", "applied.spacy"],
    "find-threshold": [MODEL, "dev.spacy", "birnn_ner", "min_confidence", "ents_f"]
    + ["--n_trials", "3"],
    "package": [MODEL, "packages", "--name", "toy", "--build", "none"],
    "assemble": ["assemble.cfg", "assembled"],
    "pretrain": ["pretrain.cfg", "pretrained", *FILES, "--paths.raw_text"]
    + ["texts.jsonl"],
    "init config": ["spacys.cfg", "--pipeline", "birnn_ner"],
    "init fill-config": ["ner.cfg", "filled.cfg"],
    "init vectors": ["en", "vectors.txt", "vectors"],
    "init labels": ["ner.cfg", "labels", *FILES],
    "init nlp": ["ner.cfg", "initialized", *FILES],
    "debug config": ["ner.cfg", *FILES],
    "debug data": ["ner.cfg", *FILES],
    "debug-data": ["ner.cfg", *FILES],
    "debug diff-config": ["ner.cfg"],
    "debug model": ["ner.cfg", "birnn_ner", "-P0", "-P3", *FILES],
    "debug profile": [MODEL, "texts.jsonl"],
    "profile": [MODEL, "texts.jsonl"],
    "convert": ["dev.conll", "converted", "-c", "ner"],
    "find-function": ["spacy-birnn.BiRNNEncoder.v1", "-r", "architectures"],
    "info": [MODEL],
    "project run": ["tag", "."],
    "project document": ["."],
}


def commands(command, *names):
    if hasattr(command, "commands"):
        for name, sub_command in command.commands.items():
            yield from commands(sub_command, *names, name)
    else:
        yield " ".join(names)


def test_the_table_has_every_command_of_spacy():
    group = typer.main.get_command(app)
    known = {name for name in commands(group) if not name.startswith("birnn ")}
    assert set(TABLE) == known


def test_what_is_said_to_work_is_run():
    assert set(TABLE.values()) == {"yes", "partly", "not run"}
    assert set(RUNS) == {name for name, works in TABLE.items() if works != "not run"}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A folder with what the commands need: data, a config, a trained pipeline."""
    folder = tmp_path_factory.mktemp("commands")
    before = Path.cwd()
    os.chdir(folder)
    try:
        prepare()
        yield folder
    finally:
        os.chdir(before)


def prepare():
    for part, count in (("train", 600), ("dev", 60)):
        text = (ROOT / "assets" / "demo" / f"{part}.conll").read_text(encoding="utf8")
        sentences = text.strip().split("\n\n")[:count]
        Path(f"{part}.conll").write_text("\n\n".join(sentences) + "\n", "utf8")
        call(our_app, "convert", f"{part}.conll", f"{part}.spacy")
    call(our_app, "init-config", "ner.cfg", "--task", "ner")
    steps = ["--training.max_steps", "150", "--training.eval_frequency", "150"]
    call(app, "train", "ner.cfg", "-o", "model", *FILES, *steps)
    texts = ["Ingrid Okafor left Corvena.", "She lives in Bergen."]
    lines = [json.dumps({"text": text}) + "\n" for text in texts * 50]
    Path("texts.jsonl").write_text("".join(lines), "utf8")
    Path("vectors.txt").write_text("2 2\nBergen 0.5 1.0\nShe 1.0 -1.0\n", "utf8")
    for name in ("drawn", "packages", "converted"):
        Path(name).mkdir()
    blocks = re.findall(r"^```ini\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    Path("assemble.cfg").write_text(blocks[1], "utf8")
    call(app, "init", "fill-config", "ner.cfg", "pretrain.cfg", "--pretraining")
    config = load_config("pretrain.cfg", interpolate=False)
    config["pretraining"].update(component="birnn_ner", layer="tok2vec", max_epochs=1)
    config.to_disk("pretrain.cfg")
    script = f"python -m spacy birnn tag {MODEL} texts.jsonl -o tagged.jsonl"
    command = {"name": "tag", "script": [script], "outputs": ["tagged.jsonl"]}
    Path("project.yml").write_text(json.dumps({"commands": [command]}), "utf8")


def call(app, *arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def outputs():
    return {}


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", RUNS)
def test_command(workspace, outputs, name):
    outputs[name] = call(app, *name.split(), *RUNS[name])
    check = CHECKS.get(name)
    if check is not None:
        check(outputs[name])


def check_scores(path):
    scores = json.loads(Path(path).read_text("utf8"))
    assert scores["ents_f"] > 0.1
    assert "ents_seqeval_f" in scores
    assert scores["speed"] > 0


def check_evaluate(_):
    assert (
        json.loads(Path("scores.json").read_text("utf8"))["birnn_ner"]["ents_f"] > 0.1
    )
    assert not list(Path("drawn").iterdir())


def check_applied(_):
    nlp = spacy.load(MODEL)
    docs = list(DocBin().from_disk("applied.spacy").get_docs(nlp.vocab))
    assert len(docs) == 100
    expected = [[(e.text, e.label_) for e in nlp(doc.text).ents] for doc in docs[:2]]
    assert [[(e.text, e.label_) for e in doc.ents] for doc in docs[:2]] == expected
    assert any(expected)


def check_threshold(shown):
    rows = re.findall(r"^([\d.]+)\s+([\d.]+)\s*$", shown, re.MULTILINE)
    assert [float(threshold) for threshold, _ in rows] == [0.0, 0.5, 1.0]
    assert len({score for _, score in rows}) > 1


def check_package(_):
    meta = json.loads(next(Path("packages").glob("*/meta.json")).read_text("utf8"))
    assert any(text.startswith("spacy-birnn") for text in meta["requirements"])


def check_assembled(_):
    nlp, trained = spacy.load("assembled"), spacy.load(MODEL)
    assert nlp.pipe_names == ["sentencizer", "birnn_ner"]
    text = "Ingrid Okafor left Corvena."
    assert [e.text for e in nlp(text).ents] == [e.text for e in trained(text).ents]


def check_pretrained(_):
    """The weights are those that training then begins with."""
    weights = Path("pretrained") / "model-last.bin"
    overrides = {
        "paths.train": "train.spacy",
        "paths.dev": "dev.spacy",
        "paths.raw_text": "texts.jsonl",
        "initialize.init_tok2vec": str(weights),
    }
    config = load_config("pretrain.cfg", overrides=overrides)
    nlp = spacy.training.initialize.init_nlp(config)
    assert nlp.get_pipe("birnn_ner").model.get_ref("tok2vec").to_bytes() == (
        weights.read_bytes()
    )


def check_labels(_):
    labels = json.loads(Path("labels/birnn_ner.json").read_text("utf8"))
    assert labels == list(spacy.load(MODEL).get_pipe("birnn_ner").labels)
    blocks = re.findall(r"^```ini\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    text = Path("ner.cfg").read_text("utf8")
    assert text.count("[initialize.components]\n") == 1
    text = text.replace("[initialize.components]\n", blocks[0])
    Path("labels.cfg").write_text(text, "utf8")
    call(app, "train", "labels.cfg", "-o", "with-labels", *FILES, *BRIEFLY)


def check_filled(_):
    model = load_config("filled.cfg")["components"]["birnn_ner"]["model"]
    assert model["tok2vec"]["encode"]["precision"] == "fp32"


def check_converted(_):
    shown = call(our_app, "evaluate", MODEL, "converted/dev.spacy")
    assert "PER" in shown


def check_tagged(_):
    lines = Path("tagged.jsonl").read_text("utf8").splitlines()
    assert len(lines) == 100


CHECKS = {
    "train": lambda _: spacy.load("trained/model-best"),
    "evaluate": check_evaluate,
    "benchmark accuracy": lambda _: check_scores("accuracy.json"),
    "benchmark speed": lambda shown: re.search(r"Mean: [\d.]+ words/s", shown)[0],
    "apply": check_applied,
    "find-threshold": check_threshold,
    "package": check_package,
    "assemble": check_assembled,
    "pretrain": check_pretrained,
    "init config": lambda _: spacy.util.load_model_from_config(
        load_config("spacys.cfg")
    ).get_pipe("birnn_ner"),
    "init fill-config": check_filled,
    "init labels": check_labels,
    "init nlp": lambda _: spacy.load("initialized")("Bergen"),
    "find-function": lambda shown: re.search(
        r"encoder\.py:\d+", shown.replace("\n", "")
    )[0],
    "convert": check_converted,
    "project run": check_tagged,
    "project document": lambda shown: "tag" in shown or pytest.fail(shown),
}
