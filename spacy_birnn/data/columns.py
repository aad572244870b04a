"""Rows of columns, sentence by sentence."""

from dataclasses import dataclass
from typing import Dict, Iterable, Iterator, List, Optional

from ..errors import BirnnError, Errors
from .layout import DOCSTART, NO_WORD, SIGNS, Layout, is_comment, is_docstart


@dataclass
class Block:
    """The rows of one sentence as cells, and the number of the line of each."""

    rows: List[List[str]]
    lines: List[int]
    starts_document: bool


def read_blocks(
    lines: Iterable[str], layout: Layout, name: str, sentence: Optional[int] = None
) -> Iterator[Block]:
    """Split the lines of a file into sentences and cells.

    Args:
        lines: Lines without their ends.
        layout: How its rows are laid out.
        name: What messages call the file.
        sentence: The column in which a new value begins a sentence, if there is one.

    Raises:
        BirnnError: A row has another number of columns than the file, or it is text.
    """
    block = Block([], [], starts_document=True)
    before = ""
    # Looked up once: the loop runs for each line of a corpus.
    split, width, header = layout.split, layout.width, layout.header
    is_csv = layout.separator in SIGNS
    for number, line in enumerate(lines, 1):
        if not line or line.isspace() or (DOCSTART in line and is_docstart(line)):
            is_boundary = is_docstart(line)
            starts_document = is_boundary or (not block.rows and block.starts_document)
            if block.rows:
                yield block
            block = Block([], [], starts_document)
            continue
        if number == header or (line[0] == "#" and is_comment(line, layout)):
            continue
        cells = split(line)
        if len(cells) != width:
            error = Errors.B494 if layout.is_prose else Errors.B115
            raise BirnnError(
                error.format(path=name, line=number, found=len(cells), expected=width)
            )
        if is_csv and not any(cells):
            if block.rows:
                yield block
            block = Block([], [], not block.rows and block.starts_document)
            continue
        if layout.counts and NO_WORD.fullmatch(cells[0]):
            continue
        if sentence is not None and cells[sentence].strip() not in ("", before):
            before = cells[sentence].strip()
            if block.rows:
                yield block
                block = Block([], [], starts_document=False)
        block.rows.append(cells)
        block.lines.append(number)
    if block.rows:
        yield block


def check_columns_fit(columns: Dict[str, int], layout: Layout, name: str) -> None:
    """Refuse columns that the file does not have, and labels read from the words.

    Raises:
        BirnnError: A column is not there, or is both the words and their labels.
    """
    width = layout.width
    for target, index in columns.items():
        if not -width <= index < width:
            raise BirnnError(
                Errors.B116.format(path=name, index=index, target=target, width=width)
            )
        if target != "word" and index % width == columns["word"] % width:
            raise BirnnError(Errors.B117.format(path=name, index=index, target=target))
