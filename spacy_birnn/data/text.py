"""Find the files of a corpus and read them as lines of UTF-8, plain or gzipped."""

import gzip
import zlib
from pathlib import Path
from typing import BinaryIO, Iterable, Iterator, List, cast

from ..errors import BirnnError, Errors

_GZIP = b"\x1f\x8b"


def list_files(path: Path, ending: str = "") -> List[Path]:
    """The file at a path, or the files below a directory, sorted.

    Args:
        path: A file, whatever its name, or a directory.
        ending: How the names of the files of a directory end (then perhaps ``.gz``).
            Hidden ones are passed over.

    Raises:
        BirnnError: The path does not exist or holds no such file.
    """
    if not path.is_dir():
        if not path.exists():
            raise BirnnError(Errors.B105.format(path=path))
        if not path.is_file():
            # Formats and schemes are told in a pass of their own.
            reason = "not a regular file, and a pipe can be read only once"
            raise BirnnError(Errors.B107.format(path=path, reason=reason))
        return [path]
    files = sorted(
        file
        for file in path.rglob("*")
        if file.is_file()
        and file.name.removesuffix(".gz").endswith(ending)
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
    )
    if not files:
        raise BirnnError(Errors.B106.format(path=path, ending=ending))
    return files


def open_binary(path: Path) -> BinaryIO:
    """Open a file for reading, through gzip where its first bytes say so."""
    try:
        with path.open("rb") as file:
            is_gzip = file.read(2) == _GZIP
        return cast(BinaryIO, gzip.open(path) if is_gzip else path.open("rb"))
    except OSError as error:
        reason = error.strerror or error
        raise BirnnError(Errors.B107.format(path=path, reason=reason)) from error


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a file, as ``decode_lines`` does."""
    with open_binary(path) as file:
        yield from decode_lines(file, str(path))


def decode_lines(file: Iterable[bytes], name: str) -> Iterator[str]:
    """Decode binary lines one by one, without line end and byte order mark.

    Only a line feed ends a line: the other characters that Unicode counts as line
    breaks occur inside the tokens of real corpora.

    Args:
        file: A file opened for reading bytes, or its lines.
        name: What messages call it.

    Raises:
        BirnnError: Bytes that are not UTF-8, or a damaged gzip file.
    """
    number = 0
    try:
        for number, raw in enumerate(file, 1):
            line = raw.decode("utf-8")
            if number == 1:
                line = line.removeprefix("\ufeff")
            yield line.rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise BirnnError(
            Errors.B108.format(
                path=name,
                line=number,
                byte=f"0x{error.object[error.start]:02x}",
                position=error.start + 1,
            )
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise BirnnError(
            Errors.B109.format(path=name, line=number + 1, reason=error)
        ) from error
