"""Streams, data frames, partitions and datasets."""

import shutil
from pathlib import Path

import datasets
import numpy
import pandas
import pyarrow
import pytest

from spacy_birnn.errors import BirnnError
from spacy_birnn.tagging import (
    chunks,
    table_schema,
    tag_dataset,
    tag_frame,
    tag_partition,
    tag_stream,
    zones,
)

from .samples import TEXTS

ROWS = {"id": list(range(50)), "text": TEXTS}


@pytest.fixture
def model(nlp, tmp_path):
    nlp.to_disk(tmp_path / "model")
    return str(tmp_path / "model")


def check_ents(ents):
    assert [[e["label"] for e in row] for row in ents] == [["PER", "LOC"]] * 50


def test_stream(nlp):
    documents = ["Ada Lovelace", ["in", "London"], {"text": "London", "id": 3}]
    first, second, third = tag_stream(nlp, documents, batch_size=2)
    assert first["ents"] == [{"start": 0, "end": 12, "label": "PER"}]
    assert second["text"] == "in London"
    assert third == {
        "text": "London",
        "id": 3,
        "ents": [{"start": 0, "end": 6, "label": "LOC"}],
    }
    with pytest.raises(BirnnError, match=r"\[B207\] document 2: "):
        list(tag_stream(nlp, ["x", {}]))


def test_stream_is_read_as_it_is_needed(nlp, monkeypatch):
    """And its words are forgotten again."""
    monkeypatch.setattr(zones, "KEPT", 0)
    monkeypatch.setattr(chunks, "PORTION", 100)
    read = []

    def endless():
        while True:
            read.append(f"word{len(read)} in London")
            yield read[-1]

    stream = tag_stream(nlp, endless(), batch_size=4)
    before = len(nlp.vocab.strings)
    for _ in range(400):
        assert next(stream)["ents"][0]["label"] == "LOC"
    assert len(read) <= 408
    assert len(nlp.vocab.strings) < before + 50


def test_pandas(nlp):
    frame = pandas.DataFrame(ROWS, index=[7] * 50)
    frame["own"] = [object()] * 50  # which Arrow knows nothing of
    tagged = tag_frame(frame, nlp, batch_size=20)
    assert list(tagged.columns) == ["id", "own", "text", "ents"]
    assert list(tagged.index) == [7] * 50
    assert (tagged["own"] == frame["own"]).all()
    check_ents(tagged["ents"])
    assert list(tag_frame(frame[:0], nlp).columns) == list(tagged.columns)


def test_a_missing_text(nlp):
    frame = pandas.DataFrame({"text": ["London", numpy.nan]})
    with pytest.raises(BirnnError, match=r"\[B207\] row 2: "):
        tag_frame(frame, nlp)


def test_polars(nlp):
    polars = pytest.importorskip("polars")
    tagged = tag_frame(polars.DataFrame(ROWS), nlp)
    assert tagged.columns == ["id", "text", "ents"]
    check_ents(tagged["ents"].to_list())


def test_columns_of_words(nlp):
    frame = pandas.DataFrame({"w": [["Ada", "Lovelace"], ["x"]]})
    tagged = tag_frame(frame, nlp, text_column="w")
    assert list(tagged["text"]) == ["Ada Lovelace", "x"]
    assert tagged["ents"][0][0]["label"] == "PER"


def test_what_is_no_frame(nlp):
    with pytest.raises(BirnnError, match=r"\[B274\] A list"):
        tag_frame([], nlp)
    with pytest.raises(BirnnError, match=r"\[B275\] .*'text' \(there are: x\)"):
        tag_frame(pandas.DataFrame({"x": []}), nlp)


