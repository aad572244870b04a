"""The loop against spaCy's, and against itself where it was interrupted."""

import io
import os
import signal
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as spacy_train
from spacy.util import registry

from spacy_birnn.errors import BirnnError
from spacy_birnn.training.dev_use import DevUse
from spacy_birnn.training.identity import checksum
from spacy_birnn.training.progress import Progress
from spacy_birnn.training.setup import set_up
from spacy_birnn.training.step import Step
from spacy_birnn.training.train import train

from .conftest import PLATEAU, performance, quiet, weights

SGD = {
    "training.optimizer": {
        "@optimizers": "spacy-birnn.SGD.v1",
        "learn_rate": 0.1,
        "momentum": 0.9,
        "average_decay": 0.9,
        "average_start": 3,
    }
}
COSINE = {
    "@schedules": "spacy-birnn.warmup_cosine.v1",
    "learn_rate": 0.05,
    "warmup_steps": 4,
    "total_steps": 20,
}
ADAMW = {
    "training.optimizer": {"@optimizers": "spacy-birnn.AdamW.v1", "learn_rate": COSINE}
}
GROWING = {
    "training.batcher.size": {
        "@schedules": "compounding.v1",
        "start": 2,
        "stop": 20,
        "compound": 1.07,
    }
}

LANGUAGE_MODEL = {"components.birnn_ner.language_model": 0.5}
JOINING = {
    "training.batcher": {
        "@batchers": "spacy-birnn.batch_joined.v1",
        "size": 2,
        "longest": 3,
        "warmup": 3,
        "buffer": 2,
    }
}


def train_with_spacy(config, output):
    output.mkdir()
    spacy_train(init_nlp(config), output, stdout=io.StringIO())


@pytest.mark.parametrize(
    "overrides",
    [
        {},
        SGD,
        ADAMW,
        GROWING,
        {"training.accumulate_gradient": 2, "training.dropout": 0.3},
        {"training.max_epochs": 0, "training.max_steps": 11},
        {"training.max_epochs": 0, "training.patience": 7},
        {"training.max_epochs": -1, "training.max_steps": 10},
    ],
)
@pytest.mark.cpu
def test_ends_with_the_weights_of_spacy(make_config, tmp_path, overrides):
    config = make_config(overrides)
    train_with_spacy(config, tmp_path / "spacy")
    quiet(config, tmp_path / "ours")
    for name in ("model-last", "model-best"):
        theirs, ours = tmp_path / "spacy" / name, tmp_path / "ours" / name
        assert weights(ours) == weights(theirs)
        assert performance(ours) == performance(theirs)
    doc = spacy.load(tmp_path / "ours" / "model-best")("Ada left Oslo .")
    assert doc.has_annotation("ENT_IOB")


@pytest.mark.cpu
def test_several_components(make_config, tmp_path):
    """Frozen and annotating ones, and a callback, mean what they mean in spaCy."""
    calls = []

    @registry.callbacks("test.before_update")
    def make():
        return lambda nlp, args: calls.append((args["step"], args["epoch"]))

    source = make_config()
    quiet(source, tmp_path / "source")
    config = make_config(
        {
            "nlp.pipeline": ["birnn_ner", "sentencizer", "tagger"],
            "components.birnn_ner": {"source": str(tmp_path / "source" / "model-best")},
            "components.sentencizer": {"factory": "sentencizer"},
            "components.tagger": {"factory": "tagger"},
            "corpora.train.columns": {"word": 0, "tag": 1},
            "corpora.dev.columns": {"word": 0, "tag": 1},
            "corpora.train.scheme": "raw",
            "corpora.dev.scheme": "raw",
            "training.frozen_components": ["birnn_ner"],
            "training.annotating_components": ["birnn_ner", "sentencizer"],
            "training.before_update": {"@callbacks": "test.before_update"},
            "training.score_weights": {"tag_acc": 1.0},
        }
    )
    train_with_spacy(config, tmp_path / "spacy")
    theirs, calls[:] = list(calls), []
    quiet(config, tmp_path / "ours")
    assert calls == theirs
    last = tmp_path / "ours" / "model-last"
    assert weights(last) == weights(tmp_path / "spacy" / "model-last")
    before = weights(tmp_path / "source" / "model-best")
    assert weights(last)["birnn_ner"] == before["birnn_ner"]


class Killed(BaseException):
    pass


