"""`train` through the real command line."""

import json
import os
import re
import shlex
import subprocess
import sys

import pytest
import spacy
import srsly
from thinc.api import Config
from typer import BadParameter

from spacy_birnn.cli.train import eval_frequency, parse_overrides
from spacy_birnn.errors import BirnnError

from ..training.conftest import weights

SMALL = [
    "--components.birnn_ner.model.tok2vec.encode.width=8",
    "--training.max_epochs=2",
    "--training.batcher.size",
    "1",
]


@pytest.fixture
def config(tmp_path, run):
    path = tmp_path / "ner.cfg"
    columns = "word=0,tag=1,chunks=2,ents=3"
    result = run("init-config", path, "--task", "ner", "--columns", columns)
    assert "spacy-birnn train" in result.output
    return path


@pytest.fixture
def arguments(config, corpus, tmp_path):
    paths = [f"--paths.train={corpus}", f"--paths.dev={corpus}"]
    return ["train", config, "-o", tmp_path / "out", *paths, *SMALL]


@pytest.mark.parametrize("through_spacy", [False, True])
def test_trains_a_pipeline(arguments, run_process, tmp_path, through_spacy):
    log = ["--training.logger.log_file", tmp_path / "log.jsonl"]
    result = run_process(*arguments, *log, through_spacy=through_spacy)
    assert result.returncode == 0, result.stderr.decode()
    lines = result.stdout.decode().splitlines()
    out = tmp_path / "out"
    assert lines[0] == f"Training birnn_ner on the CPU, into {out}: reading the data."
    assert lines[1].split()[:4] == ["E", "STEP", "LOSS", "ENTS_F"]
    assert lines[-1].startswith("Training has ended: 2 epochs are done.")
    assert all(len(line) <= 80 for line in lines[1:-1])
    rows = list(srsly.read_jsonl(tmp_path / "log.jsonl"))
    assert [row["step"] for row in rows] == [0, 3]
    assert {"ents_f"} <= set(rows[0]["scores"])
    nlp = spacy.load(tmp_path / "out" / "model-last")
    assert nlp.pipe_names == ["birnn_ner"]


def test_trains_on_all_there_is(config, corpus, run, tmp_path):
    """The last training: the files of train and dev, and no dev corpus."""
    more = tmp_path / "more.conll"
    more.write_text("Nell NNP B-NP B-PER\nspoke VBD B-VP O\n")
    both = json.dumps([str(corpus), str(more)])
    models = []
    for name, options in (
        ("with", ["--paths.train", corpus, "--paths.dev", more, "--dev", "train"]),
        ("no", ["--paths.train", both, "--dev", "none"]),
    ):
        result = run("train", config, "-o", tmp_path / name, *SMALL, *options)
        assert result.exit_code == 0, result.output
        assert "ENTS_F" not in result.output
        assert not (tmp_path / name / "model-best").exists()
        models.append(tmp_path / name / "model-last")
    assert weights(models[0]) == weights(models[1])
    assert {"Nell", "spoke"} <= set(spacy.load(models[0]).vocab.strings)
    goes_on = run(
        *("train", config, "-o", tmp_path / "with", *SMALL, "--resume"),
        *("--paths.train", corpus, "--paths.dev", more, "--dev", "train"),
    )
    assert "Training has ended already" in goes_on.output


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ([], "[B104] The `path` of [corpora.dev] is null"),
        (["--dev", "train"], "[B104] The `path` of [corpora.dev] is null"),
        (["--dev", "train", "--paths.dev", "3"], "[B493] Config: dev.path of"),
        (["--dev", "train", "--paths.dev", ""], "[B135] The `path` of the corpus"),
        (["--dev", "none", "--paths.train", "[null]"], "[B135] The `path` of the"),
        (["--dev", "train", "--paths.dev", "none"], "[B105] none: no such file"),
        (
            ["--dev", "train", "--training.dev_corpus", "none"],
            "[B069] Config: training.dev_corpus = 'none' must be the name of a section",
        ),
        (["--dev", "train", "--training.dev_corpus", "5"], "[B493] Config: dev_corpus"),
        (
            ["--dev", "train", "--corpora.dev.@readers", '["x"]'],
            "[B069] Config: corpora.dev.@readers = ['x'] must be the name of a",
        ),
    ],
)
def test_a_dev_corpus_that_cannot_be_trained_on(
    config, corpus, run, tmp_path, options, error
):
    out = tmp_path / "out"
    result = run("train", config, "-o", out, "--paths.train", corpus, *SMALL, *options)
    assert result.exit_code == 1
    assert result.stderr.startswith(error)
    assert not out.exists()


