"""The rows of CoNLL-U and CoNLL-U Plus: words, multi-word tokens, IDs, spaces."""

from typing import Dict, Iterable, Iterator, List, NamedTuple, Sequence, Tuple

from ..errors import BirnnError, Errors
from .base import Sentence
from .layout import split_row

FIELDS = (
    *("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS"),
    *("HEAD", "DEPREL", "DEPS", "MISC"),
)
WIDTH = len(FIELDS)
GLOBAL_COLUMNS = "# global.columns ="
"""How a file of CoNLL-U Plus begins, followed by the names of its columns."""

_NO_SPACE = "SpaceAfter=No"


class Row(NamedTuple):
    """The cells of a line by the names of their columns, and its number."""

    line: int
    cells: Dict[str, str]

    def get(self, name: str) -> str:
        """Give a cell; `_` where the file has no such column."""
        return self.cells.get(name, "_")

    @property
    def misc(self) -> List[str]:
        """The parts of MISC."""
        return self.get("MISC").split("|")


class Range(NamedTuple):
    """A multi-word token: its words (positions from 0) and its row."""

    start: int
    end: int
    row: Row


class Parsed(NamedTuple):
    """The rows of one sentence, taken apart."""

    words: List[Row]
    ranges: List[Range]
    starts_document: bool


def parse(lines: Iterable[str], name: str) -> Iterator[Parsed]:
    """Take the sentences of a file apart; see `conllu.read_conllu`."""
    columns: Sequence[str] = FIELDS
    rows: List[Row] = []
    starts_document, is_empty = True, True
    for number, line in enumerate(lines, 1):
        if line.startswith("#") and not _is_row(line, columns):
            starts_document |= line[1:].split()[:1] == ["newdoc"]
            if line.startswith(GLOBAL_COLUMNS):
                columns = line.removeprefix(GLOBAL_COLUMNS).split()
                if "FORM" not in columns:
                    raise BirnnError(Errors.B143.format(path=name, line=number))
        elif line and not line.isspace():
            rows.append(_read_row(line, number, columns, name))
        elif rows:
            yield Parsed(*_split_rows(rows, name), starts_document)
            rows, starts_document, is_empty = [], False, False
    if rows:
        yield Parsed(*_split_rows(rows, name), starts_document)
    elif is_empty:
        raise BirnnError(Errors.B118.format(path=name))


def _is_row(line: str, columns: Sequence[str]) -> bool:
    """Whether a line that begins with `#` has a word: it has all columns, and no ID."""
    cells = line.split("\t")
    return len(cells) == len(columns) > 1 and "ID" not in columns


def _read_row(line: str, number: int, columns: Sequence[str], name: str) -> Row:
    cells = split_row(line)
    while len(cells) > len(columns) and not cells[-1].strip():
        cells.pop()
    if len(cells) != len(columns):
        where = f"{name}:{number}"
        raise BirnnError(
            Errors.B120.format(where=where, found=len(cells), expected=len(columns))
        )
    return Row(number, dict(zip(columns, cells, strict=True)))


def _split_rows(rows: List[Row], name: str) -> Tuple[List[Row], List[Range]]:
    """Check the IDs; keep the words and the ranges, leave empty nodes out."""
    words: List[Row] = []
    ranges: List[Range] = []
    covered = 0
    for row in rows:
        value = row.cells.get("ID", str(len(words) + 1))
        if value == str(len(words) + 1):
            words.append(row)
            continue
        first, dash, last = value.partition("-")
        whole, dot, fraction = value.partition(".")
        count = len(words)
        is_range = dash and first == str(count + 1) and parse_number(last) > count + 1
        if is_range and covered <= count:
            covered = parse_number(last)
            ranges.append(Range(count, covered, row))
        elif not (dot and whole == str(count) and parse_number(fraction) > 0):
            _refuse_id(row, f"{count + 1}", name)
    if covered > len(words) or not words:
        _refuse_id(rows[-1], f"a word up to {max(covered, 1)}", name)
    return words, ranges


def parse_number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _refuse_id(row: Row, expected: str, name: str) -> None:
    where = f"{name}:{row.line}"
    raise BirnnError(
        Errors.B121.format(where=where, value=row.get("ID"), expected=expected)
    )


def read_words(parsed: Parsed) -> Sentence:
    """Words, and whether a space follows each: none inside a multi-word token."""
    spaces = [_has_space(word) for word in parsed.words]
    for start, end, row in parsed.ranges:
        spaces[start:end] = [False] * (end - start - 1) + [_has_space(row)]
    words = column_of(parsed.words, "FORM")
    return Sentence(words, spaces, parsed.starts_document)


def _has_space(row: Row) -> bool:
    # Most cells do not even mention it.
    return _NO_SPACE not in row.get("MISC") or _NO_SPACE not in row.misc


def column_of(rows: Iterable[Row], name: str) -> List[str]:
    """The cells of a column; `_` where the file has no such column."""
    return [row.cells.get(name, "_") for row in rows]


def token_rows(parsed: Parsed, merge_subtokens: bool) -> List[Row]:
    """The row of each token, for messages."""
    rows = list(parsed.words)
    for start, end, row in reversed(parsed.ranges if merge_subtokens else []):
        rows[start:end] = [row]
    return rows