def test_partitions_as_spark_hands_them_out(model):
    """`mapInArrow` wants batches of the schema that was announced."""
    table = pyarrow.table(ROWS)
    batches = iter(table.to_batches(max_chunksize=20))
    tagged = list(tag_partition(batches, model=model))
    assert [len(batch) for batch in tagged] == [20, 20, 10]
    schema = table_schema(table.schema, model)
    assert all(batch.schema == schema for batch in tagged)
    check_ents(pyarrow.Table.from_batches(tagged).column("ents").to_pylist())
    empty = table.slice(0, 0).to_batches() or [
        pyarrow.RecordBatch.from_pylist([], schema=table.schema)
    ]
    assert [batch.schema for batch in tag_partition(empty, model=model)] == [schema]
    frames = tag_partition([pandas.DataFrame(ROWS)], model=Path(model))
    check_ents(next(frames)["ents"])


def test_dask(model, nlp):
    dask = pytest.importorskip("dask")
    dataframe = pytest.importorskip("dask.dataframe")
    frame = pandas.DataFrame(ROWS)
    with dask.config.set(scheduler="synchronous"):
        tagged = (
            dataframe.from_pandas(frame, npartitions=3)
            .map_partitions(tag_frame, model, meta=tag_frame(frame[:0], nlp))
            .compute()
        )
    assert list(tagged["id"]) == ROWS["id"]
    check_ents(tagged["ents"])


@pytest.mark.slow
def test_spark(run_script, nlp, tmp_path):
    """Where PySpark and Java are installed, which the tests do not ask for."""
    pytest.importorskip("pyspark")
    if not shutil.which("java"):
        pytest.skip("needs Java")
    nlp.to_disk(tmp_path / "model")
    code = """
import os, sys
from functools import partial
os.environ["PYSPARK_PYTHON"] = sys.executable
from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema
from spacy_birnn.tagging import table_schema, tag_partition

settings = {"spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1"}
spark = SparkSession.builder.master("local[1]").config(map=settings).getOrCreate()
frame = spark.createDataFrame([(1, "Ada Lovelace"), (2, "x")], "id long, text string")
schema = from_arrow_schema(table_schema(to_arrow_schema(frame.schema), "model"))
rows = frame.mapInArrow(partial(tag_partition, model="model"), schema).collect()
print([(row.id, [ent.label for ent in row.ents]) for row in rows])
spark.stop()
"""
    result = run_script(code.replace('"model"', repr(str(tmp_path / "model"))), 600)
    assert result.stdout.strip() == "[(1, ['PER']), (2, [])]", result.stderr


@pytest.fixture
def no_bars():
    datasets.disable_progress_bars()
    yield
    datasets.enable_progress_bars()


@pytest.mark.usefixtures("no_bars")
@pytest.mark.parametrize("num_proc", [None, 2])
def test_datasets(model, num_proc):
    features = datasets.Features(
        {
            "id": datasets.Value("int64"),
            "text": datasets.Value("string"),
            "kind": datasets.ClassLabel(names=["a", "b"]),
        }
    )
    rows = {**ROWS, "kind": [0, 1] * 25}
    dataset = datasets.Dataset.from_dict(rows, features=features)
    tagged = tag_dataset(dataset, model, batch_size=20, num_proc=num_proc)
    assert tagged.features["kind"].names == ["a", "b"]
    span = tagged.features["ents"].feature
    assert {key: value.dtype for key, value in span.items()} == {
        "start": "int32",
        "end": "int32",
        "label": "string",
        "confidence": "float32",
    }
    assert tagged["id"][:] == ROWS["id"]
    check_ents(tagged["ents"])


@pytest.mark.usefixtures("no_bars")
def test_datasets_that_are_streamed(nlp):
    dataset = datasets.Dataset.from_dict(ROWS).to_iterable_dataset()
    tagged = tag_dataset(dataset, nlp, batch_size=20)
    assert set(tagged.features) == {"id", "text", "ents"}
    check_ents([row["ents"] for row in tagged])
    with pytest.raises(BirnnError, match="B275"):
        tag_dataset(dataset, nlp, text_column="body")


def test_everything_is_loaded_when_it_is_asked_for():
    import spacy_birnn.tagging as package

    for name in package.__all__:
        assert callable(getattr(package, name))
    with pytest.raises(AttributeError, match="tag_nothing"):
        _ = package.tag_nothing
