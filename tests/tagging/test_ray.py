"""A real Ray: the same bytes as the local engine's, whoever is killed meanwhile."""

import json
import sys

import pytest

pytest.importorskip("ray")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.xdist_group("ray"),
]

HEADER = """
import os, random, signal, subprocess, sys, tempfile, time
from pathlib import Path
from spacy_birnn.tagging.run import tag
from tests.tagging.samples import FATAL, assert_same, make_nlp

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

COMMAND = [sys.executable, "-c", "import tests.tagging.samples; "
           "from spacy_birnn.cli import main; main()", "tag", "model", "in"]
COMMAND += ["--batch-size", "50", "--shard-size", "200", "--engine", "ray"]

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
    assert_same(f"ray-{format}", f"local-{format}")
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
    """One of two, by somebody else, whatever it does at that time."""
    code = """
nlp.add_pipe("takes_its_time")  # so that it is killed within a shard
local("local")
killed = []

def kill_one(status):
    if not killed:
        killed.append(int(next(iter(status.workers))))
        os.kill(killed[0], signal.SIGKILL)

on_ray("ray", progress=kill_one)
assert killed
assert_same("ray", "local")
import ray
assert not ray.is_initialized()
"""
    run(run_script, code)


def test_workers_that_are_killed_at_bad_moments_change_nothing(run_script):
    """While one writes a shard, and before and after each of the steps to its end."""
    code = """
nlp.add_pipe("may_die")
local("local")
FATAL.mkdir()
for moment in [
    "before Ada Lovelace left London 450 times , and 2 more .",
    "before 00004.attempt1",
    "before part-00005.jsonl",
    "after part-00006.jsonl",
    "after 00007.json",
]:
    (FATAL / moment).touch()
on_ray("ray")
assert not list(FATAL.iterdir())
assert_same("ray", "local")
"""
    run(run_script, code)


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_killed_five_times_and_resumed_it_ends_the_same(run_script):
    """SIGKILL at random moments of the real command; what it started ends with it."""
    code = """
nlp.add_pipe("takes_its_time")
nlp.to_disk("model")
local("local")
random.seed(0)
line = [*COMMAND, "-o", "ray/", "--resume", "--n-process", "2"]

def parts():
    return len(list(Path("ray").glob("part-*")))

def is_left(folder):
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"RAY_TMPDIR={folder}".encode() in path.read_bytes():
                return True
        except OSError:
            pass  # it has ended meanwhile
    return False

landed = 0
for trial in range(5):
    before = parts()
    with tempfile.TemporaryDirectory(dir="/tmp", ignore_cleanup_errors=True) as folder:
        env = {**os.environ, "RAY_TMPDIR": folder}
        process = subprocess.Popen(line, env=env, stdout=subprocess.DEVNULL)
        while parts() == before and process.poll() is None:
            time.sleep(0.01)
        time.sleep(random.uniform(0, 0.2))
        process.kill()
        landed += process.wait() == -signal.SIGKILL
        deadline = time.monotonic() + 300
        while is_left(folder):
            assert time.monotonic() < deadline
            time.sleep(0.2)
subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
assert_same("ray", "local")
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
    # Ray itself tells of each worker that died, but not on standard output.
    first, last = run(run_script, code).splitlines()
    assert first.startswith("[B270] ")
    assert "in/c.txt" in first
    assert "3 times" in first
    assert last == "True"


def test_standard_output_is_for_the_summary(run_script):
    """Though Ray tells of a worker that died."""
    code = (
        POISON
        + """
nlp.to_disk("model")
line = [*COMMAND, "-o", "out/", "--json", "--on-error", "skip", "--n-process", "1"]
result = subprocess.run(line, capture_output=True, text=True)
assert result.returncode == 3, result
print(result.stdout, end="")
"""
    )
    (line,) = run(run_script, code).splitlines()
    assert json.loads(line)["skipped"] > 0


def test_workers_that_die_when_they_start_are_one_line(run_script):
    """Killed, as for want of memory."""
    code = """
os.environ["DRIVER"] = str(os.getpid())
nlp.add_pipe("dies_when_loaded")
try:
    on_ray("ray", n_process=1)
except ValueError as error:
    print(error)
assert not os.path.exists("ray")
"""
    line = run(run_script, code)
    assert line.startswith("[B278] 3 workers ended while they loaded the pipeline")
    assert "\n" not in line


def test_workers_that_lack_a_module_are_one_line(run_script):
    code = """
import tests.tagging.samples as samples
nlp.add_pipe("dies_when_loaded")
samples.Nothing.__module__ = "not_installed"
try:
    on_ray("ray", n_process=1)
except ValueError as error:
    print(error)
"""
    line = run(run_script, code)
    assert line.startswith("[B271] Ray stopped (")
    assert "not_installed" in line
    assert "\n" not in line
