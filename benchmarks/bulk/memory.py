"""Memory over inputs of two sizes, in every engine."""

import itertools
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import spacy
from measures.child import peak_memory

from spacy_birnn.tagging import tag

from .bench import Bench, Figures
from .engines import ENGINES
from .tree import descendants, is_python

SCRIPT = Path(__file__).parents[1] / "tagging.py"
EVERY = 100
"""Words after which there is one that occurs nowhere else."""


def measure_memory(bench: Bench) -> Figures:
    """The most that one process of each engine holds, over a small and a large text."""
    return {name: dict(_of_engine(bench, name)) for name in bench.engines}


def _of_engine(bench: Bench, engine: str) -> Iterator[Tuple[str, float]]:
    peaks = []
    for megabytes in bench.megabytes:
        path = bench.folder / "long.txt"
        write_text(path, bench.texts, megabytes)
        line = [sys.executable, str(SCRIPT), "--model", bench.model]
        line += ["--child", str(path), "--engines", engine]
        peaks.append(max(_peaks(line).values()) / 1e6)
        yield f"{megabytes}_mb", peaks[-1]
    yield "growth_mb", peaks[-1] - peaks[0]


def write_text(path: Path, texts: List[str], megabytes: float) -> None:
    """Repeat the texts, with ever new words."""
    number = itertools.count()
    with path.open("w", encoding="utf8") as file:
        for text in itertools.cycle(texts):
            words = text.split()
            for at in range(0, len(words), EVERY):
                words[at] = f"new{next(number)}word"
            file.write(" ".join(words) + "\n")
            if file.tell() > megabytes * 1e6:
                return


def _peaks(line: List[str]) -> Dict[int, int]:
    """The peak of each Python process of a command, which is run."""
    peaks: Dict[int, int] = {}
    with subprocess.Popen(line) as process:
        while process.poll() is None:
            for pid in filter(is_python, descendants(process.pid)):
                peaks[pid] = max(peaks.get(pid, 0), peak_memory(pid))
            time.sleep(0.2)
    if process.returncode:
        raise SystemExit(f"{' '.join(line)} ended with {process.returncode}")
    return peaks


def child(model: str, path: Path, engine: str) -> None:
    """Tag a file into a folder of shards beside it."""
    out = path.with_name("out-memory")
    tag(spacy.load(model), path, f"{out}/", force=True, **ENGINES[engine])
