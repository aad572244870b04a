"""Parquet and Arrow, in and out: columns, types, row groups."""

import datetime
import io
import json
import pickle

import pyarrow
import pytest
from pyarrow import parquet

from spacy_birnn.errors import BirnnError
from spacy_birnn.tagging.arrow import fit, unify, unify_schemas
from spacy_birnn.tagging.parquet import ParquetWriter, join_parquet
from spacy_birnn.tagging.rows import Columns, Row
from spacy_birnn.tagging.run import tag
from spacy_birnn.tagging.tables import ArrowTable, ParquetTable

from .samples import TEXTS

TABLE = pyarrow.table(
    {
        "id": pyarrow.array(range(50), pyarrow.uint16()),
        "when": pyarrow.array([datetime.datetime(2020, 1, 2, 3, 4, 5, 6)] * 50),
        "kind": pyarrow.array(["a", "b"] * 25).dictionary_encode(),
        "text": TEXTS,
        "raw": [b"\x00\xff"] * 50,
        "deep": [{"x": [1, None]}] * 50,
    }
)


@pytest.fixture(params=["parquet", "arrow", "stream"])
def path(request, tmp_path):
    path = tmp_path / f"in.{request.param}"
    if request.param == "parquet":
        parquet.write_table(TABLE, path, row_group_size=15)
        return path
    new = pyarrow.ipc.new_file if request.param == "arrow" else pyarrow.ipc.new_stream
    with new(path, TABLE.schema) as writer:
        writer.write_table(TABLE, max_chunksize=15)
    return path


@pytest.mark.parametrize("n_process", [1, 2])
def test_columns_stay_as_they_were(nlp, tmp_path, path, n_process):
    out = tmp_path / "out.parquet"
    summary = tag(nlp, path, out, batch_size=20, n_process=n_process)
    assert summary.documents == 50
    file = parquet.ParquetFile(out)
    groups = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    assert groups == [20, 20, 10]
    table = file.read()
    assert table.column_names == ["id", "when", "kind", "raw", "deep", "text", "ents"]
    for name in ("id", "when", "raw", "deep", "text"):
        assert table.column(name).type == TABLE.column(name).type
        assert table.column(name).to_pylist() == TABLE.column(name).to_pylist()
    assert table.column("kind").to_pylist() == ["a", "b"] * 25
    ents = table.column("ents").to_pylist()
    assert [[e["label"] for e in row] for row in ents] == [["PER", "LOC"]] * 50


def test_to_json(nlp, tmp_path, path):
    out = tmp_path / "out.jsonl"
    tag(nlp, path, out)
    record = json.loads(out.read_text().splitlines()[1])
    assert record["id"] == 1
    assert record["when"] == "2020-01-02T03:04:05.000006"
    assert record["raw"] == "AP8="
    assert record["deep"] == {"x": [1, None]}


def test_row_groups_are_cut_into_shards(nlp, tmp_path, path):
    if path.suffix == ".stream":
        pytest.skip("a stream can only be read from the front")
    out = tmp_path / "out"
    summary = tag(nlp, path, out, shard_size=30, output_format="parquet")
    manifest = json.loads((out / "manifest.json").read_text())
    ranges = [shard["inputs"][0] for shard in manifest["shards"]]
    assert [(piece["start"], piece["end"]) for piece in ranges] == [(0, 2), (2, 4)]
    assert len({piece["checksum"] for piece in ranges}) == 2
    assert (summary.shards, summary.documents) == (2, 50)
    whole = parquet.read_table(out / "part-00000.parquet")
    rest = parquet.read_table(out / "part-00001.parquet")
    assert pyarrow.concat_tables([whole, rest]).column("text").to_pylist() == TEXTS


def test_other_columns_are_not_read_where_nothing_holds_them(
    nlp, tmp_path, path, monkeypatch
):
    read = []
    for kind in (ParquetTable, ArrowTable):
        batches = kind.batches

        def watched(self, start, end, columns, batches=batches):
            read.append(columns)
            return batches(self, start, end, columns)

        monkeypatch.setattr(kind, "batches", watched)
    tag(nlp, path, tmp_path / "out.conll")
    assert read == [["text"]]


