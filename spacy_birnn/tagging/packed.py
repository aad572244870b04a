"""Bytes of files: ranges of them, hashed on the way, unpacked where they are packed."""

import hashlib
import io
from contextlib import contextmanager
from gzip import GzipFile
from typing import Any, BinaryIO, Iterator, Optional, cast

from ..data.text import GZIP
from . import storage

_ZSTD = b"\x28\xb5\x2f\xfd"
_BUFFER = 1 << 18


class HashedRange(io.RawIOBase):
    """The bytes of an open file from one place to another, hashed as they are read.

    Args:
        file: The file; it need be seekable only where the range does not begin at 0.
        start: The first byte.
        end: The byte after the last; None for the end of the file.
    """

    def __init__(self, file: Any, start: int = 0, end: Optional[int] = None) -> None:
        self._file = file
        self._left = None if end is None else end - start
        self._digest = hashlib.sha256()
        self.count = 0
        if start:
            file.seek(start)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        if self._left is not None:
            view = view[: self._left]
        count = self._file.readinto(view) if len(view) else 0
        count = count or 0
        self._digest.update(view[:count])
        self.count += count
        if self._left is not None:
            self._left -= count
        return count

    def checksum(self) -> str:
        """The SHA-256 of all that was read, in hexadecimal."""
        return self._digest.hexdigest()


class HashedFile:
    """Writes to a file and keeps the checksum of all that was written.

    Args:
        file: The open file.
    """

    closed = False

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: Any) -> int:
        self._digest.update(data)
        self.size += memoryview(data).nbytes
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    def checksum(self) -> str:
        """The SHA-256 in hexadecimal."""
        return self._digest.hexdigest()


def unpack(raw: HashedRange) -> BinaryIO:
    """Read through gzip or zstandard, where the first bytes say so."""
    file = io.BufferedReader(raw, _BUFFER)
    head = file.peek(4)
    if head.startswith(GZIP):
        return cast(BinaryIO, GzipFile(fileobj=file))
    if head.startswith(_ZSTD):
        import pyarrow

        packed = pyarrow.PythonFile(file, mode="r")
        stream: Any = pyarrow.CompressedInputStream(packed, "zstd")
        return cast(BinaryIO, io.BufferedReader(stream, _BUFFER))
    return cast(BinaryIO, file)


def is_packed(address: str) -> bool:
    """Whether a file is packed, by its content."""
    with storage.open_input(address) as file:
        return file.read(4).startswith((GZIP, _ZSTD))


def is_zstd(address: str) -> bool:
    """Whether a file is packed with zstandard."""
    with storage.open_input(address) as file:
        return file.read(4) == _ZSTD


@contextmanager
def unpacked(address: str) -> Iterator[BinaryIO]:
    """Open a file, unpacked."""
    with storage.open_input(address) as file:
        yield unpack(HashedRange(file))