def test_takes_no_folder_that_is_taken(arguments, run):
    assert run(*arguments).exit_code == 0
    again = run(*arguments)
    assert again.exit_code == 1
    assert again.stderr.startswith("[B060]")
    resumed = run(*arguments, "--resume")
    assert resumed.exit_code == 0
    assert "has ended already" in resumed.output
    assert run(*arguments, "--force").exit_code == 0


def test_resume_without_a_checkpoint_begins(arguments, run):
    result = run(*arguments, "--resume")
    assert result.exit_code == 0
    assert "No checkpoint: training starts from the beginning." in result.output


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (["--frobnicate"], "B201"),
        (["extra"], "B201"),
        (["--training.dropout"], "B237"),
        (["--training.eval_frequency=0"], "B069"),
        (["--system.seed=-1"], "B069"),
        (["--system.seed=x"], "B069"),
        (["--training.optimizer.@optimizers=spacy-birnn.SGD.v1"], "Config"),
    ],
)
def test_wrong_settings(arguments, run, more, code, tmp_path):
    result = run(*arguments, *more)
    assert result.exit_code == (2 if code == "B201" else 1)
    assert code in result.stderr
    assert not (tmp_path / "out" / "checkpoint").exists()


def test_files_that_are_no_config(run, tmp_path):
    absent = run("train", tmp_path / "absent.cfg", "-o", tmp_path / "out")
    assert absent.stderr.startswith("[B105]")
    bad = tmp_path / "bad.cfg"
    bad.write_bytes(b"[nlp]\nlang = \xff\n")
    result = run("train", bad, "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert result.stderr.startswith("[B236]")
    assert result.stderr.count("\n") == 1


def test_code_of_the_user_is_run_first(arguments, run, tmp_path):
    code = tmp_path / "code.py"
    code.write_text(
        "from spacy.util import registry\n"
        "@registry.scorers('mine.v1')\n"
        "def mine():\n"
        "    return lambda examples, **_: {'ents_f': 0.5}\n"
    )
    scorer = "--components.birnn_ner.scorer.@scorers=mine.v1"
    assert run(*arguments, scorer).exit_code == 1
    result = run(*arguments, scorer, "--code", code)
    assert result.exit_code == 0, result.stderr
    assert " 50.00 " in result.output


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("x = 1\ndef f(:\n", 2, "SyntaxError: "),
        ("import spacy\n\nimport absent_module\n", 3, "ModuleNotFoundError: "),
        ("import json\njson.loads('{')\n", 2, "JSONDecodeError: "),
    ],
)
def test_code_that_fails(arguments, run, tmp_path, text, line, reason):
    code = tmp_path / "code.py"
    code.write_text(text)
    result = run(*arguments, "--code", code)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"[B238] {code}:{line}: ")
    assert reason in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_closed_output(arguments, tmp_path):
    words = [sys.executable, "-m", "spacy_birnn.cli", *map(str, arguments)]
    # The shell alone can start a process without an output.
    command = f"{shlex.join(words)} >&-"
    result = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE)
    assert result.returncode == 0, result.stderr.decode()
    assert (tmp_path / "out" / "model-best").is_dir()


def test_overrides_are_json_where_they_are_some():
    found = parse_overrides(["--a.b", "1", "--a.c=x", "--a.d", "[1]", "--a.e=null"])
    assert found == {"a.b": 1, "a.c": "x", "a.d": [1], "a.e": None}
    with pytest.raises(BadParameter):
        parse_overrides(["--a", "1"])
    with pytest.raises(BirnnError, match="B237"):
        parse_overrides(["--a.b", "--a.c"])


def test_overrides_from_the_environment(monkeypatch):
    monkeypatch.setenv("SPACY_CONFIG_OVERRIDES", "--a.b 'x y' --a.c 1")
    assert parse_overrides(["--a.c", "2"]) == {"a.b": "x y", "a.c": 2}


def test_an_environment_that_cannot_be_read(monkeypatch):
    monkeypatch.setenv("SPACY_CONFIG_OVERRIDES", "--a.b 'x")
    with pytest.raises(BirnnError, match="B222.*no closing quotation"):
        parse_overrides([])


def test_numbers_that_are_none_stay_text():
    assert parse_overrides(["--a.b", "NaN", "--a.c=Infinity"]) == {
        "a.b": "NaN",
        "a.c": "Infinity",
    }


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no such device")
def test_a_full_output_is_one_line(arguments, tmp_path, run_process):
    with open("/dev/full", "wb") as full:
        result = run_process(*arguments, stdout=full, text=True)
    assert result.returncode == 1
    assert "[B203] Cannot write the output: No space left" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out").exists()


