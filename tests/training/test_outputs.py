from pathlib import Path

import pytest

from spacy_birnn.errors import BirnnError
from spacy_birnn.training.outputs import Outputs


@pytest.fixture
def outputs(tmp_path):
    outputs = Outputs(tmp_path / "out")
    outputs.prepare(resume=False, force=False)
    return outputs


def writer(text):
    def to_disk(folder):
        folder.mkdir()
        (folder / "config.cfg").write_text(text)

    return to_disk


def text_of(pipeline):
    return (pipeline / "config.cfg").read_text()


def broken(folder):
    folder.mkdir()
    (folder / "config.cfg").write_text("half")
    raise OSError(28, "No space left on device")


def test_a_pipeline_takes_the_place_of_an_older_one(outputs):
    for text in ("one", "two"):
        outputs.save(outputs.best, writer(text))
        assert text_of(outputs.best) == text
    assert [path.name for path in outputs.folder.iterdir()] == ["model-best"]


def test_an_older_one_stays_when_writing_fails(outputs):
    outputs.save(outputs.best, writer("good"))
    with pytest.raises(BirnnError, match="B067.*model-best: No space left"):
        outputs.save(outputs.best, broken)
    assert text_of(outputs.best) == "good"
    assert [path.name for path in outputs.folder.iterdir()] == ["model-best"]


@pytest.mark.parametrize("is_renamed", [False, True])
def test_what_was_interrupted_is_put_right(outputs, is_renamed):
    """Killed while writing, or between the two renamings."""
    outputs.save(outputs.best, writer("old"))
    writer("half")(outputs.folder / ".model-best.new")
    if is_renamed:
        outputs.best.rename(outputs.folder / ".model-best.old")
    outputs.checkpoint.write_text("")
    assert Outputs(outputs.folder).prepare(resume=True, force=False)
    assert text_of(outputs.best) == "old"
    names = {path.name for path in outputs.folder.iterdir()}
    assert names == {"model-best", "checkpoint"}


def test_a_file_is_no_folder(tmp_path):
    path = tmp_path / "out"
    path.write_text("")
    with pytest.raises(BirnnError, match="B203"):
        Outputs(path).prepare(resume=False, force=True)


def test_an_older_training_comes_back(outputs):
    outputs.save(outputs.best, writer("old"))
    outputs.checkpoint.write_text("old")
    outputs.begin()
    assert not outputs.best.exists()
    outputs.save(outputs.last, writer("new"))
    outputs.checkpoint.write_text("new")
    outputs.undo()
    assert text_of(outputs.best) == outputs.checkpoint.read_text() == "old"
    names = {path.name for path in outputs.folder.iterdir()}
    assert names == {"model-best", "checkpoint"}


def test_what_is_settled_stays(outputs):
    outputs.save(outputs.best, writer("old"))
    outputs.begin()
    outputs.save(outputs.last, writer("new"))
    outputs.settle()
    outputs.undo()
    assert [path.name for path in outputs.folder.iterdir()] == ["model-last"]


@pytest.mark.parametrize("has_checkpoint", [False, True])
def test_a_new_training_that_was_killed_at_once(outputs, has_checkpoint):
    """It goes on if it has a checkpoint; else the older one comes back."""
    outputs.save(outputs.best, writer("old"))
    outputs.begin()
    if has_checkpoint:
        outputs.checkpoint.write_text("new")
    Outputs(outputs.folder).prepare(resume=True, force=True)
    names = {path.name for path in outputs.folder.iterdir()}
    assert names == {"checkpoint" if has_checkpoint else "model-best"}


def test_an_empty_folder_goes_if_it_is_new(outputs):
    outputs.undo()
    assert not outputs.folder.exists()
    outputs.folder.mkdir()
    again = Outputs(outputs.folder)
    again.prepare(resume=False, force=False)
    again.undo()
    assert outputs.folder.is_dir()


@pytest.mark.parametrize("way", ["begin", "undo"])
@pytest.mark.parametrize("n_moved", range(4))
def test_nothing_is_lost_between_two_renamings(outputs, monkeypatch, way, n_moved):
    """Killed after any of them, the older training is there again."""
    outputs.save(outputs.best, writer("old"))
    outputs.save(outputs.last, writer("old"))
    outputs.checkpoint.write_text("old")
    if way == "undo":
        outputs.begin()
        outputs.checkpoint.write_text("new")
        outputs.save(outputs.best, writer("new"))
    left, rename = n_moved, Path.rename

    def killed(path, target):
        nonlocal left
        if left == 0:
            raise KeyboardInterrupt
        left -= 1
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", killed)
    with pytest.raises(KeyboardInterrupt):
        getattr(outputs, way)()
    monkeypatch.undo()
    Outputs(outputs.folder).prepare(resume=True, force=False)
    found = {path.name for path in outputs.folder.iterdir()}
    assert found == {"checkpoint", "model-best", "model-last"}
    assert outputs.checkpoint.read_text() == "old"
    assert text_of(outputs.best) == text_of(outputs.last) == "old"


def with_targets(folder, text, resume=False, force=False):
    outputs = Outputs(folder, "targets")
    outputs.prepare(resume, force)
    outputs.begin()
    (folder / "targets").write_text(text)
    return outputs


def test_what_was_made_for_a_training_stays_unless_an_older_one_comes_back(tmp_path):
    first = with_targets(tmp_path / "out", "first")
    first.checkpoint.write_text("")
    first.undo()
    targets = tmp_path / "out" / "targets"
    assert [path.name for path in targets.parent.iterdir()] == ["targets"]
    second = with_targets(tmp_path / "out", "second", force=True)
    second.undo()
    assert targets.read_text() == "first"


def test_what_was_made_for_a_training_is_gone_on_with(tmp_path):
    """After a kill: nothing else is removed, whatever mistake comes next."""
    with_targets(tmp_path / "out", "old")
    with_targets(tmp_path / "out", "new", force=True)
    again = Outputs(tmp_path / "out", "targets")
    assert not again.prepare(resume=True, force=False)
    again.begin()
    again.undo()
    assert (tmp_path / "out" / "targets").read_text() == "new"
    Outputs(tmp_path / "out", "targets").prepare(resume=False, force=True)
    assert (tmp_path / "out" / "targets").read_text() == "old"
