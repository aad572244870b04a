"""The example runs, and what is chosen teaches."""

import subprocess
import sys

import pytest

from ..conftest import ROOT

DEMO = ROOT / "assets" / "demo"


@pytest.mark.slow
def test_rounds():
    done = subprocess.run(
        [
            *[sys.executable, ROOT / "examples" / "active_learning" / "rounds.py"],
            *[DEMO / "train.conll", DEMO / "dev.conll"],
            *["--rounds", "2", "--number", "60"],
        ],
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert done.returncode == 0, done.stderr
    header, first, second = done.stdout.splitlines()
    assert header.split() == ["words", "chosen", "at", "random"]
    n_first, *same = first.split()
    n_second, chosen, drawn = second.split()
    assert 0 < int(n_first) < int(n_second)
    assert same[0] == same[1]
    assert 10.0 < float(same[0]) < float(chosen) <= 100.0
    assert chosen != drawn
