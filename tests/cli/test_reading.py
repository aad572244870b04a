"""The options of commands and the arguments of readers are the same."""

from dataclasses import fields
from inspect import signature

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_birnn.cli.convert import convert_command
from spacy_birnn.cli.reading import READERS, ReadOptions

# `evaluate` takes the key of the pipeline. How a dataset comes into memory changes
# nothing in what is read.
NO_OPTIONS = {"path", "spans_key", "streaming"}


@pytest.mark.parametrize("format", READERS)
def test_every_argument_of_a_reader_is_an_option(format):
    options = {field.name for field in fields(ReadOptions)}
    arguments = set(signature(READERS[format]).parameters)
    assert arguments - options <= NO_OPTIONS
    assert "spans_key" in signature(convert_command).parameters


def test_every_option_is_an_argument_of_a_reader():
    arguments = {
        name for reader in READERS.values() for name in signature(reader).parameters
    }
    assert {field.name for field in fields(ReadOptions)} - arguments == {"format"}


def test_a_limit_holds_for_every_format(ruler, corpus, tmp_path, run):
    for suffix in ("conll", "spacy"):
        path = corpus
        if suffix == "spacy":
            path = tmp_path / "corpus.spacy"
            assert run("convert", corpus, path).exit_code == 0
        result = run("evaluate", ruler, path, "--limit", 1)
        assert result.exit_code == 0, result.output
        assert "ents: 1 sentences" in result.output


def test_every_second_run_of_documents_is_joined(tmp_path, run):
    path, out = tmp_path / "corpus.conll", tmp_path / "corpus.spacy"
    path.write_text("".join(f"{i} O\n\n" for i in range(5)))
    assert run("convert", path, out, "--joined", 2).exit_code == 0
    docs = DocBin().from_disk(out).get_docs(spacy.blank("en").vocab)
    assert [doc.text.split() for doc in docs] == [["0"], ["1"], ["2", "3"], ["4"]]
