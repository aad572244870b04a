"""A folder of shards holds nothing but what it should, whoever was killed meanwhile."""

import os

import pytest

from spacy_birnn.tagging.run import tag


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("Ada left\n" * 6)
    return path


def test_what_a_killed_worker_left_is_removed_in_the_end(nlp, text, tmp_path):
    out = tmp_path / "out"

    def leave(status):
        """As an actor of Ray does that is killed while others go on."""
        (out / ".part-00001.jsonl.17.tmp").touch()
        (out / "_progress" / ".00001.json.17.tmp").touch()

    tag(nlp, text, out, shard_size=3, progress=leave)
    names = ["manifest.json", "part-00000.jsonl", "part-00001.jsonl"]
    assert sorted(os.listdir(out)) == names


def test_force_removes_it_too(nlp, text, tmp_path):
    out = tmp_path / "out"
    (out / "_progress").mkdir(parents=True)
    (out / ".part-00007.jsonl.17.tmp").touch()
    (out / ".mine.tmp").touch()
    tag(nlp, text, out, shard_size=6, force=True)
    names = [".mine.tmp", "manifest.json", "part-00000.jsonl"]
    assert sorted(os.listdir(out)) == names
