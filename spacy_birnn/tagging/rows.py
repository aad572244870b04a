"""Items from the rows of tables."""

from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence

import pyarrow

from ..errors import BirnnError, Errors
from .content import Fields, record_content
from .items import Context, Item, Place
from .sources import Refuse
from .tables import Table


class Columns:
    """The rows of a batch, as Arrow or as Python objects that are made once."""

    def __init__(self, batch: pyarrow.RecordBatch) -> None:
        self.batch = batch
        self._rows: Optional[List[Dict[str, Any]]] = None

    @property
    def rows(self) -> List[Dict[str, Any]]:
        """The rows as Python objects."""
        if self._rows is None:
            self._rows = self.batch.to_pylist()
        return self._rows

    def __reduce__(self) -> Any:
        return Columns, (self.batch,)


class Row(Mapping[str, Any]):
    """One row of the columns that pass through."""

    def __init__(self, columns: Columns, index: int) -> None:
        self.columns = columns
        self.index = index

    def __getitem__(self, key: str) -> Any:
        return self.columns.rows[self.index][key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns.batch.schema.names)

    def __len__(self) -> int:
        return self.columns.batch.num_columns


class _Row(NamedTuple):
    """A row, for messages: the rows before its part are counted when it is shown."""

    name: str
    table: Table
    start: int
    number: int

    def __str__(self) -> str:
        before = sum(map(self.table.rows, range(self.start)))
        return f"{self.name}, row {before + self.number}"

    def __format__(self, spec: str) -> str:
        return str(self)


def read_table(
    table: Table,
    start: int,
    end: int,
    *,
    name: str,
    fields: Fields,
    max_length: int,
    refuse: Refuse,
    piece: int = 0,
    keep_rest: bool = True,
) -> Iterator[Item]:
    """Stream the documents of some parts of a table.

    Args:
        table: The table.
        start: The first part.
        end: The part after the last.
        name: What messages call it.
        fields: Which columns hold the documents.
        max_length: The most characters that a text may have.
        refuse: Is told of each bad document.
        piece: The number of the piece in its shard.
        keep_rest: Whether the other columns pass through; if not, they are not read.

    Raises:
        BirnnError: The file is damaged, or has no such column.
    """
    wanted = _wanted(table.columns, fields, name)
    number = 0
    for batch in table.batches(start, end, None if keep_rest else wanted):
        rest = batch.drop_columns(["text"]) if "text" in batch.schema.names else batch
        columns = Columns(rest if keep_rest else batch.select([]))
        for index, record in enumerate(batch.select(wanted).to_pylist()):
            number += 1
            where = _Row(name, table, start, number)
            try:
                content = record_content(record, fields, max_length, where)
            except BirnnError as error:
                refuse(error, number, str(record))
                continue
            context = Context(Row(columns, index), place=Place(piece, number))
            yield Item(content, context)


def _wanted(columns: Sequence[str], fields: Fields, name: str) -> List[str]:
    """The columns that hold the documents."""
    wanted = []
    for path in (fields.text, fields.tokens):
        column = path if path in columns else path.partition(".")[0]
        if column in columns and column not in wanted:
            wanted.append(column)
    if not wanted:
        raise BirnnError(
            Errors.B252.format(
                path=name, column=fields.text, columns=", ".join(columns)
            )
        )
    return wanted
