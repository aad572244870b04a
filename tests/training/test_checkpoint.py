import numpy
import pytest

from spacy_birnn.errors import BirnnError
from spacy_birnn.training import checkpoint as module
from spacy_birnn.training.checkpoint import (
    Checkpoint,
    read_checkpoint,
    write_checkpoint,
)

CHECKPOINT = Checkpoint(
    {"step": 3, "rate": 0.1, "name": "é"},
    {"a": {"x/y 1": numpy.arange(3), "": numpy.float32([[1.5]])}, "b": {}},
)


def test_comes_back_as_it_was(tmp_path):
    path = tmp_path / "new" / "checkpoint"
    write_checkpoint(path, CHECKPOINT)
    found = read_checkpoint(path)
    assert CHECKPOINT.facts.items() <= found.facts.items()
    assert list(found.arrays) == ["a"]
    for name, array in CHECKPOINT.arrays["a"].items():
        assert found.arrays["a"][name].dtype == array.dtype
        assert numpy.array_equal(found.arrays["a"][name], array)
    assert [p.name for p in path.parent.iterdir()] == ["checkpoint"]


def test_every_damage_is_seen(tmp_path):
    path = tmp_path / "checkpoint"
    write_checkpoint(path, CHECKPOINT)
    good = path.read_bytes()
    for i in range(0, len(good), 7):
        for bad in (good[:i], good[:i] + bytes([good[i] ^ 1]) + good[i + 1 :]):
            path.write_bytes(bad)
            with pytest.raises(BirnnError, match="B062"):
                read_checkpoint(path)


@pytest.mark.parametrize(("key", "value"), [("FORMAT", 2), ("__version__", "9.9")])
def test_another_version_is_refused(tmp_path, monkeypatch, key, value):
    path = tmp_path / "checkpoint"
    write_checkpoint(path, CHECKPOINT)
    monkeypatch.setattr(module, key, value)
    with pytest.raises(BirnnError, match=f"B063.*this is .*{value}"):
        read_checkpoint(path)


def test_an_older_one_stays_when_writing_fails(tmp_path):
    path = tmp_path / "checkpoint"
    write_checkpoint(path, CHECKPOINT)
    good = path.read_bytes()
    (tmp_path / ".checkpoint.tmp").mkdir()  # in the way
    with pytest.raises(BirnnError, match=r"^\[B067\]"):
        write_checkpoint(path, CHECKPOINT)
    assert path.read_bytes() == good
