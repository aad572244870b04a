"""`on_error`: what is bad is skipped, counted and listed, or stops the run."""

import gzip
import json

import pyarrow
import pytest
from pyarrow import parquet
from spacy.language import Language

from spacy_birnn.errors import BirnnError
from spacy_birnn.tagging.run import tag

from .samples import make_nlp

LINES = [
    b'{"text": "Ada Lovelace"}',
    b"{",
    b'{"text": "\xff"}',
    b'{"id": 3}',
    b'{"text": "London"}',
]


def read_errors(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("n_process", [1, 2])
def test_bad_lines_are_skipped_and_listed(nlp, tmp_path, n_process):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join(LINES) + b"\n")
    out = tmp_path / "out.jsonl"
    summary = tag(nlp, path, out, on_error="skip", n_process=n_process)
    assert (summary.documents, summary.skipped) == (2, 3)
    texts = [json.loads(line)["text"] for line in out.read_text().splitlines()]
    assert texts == ["Ada Lovelace", "London"]
    errors = read_errors(tmp_path / "out.jsonl.errors.jsonl")
    assert [error["line"] for error in errors] == [2, 3, 4]
    assert {error["file"] for error in errors} == {str(path)}
    assert [error["reason"][:6] for error in errors] == ["[B206]", "[B108]", "[B207]"]
    assert [error["record"] for error in errors] == ["{", '{"text": "�"}', '{"id": 3}']
    with pytest.raises(BirnnError, match=r"\[B206\] .*a\.jsonl:2: "):
        tag(nlp, path, tmp_path / "other.jsonl")


def test_line_numbers_count_from_the_beginning_of_the_file(nlp, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "London"}\n' * 90 + b"{\n" + b'{"text": "London"}\n')
    out = tmp_path / "out"
    tag(nlp, path, out, on_error="skip", shard_size="100B")
    (error,) = read_errors(out / "errors.jsonl")
    assert error["line"] == 91
    assert f"{path}:91:" in error["reason"]
    manifest = json.loads((out / "manifest.json").read_text())
    assert (manifest["documents"], manifest["skipped"]) == (91, 1)
    with pytest.raises(BirnnError, match=r"a\.jsonl:91: "):
        tag(nlp, path, out, shard_size="100B", force=True)


def test_stopped_at_a_bad_line_it_can_be_resumed_without_it(nlp, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "London"}\n' * 90 + b"{\n")
    settings = {"shard_size": 20, "batch_size": 5}
    with pytest.raises(BirnnError, match="B206"):
        tag(nlp, path, tmp_path / "out", **settings)
    summary = tag(nlp, path, tmp_path / "out", on_error="skip", resume=True, **settings)
    assert (summary.documents, summary.skipped) == (90, 1)
    assert summary.resumed > 0


@Language.component("fails_on_oslo")
def fails_on_oslo(doc):
    if "Oslo" in doc.text:
        raise ValueError("no\nOslo")
    return doc


@pytest.mark.parametrize("n_process", [1, 2])
def test_documents_that_a_component_cannot_take(tmp_path, n_process):
    nlp = make_nlp()
    nlp.add_pipe("fails_on_oslo", first=True)
    path = tmp_path / "a.txt"
    path.write_text("Ada Lovelace\nOslo\nLondon\n")
    out = tmp_path / "out.jsonl"
    with pytest.raises(BirnnError) as caught:
        tag(nlp, path, out, n_process=n_process)
    message = str(caught.value)
    assert message.startswith(f"[B260] {path}:2: ")
    assert "ValueError: no Oslo" in message
    summary = tag(nlp, path, out, n_process=n_process, on_error="skip")
    assert (summary.documents, summary.skipped) == (2, 1)
    (error,) = read_errors(tmp_path / "out.jsonl.errors.jsonl")
    assert error["line"] == 2
    assert json.loads(error["record"]) == {"text": "Oslo"}
    lines = out.read_text().splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["Ada Lovelace", "London"]


def test_what_an_output_cannot_hold(nlp, tmp_path):
    path = tmp_path / "a.jsonl"
    lines = [json.dumps({"text": "Ada", "id": number}) for number in (1, 2**70)]
    path.write_text("\n".join(lines))
    out = tmp_path / "out.spacy"
    with pytest.raises(BirnnError, match=r"\[B260\] .*a\.jsonl:2: .*\[B218\] id"):
        tag(nlp, path, out)
    summary = tag(nlp, path, out, on_error="skip")
    assert (summary.documents, summary.skipped) == (1, 1)


def test_rows_of_a_table(nlp, tmp_path):
    path = tmp_path / "a.parquet"
    table = pyarrow.table({"text": ["London", None, "Ada"], "id": [1, 2, 3]})
    parquet.write_table(table, path, row_group_size=1)
    out = tmp_path / "out.jsonl"
    with pytest.raises(BirnnError, match=r"\[B207\] .*a\.parquet, row 2: "):
        tag(nlp, path, out)
    assert tag(nlp, path, out, on_error="skip").documents == 2
    (error,) = read_errors(tmp_path / "out.jsonl.errors.jsonl")
    assert error["row"] == 2


def test_the_rest_of_a_damaged_file_is_one_bad_document(nlp, tmp_path):
    packed = gzip.compress(b"Ada Lovelace\n" * 50_000, 0, mtime=0)
    (tmp_path / "a.txt.gz").write_bytes(packed[: len(packed) // 2])
    (tmp_path / "b.txt").write_text("London\n")
    inputs = [tmp_path / "a.txt.gz", tmp_path / "b.txt"]
    out = tmp_path / "out.jsonl"
    with pytest.raises(BirnnError, match=r"\[B109\] .*a\.txt\.gz"):
        tag(nlp, inputs, out)
    summary = tag(nlp, inputs, out, on_error="skip")
    assert summary.skipped == 1
    assert summary.documents > 1000
    assert json.loads(out.read_text().splitlines()[-1])["text"] == "London"
    (error,) = read_errors(tmp_path / "out.jsonl.errors.jsonl")
    assert "line" not in error


def test_an_empty_file_is_told(nlp, tmp_path):
    path = tmp_path / "a.txt"
    path.touch()
    with pytest.warns(UserWarning, match=r"^\[W210\] .*a\.txt holds no documents"):
        summary = tag(nlp, path, tmp_path / "out.jsonl")
    assert summary.documents == 0
    assert (tmp_path / "out.jsonl").read_bytes() == b""


def test_a_byte_that_is_no_character_at_the_beginning_of_a_folder(nlp, tmp_path):
    """Not even while the format is told from the first lines."""
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"caf\xe9 Mary\nOk Bergen\n")
    (folder / "b.txt").write_text("Ada Lovelace\n")
    summary = tag(nlp, folder, tmp_path / "out", on_error="skip", shard_size=10)
    assert (summary.documents, summary.skipped) == (2, 1)
    with pytest.raises(BirnnError, match=r"^\[B108\] .*a.txt:1: "):
        tag(nlp, folder, tmp_path / "stopped", shard_size=10)
