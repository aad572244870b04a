"""The work of a process of its own, with no import but those that it measures.

    python -m measures.child load MODEL [EXCLUDED]
        seconds of spacy.load, after import spacy
    python -m measures.child parts MODEL TEXT [EXCLUDED]
        processor seconds of each part of spacy-birnn tag, as JSON
    python -m measures.child peak MODEL TEXT [EXCLUDED]
        peak memory in bytes of the work of spacy-birnn tag over a text (on Linux)

The figure is the last line on standard output.
"""

import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Callable, Dict, Union


def load(model: str, *excluded: str) -> float:
    import spacy

    began = time.perf_counter()
    spacy.load(model, exclude=list(excluded))
    return time.perf_counter() - began


def parts(model: str, text: str, *excluded: str) -> str:
    """The parts in the order in which `tag` needs them."""
    seconds: Dict[str, float] = {}
    began = 0.0

    def end(part: str) -> None:
        nonlocal began
        now = time.process_time()
        seconds[part], began = now - began, now

    end("Python")
    import torch  # noqa: F401

    end("torch")
    import spacy

    end("spaCy")
    import spacy_birnn.cli.tag  # noqa: F401

    end("ours")
    nlp = spacy.load(model, exclude=list(excluded))
    end("loading")
    if not excluded:
        from spacy_birnn.tagging import tag

        with open(os.devnull, "wb") as nowhere:
            tag(nlp, text, nowhere, input_format="text")
        end("tagging")
    return json.dumps(seconds)


def peak(model: str, text: str, *excluded: str) -> int:
    """Do as `spacy-birnn tag`, which refuses a pipeline without our components."""
    import spacy

    from spacy_birnn.tagging import tag

    nlp = spacy.load(model, exclude=list(excluded))
    with open(os.devnull, "wb") as nowhere:
        tag(nlp, text, nowhere, input_format="text")
    return peak_memory()


def peak_memory(pid: Union[int, str] = "self") -> int:
    """The peak in bytes; 0 for a process that has ended.

    `ru_maxrss` would do, but a process may inherit it.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf8")
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0


if __name__ == "__main__":
    commands: Dict[str, Callable] = {"load": load, "parts": parts, "peak": peak}
    print(commands[sys.argv[1]](*sys.argv[2:]))
