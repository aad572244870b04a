"""The work of a process of its own, with no import but those that it measures.

    python -m measures.child load MODEL [EXCLUDED]
        seconds of spacy.load, after import spacy
    python -m measures.child torch
        seconds of import torch
    python -m measures.child peak MODEL TEXT [EXCLUDED]
        peak memory in bytes of the work of spacy-birnn tag over a text (on Linux)

The figure is the last line on standard output.
"""

import re
import sys
import time
from pathlib import Path
from typing import Callable, Dict

STATUS = Path("/proc/self/status")


def load(model: str, *excluded: str) -> float:
    import spacy

    began = time.perf_counter()
    spacy.load(model, exclude=list(excluded))
    return time.perf_counter() - began


def import_torch() -> float:
    began = time.perf_counter()
    import torch  # noqa: F401

    return time.perf_counter() - began


def peak(model: str, text: str, *excluded: str) -> int:
    import spacy

    from measures.internals import tag_to_nowhere

    tag_to_nowhere(spacy.load(model, exclude=list(excluded)), Path(text))
    return peak_memory()


def peak_memory() -> int:
    """The peak in bytes. `ru_maxrss` would do, but a process may inherit it."""
    found = re.search(r"VmHWM:\s+(\d+) kB", STATUS.read_text(encoding="utf8"))
    assert found
    return int(found[1]) * 1024


if __name__ == "__main__":
    commands: Dict[str, Callable] = {"load": load, "torch": import_torch, "peak": peak}
    print(commands[sys.argv[1]](*sys.argv[2:]))
