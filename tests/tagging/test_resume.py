"""Runs that are killed, that meet a full disk or changed inputs, and are resumed."""

import json
import os
import subprocess

import fsspec
import pytest

from spacy_birnn.errors import BirnnError
from spacy_birnn.tagging import run
from spacy_birnn.tagging.folder import Folder
from spacy_birnn.tagging.run import tag
from spacy_birnn.tagging.shards import parse_size

from .samples import TEXTS, assert_same, make_nlp

HEADER = """
import os, random, resource, shutil, signal, sys, time
from pathlib import Path
from spacy_birnn.tagging.run import tag
from tests.tagging.samples import FATAL, REACHED, assert_same, make_nlp

Path("in").mkdir(exist_ok=True)
with open("in/a.txt", "w") as file:
    for i in range(4000):
        file.write(f"Ada Lovelace left London {i} times , and {i % 7} more .\\n")
with open("in/b.jsonl", "w") as file:
    for i in range(1000):
        file.write(f'{{"id": {i}, "text": "London again {i}"}}\\n')

nlp = make_nlp()

def run(out, **settings):
    return tag(nlp, "in", out, batch_size=50, **settings)

def emptied(path):
    shutil.rmtree(path, ignore_errors=True)
    os.mkdir(path)

"""

KINDS = [
    ("file.jsonl", {}, 1),
    ("folder/", {"shard_size": 150, "output_format": "parquet"}, 1),
    ("folder/", {"shard_size": "10KB"}, 2),
    ("file.spacy", {}, 1),
]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_killed_at_any_moment_and_resumed_it_ends_the_same(run_script, kind):
    """Twenty random moments over all kinds; the seed is fixed, the machine is not."""
    out, settings, n_process = KINDS[kind]
    code = f"""
import spacy_birnn.tagging.run as module
from spacy_birnn.tagging.shards import ShardSize
module.DEFAULT_SIZE = ShardSize(10_000, True)  # so that a file has many shards
settings = {settings!r}
began = time.perf_counter()
emptied("whole")
whole = run("whole/{out}", n_process={n_process}, **settings)
length = time.perf_counter() - began
assert whole.shards > 20, whole.shards
random.seed({kind})
landed = 0
for trial in range(5):
    emptied("cut")
    pid = os.fork()
    if not pid:
        run("cut/{out}", n_process={n_process}, **settings)
        os._exit(0)
    time.sleep(random.uniform(0, length))
    os.kill(pid, signal.SIGKILL)
    landed += os.WIFSIGNALED(os.waitpid(pid, 0)[1])
    run("cut/{out}", resume=True, **settings)
    assert_same("cut", "whole")
print(landed)
"""
    result = run_script(HEADER + code, timeout=600)
    assert (result.returncode, result.stderr) == (0, "")
    assert int(result.stdout) > 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("out", ["file.jsonl", "file.spacy", "folder/"])
def test_killed_at_every_moment_nothing_is_left(run_script, out):
    """Before each document and each file that gets its place or goes."""
    code = f"""
import spacy_birnn.tagging.run as module
from spacy_birnn.tagging.shards import ShardSize
module.DEFAULT_SIZE = ShardSize(20, False)  # so that a file has several shards
Path("in/a.txt").write_text("".join(f"Ada left London {{i}} .\\n" for i in range(3)))
Path("in/b.jsonl").write_text('{{"text": 7}}\\n' + '{{"text": "London again"}}\\n' * 40)
settings = {{"on_error": "skip"}}
if "{out}".endswith("/"):
    settings["shard_size"] = 20
nlp.add_pipe("may_die")
emptied("whole")
REACHED.clear()
whole = run("whole/{out}", **settings)
assert (whole.shards, whole.skipped) == (3, 1), whole
moments = list(dict.fromkeys(REACHED))
FATAL.mkdir()
for moment in moments:
    for ending in ("resume", "force"):
        emptied("cut")
        (FATAL / moment).touch()
        pid = os.fork()
        if not pid:
            run("cut/{out}", **settings)
            os._exit(0)
        assert os.WIFSIGNALED(os.waitpid(pid, 0)[1]), moment
        run("cut/{out}", **{{ending: True}}, **settings)
        assert_same("cut", "whole")
print(len(moments))
"""
    result = run_script(HEADER + code, timeout=600)
    assert (result.returncode, result.stderr) == (0, "")
    assert int(result.stdout) > 20


