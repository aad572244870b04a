"""Find the files of a corpus and read them as lines of text, plain or gzipped."""

import codecs
import gzip
import json
import zlib
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Iterable, Iterator, List, Tuple, cast

from ..errors import BirnnError, Errors
from ..files import reason_of

UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""The first bytes of a file in UTF-16."""

GZIP = b"\x1f\x8b"
"""The first bytes of a gzipped file."""


def list_files(path: Path, ending: str = "") -> List[Path]:
    """The file at a path, or the files below a directory, sorted.

    Args:
        path: A file, whatever its name, or a directory.
        ending: How the names of the files of a directory end (then perhaps `.gz`).
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
    """Open a file for reading, through gzip where its first bytes say so.

    Raises:
        BirnnError: It cannot be opened.
    """
    try:
        with path.open("rb") as file:
            is_gzip = file.read(2) == GZIP
        return cast(BinaryIO, gzip.open(path) if is_gzip else path.open("rb"))
    except OSError as error:
        message = Errors.B107.format(path=path, reason=reason_of(error))
        raise BirnnError(message) from error


def read_lines(path: Path, encoding: str = "utf-8") -> Iterator[str]:
    """Yield the lines of a file, as `decode_lines` does."""
    with open_binary(path) as file:
        yield from decode_lines(file, str(path), encoding)


def read_text(path: Path, encoding: str = "utf-8") -> str:
    """Give a whole file as it stands: offsets of characters count line ends too.

    Raises:
        BirnnError: Bytes that do not fit the encoding, or a damaged gzip file.
    """
    with open_binary(path) as file:
        try:
            data = file.read()
            encoding = _seen_encoding(data, encoding)
            return data.decode(encoding).removeprefix("\ufeff")
        except (UnicodeDecodeError, OSError, EOFError, zlib.error):
            # Reading it line by line says where it fails.
            return "\n".join(read_lines(path, encoding))


def decode_lines(
    file: Iterable[bytes], name: str, encoding: str = "utf-8"
) -> Iterator[str]:
    """Decode binary lines one by one, without line end and byte order mark.

    A line feed ends a line, in a file without any a carriage return does: the other
    characters that Unicode counts as line breaks occur inside the tokens of real
    corpora. Files that were put together have byte order marks at other lines than the
    first. UTF-16 is decoded as a whole.

    Args:
        file: A file opened for reading bytes, or its lines.
        name: What messages call it.
        encoding: How bytes stand for characters, unless there is a mark of UTF-16.

    Raises:
        BirnnError: Bytes that do not fit the encoding, or a damaged gzip file.
    """
    number = 0
    try:
        lines, encoding = _split_lines(iter(file), encoding)
        for number, line in enumerate(lines, 1):  # noqa: B007
            yield line.decode(encoding).removeprefix("\ufeff").rstrip("\r\n")
    except UnicodeDecodeError as error:
        # Only UTF-16 fails before there is a line.
        before = b"" if number else error.object[: error.start]
        raise BirnnError(
            Errors.B108.format(
                path=name,
                line=number or before.decode(encoding, "ignore").count("\n") + 1,
                byte=f"0x{error.object[error.start]:02x}",
                position=error.start + 1,
            )
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise BirnnError(
            Errors.B109.format(path=name, line=number + 1, reason=error)
        ) from error


def parse_json(text: str) -> Any:
    """Parse JSON whose text can be written again: it can escape halves of characters,
    which UTF-8 cannot hold.

    Raises:
        ValueError, RecursionError: It is no JSON, or holds one.
    """
    content = json.loads(text)
    text.count("\\u") and json.dumps(content, ensure_ascii=False).encode("utf-8")
    return content


def check_text(head: bytes, path: Path, encoding: str) -> None:
    """Refuse the beginning of a file that is no text.

    Raises:
        BirnnError: It is that of a PDF, or has NUL bytes.
    """
    if head.startswith(b"%PDF"):
        raise BirnnError(Errors.B495.format(path=path, kind="a PDF"))
    is_wide = "\n".encode(_seen_encoding(head, encoding)) != b"\n"
    if b"\0" in head and not is_wide:
        raise BirnnError(Errors.B495.format(path=path, kind="binary (a NUL byte)"))


def _seen_encoding(data: bytes, encoding: str) -> str:
    """The encoding that a mark at the beginning tells, else the given one."""
    has_mark = data[:2] in UTF_16_MARKS
    is_wide = "\n".encode(encoding) != b"\n"
    return "utf-16" if has_mark and not is_wide else encoding


def _split_lines(lines: Iterator[bytes], encoding: str) -> Tuple[Iterable[bytes], str]:
    """The lines of a file that was split at line feeds, and how they are decoded."""
    first = next(lines, b"")
    encoding = _seen_encoding(first, encoding)
    if "\n".encode(encoding) != b"\n":
        text = b"".join(chain([first], lines)).decode(encoding)
        first, lines, encoding = text.encode("utf-8"), iter(()), "utf-8"
        if b"\n" in first:
            return BytesIO(first), encoding
    if b"\r" in first.rstrip(b"\r\n"):
        second = next(lines, None)
        if second is None:
            return first.rstrip(b"\r\n").split(b"\r"), encoding
        lines = chain([second], lines)
    return chain([first] if first else [], lines), encoding
