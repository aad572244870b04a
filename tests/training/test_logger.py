"""What training shows, and that spaCy's own loggers go on working."""

import io
from types import SimpleNamespace

import pytest
import srsly
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as spacy_train

from spacy_birnn.errors import BirnnError
from spacy_birnn.training.dev_use import DevUse
from spacy_birnn.training.logger import _Clips
from spacy_birnn.training.train import train

OURS = {"@loggers": "spacy-birnn.ConsoleLogger.v1"}


class Terminal(io.StringIO):
    def isatty(self):
        return True


def run(config, stdout, **settings):
    train(config, None, eval_frequency=5, stdout=stdout, **settings)
    return stdout.getvalue()


def test_plain_lines_are_aligned(make_config):
    text = run(
        make_config({"training.batcher.share": 0.0, "training.max_epochs": 1}),
        io.StringIO(),
    )
    first, header, rule, *rows = text.splitlines()[:-1]
    assert first == "Training birnn_ner on the CPU: reading the data."
    names = ["E", "STEP", "LOSS", "ENTS_F", "BEST", "RATE", "NORM", "CLIP"]
    assert header.split() == [*names, "WORDS/S", "TIME"]
    assert set(rule) == {"-", " "}
    assert {len(line) for line in (header, rule, *rows)} == {len(header)}
    assert [row.split()[1] for row in rows] == ["0", "5"]
    assert "\x1b" not in text


def test_without_dev_there_are_no_columns_of_scores(make_config, tmp_path):
    config = make_config({"training.batcher.share": 0.0, "training.max_epochs": 1})
    log = tmp_path / "log.jsonl"
    config["training"]["logger"]["log_file"] = str(log)
    _, header, _, *rows = run(config, io.StringIO(), dev_use=DevUse.none).splitlines()[
        :-1
    ]
    names = ["E", "STEP", "LOSS", "RATE", "NORM", "CLIP", "WORDS/S", "TIME"]
    assert header.split() == names
    assert [row.split()[1] for row in rows] == ["0", "5"]
    assert [row["score"] for row in srsly.read_jsonl(log)] == [None, None]
    live = run(config, Terminal(), dev_use=DevUse.none)
    assert "loss" in live
    assert "best" not in live