def test_evaluation_adapts_unless_somebody_has_chosen():
    assert eval_frequency({"training": {"eval_frequency": 200}}, {}) is None
    assert eval_frequency({"training": {"eval_frequency": 50}}, {}) == 50
    assert eval_frequency({}, {}) is None
    chosen = {"training.eval_frequency": 200}
    assert eval_frequency({"training": {"eval_frequency": 200}}, chosen) == 200
    for every, expected in ((200, None), (50, 50)):
        sections = {"training": {"eval_frequency": "${vars.every}"}}
        config = Config({"vars": {"every": every}, **sections}, is_interpolated=False)
        assert eval_frequency(config, {}) == expected


@pytest.mark.parametrize(
    ("key", "name", "meant"),
    [
        ("components.birnn_ner.factory", "birnn_nre", "birnn_ner"),
        (
            "components.birnn_ner.model.@architectures",
            "spacy-birnn.SequenceTager.v1",
            "spacy-birnn.SequenceTagger.v1",
        ),
        (
            "training.logger.@loggers",
            "spacy-birnn.ConsolLogger.v1",
            "spacy-birnn.ConsoleLogger.v1",
        ),
    ],
)
def test_a_typo_in_a_name_of_ours(arguments, run, tmp_path, key, name, meant):
    result = run(*arguments, f"--{key}", name)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"[B490] The config names '{name}'")
    assert f"did you mean '{meant}'" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "out" / "model-last").exists()


def test_what_has_no_default_is_one_line(arguments, config, run, tmp_path):
    text = config.read_text().replace('factory = "birnn_ner"\n', "")
    config.write_text(text)
    result = run(*arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("[B491] No pipeline can be made from the config: ")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "out" / "model-last").exists()


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("training.max_epoch", "no key 'max_epoch' in [training]: did you mean 'max_"),
        ("trainign.max_epochs", "no section 'trainign' in the config: did you mean 't"),
        ("nlp.lange", "no key 'lange' in [nlp]: did you mean 'lang'"),
        ("initialize.vector", "no key 'vector' in [initialize]: did you mean 'vectors"),
        ("corpora.trian.path", "no section 'trian' in [corpora]: did you mean 'train'"),
        ("paths.trian", "no key 'trian' in [paths]: did you mean 'train'"),
        (
            "training.optimizer.learn_rat",
            "no key 'learn_rat' in [optimizer], of 'Adam.v1': did you mean 'learn_rate",
        ),
    ],
)
def test_a_misspelled_setting_is_told_in_one_line(arguments, run, tmp_path, key, said):
    result = run(*arguments, f"--{key}", "1")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"[B492] Config: there is {said}")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "out" / "model-last").exists()


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("dropout", "[B493] Config: dropout: "),
        (
            "batcher.size",
            "[B493] Config: batcher.size of 'spacy-birnn.batch_joined.v1': "
            "'much' is not of type ",
        ),
        ("optimizer.L2", "[B069] Config: training.optimizer.L2 = 'much' must be a num"),
    ],
)
def test_a_value_that_cannot_be_is_one_line(arguments, run, key, said):
    result = run(*arguments, f"--training.{key}", "much")
    assert result.exit_code == 1
    assert result.stderr.startswith(said)
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "key",
    [
        "components.birnn_ner.adversarial",
        "components.birnn_ner.grad_clip",
        "components.birnn_ner.language_model",
        "components.birnn_ner.min_confidence",
        "components.birnn_ner.model.tok2vec.encode.forget_bias",
        "components.birnn_ner.model.tok2vec.encode.grad_clip",
        "training.batcher.share",
        "training.before_update.start",
    ],
)
def test_no_number_may_be_infinite(arguments, run, key):
    """Such a number of a config is text to thinc, which lets it pass."""
    result = run(*arguments, f"--{key}", "inf")
    assert result.exit_code == 1
    assert re.match(
        rf"\[B\d+\] .*{key.split('.')[-1]} = 'inf' must be a", result.stderr
    )
    assert result.stderr.count("\n") == 1


@pytest.mark.filterwarnings("ignore:.*W497")
def test_a_training_that_is_too_short_says_how_to_go_on(
    arguments, corpus, run, tmp_path
):
    dev = tmp_path / "dev.conll"  # of which nothing can be right
    dev.write_text(corpus.read_text().replace("-PER", "-X").replace("-LOC", "-Y"))
    result = run(*arguments, f"--paths.dev={dev}")
    assert result.exit_code == 0
    hint = "[W492] Nothing was predicted right: 4 steps are too few"
    assert hint in result.stderr, result.output
    assert result.stderr.endswith("--resume --training.max_epochs 500\n")