def train_with_kills(config, output, kills, **settings):
    """Train; die after each of these steps, before or after a checkpoint; resume."""
    updates = 0
    update = Step.update

    def dying(self, *arguments):
        nonlocal updates
        if kills and self.progress.step == kills[0]:
            kills.pop(0)
            raise Killed
        updates += 1
        update(self, *arguments)

    Step.update = dying
    try:
        while True:
            try:
                return quiet(config, output, resume=True, **settings)
            except Killed:
                continue
    finally:
        Step.update = update
        assert not kills


@pytest.mark.parametrize(
    ("overrides", "kills"),
    [
        ({}, [0, 1, 7, 8, 9, 16]),
        (SGD, [2, 5, 12]),
        (ADAMW, [3, 15]),
        (PLATEAU, [1, 6, 13, 14, 30]),
        ({"training.max_epochs": -1, "training.max_steps": 14}, [3, 9, 12]),
        (GROWING, [2, 14, 15]),
        (JOINING, [2, 14, 15]),
        (LANGUAGE_MODEL, [3, 10]),
    ],
)
@pytest.mark.cpu
@pytest.mark.parametrize("eval_frequency", [2, None])
def test_interrupted_training_ends_the_same(
    make_config, tmp_path, overrides, kills, eval_frequency
):
    config = make_config(overrides)
    ends = []
    for name, times in (("whole", []), ("killed", list(kills))):
        _, progress, _ = train_with_kills(
            config, tmp_path / name, times, eval_frequency=eval_frequency
        )
        ends.append((progress.step, progress.results, progress.finished))
    assert ends[0] == ends[1]
    for name in ("model-last", "model-best"):
        whole, killed = tmp_path / "whole" / name, tmp_path / "killed" / name
        assert weights(killed) == weights(whole)
        assert performance(killed) == performance(whole)


def test_plateau_lowers_the_rate_and_restarts(make_config, tmp_path):
    config = make_config(PLATEAU)
    log = tmp_path / "log.jsonl"
    config["training"]["logger"]["log_file"] = str(log)
    quiet(config, tmp_path / "out")
    rates = [row["learn_rate"] for row in srsly.read_jsonl(log)]
    assert rates[0] == pytest.approx(0.3)
    assert rates[-1] < 0.29


@pytest.mark.cpu
def test_more_epochs_on_request(make_config, tmp_path):
    """Two epochs and one more are three."""
    out, whole = tmp_path / "out", tmp_path / "whole"
    _, progress, _ = quiet(make_config({"training.max_epochs": 2}), out)
    assert progress.finished == "2 epochs are done"
    longer = make_config({"training.max_epochs": 3})
    quiet(longer, out, resume=True)
    quiet(longer, whole)
    assert weights(out / "model-last") == weights(whole / "model-last")


def test_a_finished_training_stays_as_it_is(make_config, tmp_path):
    config, out = make_config(), tmp_path / "out"
    quiet(config, out)
    before = (out / "checkpoint").read_bytes()
    stdout = io.StringIO()
    train(config, out, resume=True, eval_frequency=5, stdout=stdout)
    assert "Training has ended already: 3 epochs are done" in stdout.getvalue()
    assert (out / "checkpoint").read_bytes() == before


def test_a_signal_in_the_last_step_comes_too_late(make_config, tmp_path, monkeypatch):
    """The training is whole then: nothing is left that --resume could do."""
    update = Step.update

    def interrupted(step, epoch, batch):
        update(step, epoch, batch)
        if step.progress.step == 3:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Step, "update", interrupted)
    config = make_config({"training.max_steps": 3})
    _, progress, came = quiet(config, tmp_path / "out", dev_use=DevUse.none)
    assert came is None
    assert progress.finished == "3 steps are done"
    assert (tmp_path / "out" / "model-last").is_dir()


def test_scores_stay_with_a_resumed_training(make_config, tmp_path):
    """The last pipeline has those of the last evaluation, before or after a resume."""
    settings = {"training.max_steps": 4, "training.max_epochs": 0}
    for name, steps in (("whole", [5]), ("resumed", [4, 5])):
        for last in steps:
            config = make_config({**settings, "training.max_steps": last})
            quiet(config, tmp_path / name, resume=True, eval_frequency=3)
    found = [
        srsly.read_json(tmp_path / name / "model-last" / "meta.json")["performance"]
        for name in ("whole", "resumed")
    ]
    assert found[0] == found[1]
    assert {"ents_f", "ents_per_type"} <= found[0].keys()


