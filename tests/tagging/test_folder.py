"""A folder of shards, and workers that come too late or do a shard twice."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from spacy_birnn.errors import BirnnError
from spacy_birnn.tagging import storage
from spacy_birnn.tagging.chunks import Records
from spacy_birnn.tagging.folder import Folder
from spacy_birnn.tagging.manifest import Plan
from spacy_birnn.tagging.ray_actor import ShardActor
from spacy_birnn.tagging.reading import Reading, ShardReader
from spacy_birnn.tagging.shards import Shard

PLAN = Plan({}, {}, [])


@pytest.fixture
def out(tmp_path):
    return str(tmp_path / "out")


def begun(out, resume=False, force=False):
    folder = Folder(out, "jsonl", 1)
    folder.begin(PLAN, resume, force)
    return folder


def write(folder):
    shard = Shard(0)
    records = [Records(b"{}\n", 1, 1)]
    return folder.write_shard(shard, records, ShardReader(shard, Reading()))


@pytest.mark.parametrize("ending", ["resume", "force"])
def test_a_worker_that_outlives_its_run_cannot_write(out, ending):
    earlier = begun(out)
    later = begun(out, **{ending: True})
    with pytest.raises(BirnnError, match="B203"):
        write(earlier)
    with pytest.raises(BirnnError, match="B203"):
        earlier.note_attempt(0, 1)
    assert later.done(0) is None
    assert write(later) == later.done(0)
    later.finish(PLAN, {})
    with pytest.raises(BirnnError, match="B203"):
        write(later)
    names = sorted(path.name for path in Path(out).iterdir())
    assert names == ["manifest.json", "part-00000.jsonl"]


def test_a_finished_shard_is_not_done_again(out):
    """Ray asks for it where a worker has died before it could answer."""
    folder = begun(out)
    done = write(folder)
    actor = SimpleNamespace(work=SimpleNamespace(folder=folder))
    assert ShardActor._attempt(actor, Shard(0)) == done
    assert folder.attempts(0) == 0


def test_a_plan_that_cannot_be_written_leaves_nothing(out, monkeypatch):
    def fail(*_):
        raise BirnnError("no room")

    monkeypatch.setattr(Folder, "_write", fail)
    with pytest.raises(BirnnError, match="no room"):
        begun(out)
    assert not Path(out).exists()


def test_ctrl_c_while_the_folder_is_made_leaves_nothing(out, monkeypatch):
    def make_some(address):
        Path(out).mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr(storage, "make_folder", make_some)
    with pytest.raises(KeyboardInterrupt):
        begun(out)
    assert not Path(out).exists()
