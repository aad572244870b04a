"""A real Ray: the same bytes as the local engine's, whoever is killed meanwhile."""

import pytest

pytest.importorskip("ray")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

HEADER = """
import os, random, shutil, signal, subprocess, sys
from pathlib import Path
from spacy.language import Language
from spacy_birnn.tagging.run import tag
from tests.tagging.samples import make_nlp

Path("in").mkdir(exist_ok=True)
with open("in/a.txt", "w") as file:
    for i in range(2000):
        file.write(f"Ada Lovelace left London {i} times , and {i % 7} more .\\n")
with open("in/b.jsonl", "w") as file:
    for i in range(300):
        file.write(f'{{"id": {i}, "text": "London again {i}"}}\\n')

nlp = make_nlp()
SETTINGS = {"batch_size": 50, "shard_size": 200}

def local(out, **settings):
    return tag(nlp, "in", out, **{**SETTINGS, **settings})

def on_ray(out, **settings):
    settings = {**SETTINGS, "engine": "ray", "n_process": 2, **settings}
    return tag(nlp, "in", out, **settings)

def contents(path):
    return {p.name: p.read_bytes() for p in sorted(Path(path).iterdir())}

"""


def run(run_script, code, timeout=1500):
    result = run_script(HEADER + code, timeout=timeout)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_every_format_is_the_same_as_with_the_local_engine(run_script):
    code = """
import ray
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
for format in ("jsonl", "parquet", "conll", "conllu", "spacy"):
    expected = local(f"local-{format}", output_format=format)
    shown = []
    found = on_ray(f"ray-{format}", output_format=format, progress=shown.append)
    assert contents(f"ray-{format}") == contents(f"local-{format}")
    assert found[:4] == expected[:4], (found, expected)
    assert shown[-1].documents == 2300 and shown[-1].bytes == shown[-1].total
assert ray.is_initialized()  # it was not ours to end
local("one.jsonl", shard_size=None)
on_ray("other.jsonl", shard_size=None, min_process=1)
assert Path("one.jsonl").read_bytes() == Path("other.jsonl").read_bytes()
ray.shutdown()
"""
    run(run_script, code)


def test_a_worker_that_is_killed_changes_nothing(run_script):
    code = """
local("local")
killed = []

def kill_one(status):
    if not killed:
        killed.append(int(next(iter(status.workers))))
        os.kill(killed[0], signal.SIGKILL)

on_ray("ray", progress=kill_one)
assert killed
assert contents("ray") == contents("local")
import ray
assert not ray.is_initialized()
"""
    run(run_script, code)


def test_a_driver_that_is_killed_is_resumed(run_script):
    """Five times. What it started ends with it."""
    code = """
local("local")
landed = 0
random.seed(0)
for trial in range(5):
    pid = os.fork()
    if not pid:
        os.setsid()
        done = lambda status: status.documents > 400 * trial and os._exit(9)
        try:
            on_ray("ray", resume=trial > 0, force=trial == 0, progress=done)
        finally:
            os._exit(0)
    status = os.waitpid(pid, 0)[1]
    landed += os.WEXITSTATUS(status) == 9
on_ray("ray", resume=True)
assert contents("ray") == contents("local")
print(landed)
"""
    assert int(run(run_script, code)) > 0


POISON = """
with open("in/c.txt", "w") as file:
    file.write("the worst document\\n")
nlp.add_pipe("kills_its_process", first=True)
"""


def test_what_kills_its_worker_each_time_is_given_up(run_script):
    code = (
        POISON
        + """
try:
    on_ray("ray", shard_size="30KB")
except ValueError as error:
    print(error)
summary = on_ray("ray", shard_size="30KB", on_error="skip", resume=True)
names = sorted(os.listdir("ray"))
assert "errors.jsonl" in names and "_progress" not in names, names
assert summary.skipped > 0 and summary.documents > 1000, summary
print(Path("ray/errors.jsonl").read_text().count("[B270]") == summary.skipped)
"""
    )
    # Ray itself tells of each worker that died.
    lines = run(run_script, code).splitlines()
    first, last = next(line for line in lines if line.startswith("[B270] ")), lines[-1]
    assert "in/c.txt" in first
    assert "3 times" in first
    assert last == "True"