@pytest.mark.skipif(os.name == "nt", reason="there are no such limits there")
@pytest.mark.parametrize("out", ["out.jsonl", "out/"])
def test_a_full_disk_is_one_line_and_what_was_done_stays(run_script, out):
    """As with a quota: no file may grow beyond a limit, which a later shard does."""
    code = f"""
settings = {{"shard_size": 1000}} if "{out}".endswith("/") else {{}}
import spacy_birnn.tagging.run as module
from spacy_birnn.tagging.shards import ShardSize
module.DEFAULT_SIZE = ShardSize(100_000, True)
emptied("whole")
emptied("cut")
run("whole/{out}", **settings)
resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, resource.RLIM_INFINITY))
with open("in/a.txt", "r+b") as file:
    pass
try:
    run("cut/{out}", **settings)
except ValueError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
run("cut/{out}", resume=True, **settings)
assert_same("cut", "whole")
"""
    result = run_script(HEADER + code)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("[B203] Cannot write ")
    assert "File too large" in result.stdout
    assert result.stdout.count("\n") == 1


def test_a_file_system_that_is_full(tmp_path):
    """A small one in memory, where it may be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount: {mounted.stderr.decode().strip()}")
    try:
        source = tmp_path / "a.txt"
        source.write_text("".join(f"{text}\n" for text in TEXTS * 40))
        with pytest.raises(BirnnError, match=r"\[B203\] .*No space left on device"):
            tag(make_nlp(), source, disk / "out", shard_size=100)
        done = len(list((disk / "out").glob("part-*.jsonl")))
        assert done > 0
        subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)
        summary = tag(make_nlp(), source, disk / "out", shard_size=100, resume=True)
        assert (summary.documents, summary.shards) == (2000, 20)
        assert 0 < summary.resumed <= done
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("out", ["folder/", "out.jsonl"])
def test_an_output_that_vanishes_is_one_line(nlp, tmp_path, monkeypatch, out):
    """As a mount does that is lost in the middle of a run."""
    disk = tmp_path / "disk"
    disk.mkdir()
    path = tmp_path / "a.txt"
    path.write_text("".join(f"{text}\n" for text in TEXTS))
    monkeypatch.setattr(run, "DEFAULT_SIZE", parse_size("800B"))

    def vanish(status):
        if status.documents >= 45 and disk.exists():
            disk.rename(tmp_path / "gone")

    settings = {"shard_size": "800B"} if out.endswith("/") else {}
    with pytest.raises(BirnnError, match=r"\[B203\] Cannot write .*No such file"):
        tag(nlp, path, f"{disk}/{out}", batch_size=10, progress=vanish, **settings)
    (tmp_path / "gone").rename(disk)
    summary = tag(nlp, path, f"{disk}/{out}", batch_size=10, resume=True, **settings)
    assert summary.documents == 50
    assert summary.resumed > 0


def test_an_input_that_vanishes_is_one_line(nlp, tmp_path):
    path, other = tmp_path / "a.txt", tmp_path / "b.txt"
    for file in (path, other):
        file.write_text("".join(f"{text}\n" for text in TEXTS))

    def vanish(status):
        other.unlink(missing_ok=True)

    settings = {"batch_size": 10, "shard_size": 20}
    out = tmp_path / "out"
    with pytest.raises(BirnnError, match=r"\[B107\] .*b\.txt"):
        tag(nlp, [path, other], out, progress=vanish, **settings)
    other.write_bytes(path.read_bytes())
    assert tag(nlp, [path, other], out, resume=True, **settings).resumed > 0


def test_an_object_store_is_resumed(nlp, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("".join(f"{text}\n" for text in TEXTS))
    settings = {"shard_size": 20, "batch_size": 10}
    tag(nlp, path, "memory://whole", **settings)
    with pytest.raises(Interrupted):
        tag(nlp, path, "memory://cut", progress=stop_after(35), **settings)
    summary = tag(nlp, path, "memory://cut", resume=True, **settings)
    assert (summary.documents, summary.resumed) == (50, 1)
    store = fsspec.filesystem("memory")
    whole, cut = (
        {name.split("/")[-1]: store.cat(name) for name in store.find(folder)}
        for folder in ("/whole", "/cut")
    )
    assert cut == whole


class Interrupted(Exception):
    """Stops a run in these tests."""


def stop_after(documents):
    def watch(status):
        if status.documents >= documents:
            raise Interrupted

    return watch


def begin(nlp, tmp_path, **settings):
    """A run that is stopped in its second shard."""
    path = tmp_path / "a.txt"
    if not path.exists():
        path.write_text("".join(f"{text}\n" for text in TEXTS))
    settings = {"shard_size": 20, "batch_size": 10, **settings}
    with pytest.raises(Interrupted):
        tag(nlp, path, tmp_path / "out", progress=stop_after(35), **settings)
    return path


def resume(nlp, path, tmp_path, **settings):
    settings = {"shard_size": 20, "batch_size": 10, **settings}
    return tag(nlp, path, tmp_path / "out", resume=True, **settings)


def test_a_resumed_run_does_what_is_left(nlp, tmp_path):
    path = begin(nlp, tmp_path)
    assert sorted(os.listdir(tmp_path / "out")) == ["_progress", "part-00000.jsonl"]
    summary = resume(nlp, path, tmp_path, n_process=2)
    assert (summary.documents, summary.resumed, summary.shards) == (50, 1, 3)
    again = resume(nlp, path, tmp_path)
    assert (again.documents, again.resumed, again.rate) == (50, 3, 0)
    parts = sorted((tmp_path / "out").glob("part-*"))
    lines = b"".join(part.read_bytes() for part in parts).splitlines()
    assert [json.loads(line)["text"] for line in lines] == TEXTS


@pytest.mark.parametrize("content", [b"", b'{"number": 0, "docu'])
def test_a_note_that_the_power_cut_off_does_not_count(nlp, tmp_path, content):
    path = begin(nlp, tmp_path)
    (tmp_path / "out" / "_progress" / "00000.json").write_bytes(content)
    assert resume(nlp, path, tmp_path).resumed == 0
    tag(nlp, path, tmp_path / "whole", shard_size=20, batch_size=10)
    assert_same(tmp_path / "out", tmp_path / "whole")


@pytest.mark.parametrize("shard_size", ["800B", None])
def test_a_shard_that_the_run_was_not_told_of_is_kept(
    nlp, tmp_path, monkeypatch, shard_size
):
    """As where Ctrl-C, or the end of a cluster, comes before an answer."""
    monkeypatch.setattr(run, "DEFAULT_SIZE", parse_size("800B"))
    path = tmp_path / "a.txt"
    path.write_text("".join(f"{text}\n" for text in TEXTS))
    write_shard = Folder.write_shard

    def write_and_stop(*args):
        write_shard(*args)
        raise Interrupted

    monkeypatch.setattr(Folder, "write_shard", write_and_stop)
    with pytest.raises(Interrupted):
        tag(nlp, path, tmp_path / "out", shard_size=shard_size)
    monkeypatch.setattr(Folder, "write_shard", write_shard)
    summary = tag(nlp, path, tmp_path / "out", shard_size=shard_size, resume=True)
    assert (summary.documents, summary.resumed) == (50, 1)


def test_the_manifest_says_what_was_done_and_nothing_of_where(nlp, tmp_path):
    path = begin(nlp, tmp_path)
    resume(nlp, path, tmp_path)
    text = (tmp_path / "out" / "manifest.json").read_text()
    manifest = json.loads(text)
    assert manifest["documents"] == 50
    assert manifest["entities"] == {"LOC": 50, "PER": 50}
    assert [shard["documents"] for shard in manifest["shards"]] == [20, 20, 10]
    assert manifest["shards"][1]["inputs"][0]["address"] == str(path)
    assert all(len(shard["checksum"]) == 64 for shard in manifest["shards"])
    assert "out" not in text.replace("output_format", "")
    assert "n_process" not in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 11}, r"\[B261\] .*batch-size was 10, and is 11"),
        ({"shard_size": 30}, r"\[B261\] .*shard-size was 20, and is 30"),
        ({"output_format": "conll"}, r"\[B261\] .*output-format was jsonl, and is con"),
        ({"whole_files": True}, r"\[B261\] .*whole-files"),
    ],
)
def test_other_settings_are_refused(nlp, tmp_path, change, message):
    path = begin(nlp, tmp_path)
    with pytest.raises(BirnnError, match=message):
        resume(nlp, path, tmp_path, **change)


def test_another_pipeline_is_refused(nlp, tmp_path):
    path = begin(nlp, tmp_path)
    other = make_nlp()
    other.get_pipe("entity_ruler").add_patterns([{"label": "X", "pattern": "x"}])
    with pytest.raises(BirnnError, match=r"\[B261\] .*pipeline checksum was"):
        resume(other, path, tmp_path)


def test_changed_inputs_are_refused(nlp, tmp_path):
    path = begin(nlp, tmp_path)
    before = path.read_text()
    path.write_text(before.replace("London 3 ", "Londxn 3 "))
    with pytest.raises(BirnnError, match=r"\[B264\] .*a\.txt has changed"):
        resume(nlp, path, tmp_path)
    path.write_text(before + "more\n")
    larger = r"\[B261\] .*a\.txt was 1,790 bytes, and is 1,795"
    with pytest.raises(BirnnError, match=larger):
        resume(nlp, path, tmp_path)
    path.write_text(before)
    other = tmp_path / "b.txt"
    other.write_text("more\n")
    with pytest.raises(BirnnError, match=r"\[B261\] .*list of inputs .*b\.txt"):
        resume(nlp, [path, other], tmp_path)
    assert resume(nlp, path, tmp_path).documents == 50


def test_an_unfinished_run_is_not_overwritten(nlp, tmp_path):
    path = begin(nlp, tmp_path)
    with pytest.raises(BirnnError, match=r"\[B262\] .*--resume .*--force"):
        tag(nlp, path, tmp_path / "out", shard_size=20)
    summary = tag(nlp, path, tmp_path / "out", shard_size=30, force=True)
    assert (summary.resumed, summary.shards) == (0, 2)
    assert sorted(os.listdir(tmp_path / "out")) == [
        "manifest.json",
        "part-00000.jsonl",
        "part-00001.jsonl",
    ]
    with pytest.raises(BirnnError, match="B263"):
        tag(nlp, path, tmp_path / "out", shard_size=30)


def test_force_leaves_what_is_not_ours(nlp, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("Ada\n")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.md").write_text("mine")
    with pytest.raises(BirnnError, match="B263"):
        tag(nlp, path, tmp_path / "out")
    tag(nlp, path, tmp_path / "out", force=True)
    assert (tmp_path / "out" / "notes.md").read_text() == "mine"


def test_one_file_is_resumed_too(nlp, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "DEFAULT_SIZE", parse_size("800B"))
    path = begin(nlp, tmp_path, shard_size=None)
    assert sorted(os.listdir(tmp_path)) == ["a.txt", "out.partial"]
    with pytest.raises(BirnnError, match="B262"):
        tag(nlp, path, tmp_path / "out")
    summary = resume(nlp, path, tmp_path, shard_size=None)
    assert (summary.documents, summary.resumed > 0) == (50, True)
    assert sorted(os.listdir(tmp_path)) == ["a.txt", "out"]
    lines = (tmp_path / "out").read_bytes().splitlines()
    assert [json.loads(line)["text"] for line in lines] == TEXTS
    assert resume(nlp, path, tmp_path, shard_size=None).resumed == summary.shards


def test_what_stopped_before_its_first_shard_leaves_nothing(nlp, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("Ada\nLondon\n")
    for out in ("out", "folder/"):
        with pytest.raises(Interrupted):
            tag(nlp, path, f"{tmp_path}/{out}", progress=stop_after(1))
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_pipe_cannot_be_resumed(nlp, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-").write_text("a file of that name is not meant\n")
    with pytest.raises(BirnnError, match="B266"):
        tag(nlp, "-", tmp_path / "out", input_format="text", resume=True)
    path = tmp_path / "a.txt"
    path.write_text("Ada\n")
    with open(os.devnull, "wb") as file, pytest.raises(BirnnError, match="B266"):
        tag(nlp, path, file, resume=True)


@pytest.mark.parametrize("name", ["tagged/", "tagged.jsonl"])
@pytest.mark.parametrize("how", ["resume", "force"])
def test_an_output_within_the_folder_that_is_read(tmp_path, name, how, monkeypatch):
    """What the run has written is no input of the next one."""
    lines = ['{"text": "Ada left."}', '{"text": "London."}', "{", '{"text": "x"}']
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl").write_text("\n".join(lines) + "\n")
    out = f"{tmp_path}/in/{name}"
    monkeypatch.setattr(run, "DEFAULT_SIZE", parse_size("1"))
    settings = {}
    with pytest.raises(BirnnError, match="B206"):
        tag(make_nlp(), tmp_path / "in", out, **settings)
    settings.update({how: True, "on_error": "skip"})
    summary = tag(make_nlp(), tmp_path / "in", out, **settings)
    assert (summary.documents, summary.skipped) == (3, 1)
