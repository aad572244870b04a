"""Tagged docs as Arrow columns: what Parquet files, data frames and datasets take."""

import json
from itertools import groupby
from typing import Any, Dict, Iterable, List, Mapping, Sequence, Tuple, cast

import pyarrow
from spacy.tokens import Doc

from .items import Context
from .records import to_record
from .rows import Row
from .targets import Target

_SPAN = pyarrow.struct(
    [
        ("start", pyarrow.int32()),
        ("end", pyarrow.int32()),
        ("label", pyarrow.string()),
        ("confidence", pyarrow.float32()),
    ]
)
_SPANS = pyarrow.list_(_SPAN)
_NO_NAME = "\0"  # of a column that is left out again
_WORDS = pyarrow.list_(pyarrow.string())


def target_fields(targets: Sequence[Target]) -> List[pyarrow.Field]:
    """The columns that tagging adds, in order, as `to_record` names them.

    Character offsets are int32, confidences float32, null where there are none.
    """
    fields: Dict[str, Any] = {"text": pyarrow.string()}
    keys = [target.spans_key for target in targets if target.name == "spans"]
    for target in targets:
        if target.name == "ents":
            fields["ents"] = _SPANS
        elif target.name == "spans":
            fields["spans"] = pyarrow.struct([(key, _SPANS) for key in keys])
        elif "tags" in fields:
            fields[target.name.removeprefix("_.")] = _WORDS
        else:
            fields["tokens"] = fields["tags"] = _WORDS
            fields["confidence"] = pyarrow.list_(pyarrow.float32())
    return [pyarrow.field(name, type) for name, type in fields.items()]


def to_table(
    docs: Iterable[Tuple[Doc, Context]], targets: Sequence[Target]
) -> pyarrow.Table:
    """Docs as a table: the columns that passed by, then those of `target_fields`.

    Columns of tables keep their type. What came as JSON gets the type of its values;
    where they have none in common, strings stay and all else becomes its JSON.
    """
    docs = list(docs)
    records = [to_record(doc, targets) for doc, _ in docs]
    ours = target_fields(targets)
    names = {field.name for field in ours}
    rest = _rest([context.meta for _, context in docs])
    kept = [name for name in rest.column_names if name not in names]
    table = rest.select(kept)
    for field in ours:
        values = [record.get(field.name) for record in records]
        table = table.append_column(field, [pyarrow.array(values, type=field.type)])
    return table


def _rest(metas: Sequence[Mapping[str, Any]]) -> pyarrow.Table:
    """The values that passed by the pipeline, as a table."""
    if not all(isinstance(meta, Row) for meta in metas):
        return _table_of_dicts(metas)
    rows = cast(Sequence[Row], metas)
    parts = []
    for _, group in groupby(rows, key=lambda row: id(row.columns)):
        members = list(group)
        taken = members[0].columns.batch.take(
            pyarrow.array([row.index for row in members], type=pyarrow.int64())
        )
        parts.append(pyarrow.Table.from_batches([taken]))
    return unify(parts).combine_chunks()


def _table_of_dicts(metas: Sequence[Mapping[str, Any]]) -> pyarrow.Table:
    names: Dict[str, None] = {}
    for meta in metas:
        names.update(dict.fromkeys(meta))
    arrays = [_typed([meta.get(name) for meta in metas]) for name in names]
    # A table of no columns would not know how many rows it has.
    index = pyarrow.nulls(len(metas))
    table = pyarrow.table([*arrays, index], [*names, _NO_NAME])
    return table.select(range(len(names)))


def _typed(values: List[Any]) -> pyarrow.Array:
    try:
        array = pyarrow.array(values)
        if _can_be_stored(array.type):
            return array
    except (pyarrow.ArrowException, OverflowError, TypeError, ValueError):
        pass
    return _as_json(values)


def _as_json(values: List[Any]) -> pyarrow.Array:
    """Strings as they are, anything else as JSON."""
    strings = [
        value
        if value is None or isinstance(value, str)
        else json.dumps(value, ensure_ascii=False, default=str)
        for value in values
    ]
    return pyarrow.array(strings, type=pyarrow.string())


def _can_be_stored(type: Any) -> bool:
    """Whether Parquet has such a type: it has no structs without fields."""
    if pyarrow.types.is_struct(type):
        return type.num_fields > 0 and all(_can_be_stored(f.type) for f in type)
    return not pyarrow.types.is_list(type) or _can_be_stored(type.value_type)


def unify(tables: Sequence[pyarrow.Table]) -> pyarrow.Table:
    """Tables below each other, under one schema that holds all of them.

    A column that is missing is null. Where types have nothing in common, strings stay
    and all else becomes its JSON.
    """
    if all(table.schema == tables[0].schema for table in tables):
        return pyarrow.concat_tables(tables)
    schema = unify_schemas([table.schema for table in tables])
    return pyarrow.concat_tables([fit(table, schema) for table in tables])


def unify_schemas(schemas: Sequence[pyarrow.Schema]) -> pyarrow.Schema:
    """One schema that holds all of them; see `unify`."""
    fields: Dict[str, pyarrow.Field] = {}
    for schema in schemas:
        for field in schema:
            known = fields.setdefault(field.name, field)
            if known.type != field.type:
                fields[field.name] = pyarrow.field(
                    field.name, _common_type(known.type, field.type)
                )
    return pyarrow.schema(list(fields.values()))


def _common_type(first: Any, second: Any) -> Any:
    schemas = [pyarrow.schema([("", type)]) for type in (first, second)]
    try:
        merged = pyarrow.unify_schemas(schemas, promote_options="permissive")
        return merged.field(0).type
    except pyarrow.ArrowException:
        return pyarrow.string()


def fit(table: pyarrow.Table, schema: pyarrow.Schema) -> pyarrow.Table:
    """A table under a schema of `unify_schemas` that it took part in."""
    if table.schema == schema:
        return table
    columns = []
    for field in schema:
        if field.name not in table.column_names:
            columns.append(pyarrow.nulls(table.num_rows, field.type))
            continue
        column = table.column(field.name)
        is_text = pyarrow.types.is_string(field.type)
        if column.type == field.type:
            columns.append(column)
        elif is_text and not pyarrow.types.is_null(column.type):
            columns.append(_as_json(column.to_pylist()))
        else:
            columns.append(_cast(column, field.type))
    return pyarrow.table(columns, schema=schema)


def _cast(column: pyarrow.ChunkedArray, type: Any) -> Any:
    """Widen a column; structs gain fields, which Arrow's own cast cannot do."""
    try:
        return column.cast(type)
    except pyarrow.ArrowException:
        return pyarrow.array(column.to_pylist(), type=type)
