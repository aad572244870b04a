"""Training in a process of its own that is killed at random moments."""

import os
import random
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


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_twenty_kills_do_not_change_the_end(write_config, tmp_path):
    """With shuffling, averages, a plateau and early stopping.

    Each process lives long enough to get to its updates, so that training goes on.
    """
    config = write_config({**PLATEAU, "training.max_epochs": 200})
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    moments, n_kills, text = random.Random(0), 0, tmp_path / "log"
    with open(text, "wb") as log:
        began = time.monotonic()
        assert start(config, whole, log).wait() == 0
        length = time.monotonic() - began
        while True:
            process = start(config, killed, log)
            try:
                # From the first checkpoint on: before it there is nothing to lose.
                status = process.wait(length * moments.uniform(0.3, 0.8))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                n_kills += 1
                continue
            assert status == 0, text.read_text()
            if n_kills >= KILLS:
                break
            # Done before its time: kill a second training, from the beginning.
            for path in killed.iterdir():
                if path.is_file():
                    path.unlink()
            for name in ("model-best", "model-last"):
                assert weights(killed / name) == weights(whole / name)
                subprocess.run(["rm", "-r", str(killed / name)], check=True)
    assert n_kills >= KILLS
    for name in ("model-last", "model-best"):
        assert weights(killed / name) == weights(whole / name)
        assert performance(killed / name) == performance(whole / name)
    assert "Resumed after" in text.read_text()


def test_a_signal_ends_the_step_and_resume_goes_on(write_config, tmp_path):
    config, out = write_config({"training.max_epochs": 400}), tmp_path / "out"
    with open(tmp_path / "log", "wb") as log:
        process = start(config, out, log)
        deadline = time.monotonic() + 120
        while not (out / "model-best").is_dir():
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 128 + signal.SIGTERM
    text = (tmp_path / "log").read_text()
    assert "steps: --resume goes on." in text
    assert "Traceback" not in text
    assert (out / "checkpoint").is_file()
