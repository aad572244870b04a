import os
import subprocess
import sys

import pytest
from spacy.tokens import Doc, Span

from ..conftest import python_path
from .samples import make_nlp, write_inputs


@pytest.fixture
def nlp():
    return make_nlp()


@pytest.fixture
def inputs(tmp_path):
    return write_inputs(tmp_path)


@pytest.fixture
def doc(nlp):
    doc = Doc(
        nlp.vocab,
        words=["Ada", "Lovelace", " ", "left", "London", "."],
        spaces=[True, True, False, True, False, False],
        tags=["NNP", "NNP", "_SP", "VBD", "NNP", "."],
        pos=["PROPN", "PROPN", "SPACE", "VERB", "PROPN", "PUNCT"],
    )
    doc.set_ents([Span(doc, 0, 2, "PER"), Span(doc, 4, 5, "LOC")])
    doc.spans["chunks"] = [Span(doc, 0, 3, "NP"), Span(doc, 3, 4, "VP")]
    return doc


@pytest.fixture
def run_script(tmp_path):
    """Run Python in a process of its own, which may not hang."""

    def run_script(code, timeout=600):
        path = tmp_path / "script.py"
        path.write_text(code)
        return subprocess.run(
            [sys.executable, path],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": python_path()},
            timeout=timeout,
            capture_output=True,
            text=True,
        )

    return run_script