@pytest.mark.parametrize("width", [80, 140])
def test_live_view_on_a_terminal(make_config, width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    text = run(make_config({"training.batcher.share": 0.0}), Terminal())
    assert "\x1b" in text
    for part in ("epoch 3/3", "elapsed", "left", "best", "rate", "norm", "words/s"):
        assert part in text
    assert text.count("ENTS_F") == 1


def test_no_live_view_where_none_is_wanted(make_config):
    config = make_config(
        {
            "training.batcher.share": 0.0,
            "training.logger.live": False,
            "training.max_epochs": 1,
        }
    )
    assert "\x1b" not in run(config, Terminal())


def test_log_holds_every_evaluation(make_config, tmp_path):
    path = tmp_path / "logs" / "log.jsonl"
    run(
        make_config(
            {"training.batcher.share": 0.0, "training.logger.log_file": str(path)}
        ),
        io.StringIO(),
    )
    rows = list(srsly.read_jsonl(path))
    assert [row["step"] for row in rows] == [0, 5, 10, 15, 20]
    for row in rows:
        assert row["score"] == row["scores"]["ents_f"] <= row["best"]
        assert row["losses"]["birnn_ner"] > 0
        assert 0.005 < row["learn_rate"] <= 0.006  # it decays
        assert row["gradient_norms"]["birnn_ner"] > 0
        assert 0 <= row["clipped"] <= 1
    assert rows[0]["words_per_second"] is None
    assert rows[-1]["words_per_second"] > 0


def test_log_of_a_resumed_training_goes_on(make_config, tmp_path):
    """Later lines are replaced, also one that was cut."""
    path, out = tmp_path / "log.jsonl", tmp_path / "out"
    log = {"training.logger.log_file": str(path)}
    settings = {"eval_frequency": 5, "stdout": io.StringIO()}
    train(
        make_config({"training.batcher.share": 0.0, **log, "training.max_epochs": 1}),
        out,
        **settings,
    )
    with path.open("a") as file:
        file.write('{"step": 10, "old": true}\n{"step": 1')
    longer = make_config(
        {"training.batcher.share": 0.0, **log, "training.max_epochs": 2}
    )
    train(longer, out, resume=True, **settings)
    rows = list(srsly.read_jsonl(path))
    assert [row["step"] for row in rows] == [0, 5, 10, 15]
    assert not any("old" in row for row in rows)


def test_the_loss_is_that_of_a_step_after_a_resume_too(make_config, tmp_path):
    rows = {}
    for name, epochs in (("whole", [2]), ("resumed", [1, 2])):
        for n in epochs:
            changes = {"training.max_epochs": n, "training.batcher.share": 0.0}
            stdout = io.StringIO()
            train(
                make_config(changes),
                tmp_path / name,
                resume=n > 1,
                eval_frequency=4,
                stdout=stdout,
            )
        lines = [line.split() for line in stdout.getvalue().splitlines()]
        rows[name] = {line[1]: line[2] for line in lines if line[0].isdigit()}
        assert rows[name]
    assert rows["resumed"].items() <= rows["whole"].items()


def test_a_file_that_is_no_log_is_kept(make_config, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("mine\n")
    with pytest.raises(BirnnError, match="B070"):
        run(
            make_config(
                {"training.batcher.share": 0.0, "training.logger.log_file": str(path)}
            ),
            io.StringIO(),
        )
    assert path.read_text() == "mine\n"


def test_works_under_spacy_train(make_config, tmp_path):
    path, stdout = tmp_path / "log.jsonl", io.StringIO()
    config = make_config(
        {"training.batcher.share": 0.0, "training.logger.log_file": str(path)}
    )
    spacy_train(init_nlp(config), None, stdout=stdout)
    assert "ENTS_F" in stdout.getvalue()
    assert "RATE" not in stdout.getvalue()
    assert [row["step"] for row in srsly.read_jsonl(path)] == [0, 5, 10, 15, 20]


@pytest.mark.parametrize(
    "logger",
    [
        {"@loggers": "spacy.ConsoleLogger.v3", "progress_bar": "eval"},
        {"@loggers": "spacy.ConsoleLogger.v1", "progress_bar": False},
    ],
)
def test_loggers_of_spacy(make_config, logger):
    text = run(
        make_config({"training.batcher.share": 0.0, "training.logger": logger}),
        io.StringIO(),
    )
    assert "ENTS_F" in text
    assert "LOSS BIRNN" in text


def test_a_logger_of_spacy_loggers(make_config):
    """Offline: it looks keys up and prints them."""
    patterns = [r"^score$", r"^losses\.birnn_ner$", r"^other_scores\.ents_f$"]
    logger = {"@loggers": "spacy.LookupLogger.v1", "patterns": patterns}
    lines = run(
        make_config({"training.batcher.share": 0.0, "training.logger": logger}),
        io.StringIO(),
    ).splitlines()
    names = [line.split(" -> ")[0] for line in lines if " -> " in line]
    assert sorted(names[:3]) == ["losses.birnn_ner", "other_scores.ents_f", "score"]
    assert len(names) == 15


def test_the_share_of_clipped_steps_is_that_since_the_last_evaluation():
    pipe = SimpleNamespace(n_clipped=0, n_updates=0, gradient_norm=0.0)
    clips = _Clips(SimpleNamespace(pipeline=[("birnn_ner", pipe), ("other", None)]))
    pipe.n_clipped, pipe.n_updates = 1, 4
    assert clips.share() == 0.25
    pipe.n_clipped, pipe.n_updates = 3, 6
    assert clips.share() == 1.0
    assert clips.share() is None
