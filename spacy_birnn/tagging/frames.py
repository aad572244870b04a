"""Tag what is in memory or comes in batches: streams, data frames, datasets.

Everything here goes through Arrow tables (`arrow.to_table`), so that the columns and
their types are those of the Parquet files that `tag` writes.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Tuple, Union

import pyarrow
import spacy
from spacy.language import Language

from ..errors import BirnnError, Errors
from .arrow import target_fields, to_table
from .chunks import ChunkTagger, prepared
from .content import Fields, record_content
from .items import Context, Item, cut
from .records import to_record
from .rows import Columns, Row
from .targets import pipeline_targets

Pipeline = Union[str, Path, Language]
"""A pipeline, or what `spacy.load` takes."""


def tag_stream(
    nlp: Language,
    documents: Iterable[Any],
    *,
    text_field: str = "text",
    tokens_field: str = "tokens",
    batch_size: int = 256,
) -> Iterator[Dict[str, Any]]:
    """Tag documents one after the other, in constant memory.

    Args:
        nlp: The pipeline.
        documents: Strings, lists of words, or mappings with a text or words.
        text_field: The key of the text of a mapping; dots lead into others.
        tokens_field: The key of its list of words.
        batch_size: The most documents that are read ahead.

    Yields:
        A record for each document, as a line of JSON lines has it: the other keys of a
        mapping, `text`, and what the pipeline sets.

    Raises:
        BirnnError: A document holds neither text nor words.
    """
    fields = Fields(text_field, tokens_field)
    items = (
        _item(document, fields, nlp.max_length, f"document {number}")
        for number, document in enumerate(documents, 1)
    )
    targets = pipeline_targets(nlp)
    for docs in ChunkTagger(nlp, "jsonl").docs(cut(items, batch_size)):
        for doc, context in docs:
            yield {**context.meta, **to_record(doc, targets)}


def _item(document: Any, fields: Fields, max_length: int, where: str) -> Item:
    if isinstance(document, str):
        return Item(document, Context())
    if isinstance(document, Mapping):
        record = dict(document)
        content = record_content(record, fields, max_length, where)
        return Item(content, Context(record))
    words = {"tokens": list(document)}
    return Item(record_content(words, Fields(), max_length, where), Context())


def tag_table(
    table: pyarrow.Table,
    nlp: Language,
    *,
    text_column: str = "text",
    batch_size: int = 256,
) -> pyarrow.Table:
    """Tag the rows of an Arrow table.

    Args:
        table: Rows with a text, or a list of words, each.
        nlp: The pipeline.
        text_column: The column that holds them.
        batch_size: The most documents a batch.

    Returns:
        Its columns, then those of `arrow.target_fields`.

    Raises:
        BirnnError: There is no such column, or a row holds neither text nor words.
    """
    _check_column(text_column, table.column_names)
    items = (
        _row_item(Row(columns, index), value, nlp.max_length, number)
        for number, (columns, index, value) in enumerate(_rows(table, text_column), 1)
    )
    targets = pipeline_targets(nlp)
    with prepared(nlp):
        chunks = ChunkTagger(nlp, "parquet").docs(cut(items, batch_size))
        tables = [to_table(docs, targets) for docs in chunks]
    if tables:
        return pyarrow.concat_tables(tables)
    return table_schema(table.schema, nlp).empty_table()


def _rows(table: pyarrow.Table, column: str) -> Iterator[Tuple[Columns, int, Any]]:
    for batch in table.to_batches():
        columns = Columns(batch)
        for index, value in enumerate(batch.column(column).to_pylist()):
            yield columns, index, value


def _row_item(row: Row, value: Any, max_length: int, number: int) -> Item:
    key = "text" if isinstance(value, str) or value is None else "tokens"
    content = record_content({key: value}, Fields(), max_length, f"row {number}")
    return Item(content, Context(row))


def table_schema(schema: pyarrow.Schema, nlp: Pipeline) -> pyarrow.Schema:
    """The schema of what `tag_table` makes of a table.

    Args:
        schema: Of the table.
        nlp: The pipeline, or what `spacy.load` takes.
    """
    ours = target_fields(pipeline_targets(_load(nlp)))
    names = {field.name for field in ours}
    return pyarrow.schema([*(f for f in schema if f.name not in names), *ours])


def tag_frame(
    frame: Any, model: Pipeline, *, text_column: str = "text", batch_size: int = 256
) -> Any:
    """Tag a data frame of pandas or polars, or an Arrow table or record batch.

    For Dask: `frame.map_partitions(tag_frame, model="…", meta=tag_frame(empty, "…"))`,
    where `empty` is a frame with the same columns and no rows.

    Args:
        frame: A row for each document. An index of pandas is kept.
        model: The pipeline, or what `spacy.load` takes; each process loads it once.
        text_column: The column that holds texts, or lists of words.
        batch_size: The most documents a batch.

    Returns:
        The same kind of frame, with the columns of `arrow.target_fields` at its end.

    Raises:
        BirnnError: It is something else, there is no such column, or a row holds
            neither text nor words.
    """
    nlp = _load(model)
    kind = type(frame).__module__.partition(".")[0]
    if isinstance(frame, pyarrow.Table):
        return tag_table(frame, nlp, text_column=text_column, batch_size=batch_size)
    if isinstance(frame, pyarrow.RecordBatch):
        table = pyarrow.Table.from_batches([frame])
        tagged = tag_table(table, nlp, text_column=text_column, batch_size=batch_size)
        return (
            tagged.combine_chunks().to_batches()[0] if len(tagged) else _empty(tagged)
        )
    if kind == "pandas":
        return _tag_pandas(frame, nlp, text_column, batch_size)
    if kind == "polars":
        import polars

        table = frame.to_arrow()
        return polars.from_arrow(
            tag_table(table, nlp, text_column=text_column, batch_size=batch_size)
        )
    raise BirnnError(Errors.B274.format(kind=type(frame).__name__))


def _tag_pandas(frame: Any, nlp: Language, text_column: str, batch_size: int) -> Any:
    """The other columns stay as they are: Arrow does not know all that pandas has."""
    import pandas

    _check_column(text_column, list(frame.columns))
    texts = pyarrow.Table.from_pandas(frame[[text_column]], preserve_index=False)
    tagged = _tag_texts(texts, nlp, batch_size).to_pandas()
    tagged.index = frame.index
    kept = frame.drop(columns=[c for c in tagged if c in frame.columns])
    return pandas.concat([kept, tagged], axis=1)


def _tag_texts(table: pyarrow.Table, nlp: Language, batch_size: int) -> pyarrow.Table:
    """The columns that tagging adds to a table with one column."""
    texts = table.rename_columns(["text"])
    if pyarrow.types.is_null(texts.schema.field(0).type):
        texts = texts.cast(pyarrow.schema([("text", pyarrow.string())]))
    tagged = tag_table(texts, nlp, batch_size=batch_size)
    return tagged.select([f.name for f in target_fields(pipeline_targets(nlp))])


def _empty(table: pyarrow.Table) -> pyarrow.RecordBatch:
    arrays = [pyarrow.array([], type=field.type) for field in table.schema]
    return pyarrow.RecordBatch.from_arrays(arrays, schema=table.schema)


def tag_partition(
    batches: Iterable[Any],
    *,
    model: Pipeline,
    text_column: str = "text",
    batch_size: int = 256,
) -> Iterator[Any]:
    """Tag an iterator of Arrow batches or data frames: one partition of an engine.

    For Spark: `frame.mapInArrow(partial(tag_partition, model="…"), schema)`, likewise
    `mapInPandas`; the schema is `from_arrow_schema(table_schema(…, "…"))`.

    Args:
        batches: Record batches of Arrow, or frames of pandas.
        model: The pipeline, or what `spacy.load` takes; each process loads it once.
        text_column: The column that holds texts, or lists of words.
        batch_size: The most documents a batch.

    Yields:
        What `tag_frame` makes of each.
    """
    for batch in batches:
        yield tag_frame(batch, model, text_column=text_column, batch_size=batch_size)


def tag_dataset(
    dataset: Any,
    nlp: Pipeline,
    *,
    text_column: str = "text",
    batch_size: int = 256,
    **settings: Any,
) -> Any:
    """Tag a `Dataset` or `IterableDataset` of Hugging Face.

    Args:
        dataset: The dataset.
        nlp: The pipeline, or what `spacy.load` takes: with `num_proc`, where each
            process loads it, that is the cheaper one.
        text_column: The column that holds texts, or lists of words.
        batch_size: The most documents a batch.
        settings: Passed on to its `map`, such as `num_proc`.

    Returns:
        The dataset with the columns of `arrow.target_fields`, typed.

    Raises:
        BirnnError: There is no such column.
    """
    import datasets

    columns = dataset.column_names
    if columns is not None:
        _check_column(text_column, columns)
    features = dataset.features
    if features is not None:
        schema = table_schema(features.arrow_schema, nlp)
        ours = datasets.Features.from_arrow_schema(schema)
        # What a dataset knows of its columns is more than their Arrow type.
        features = datasets.Features(
            {
                name: features[name] if name in features and name != "text" else kind
                for name, kind in ours.items()
            }
        )

    def tag_batch(batch: Dict[str, List[Any]]) -> Dict[str, List[Any]]:
        texts = pyarrow.table({text_column: batch[text_column]})
        return _tag_texts(texts, _load(nlp), batch_size).to_pydict()

    return dataset.map(
        tag_batch, batched=True, batch_size=batch_size, features=features, **settings
    )


def _check_column(column: str, columns: List[str]) -> None:
    if column not in columns:
        names = ", ".join(map(str, columns))
        raise BirnnError(Errors.B275.format(column=column, columns=names))


def _load(model: Pipeline) -> Language:
    return model if isinstance(model, Language) else _loaded(str(model))


@lru_cache(maxsize=2)
def _loaded(model: str) -> Language:
    """A pipeline that a process loads once, however many partitions it gets."""
    return spacy.load(model)
