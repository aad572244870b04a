"""Items from CSV and TSV files with a header row."""

import csv
import io
import re
import zlib
from dataclasses import replace
from typing import Iterator, List

from ..data.text import UTF_16_MARKS
from ..errors import BirnnError, Errors
from .content import record_content
from .items import Item
from .sources import Input, Line

_DELIMITERS = ",\t;|"
_ESCAPED = re.compile("[\udc80-\udcff]")
"""A byte that was not decoded (PEP 383)."""
_UTF_16 = tuple(mark.decode("ascii", "surrogateescape") for mark in UTF_16_MARKS)


def read_csv(source: Input) -> Iterator[Item]:
    """An item a row; the header says which column holds the text, the rest passes on.

    The delimiter (comma, tab, semicolon or bar) is the one that the header has most of.

    Raises:
        BirnnError: There is no such column, the file is of another encoding, or it is
            damaged.
    """
    csv.field_size_limit(2**31 - 1)
    # Fields may hold line ends, which the reader of csv wants to see as they are.
    encoding = source.fields.encoding
    marked = "utf-8-sig" if encoding == "utf-8" else encoding
    # What cannot be decoded costs its own row alone: it stands there as surrogates.
    lines = io.TextIOWrapper(
        source.file, encoding=marked, errors="surrogateescape", newline=""
    )
    number = 1
    try:
        header = lines.readline()
        if not header:
            return
        _check_decoded(header, source, number)
        delimiter = max(_DELIMITERS, key=header.count)
        names = next(csv.reader([header], delimiter=delimiter))
        _check_header(names, source)
        rows = csv.reader(lines, delimiter=delimiter, strict=True)
        for row in rows:
            if not row and len(names) > 1:
                continue  # an empty line
            number = 1 + rows.line_num
            # A file that was put together from several has their marks inside.
            row[:1] = [cell.removeprefix("\ufeff") for cell in row[:1]]
            joined = delimiter.join(row)
            try:
                _check_decoded(joined, source, number)
                item = _item(source, names, row, number)
            except BirnnError as error:
                source.refuse(error, number, _ESCAPED.sub("\ufffd", joined))
                continue
            yield item
    except (UnicodeDecodeError, csv.Error) as error:
        raise BirnnError(
            Errors.B254.format(path=source.name, line=number, reason=error)
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise BirnnError(
            Errors.B109.format(path=source.name, line=number + 1, reason=error)
        ) from error
    finally:
        lines.detach()  # whoever opened the file closes it


def _check_decoded(text: str, source: Input, number: int) -> None:
    """Raise where a row has bytes that are not of the encoding."""
    if text.isascii():
        return
    found = _ESCAPED.search(text)
    if found is not None:
        byte = f"0x{ord(found[0]) - 0xDC00:02x}"
        likely = "utf-16" if text[:2] in _UTF_16 else "latin-1 or cp1252"
        reason = (
            f"byte {byte} is not of the encoding: name that with --encoding, such as "
            f"{likely}"
        )
        raise BirnnError(
            Errors.B254.format(path=source.name, line=number, reason=reason)
        )


def _check_header(names: List[str], source: Input) -> None:
    if source.fields.text not in names:
        raise BirnnError(
            Errors.B252.format(
                path=source.name,
                column=source.fields.text,
                columns=", ".join(names),
            )
        )


def _item(source: Input, names: List[str], row: List[str], number: int) -> Item:
    at = Line(source, number)
    if len(row) != len(names):
        raise BirnnError(
            Errors.B255.format(where=at, found=len(row), expected=len(names))
        )
    record = dict(zip(names, row, strict=True))
    only_text = replace(source.fields, tokens="")
    content = record_content(record, only_text, source.max_length, at)
    return Item(content, source.context(number, record))