def test_columns_of_words(nlp, tmp_path):
    path = tmp_path / "in.parquet"
    words = [["Ada", "Lovelace"], ["London"]]
    parquet.write_table(pyarrow.table({"w": words}), path)
    tag(nlp, path, tmp_path / "out.jsonl", tokens_field="w")
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["Ada Lovelace", "London"]
    with pytest.raises(BirnnError, match=r"\[B252\] .*'text' \(there are: w\)"):
        tag(nlp, path, tmp_path / "other.jsonl")


def test_a_column_inside_another(nlp, tmp_path):
    path = tmp_path / "in.parquet"
    rows = [{"body": "Ada Lovelace", "n": 1}, {"body": "London", "n": 2}]
    parquet.write_table(pyarrow.table({"doc": rows}), path)
    tag(nlp, path, tmp_path / "out.parquet", text_field="doc.body")
    table = parquet.read_table(tmp_path / "out.parquet")
    assert table.column("doc").to_pylist() == rows
    assert table.column("text").to_pylist() == ["Ada Lovelace", "London"]


@pytest.mark.parametrize("damage", [lambda b: b[:-9], lambda b: b[:40]])
def test_damaged_files(nlp, tmp_path, path, damage):
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(BirnnError, match=rf"\[B253\] {path}: ") as caught:
        tag(nlp, path, tmp_path / "out.jsonl")
    assert "\n" not in str(caught.value)


LINES = [
    {"text": "Ada", "a": 1},
    {"text": "Ada", "b": "x", "c": [1]},
    {"text": "Ada", "a": 1.5, "b": 3, "c": [], "d": {}},
    {"text": "Ada", "a": None, "e": 2**70},
]


@pytest.mark.parametrize("batch_size", [1, 2, 4])
@pytest.mark.parametrize("shard_size", [1, 4])
def test_json_gets_types_that_hold_all_of_it(nlp, tmp_path, batch_size, shard_size):
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    out = tmp_path / "out"
    settings = {"batch_size": batch_size, "output_format": "parquet"}
    tag(nlp, path, out, shard_size=shard_size, **settings)
    parts = [parquet.read_table(part) for part in sorted(out.glob("part-*"))]
    for table in (unify(parts), _one_file(nlp, path, tmp_path, settings)):
        found = {name: table.column(name).to_pylist() for name in "abcde"}
        assert found == {
            "a": [1, None, 1.5, None],
            "b": [None, "x", "3", None],
            "c": [None, [1], [], None],
            "d": [None, None, "{}", None],
            "e": [None, None, None, str(2**70)],
        }


def _one_file(nlp, path, tmp_path, settings):
    tag(nlp, path, tmp_path / "one.parquet", **settings)
    return parquet.read_table(tmp_path / "one.parquet")


def test_schemas_with_nothing_in_common_become_text():
    first = pyarrow.table({"a": [1], "b": [{"x": 1}]})
    second = pyarrow.table({"a": ["one"], "b": [{"y": "z"}]})
    schema = unify_schemas([first.schema, second.schema])
    assert schema.field("a").type == pyarrow.string()
    assert fit(first, schema).to_pylist() == [{"a": "1", "b": {"x": 1, "y": None}}]
    assert fit(second, schema).to_pylist() == [{"a": "one", "b": {"x": None, "y": "z"}}]


def test_the_writer_joins_what_it_had_to_begin_anew():
    file = io.BytesIO()
    writer = ParquetWriter(file)
    tables = [{"a": [1]}, {"a": [2]}, {"a": [0.5], "b": ["x"]}, {"b": ["y"]}]
    for table in tables:
        writer.write(pyarrow.table(table))
    writer.finish()
    found = parquet.ParquetFile(file)
    assert found.num_row_groups == 4
    assert found.read().to_pydict() == {
        "a": [1, 2, 0.5, None],
        "b": [None, None, "x", "y"],
    }


def test_no_documents_are_a_file_too():
    file, joined = io.BytesIO(), io.BytesIO()
    ParquetWriter(file).finish()
    assert parquet.read_table(file).num_rows == 0
    join_parquet([(file, 0)], joined)
    assert parquet.read_table(joined).num_rows == 0


def test_rows_can_be_sent():
    columns = Columns(pyarrow.RecordBatch.from_pydict({"a": [1, 2], "b": ["x", "y"]}))
    row, same = pickle.loads(pickle.dumps((Row(columns, 1), Row(columns, 1))))
    assert dict(row) == {"a": 2, "b": "y"}
    assert row.columns is same.columns
