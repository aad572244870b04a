"""Start processes that have run nothing before, with one thread each."""

import os
import subprocess
import sys
from pathlib import Path
from typing import List

BENCHMARKS = Path(__file__).parents[1]
COMMAND_LINE = "from spacy_birnn.cli import main; main()"


def figure_of(*arguments: object) -> float:
    """What child.py measures in a fresh process. Paths must be absolute."""
    output = _run(["-m", "measures.child", *map(str, arguments)])
    return float(output.split()[-1])


def run_command(*arguments: object) -> None:
    """`spacy-birnn ARGUMENT…` in a fresh process. Paths must be absolute."""
    _run(["-c", COMMAND_LINE, *map(str, arguments)])


def _run(arguments: List[str]) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=BENCHMARKS,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout
