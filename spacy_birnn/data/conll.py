"""CoNLL columns: a token a row, a blank line after each sentence."""

from collections import Counter
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import (
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Literal,
    Optional,
    Set,
    Tuple,
    Union,
)

from spacy.language import Language
from spacy.training import Example

from ..errors import BirnnError, Errors
from ..schemes import RAW, TagPairs, scheme_of, tag_pairs
from .arguments import SPAN_TARGETS, check_columns, check_scheme
from .base import (
    Sentence,
    SentenceCorpus,
    check_words,
    read_spans,
    read_values,
    report_repairs,
)
from .text import read_lines

DOCSTART = "-DOCSTART-"


@dataclass
class Block:
    """The rows of one sentence as cells, and the number of the line of each."""

    rows: List[List[str]]
    lines: List[int]
    starts_document: bool


def create_conll_reader(
    path: Optional[Union[str, Path]],
    columns: Optional[Dict[str, int]] = None,
    scheme: Literal["auto", "iob1", "iob2", "bioes", "bilou", "raw"] = "auto",
    docs: Literal["sentence", "document"] = "sentence",
    spans_key: str = "chunks",
    limit: int = 0,
) -> Callable[[Language], Iterable[Example]]:
    """Read CoNLL columns straight into Examples (``spacy-birnn.ConllCorpus.v1``).

    Args:
        path: A file, plain or gzipped, or a directory, of which all files are read.
        columns: Which column holds what, counted from 0 or from the end with -1:
            ``word`` (default the first), ``ents``, ``chunks``, ``tag``, ``pos`` and
            ``_.name`` for a custom attribute. By default ``ents`` is the last one.
        scheme: How ``ents`` and ``chunks`` are tagged. ``auto`` tells it from all tags
            of a file; ``raw`` reads the column as it stands into ``token.tag_``. In
            these columns ``-`` and ``_`` mean that the tag is not known; chunks with
            such a gap are left out of the Doc.
        docs: A Doc a sentence, or a Doc a document (``-DOCSTART-`` begins one).
        spans_key: The key in ``doc.spans`` for the column ``chunks``.
        limit: Read only so many Docs; 0 for all.

    Returns:
        A function from the pipeline to Examples.
    """
    return ConllCorpus(path, columns, scheme, docs, spans_key, limit)


class ConllCorpus(SentenceCorpus):
    """See ``create_conll_reader``."""

    def __init__(
        self,
        path: Optional[Union[str, Path]],
        columns: Optional[Dict[str, int]] = None,
        scheme: str = "auto",
        docs: str = "sentence",
        spans_key: str = "chunks",
        limit: int = 0,
    ) -> None:
        super().__init__(path, docs, spans_key, limit)
        check_scheme(scheme)
        self.columns = _plan_columns(columns, scheme)
        self.scheme = scheme
        self._reported: Set[str] = set()

    def sentences(self, path: Path) -> Iterator[Sentence]:
        schemes = self._schemes(path)
        repairs, first = 0, ""
        for block in read_blocks(read_lines(path), str(path)):
            sentence, repaired = read_sentence(block, self.columns, schemes, str(path))
            if repaired and not repairs:
                first = f"line {block.lines[min(repaired)]}"
            repairs += len(repaired)
            yield sentence
        used = " and ".join(sorted(set(schemes.values())))
        report_repairs(self._reported, str(path), repairs, used, first)

    def _schemes(self, path: Path) -> Dict[str, str]:
        """The scheme of each column with spans."""
        spans = [target for target in SPAN_TARGETS if target in self.columns]
        if self.scheme != "auto":
            return dict.fromkeys(spans, self.scheme)
        pairs: Dict[str, TagPairs] = {target: Counter() for target in spans}
        for block in read_blocks(read_lines(path), str(path)) if spans else ():
            _check_columns(block, self.columns, str(path))
            for target, counter in pairs.items():
                counter.update(tag_pairs(_column(block, self.columns[target])))
        return {target: scheme_of(counter) for target, counter in pairs.items()}


