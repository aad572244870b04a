"""Training in a process of its own that is killed at random moments."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from .conftest import performance, weights
from .test_loop import PLATEAU

KILLS = 20


def start(config, output, log):
    command = [sys.executable, "-m", "spacy_birnn.cli", "train", str(config)]
    return subprocess.Popen(
        [*command, "-o", str(output), "--resume"],
        stdout=log,
        stderr=subprocess.STDOUT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def wait_for_rows(process, path, n_before):
    """Until a process shows its first evaluation, or ends."""
    while process.poll() is None and path.read_text().count("ENTS_F") <= n_before:
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_twenty_kills_do_not_change_the_end(write_config, tmp_path):
    """With shuffling, averages, a plateau and early stopping."""
    config = write_config({**PLATEAU, "training.max_epochs": 40})
    whole, killed, path = tmp_path / "whole", tmp_path / "killed", tmp_path / "log"
    moments, n_kills = random.Random(0), 0
    with open(path, "wb") as log:
        process = start(config, whole, log)
        wait_for_rows(process, path, 0)
        began = time.monotonic()
        assert process.wait() == 0
        length = time.monotonic() - began
        while n_kills < KILLS:
            shutil.rmtree(killed, ignore_errors=True)
            is_over = False
            while not is_over:
                n_before = path.read_text().count("ENTS_F")
                process = start(config, killed, log)
                wait_for_rows(process, path, n_before)
                try:
                    assert process.wait(length * moments.uniform(0, 0.3)) == 0
                    is_over = True
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                    n_kills += 1
            for name in ("model-last", "model-best"):
                assert weights(killed / name) == weights(whole / name)
                assert performance(killed / name) == performance(whole / name)
    text = path.read_text()
    print(f"{n_kills} kills, {text.count('Resumed after')} resumed")
    assert "no better score in" in text
    assert text.count("Resumed after") >= KILLS / 2


def test_a_signal_ends_the_step_and_resume_goes_on(write_config, tmp_path):
    config, out = write_config({"training.max_epochs": 400}), tmp_path / "out"
    with open(tmp_path / "log", "wb") as log:
        process = start(config, out, log)
        deadline = time.monotonic() + 600
        while not (out / "model-best").is_dir():
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(600) == 128 + signal.SIGTERM
    text = (tmp_path / "log").read_text()
    assert "steps: --resume goes on." in text
    assert "Traceback" not in text
    assert (out / "checkpoint").is_file()
