"""The layout of a file of columns, as its first rows give it away."""

import csv
import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, islice
from typing import Callable, Iterable, Iterator, List, Optional, Tuple

from ..errors import BirnnError, Errors

DOCSTART = "-DOCSTART-"

HEAD = 1000
"""Lines from which the layout of a file is told."""

# From so many rows on it is no accident that a column of words holds numbers only.
_ENOUGH_ROWS = 10

# So many words on its longest line has a text at least.
PROSE_WORDS = 6

SIGNS = {"comma": ",", "semicolon": ";"}

_NUMBER = re.compile(r"[\d.:-]*\d")
# IDs of CoNLL-U that stand for no word of the sequence: ranges and empty nodes.
NO_WORD = re.compile(r"\d+[-.]\d+")

# What the first row of a file calls the column of words, and others.
_WORD_NAMES = {"form", "sentence", "text", "token", "tokens", "word", "words"}
_OTHER_NAMES = {
    *("bio", "chunk", "chunks", "deprel", "entities", "entity", "feats", "head", "id"),
    *("idx", "index", "iob", "label", "labels", "lemma", "misc", "ner", "ner_tag"),
    *("ner_tags", "pos", "pos_tag", "postag", "tag", "tags", "upos", "xpos"),
}


@dataclass(frozen=True)
class Layout:
    """How the rows of a file are laid out.

    Attributes:
        width: The number of columns.
        separator: `tab`, `blank`, `comma` or `semicolon`; None where each row is split
            on tabs if it has one, else on runs of blanks.
        has_tabs: Whether its rows have tabs, so that what has none is a comment if it
            begins with `#`.
        header: The number of the line that holds the names of the columns, else 0.
        is_header_told: Whether the settings say so, not the content.
        counts: Whether column 0 counts the tokens of each sentence.
        numbers: The columns in which there is nothing but numbers.
        is_prose: Whether its lines look like running text.
    """

    width: int
    separator: Optional[str]
    has_tabs: bool
    header: int = 0
    is_header_told: bool = False
    counts: bool = False
    numbers: Tuple[int, ...] = ()
    is_prose: bool = False

    @cached_property
    def split(self) -> Callable[[str], List[str]]:
        """Splits a row; white space at the end of a line is no column."""
        cut, width = _splitter(self.separator), self.width

        def split(line: str) -> List[str]:
            cells = cut(line)
            return cells if len(cells) == width else _trim(cells, width)

        return split

    def word_column(self, index: Optional[int], name: str) -> int:
        """Find the column of the words: the given one, else the first that has words.

        Args:
            index: The column that the settings name; None for the default.
            name: What messages call the file.

        Raises:
            BirnnError: It holds numbers only.
        """
        if index is None:
            index = 1 if self.counts and self.width > 1 else 0
        if index in self.numbers or index + self.width in self.numbers:
            raise BirnnError(Errors.B142.format(path=name, index=index))
        return index


def tell_layout(
    lines: Iterable[str],
    name: str,
    separator: str = "auto",
    header: Optional[bool] = None,
) -> Tuple[Layout, Iterator[str]]:
    """Tell the layout of a file from its first lines.

    Args:
        lines: Lines without their ends.
        name: What messages call the file.
        separator: `auto`, `tab`, `blank`, `comma` or `semicolon`.
        header: Whether the first row names the columns; None tells it by its content.

    Returns:
        The layout, and all lines once more.

    Raises:
        BirnnError: There is no row at all.
    """
    stream = iter(lines)
    head = list(islice(stream, HEAD))
    while not any(is_row(line) and line[0] != "#" for line in head):
        more = list(islice(stream, HEAD))
        if not more:
            break
        head += more
    # What begins with `#` may be a comment: it counts only where there is nothing else.
    rows = [line for line in head if is_row(line) and line[0] != "#"]
    rows = rows or [line for line in head if is_row(line)]
    if not rows:
        raise BirnnError(Errors.B118.format(path=name))
    tabs = sum("\t" in line for line in rows)
    sign = separator if separator != "auto" else None if tabs else _tell_sign(rows)
    widths = Counter(len(_trim(cells)) for cells in map(_splitter(sign), rows))
    width = widths.most_common(1)[0][0]
    layout = Layout(width, sign, has_tabs=2 * tabs > len(rows))
    first = 0
    if header is not False:
        first = _first_row(head, layout) if header else _find_header(head, layout)
    counts, numbers = _tell_numbers(head, layout, first)
    layout = replace(
        layout,
        header=first,
        is_header_told=header is not None,
        counts=counts,
        numbers=numbers,
        is_prose=sign is None and not tabs and _are_prose(widths),
    )
    return layout, chain(head, stream)