def _plan_columns(columns: Optional[Dict[str, int]], scheme: str) -> Dict[str, int]:
    """Fill in the defaults and check the names."""
    columns = {"ents": -1} if columns is None else columns
    check_columns(columns)
    columns = {"word": 0, **columns}
    if scheme != RAW:
        return columns
    as_tags = {"tag" if t in SPAN_TARGETS else t: i for t, i in columns.items()}
    if len(as_tags) < len(columns):
        raise BirnnError(Errors.B119.format(columns=columns))
    return as_tags


def read_blocks(lines: Iterable[str], name: str) -> Iterator[Block]:
    """Split the lines of a file into sentences and cells.

    Args:
        lines: Lines without their ends.
        name: What messages call the file.

    Raises:
        BirnnError: A row has another number of columns than the file, or there is no
            row at all.
    """
    numbered, width = _find_width(enumerate(lines, 1))
    if not width:
        raise BirnnError(Errors.B118.format(path=name))
    block = Block([], [], starts_document=True)
    for number, line in numbered:
        is_boundary = is_docstart(line)
        if is_boundary or not line or line.isspace():
            starts_document = is_boundary or (not block.rows and block.starts_document)
            if block.rows:
                yield block
            block = Block([], [], starts_document)
            continue
        cells = split_row(line)
        if len(cells) != width:
            if line.startswith("#"):
                continue
            raise BirnnError(
                Errors.B115.format(
                    path=name, line=number, found=len(cells), expected=width
                )
            )
        block.rows.append(cells)
        block.lines.append(number)
    if block.rows:
        yield block


def _find_width(
    lines: Iterator[Tuple[int, str]],
) -> Tuple[Iterator[Tuple[int, str]], int]:
    """The number of columns, and all lines once more.

    What begins with ``#`` may be a comment, so the first row that does not decides.
    """
    seen = []
    width = 0
    for number, line in lines:
        seen.append((number, line))
        if not line or line.isspace() or is_docstart(line):
            continue
        if not line.startswith("#"):
            width = len(split_row(line))
            break
        width = width or len(split_row(line))
    return chain(seen, lines), width


def is_docstart(line: str) -> bool:
    """Whether a row marks the start of a document, in its first or another cell."""
    return DOCSTART in line and any(
        cell.startswith(DOCSTART) for cell in split_row(line)
    )


def split_row(line: str) -> List[str]:
    """Split a row on tabs if it has one, else on runs of blanks."""
    if "\t" in line:
        return line.split("\t")
    cells = line.split(" ")
    return [cell for cell in cells if cell] if "" in cells else cells


def read_sentence(
    block: Block, columns: Dict[str, int], schemes: Dict[str, str], name: str
) -> Tuple[Sentence, List[int]]:
    """Read the annotation of one sentence.

    Args:
        block: Its rows.
        columns: The column of each target, and of ``word``.
        schemes: The scheme of each target that holds spans.
        name: What messages call the file.

    Returns:
        The sentence, and the token of each tag that was repaired.
    """

    def where(token: int) -> str:
        return f"{name}:{block.lines[token]}"

    _check_columns(block, columns, name)
    words = _column(block, columns["word"])
    check_words(words, where)
    sentence = Sentence(words, starts_document=block.starts_document)
    repaired: List[int] = []
    for target, index in columns.items():
        if target in schemes:
            column = f"column {index} ({target})"
            tags, tokens = read_spans(
                _column(block, index), schemes[target], where, column
            )
            sentence.columns[target] = tags
            repaired += tokens
        elif target != "word":
            values = _column(block, index)
            sentence.columns[target] = read_values(target, values, where)
    return sentence, repaired


def _column(block: Block, index: int) -> List[str]:
    return [row[index] for row in block.rows]


def _check_columns(block: Block, columns: Dict[str, int], name: str) -> None:
    width = len(block.rows[0])
    for target, index in columns.items():
        if not -width <= index < width:
            raise BirnnError(
                Errors.B116.format(
                    path=name,
                    line=block.lines[0],
                    index=index,
                    target=target,
                    width=width,
                )
            )
        if target != "word" and index % width == columns["word"] % width:
            raise BirnnError(Errors.B117.format(path=name, index=index, target=target))
