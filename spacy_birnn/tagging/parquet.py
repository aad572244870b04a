"""Parquet files: a row group for each batch, under one schema."""

import shutil
import tempfile
from typing import Any, BinaryIO, Iterable, List, Optional, Tuple

import pyarrow
import pyarrow.parquet

from .arrow import fit, unify_schemas


class ParquetWriter:
    """Writes tables as they come, in constant memory.

    The columns of JSON can gain a type on the way. What was written until then becomes
    a segment of its own, and the segments are joined in the end.

    Args:
        file: The open file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self._segments: List[Any] = []
        self._schema: Optional[pyarrow.Schema] = None
        self._writer: Any = None

    def write(self, records: pyarrow.Table) -> None:
        """Write a table as a row group."""
        if self._schema is None or records.schema != self._schema:
            known = [] if self._schema is None else [self._schema]
            self._widen(unify_schemas([*known, records.schema]))
        self._writer.write_table(fit(records, self._schema), records.num_rows or 1)

    def _widen(self, schema: pyarrow.Schema) -> None:
        if schema == self._schema:
            return
        if self._writer is not None:
            self._writer.close()
        segment = tempfile.TemporaryFile()  # noqa: SIM115, closed at the end
        self._segments.append(segment)
        self._schema = schema
        self._writer = _open_writer(segment, schema)

    def finish(self) -> None:
        """Write what is left: without any document, a file without columns."""
        if self._writer is not None:
            self._writer.close()
        if len(self._segments) == 1:
            self._segments[0].seek(0)
            shutil.copyfileobj(self._segments[0], self.file)
        else:
            join_parquet([(segment, 1) for segment in self._segments], self.file)
        for segment in self._segments:
            segment.close()


def join_parquet(parts: Iterable[Tuple[BinaryIO, int]], file: BinaryIO) -> None:
    """Put the row groups of files into one file, under a schema that holds all.

    Args:
        parts: Open files, each with the number of its documents; those without any are
            left out. They are looked at twice.
        file: The file to write.
    """
    schemas = [
        pyarrow.parquet.ParquetFile(part).schema_arrow for part, count in parts if count
    ]
    schema = unify_schemas(schemas)
    with _open_writer(file, schema) as writer:
        for part, count in parts:
            table = pyarrow.parquet.ParquetFile(part)
            for group in range(table.num_row_groups if count else 0):
                rows = fit(table.read_row_group(group, use_threads=False), schema)
                writer.write_table(rows, rows.num_rows or 1)


def _open_writer(file: Any, schema: pyarrow.Schema) -> Any:
    return pyarrow.parquet.ParquetWriter(file, schema, compression="zstd")
