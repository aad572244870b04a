"""Each test runs in a process of its own: what must not happen is that it hangs."""

import os
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals work otherwise there")

# A chunk is a number; the work on it answers with the number.
HEADER = """
import multiprocessing, os, signal, sys, time
from spacy_birnn.errors import BirnnError
from spacy_birnn.tagging.engine import AHEAD, engine
from spacy_birnn.tagging.chunks import Records

def numbers(n):
    for number in range(n):
        yield [number]

def work(chunks):
    for (number,) in chunks:
        handle(number)
        yield Records(number, 1, 1)

def run(chunks, n_process=3):
    with engine(work, n_process) as elsewhere:
        for records in elsewhere(chunks):
            print(records.data, end=" ", flush=True)

"""


def check(result, status, stdout, stderr=""):
    assert (result.stdout.strip(), result.returncode) == (stdout, status), result.stderr
    last = result.stderr.strip().split("\n")[-1]
    assert stderr in last if stderr else not last


def test_records_come_in_the_order_of_the_chunks(run_script):
    code = """
def handle(number):
    time.sleep(0.05 if number % 5 == 0 else 0)

run(numbers(30))
"""
    expected = " ".join(map(str, range(30)))
    check(run_script(HEADER + code), 0, expected)


def test_a_chunk_that_takes_long_holds_up_the_reading(run_script):
    """The work under way is bounded, so an endless input can be tagged."""
    code = """
def handle(number):
    time.sleep(1 if number == 0 else 0)

read = 0
def endless():
    global read
    while True:
        yield [read]
        read += 1

with engine(work, 2) as elsewhere:
    stream = elsewhere(endless())
    assert next(stream).data == 0
    assert read <= 2 * AHEAD + 2, read
    stream.close()
assert multiprocessing.active_children() == []
"""
    check(run_script(HEADER + code), 0, "")


def test_the_work_is_done_elsewhere(run_script):
    code = """
import torch
torch.set_num_threads(2)
parent = os.getpid()
def handle(number):
    assert os.getpid() != parent
    assert torch.get_num_threads() == 1

run(numbers(3), n_process=-1)
with engine(work, 1) as here:
    assert here is work
"""
    check(run_script(HEADER + code), 0, "0 1 2")


def test_no_chunks(run_script):
    check(run_script(HEADER + "run(numbers(0))"), 0, "")


def test_reading_fails(run_script):
    """First come the records of what was read before, as with one process."""
    code = """
def handle(number):
    time.sleep(0.2)

def broken():
    yield from numbers(4)
    raise BirnnError("bad line")

run(broken())
"""
    check(run_script(HEADER + code), 1, "0 1 2 3", "BirnnError: bad line")


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ("raise BirnnError('[B000] ours')", "BirnnError: [B000] ours"),
        ("1 / 0", "[B225] A worker process failed (ZeroDivisionError: division by "),
        ("os.kill(os.getpid(), signal.SIGKILL)", "[B224] A worker process was killed "),
        ("os._exit(3)", "[B224] A worker process ended with status 3"),
        ("sys.exit(3)", "[B224] A worker process ended with status 3"),
    ],
)
def test_work_fails(run_script, action, message):
    """The first failure in the order of the chunks counts, when it is its turn."""
    code = f"""
def handle(number):
    time.sleep(0.3 if number == 2 else 0)
    if number == 3:
        raise BirnnError("a later one")
    if number == 2:
        {action}

run(numbers(10))
"""
    check(run_script(HEADER + code), 1, "0 1", message)


def test_all_workers_die_at_once(run_script):
    code = """
def work(chunks):
    os.kill(os.getpid(), signal.SIGKILL)

run(numbers(100))
"""
    check(run_script(HEADER + code), 1, "", "[B224] ")


def test_the_end_of_the_block_does_not_wait(run_script):
    code = """
def handle(number):
    time.sleep(1000 if number else 0)

with engine(work, 2) as elsewhere:
    next(elsewhere(numbers(10)))
assert multiprocessing.active_children() == []
"""
    check(run_script(HEADER + code, timeout=600), 0, "")


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_processes_that_are_not_forked(run_script, method):
    """They are sent the work and the custom attributes."""
    code = f"""
from spacy.tokens import Token

def handle(number):
    assert Token.has_extension("sent")
    assert number < 5, "number 5"

if __name__ == "__main__":
    multiprocessing.set_start_method("{method}")
    Token.set_extension("sent", default=None)
    run(numbers(8), n_process=2)
"""
    check(run_script(HEADER + code), 1, "0 1 2 3 4", "(AssertionError: number 5)")


def test_outside_the_main_thread(run_script):
    code = """
import threading

def handle(number):
    pass

thread = threading.Thread(target=run, args=(numbers(3), 2))
thread.start()
thread.join()
"""
    check(run_script(HEADER + code), 0, "0 1 2")


def test_workers_end_with_their_parent(tmp_path, is_group_alive):
    """Even where it has no time to end them."""
    code = """
def handle(number):
    print(os.getpid(), flush=True)
    time.sleep(0.1)

run(numbers(10_000), n_process=3)
"""
    path = tmp_path / "script.py"
    path.write_text(HEADER + code)
    with subprocess.Popen(
        [sys.executable, path], stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout.readline()
        process.kill()
        process.stdout.read()  # until nobody can write there any more
    deadline = time.monotonic() + 600
    while is_group_alive(process.pid):
        assert time.monotonic() < deadline
        time.sleep(0.1)
