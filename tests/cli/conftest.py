import os
import subprocess
import sys

import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example
from typer.testing import CliRunner

from spacy_birnn.cli.app import app

CORPUS = """\
Ada NNP B-NP B-PER
Lovelace NNP I-NP I-PER
left VBD B-VP O
London NNP B-NP B-LOC
. . O O

Emmy NNP B-NP B-PER
saw VBD B-VP O
Oslo NNP B-NP B-LOC
. . O O
"""


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.conll"
    path.write_text(CORPUS)
    return path


@pytest.fixture(scope="session")
def ruler(tmp_path_factory):
    """A pipeline that is not ours."""
    nlp = spacy.blank("en")
    patterns = [("PER", "Ada Lovelace"), ("PER", "Emmy"), ("LOC", "London")]
    nlp.add_pipe("entity_ruler").add_patterns(
        [{"label": label, "pattern": pattern} for label, pattern in patterns]
    )
    path = tmp_path_factory.mktemp("ruler") / "model"
    nlp.to_disk(path)
    return str(path)


@pytest.fixture(scope="session")
def birnn(tmp_path_factory):
    """A pipeline of all our components, which knows the corpus by heart."""
    nlp = spacy.blank("en")
    for factory in ("birnn_tagger", "birnn_chunker", "birnn_ner"):
        nlp.add_pipe(factory, config={"confidence": True})
    examples = [make_example(nlp.vocab, block) for block in CORPUS.split("\n\n")]
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(60):
        nlp.update(examples, sgd=optimizer, drop=0.0)
    path = tmp_path_factory.mktemp("birnn") / "model"
    nlp.to_disk(path)
    return str(path)


def make_example(vocab, block):
    words, tags, chunks, ents = zip(
        *(row.split() for row in block.strip().split("\n")), strict=True
    )
    gold = Doc(vocab, words=words, tags=tags, ents=ents)
    by_chunk = Doc(vocab, words=words, ents=chunks)
    gold.spans["chunks"] = [
        Span(gold, span.start, span.end, span.label_) for span in by_chunk.ents
    ]
    return Example(Doc(vocab, words=words), gold)


@pytest.fixture
def run():
    """Run a command line in this process."""

    def run(*arguments, **kwargs):
        return CliRunner().invoke(app, [str(a) for a in arguments], **kwargs)

    return run


@pytest.fixture
def run_process():
    """Run `spacy-birnn …` or `python -m spacy birnn …` as a user does."""

    def run_process(*arguments, through_spacy=False, **kwargs):
        if through_spacy:
            command = [sys.executable, "-m", "spacy", "birnn"]
        else:
            name = "spacy-birnn.exe" if os.name == "nt" else "spacy-birnn"
            command = [os.path.join(os.path.dirname(sys.executable), name)]
        kwargs = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **kwargs}
        return subprocess.run([*command, *map(str, arguments)], timeout=600, **kwargs)

    return run_process
