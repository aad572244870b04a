"""The workflows of project.yml, on a copy of the project, with very short training."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import srsly
from make_configs import SIZES, all_configs
from packaging.requirements import Requirement
from spacy.schemas import ConfigSchemaTraining
from spacy.util import load_config, load_model_from_config, registry
from weasel.util.config import load_project_config

from .conftest import ROOT

CONFIGS = sorted((ROOT / "configs").rglob("*.cfg"))
PUBLIC = ["wnut17", "conll2003", "conll2000", "ud-english"]

# Small, and quick to learn something: the demo's predictions must not be empty.
BRIEFLY = (
    "--training.max_steps=90 --training.eval_frequency=45 "
    "--training.optimizer.learn_rate.base_rate=0.01 "
    "--components.birnn_ner.model.tok2vec.encode.width=64"
)
ONE_STEP = "--training.max_steps=2 --training.eval_frequency=2"


@pytest.fixture
def project(tmp_path):
    """A copy of what the workflows use."""
    for name in ("assets/demo", "configs", "scripts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "project.yml", tmp_path)
    return tmp_path


def run(project, workflow, *options, overrides="", **env):
    env |= {"SPACY_CONFIG_OVERRIDES": overrides, "OMP_NUM_THREADS": "1"}
    env = {**os.environ, **env}
    command = [sys.executable, "-m", "spacy", "project", "run", workflow, ".", *options]
    return subprocess.run(
        command,
        cwd=project,
        env=env,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def rows(words, *columns):
    """CoNLL columns of one sentence."""
    lines = zip(words.split(), *(column.split() for column in columns), strict=True)
    return "".join(" ".join(line) + "\n" for line in lines) + "\n"


def conllu(words, upos, xpos):
    lines = zip(words.split(), upos.split(), xpos.split(), strict=True)
    return (
        "".join(
            f"{i}\t{word}\t_\t{pos}\t{tag}\t_\t_\t_\t_\t_\n"
            for i, (word, pos, tag) in enumerate(lines, start=1)
        )
        + "\n"
    )


NER = rows("Anna met Bo", "B-person O B-person") + rows("go to Oslo", "O O B-location")
IOB1 = "-DOCSTART- -X- O O\n\n" + rows(
    "Anna met Bo", "NNP VBD NNP", "I-NP I-VP I-NP", "I-PER O I-PER"
)
CHUNKS = rows("the cat sat", "DT NN VBD", "B-NP I-NP B-VP")
TREE = conllu("the cat sat", "DET NOUN VERB", "DEF SG PAST")
DATA = {
    "wnut17": dict.fromkeys(
        ("wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated"),
        NER.replace(" ", "\t"),
    ),
    "conll2003": {"eng.train": IOB1 * 8, "eng.testa": IOB1},
    "conll2000": dict.fromkeys(("train.txt", "dev.txt", "test.txt"), CHUNKS),
    "ud-english": {
        f"en_lines-ud-{part}.conllu": TREE for part in ("train", "dev", "test")
    },
}
METRICS = {
    "wnut17": ["wnut17.json"],
    "conll2003": ["conll2003-eng.testa.json"],
    "conll2000": ["conll2000.json"],
    "ud-english": ["ud_upos.json", "ud_xpos.json"],
}
SCORES = {
    "wnut17.json": "ents_f",
    "conll2003-eng.testa.json": "ents_f",
    "conll2000.json": "spans_chunks_f",
    "ud_upos.json": "pos_acc",
    "ud_xpos.json": "tag_acc",
}


def write_data(project, workflow):
    """Put files of ours in the place of a corpus, and pin their checksums."""
    directory = project / "my corpora"
    directory.mkdir()
    (project / "my vectors.txt").write_text(
        "".join(f"{word} 0.5 {i}.0\n" for i, word in enumerate(["the", "cat", "anna"])),
        encoding="utf-8",
    )
    config = srsly.read_yaml(project / "project.yml")
    for name, text in DATA[workflow].items():
        (directory / name).write_text(text, encoding="utf-8", newline="\n")
        for asset in config["assets"]:
            if Path(asset["dest"]).name == name and "checksum" in asset:
                asset["checksum"] = hashlib.md5(text.encode()).hexdigest()
    srsly.write_yaml(project / "project.yml", config)
    name = workflow.replace("-", "_")
    return [f"--vars.{name}_dir=my corpora", "--vars.glove=my vectors.txt"]


@pytest.mark.slow
def test_all(project):
    """From the embedded corpus to a package that predicts what its pipeline does."""
    result = run(project, "all", overrides=BRIEFLY)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "micro avg" in result.stdout
    scores = json.loads((project / "metrics" / "demo.json").read_text(encoding="utf-8"))
    assert scores["ents_f"] > 0.1

    wheels = list((project / "packages").glob("en_birnn_demo-*/dist/*.whl"))
    assert len(wheels) == 1
    with zipfile.ZipFile(wheels[0]) as archive:
        meta = json.loads(archive.read("en_birnn_demo/meta.json"))
    assert "spacy-birnn" in [Requirement(text).name for text in meta["requirements"]]
    site = project / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    pip += ["--no-index", "--disable-pip-version-check", "--target", site]
    subprocess.run([*pip, *wheels], check=True)
    env = {**os.environ, "PYTHONPATH": str(site), "OMP_NUM_THREADS": "1"}
    tag = [sys.executable, "-m", "spacy", "birnn", "tag"]
    tagged = [
        subprocess.run(
            [*tag, model, "assets/demo/test.conll", "--output-format", "conll"],
            cwd=project,
            env=env,
            check=True,
            capture_output=True,
        ).stdout
        for model in ("training/demo/model-best", "en_birnn_demo")
    ]
    assert b"\tB-PER" in tagged[0]
    assert tagged[0] == tagged[1]

    again = run(project, "all", overrides=BRIEFLY)
    assert again.returncode == 0
    assert "Skipping 'train-demo'" in again.stdout


def check_size(project, size):
    """All that was trained has a network of that size."""
    trained = {
        path.parent.parent.name: load_config(path)
        for path in (project / "training").glob("*/model-best/config.cfg")
    }
    assert trained
    for name, config in trained.items():
        name = "ud_upos" if name == "ud" else name
        wanted = load_config(project / "configs" / size / f"{name}.cfg")
        assert config["components"] == wanted["components"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("workflow", "size"),
    [
        ("wnut17", "accuracy"),
        ("conll2003", "accuracy"),
        ("conll2000", "efficiency"),
        ("ud-english", "efficiency"),
    ],
)
def test_public_corpora_on_files_already_there(project, workflow, size):
    variables = [*write_data(project, workflow), f"--vars.size={size}"]
    result = run(project, workflow, *variables, overrides=ONE_STEP)
    assert result.returncode == 0, result.stdout + result.stderr
    check_size(project, size)
    for name in METRICS[workflow]:
        scores = json.loads((project / "metrics" / name).read_text(encoding="utf-8"))
        assert 0 <= scores[SCORES[name]] <= 1
    wheels = list((project / "packages").glob("*/dist/*.whl"))
    assert len(wheels) == len(METRICS[workflow])
    assert not (project / "assets" / workflow.replace("-", "_")).exists()
    if workflow == "conll2003":
        assert "dev scores" in result.stdout


@pytest.mark.slow
def test_training_starts_from_another_pipeline(project):
    variables = write_data(project, "wnut17")
    for step in ("vectors", "train-wnut17"):
        result = run(project, step, *variables, overrides=ONE_STEP)
        assert result.returncode == 0, result.stdout + result.stderr
    trained, other = project / "training" / "wnut17" / "model-best", "my other one"
    shutil.copytree(trained, project / other)
    variables.append(f"--vars.start_from={other}")
    result = run(project, "train-wnut17", *variables, overrides=ONE_STEP)
    assert result.returncode == 0, result.stdout + result.stderr
    assert load_config(trained / "config.cfg")["paths"]["start_from"] == other
    variables[-1] = "--vars.start_from=nowhere"
    result = run(project, "train-wnut17", *variables, overrides=ONE_STEP)
    assert result.returncode == 1
    assert "[B094] spacy-birnn.start_from.v1: nowhere " in result.stderr


@pytest.mark.slow
def test_dev_is_trained_on_too(project):
    variables = write_data(project, "wnut17")
    variables += ["--vars.dev=train", "--vars.model=model-last"]
    result = run(project, "wnut17", *variables, overrides=ONE_STEP)
    assert result.returncode == 0, result.stdout + result.stderr
    trained = project / "training" / "wnut17"
    assert not (trained / "model-best").exists()
    assert "--dev train" in result.stdout
    assert (project / "metrics" / METRICS["wnut17"][0]).exists()
    assert len(list((project / "packages").glob("*/dist/*.whl"))) == 1
    # The same once more, where it ended; weasel would not run what is up to date.
    again = run(
        *(project, "train-wnut17", "--force", *variables, "--vars.train_mode=resume"),
        overrides=ONE_STEP,
    )
    assert "Training has ended already" in again.stdout, again.stderr


@pytest.mark.slow
def test_hub_on_a_file_of_another_language(project):
    """A dataset need not be on the Hub; both parts of it can be slices."""
    rows = [
        {"words": ["Anna", "traf", "Bo"], "ner": ["B-PER", "O", "B-PER"]},
        {"words": ["nach", "Oslo"], "ner": ["O", "B-LOC"]},
    ]
    lines = [json.dumps(row) + "\n" for row in rows * 5]
    (project / "my data.jsonl").write_text("".join(lines), encoding="utf-8")
    variables = {
        "dataset": "my data.jsonl",
        "tokens": "words",
        "labels": "ner",
        "split": "train[:80%]",
        "dev_split": "train[80%:]",
        "test_split": "train[50%:]",
        "lang": "de",
    }
    variables["size"] = "accuracy"
    options = [f"--vars.{name}={value}" for name, value in variables.items()]
    env = {"HF_HOME": str(project / "cache")}
    result = run(project, "hub", *options, overrides=ONE_STEP, **env)
    assert result.returncode == 0, result.stdout + result.stderr
    scores = json.loads((project / "metrics" / "hub.json").read_text(encoding="utf-8"))
    assert 0 <= scores["ents_f"] <= 1
    assert list((project / "packages").glob("de_birnn_hub-*/dist/*.whl"))
    check_size(project, "accuracy")


@pytest.mark.slow
def test_a_treebank_of_another_language(project):
    folder = project / "my treebank"
    folder.mkdir()
    row = "{}\t{}\t_\t{}\t_\t_\t_\t_\t_\t_\n"
    cells = [("1-2", "du", "_"), (1, "de", "ADP"), (2, "le", "DET"), (3, "sud", "NOUN")]
    text = "".join(row.format(*cell) for cell in cells) + "\n"
    for part in ("train", "dev", "test"):
        (folder / f"fr_toy-ud-{part}.conllu").write_text(text, encoding="utf-8")
    variables = {
        "ud_dir": "my treebank",
        "ud_name": "fr_toy",
        "lang": "fr",
        "merge_subtokens": "true",
        "ud_options": "-T",
    }
    options = [f"--vars.{name}={value}" for name, value in variables.items()]
    result = run(project, "ud", *options, overrides=ONE_STEP)
    assert result.returncode == 0, result.stdout + result.stderr
    scores = json.loads((project / "metrics" / "ud.json").read_text(encoding="utf-8"))
    assert set(scores["pos_per_type"]) <= {"ADP", "NOUN", ""}
    assert list((project / "packages").glob("fr_birnn_ud-*/dist/*.whl"))


def test_conll2003_must_be_brought(project):
    result = run(project, "conll2003")
    assert result.returncode == 1
    assert "[B304] assets/conll2003/eng.train: " in result.stderr
    assert "--vars.conll2003_dir=DIR" in result.stderr
    assert "Traceback" not in result.stderr
    assert os.listdir(project / "training") == []


def test_changed_files_are_refused(project):
    variables = write_data(project, "wnut17")
    (project / "my corpora" / "emerging.dev.conll").write_text("changed")
    result = run(project, "verify-wnut17", *variables)
    assert result.returncode == 1
    assert "[B303] my corpora/emerging.dev.conll: " in result.stderr


def test_every_command_is_in_use_and_every_file_of_ours_exists():
    config = srsly.read_yaml(ROOT / "project.yml")
    commands = {command["name"]: command for command in config["commands"]}
    used = {name for steps in config["workflows"].values() for name in steps}
    assert set(config["workflows"]) == {"all", *PUBLIC, "hub", "ud"}
    assert set(commands) - used == {"demo-corpus"}
    for command in commands.values():
        for path in command.get("deps", []):
            if path.startswith(("scripts/", "assets/demo/")):
                assert (ROOT / path).is_file(), path


def test_weasel_reads_each_file_as_one():
    """It joins some lists, see project.yml."""
    config = load_project_config(ROOT, overrides={})
    for command in config["commands"]:
        files = [*command.get("deps", []), *command.get("outputs", [])]
        assert not [file for file in files if ", " in file]


def test_assets_are_pinned():
    config = srsly.read_yaml(ROOT / "project.yml")
    for asset in config["assets"]:
        if "githubusercontent.com" in asset.get("url", ""):
            commit = asset["url"].split("/")[5]
            assert len(commit) == 40
            assert len(asset["checksum"]) == 32
    variables = config["vars"]
    for name in PUBLIC:
        directory = variables[f"{name.replace('-', '_')}_dir"]
        files = {
            Path(asset["dest"]).name
            for asset in config["assets"]
            if asset["dest"].startswith(directory + "/")
        }
        assert files == set(DATA[name])


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: "-".join(path.parts[-2:]))
def test_configs_are_complete(path):
    config = load_config(path)
    nlp = load_model_from_config(config, auto_fill=False)
    registry.resolve(config.interpolate()["training"], schema=ConfigSchemaTraining)
    assert nlp.pipe_names == config["nlp"]["pipeline"]
    reader = "DatasetsCorpus" if path.stem == "hub" else "Corpus"
    for corpus in config["corpora"].values():
        assert corpus["@readers"] == f"spacy-birnn.{reader}.v1"
    assert config["initialize"]["vectors"] == "${paths.vectors}"


def test_configs_are_those_of_init_config():
    """If this fails: python scripts/make_configs.py."""
    made = dict(all_configs())
    for path, text in made.items():
        assert (ROOT / "configs" / path).read_text(encoding="utf-8") == text, path
    found = {path.relative_to(ROOT / "configs").as_posix() for path in CONFIGS}
    assert found - set(made) == {"conll2003_sgd.cfg"}


@pytest.mark.parametrize("size", SIZES)
def test_every_training_takes_the_config_of_its_size(size):
    text = (ROOT / "project.yml").read_text(encoding="utf-8")
    commands = srsly.yaml_loads(text.replace("${vars.size}", size))["commands"]
    trained = [c for c in commands if c["name"].startswith("train-")]
    assert len(trained) == 8
    for command in trained:
        (config,) = (path for path in command["deps"] if path.startswith("configs/"))
        assert config.startswith(f"configs/{size}/")
        assert (ROOT / config).is_file()
        assert f" birnn train {config} " in command["script"][0]