def _are_prose(widths: "Counter[int]") -> bool:
    """Whether rows of so many cells are lines of text, some long, in many lengths.

    In a file of columns that has a few bad rows, most have the same number of cells.
    """
    return max(widths) >= PROSE_WORDS and 2 * max(widths.values()) <= widths.total()


def is_row(line: str) -> bool:
    """Whether a line is neither empty nor the mark of a document."""
    return bool(line) and not line.isspace() and not is_docstart(line)


def _splitter(separator: Optional[str]) -> Callable[[str], List[str]]:
    """The function that splits rows; see `Layout.separator`."""
    if separator in SIGNS:
        sign = SIGNS[separator]
        return lambda line: next(split_csv([line], sign))
    if separator == "blank":
        return lambda line: split_row(line.replace("\t", " "))
    if separator == "tab":
        return lambda line: line.split("\t")
    return split_row


def split_csv(lines: Iterable[str], sign: str) -> Iterator[List[str]]:
    """Split the rows of CSV; blanks beside the signs are no part of a cell."""
    csv.field_size_limit(2**31 - 1)  # a cell can be a whole text
    for cells in csv.reader(lines, delimiter=sign, skipinitialspace=True):
        yield [cell.strip(" ") or cell for cell in cells]


def split_row(line: str) -> List[str]:
    """Split a row on tabs if it has one, else on runs of blanks."""
    if "\t" in line:
        return line.split("\t")
    cells = line.split(" ")
    return [cell for cell in cells if cell] if "" in cells else cells


def _trim(cells: List[str], width: int = 1) -> List[str]:
    """Leave out blank cells at the end, down to a width."""
    end = len(cells)
    while end > width and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def _tell_sign(rows: List[str]) -> Optional[str]:
    """Tell CSV: each row has equally many cells, two at least, and either there are no
    blanks between them or every blank follows a sign."""
    by_blanks = list(map(split_row, rows))
    are_blanks = {len(cells) for cells in by_blanks} - {1} and _same(by_blanks)
    for name, sign in SIGNS.items():
        follow = all(cell.endswith(sign) for cells in by_blanks for cell in cells[:-1])
        if not all(sign in line for line in rows) or (are_blanks and not follow):
            continue
        try:
            if _same(split_csv(rows, sign)):
                return name
        except csv.Error:  # quotes that are not closed: it is something else
            continue
    return None


def _same(rows: Iterable[List[str]]) -> bool:
    """Whether all rows have equally many cells."""
    return len({len(cells) for cells in rows}) == 1


def _first_row(head: List[str], layout: Layout) -> int:
    for number, line in enumerate(head, 1):
        if is_row(line) and not is_comment(line, layout):
            return number
    return 0


def _find_header(head: List[str], layout: Layout) -> int:
    """The line whose cells are what the columns of words and labels are called."""
    number = _first_row(head, layout)
    cells = layout.split(head[number - 1].removeprefix("#")) if number else []
    names = [cell.strip().lower().rstrip(" #") for cell in cells]
    words = [name for name in names if name in _WORD_NAMES]
    others = [name for name in names if name in _OTHER_NAMES or name[:3] == "ne-"]
    return number if words and len(words) + len(others) > 1 else 0


def _tell_numbers(
    head: List[str], layout: Layout, header: int
) -> Tuple[bool, Tuple[int, ...]]:
    """Whether column 0 counts tokens, and which columns hold numbers only."""
    numbers = set(range(layout.width))
    counts, is_start, before = True, True, -1
    rows, counted, steps = 0, 0, 0
    for number, line in enumerate(head, 1):
        if number == header or (line and is_comment(line, layout)):
            continue
        if not is_row(line):
            is_start = True
            continue
        cells = layout.split(line)
        if len(cells) != layout.width:
            continue
        numbers -= {i for i in numbers if not _NUMBER.fullmatch(cells[i].strip())}
        if not numbers:
            return False, ()
        rows += 1
        if NO_WORD.fullmatch(cells[0]):
            continue
        counted += 1
        value = int(cells[0]) if cells[0].isdecimal() else -1
        counts &= value == before + 1 or (is_start and value in (0, 1))
        steps += not is_start and value == before + 1
        before, is_start = value, False
    counts &= 0 in numbers and counted > 2 and steps > 0
    if rows < _ENOUGH_ROWS:
        numbers = {0} if counts else set()
    return counts, tuple(sorted(numbers))


def is_docstart(line: str) -> bool:
    """Whether a row marks the start of a document, in its first or another cell."""
    return DOCSTART in line and any(
        cell.startswith(DOCSTART) for cell in split_row(line)
    )


def is_comment(line: str, layout: Layout) -> bool:
    """Whether a line that begins with `#` is no row of the file."""
    return line.startswith("#") and (
        (layout.has_tabs and "\t" not in line)
        or len(layout.split(line)) != layout.width
    )