def test_a_folder_that_is_named_as_a_value_is(make_config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = make_config({"training.max_epochs": 1, "corpora.dev.ents_key": "ents"})
    quiet(config, Path("ents"))
    longer = make_config({"training.max_epochs": 2, "corpora.dev.ents_key": "ents"})
    quiet(longer, Path("ents"), resume=True)


def test_another_config_or_other_data_cannot_be_resumed(make_config, corpora, tmp_path):
    out = tmp_path / "out"
    quiet(make_config({"training.max_epochs": 1}), out)
    other = make_config({"training.dropout": 0.1, "training.batcher.size": 4})
    with pytest.raises(BirnnError, match="B064") as caught:
        quiet(other, out, resume=True)
    assert "training.dropout was 0.5 and is 0.1" in str(caught.value)
    assert "training.batcher.size was 8 and is 4" in str(caught.value)
    with open(corpora["dev"], "a") as file:
        file.write("\nOslo B-LOC\n")
    with pytest.raises(BirnnError, match=r"B064.*content of .*dev\.conll has changed"):
        quiet(make_config(), out, resume=True)


@pytest.mark.cpu
def test_without_dev_the_weights_are_those_of_the_last_step(make_config, tmp_path):
    """With dev, of which nothing depends but the choice, they are the same."""
    with_dev = make_config({"training.patience": 0})
    without = make_config({"paths.dev": "none.conll", "training.patience": 1})
    quiet(with_dev, tmp_path / "with")
    _, progress, _ = quiet(without, tmp_path / "without", dev_use=DevUse.none)
    assert progress.finished == "3 epochs are done"
    names = {path.name for path in (tmp_path / "without").iterdir()}
    assert names == {"model-last", "checkpoint"}
    last = tmp_path / "without" / "model-last"
    assert weights(last) == weights(tmp_path / "with" / "model-last")
    assert "performance" not in srsly.read_json(last / "meta.json")
    assert {score for score, _ in progress.results} == {None}


@pytest.mark.cpu
@pytest.mark.parametrize("eval_frequency", [2, None])
def test_without_dev_an_interrupted_training_ends_the_same(
    make_config, tmp_path, eval_frequency
):
    config = make_config()
    for name, kills in (("whole", []), ("killed", [0, 7, 16])):
        train_with_kills(
            config,
            tmp_path / name,
            kills,
            dev_use=DevUse.none,
            eval_frequency=eval_frequency,
        )
    last = tmp_path / "whole" / "model-last"
    assert weights(tmp_path / "killed" / "model-last") == weights(last)


def test_dev_cannot_come_or_go_in_the_middle(make_config, tmp_path):
    config, out = make_config({"training.max_epochs": 1}), tmp_path / "out"
    quiet(config, out, dev_use=DevUse.none)
    with pytest.raises(BirnnError, match="B064.*--dev was 'none' and is 'choose'"):
        quiet(config, out, resume=True)


def test_a_best_pipeline_of_before_does_not_stay(make_config, tmp_path):
    config, out = make_config({"training.max_epochs": 1}), tmp_path / "out"
    quiet(config, out)
    assert (out / "model-best").is_dir()
    quiet(config, out, force=True, dev_use=DevUse.none)
    assert not (out / "model-best").exists()


def test_what_is_there_is_not_written_over(make_config, tmp_path):
    config, out = make_config({"training.max_epochs": 1}), tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    with pytest.raises(BirnnError, match="B060"):
        quiet(config, out)
    quiet(config, out, force=True)
    assert (out / "notes.txt").read_text() == "mine"
    (out / "checkpoint").unlink()
    with pytest.raises(BirnnError, match="B061"):
        quiet(config, out, resume=True)


@pytest.mark.parametrize("name", ["checkpoint", "model-best", "model-last"])
@pytest.mark.parametrize("how", ["resume", "force"])
def test_what_only_has_the_name_of_an_output_stays(make_config, tmp_path, name, how):
    config, out = make_config({"training.max_epochs": 1}), tmp_path / "out"
    mine = out / name / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(BirnnError, match=rf"^\[B498\] .*{name} is nothing that"):
        quiet(config, out, **{how: True})
    assert mine.read_text() == "mine"
    assert [path.name for path in out.iterdir()] == [name]
    mine.unlink()
    mine.parent.rmdir()
    quiet(config, out, force=True)
    assert (out / "checkpoint").is_file()


def test_damaged_checkpoints_are_refused(make_config, tmp_path):
    config, out = make_config({"training.max_epochs": 1}), tmp_path / "out"
    quiet(config, out)
    path = out / "checkpoint"
    good = path.read_bytes()
    for bad in (good[:-1], good[:20], b"", good[:-9] + b"x" + good[-8:]):
        path.write_bytes(bad)
        with pytest.raises(BirnnError, match="B062"):
            quiet(config, out, resume=True)
    assert (out / "model-best").is_dir()


def test_a_loss_that_is_not_finite_stops(make_config, tmp_path):
    huge = {"@optimizers": "spacy-birnn.SGD.v1", "learn_rate": 1e30}
    config = make_config({"training.optimizer": huge})
    out = tmp_path / "out"
    with pytest.raises(BirnnError, match=r"B058.*in step [1-9].*rate was 1e\+30"):
        quiet(config, out)
    assert (out / "checkpoint").is_file()


@pytest.mark.parametrize(
    ("rate", "found"),
    [
        (-0.1, "for step 0: -0.1"),
        (
            {"@schedules": "decaying.v1", "base_rate": 0.1, "decay": -1},
            "step 1: .*zero",
        ),
        ({"@schedules": "decaying.v1", "base_rate": 0.1, "decay": -2}, "step 1: -0.1"),
    ],
)
def test_a_learning_rate_that_is_none(make_config, tmp_path, rate, found):
    adam = {"@optimizers": "Adam.v1", "learn_rate": rate}
    out = tmp_path / "out"
    with pytest.raises(BirnnError, match=rf"B089.*learn_rate .*{found}"):
        quiet(make_config({"training.optimizer": adam}), out)
    # Before the first evaluation there is nothing to keep.
    assert out.exists() == ("-0.1" in found and "step 1" in found)


def test_a_dev_set_without_annotation(make_config, corpora, tmp_path):
    corpora["dev"].write_text("Ada -\nleft -\n")
    with (
        pytest.warns(UserWarning, match="W105"),
        pytest.raises(BirnnError, match=r"B066.*ents_f"),
    ):
        quiet(make_config(), tmp_path / "out")


@pytest.mark.parametrize("mistake", ["dev", "logger", "frozen"])
def test_a_mistake_leaves_no_trace(make_config, tmp_path, mistake):
    """Neither a new folder, nor a change in an older one that was to be replaced."""
    wrong = {
        "dev": {"paths.dev": str(tmp_path / "missing.conll")},
        "logger": {
            "training.logger": {
                "@loggers": "spacy-birnn.ConsoleLogger.v1",
                "log_file": str(tmp_path),
            }
        },
        "frozen": {"training.frozen_components": ["birnn_ner"]},
    }[mistake]
    code = {"dev": "B105", "logger": "B203", "frozen": "B091"}[mistake]
    new, old = tmp_path / "new", tmp_path / "old"
    quiet(make_config({"training.max_epochs": 1}), old)
    before = checksum(old)
    for out, force in ((new, False), (old, True)):
        with pytest.raises(BirnnError, match=code):
            quiet(make_config(wrong), out, force=force)
    assert not new.exists()
    assert checksum(old) == before


def test_no_training_data(make_config):
    @registry.readers("test.nothing")
    def make():
        return lambda nlp: iter(())

    config = make_config({"corpora.train": {"@readers": "test.nothing"}})
    with pytest.raises(BirnnError, match=r"B068.*corpora\.train"):
        quiet(config, None)


def test_a_full_disk_is_one_line_and_what_was_saved_stays(
    make_config, tmp_path, monkeypatch
):
    config, out = make_config({"training.max_epochs": 1}), tmp_path / "out"
    quiet(config, out)
    good = (out / "checkpoint").read_bytes()

    def full(fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    longer = make_config({"training.max_epochs": 2})
    with pytest.raises(BirnnError, match=r"B067.*checkpoint: No space left"):
        quiet(longer, out, resume=True)
    monkeypatch.undo()
    assert (out / "checkpoint").read_bytes() == good
    assert not list(out.glob(".*"))
    quiet(longer, out, resume=True)


def test_a_loss_of_another_component_that_is_not_finite_stops(make_config, monkeypatch):
    """Ours look at their own; those of others are looked at after the update."""
    setup = set_up(make_config())
    step = Step(setup.nlp, setup.settings, {}, Progress(step=3))

    def update(part, *, losses, **_):
        losses["other"] = float("nan")

    monkeypatch.setattr(setup.nlp, "update", update)
    with pytest.raises(BirnnError, match=r"B058.* in step 3 .*B059.* 'other' is nan"):
        step.update(0, setup.examples[:2])


def test_scores_of_other_components_are_kept_of_any_type(make_config, tmp_path):
    """spaCy's `ner` and `parser` leave losses of numpy's types in the meta."""
    config = make_config({"training.max_steps": 8, "training.eval_frequency": 4})
    config["nlp"]["pipeline"] = ["ner"]
    config["components"] = {"ner": {"factory": "ner"}}
    config["training"]["score_weights"] = {"ents_f": 1.0}
    quiet(config, tmp_path / "out")
    assert performance(tmp_path / "out" / "model-last")["ner_loss"] > 0
