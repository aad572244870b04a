"""Tables that can be read from the middle: Parquet, Arrow, datasets."""

import hashlib
from contextlib import contextmanager
from typing import (
    Any,
    BinaryIO,
    Dict,
    Iterator,
    List,
    Optional,
    Protocol,
    Sequence,
    Tuple,
)

import pyarrow
import pyarrow.parquet

from ..data.loading import coded_errors, load
from ..errors import BirnnError, Errors
from . import storage
from .storage import HUB

ROWS = 1024
"""The most rows that are taken from a table at once."""


class Table(Protocol):
    """A table that is a row of parts, each of which can be read alone."""

    parts: int
    columns: Sequence[str]

    def rows(self, part: int) -> int:
        """The number of rows of a part."""

    def size(self, part: int) -> int:
        """The bytes of a part, more or less."""

    def batches(
        self, start: int, end: int, columns: Optional[List[str]]
    ) -> Iterator[pyarrow.RecordBatch]:
        """The rows of the parts from `start` to `end`; None for all columns."""

    def checksum(self, start: int, end: int) -> str:
        """A checksum over the content of the parts from `start` to `end`."""

    def close(self) -> None:
        """Close the file."""


class ParquetTable:
    """A Parquet file; its parts are row groups."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._raw = storage.open_input(address)
        with _table_errors(address, "Parquet", self._raw):
            self.file = pyarrow.parquet.ParquetFile(self._raw)
            self.parts = self.file.num_row_groups
            self.columns = self.file.schema_arrow.names

    def rows(self, part: int) -> int:
        return self.file.metadata.row_group(part).num_rows

    def size(self, part: int) -> int:
        start, end = self._bytes(part)
        return end - start

    def batches(
        self, start: int, end: int, columns: Optional[List[str]]
    ) -> Iterator[pyarrow.RecordBatch]:
        with _table_errors(self.address, "Parquet"):
            yield from self.file.iter_batches(
                ROWS, row_groups=range(start, end), columns=columns, use_threads=False
            )

    def checksum(self, start: int, end: int) -> str:
        digest = hashlib.sha256(str(self.file.schema_arrow).encode())
        with storage.open_input(self.address) as file:
            for part in range(start, end):
                first, last = self._bytes(part)
                file.seek(first)
                digest.update(file.read(last - first))
        return digest.hexdigest()

    def close(self) -> None:
        self._raw.close()

    def _bytes(self, part: int) -> Tuple[int, int]:
        """Where in the file a row group lies."""
        group = self.file.metadata.row_group(part)
        chunks = [group.column(i) for i in range(group.num_columns)]
        starts = [
            min(chunk.data_page_offset, chunk.dictionary_page_offset)
            if chunk.has_dictionary_page and chunk.dictionary_page_offset
            else chunk.data_page_offset
            for chunk in chunks
        ]
        ends = [
            start + chunk.total_compressed_size
            for start, chunk in zip(starts, chunks, strict=True)
        ]
        return min(starts, default=0), max(ends, default=0)


class ArrowTable:
    """An Arrow IPC file (Feather), whose parts are record batches, or a stream of them.

    A stream has one part: it can only be read from the front.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.file = storage.open_input(address)
        with _table_errors(address, "Arrow", self.file):
            self.reader: Any = None
            if self.file.read(6) == b"ARROW1":
                self.reader = pyarrow.ipc.open_file(self.file)
                self.parts = self.reader.num_record_batches
                self.columns = self.reader.schema.names
            else:
                self.parts = 1
                self.columns = self._stream().schema.names

    def rows(self, part: int) -> int:
        if self.reader is not None:
            return self.reader.get_batch(part).num_rows
        return sum(batch.num_rows for batch in self._stream())

    def size(self, part: int) -> int:
        if self.reader is not None:
            return self.reader.get_batch(part).nbytes
        return storage.size_of(self.address)

    def batches(
        self, start: int, end: int, columns: Optional[List[str]]
    ) -> Iterator[pyarrow.RecordBatch]:
        with _table_errors(self.address, "Arrow"):
            for batch in self._batches(start, end):
                chosen = batch if columns is None else batch.select(columns)
                yield from _slices(chosen)

    def checksum(self, start: int, end: int) -> str:
        return _checksum(self._batches(start, end))

    def close(self) -> None:
        self.file.close()

    def _batches(self, start: int, end: int) -> Iterator[pyarrow.RecordBatch]:
        if self.reader is None:
            yield from self._stream()
        else:
            yield from map(self.reader.get_batch, range(start, end))

    def _stream(self) -> Any:
        self.file.seek(0)
        return pyarrow.ipc.open_stream(self.file)


class DatasetTable:
    """A Hugging Face dataset; its parts are its rows."""

    def __init__(self, address: str) -> None:
        path, _, split = address.removeprefix(HUB).partition(":")
        self.address = address
        self.dataset = load(path, None, split or "train", None, False)
        self.parts = len(self.dataset)
        self.columns = self.dataset.column_names
        self._row_size = max(1, self.dataset.data.nbytes // max(1, self.parts))

    def rows(self, part: int) -> int:
        return 1

    def size(self, part: int) -> int:
        return self._row_size

    def batches(
        self, start: int, end: int, columns: Optional[List[str]]
    ) -> Iterator[pyarrow.RecordBatch]:
        with coded_errors(self.address):
            chosen = self.dataset.select(range(start, end)).with_format("arrow")
            if columns is not None:
                chosen = chosen.select_columns(columns)
            for table in chosen.iter(batch_size=ROWS):
                yield from table.combine_chunks().to_batches()

    def checksum(self, start: int, end: int) -> str:
        return _checksum(self.batches(start, end, None))

    def close(self) -> None:
        """There is no file of its own."""


READERS: Dict[str, Any] = {
    "parquet": ParquetTable,
    "arrow": ArrowTable,
    "hf": DatasetTable,
}


def _slices(batch: pyarrow.RecordBatch) -> Iterator[pyarrow.RecordBatch]:
    for start in range(0, batch.num_rows, ROWS):
        yield batch.slice(start, ROWS)


def _checksum(batches: Iterator[pyarrow.RecordBatch]) -> str:
    digest = hashlib.sha256()
    for batch in batches:
        digest.update(batch.serialize())
    return digest.hexdigest()


@contextmanager
def _table_errors(
    address: str, kind: str, file: Optional[BinaryIO] = None
) -> Iterator[None]:
    """Say of a damaged file what it is; close it where it has just been opened."""
    try:
        yield
    except (pyarrow.ArrowException, OSError) as error:
        if file is not None:
            file.close()
        reason = str(error).splitlines()[0].rstrip(".")
        raise BirnnError(
            Errors.B253.format(path=address, kind=kind, reason=reason)
        ) from error
