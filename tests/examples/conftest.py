import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from spacy.training import Example

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def run_readme(tmp_path):
    """Run the first block of commands of an example's README in a copy of its folder.

    Returns:
        The folder, and what the commands printed.
    """

    def run_readme(name):
        folder = tmp_path / name
        shutil.copytree(EXAMPLES / name, folder)
        text = (folder / "README.md").read_text(encoding="utf8")
        commands = re.findall(r"^```bash\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[0]
        scripts = os.path.dirname(sys.executable)
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", commands],
            cwd=folder,
            env={
                **os.environ,
                "PATH": scripts + os.pathsep + os.environ["PATH"],
                "OMP_NUM_THREADS": "1",
            },
            capture_output=True,
            text=True,
            timeout=1200,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return folder, done.stdout

    return run_readme


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """The path of a small pipeline that knows a few names."""
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_ner")
    sentences = [
        ("Ada left London .", {"entities": [(0, 3, "PER"), (9, 15, "LOC")]}),
        ("Emmy saw Oslo .", {"entities": [(0, 4, "PER"), (9, 13, "LOC")]}),
    ]
    examples = [Example.from_dict(nlp.make_doc(text), gold) for text, gold in sentences]
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(60):
        nlp.update(examples, sgd=optimizer, drop=0.0)
    path = tmp_path_factory.mktemp("trained") / "model"
    nlp.to_disk(path)
    return str(path)


@pytest.fixture
def load_script():
    """Import a file of an example as a module."""

    def load_script(path):
        spec = importlib.util.spec_from_file_location(Path(path).stem, EXAMPLES / path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load_script
