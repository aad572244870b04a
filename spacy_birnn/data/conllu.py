"""CoNLL-U, the format of Universal Dependencies: one token a syntactic word."""

from pathlib import Path
from typing import (
    Callable,
    Iterable,
    Iterator,
    List,
    Literal,
    NamedTuple,
    Optional,
    Tuple,
    Union,
)

from spacy.language import Language
from spacy.training import Example

from ..errors import BirnnError, Errors
from .base import Sentence, SentenceCorpus, Where, check_words, read_values
from .text import read_lines

WIDTH = 10
ID, FORM, LEMMA, UPOS, XPOS, FEATS, HEAD, DEPREL, _DEPS, MISC = range(WIDTH)
_NO_SPACE = "SpaceAfter=No"


class Row(NamedTuple):
    """The cells of a line and its number."""

    line: int
    cells: List[str]


class Range(NamedTuple):
    """A multi-word token: its words (positions from 0) and whether a space follows."""

    start: int
    end: int
    space: bool


def create_conllu_reader(
    path: Optional[Union[str, Path]],
    docs: Literal["sentence", "document"] = "sentence",
    limit: int = 0,
) -> Callable[[Language], Iterable[Example]]:
    """Read CoNLL-U straight into Examples (``spacy-birnn.ConlluCorpus.v1``).

    UPOS becomes ``pos``, XPOS ``tag``, FEATS ``morph``, LEMMA ``lemma``; HEAD and
    DEPREL the parse, where a Doc has a whole tree for each sentence. ``_`` is missing.

    Args:
        path: A file, plain or gzipped, or a directory with ``.conllu`` files.
        docs: A Doc a sentence, or a Doc a document (``# newdoc`` begins one).
        limit: Read only so many Docs; 0 for all.

    Returns:
        A function from the pipeline to Examples.
    """
    return ConlluCorpus(path, docs, limit)


class ConlluCorpus(SentenceCorpus):
    """See ``create_conllu_reader``."""

    file_ending = ".conllu"

    def __init__(
        self,
        path: Optional[Union[str, Path]],
        docs: str = "sentence",
        limit: int = 0,
    ) -> None:
        super().__init__(path, docs, spans_key="chunks", limit=limit)

    def sentences(self, path: Path) -> Iterator[Sentence]:
        return read_conllu(read_lines(path), str(path))


def read_conllu(lines: Iterable[str], name: str) -> Iterator[Sentence]:
    """Read the sentences of a CoNLL-U file.

    Args:
        lines: Lines without their ends.
        name: What messages call the file.

    Raises:
        BirnnError: What is not CoNLL-U, with file and line; or no sentence at all.
    """
    rows: List[Row] = []
    starts_document, is_empty = True, True
    for number, line in enumerate(lines, 1):
        if line.startswith("#"):
            starts_document |= line[1:].split()[:1] == ["newdoc"]
        elif line and not line.isspace():
            rows.append(Row(number, line.split("\t")))
        elif rows:
            yield _read_sentence(rows, starts_document, name)
            rows, starts_document, is_empty = [], False, False
    if rows:
        yield _read_sentence(rows, starts_document, name)
    elif is_empty:
        raise BirnnError(Errors.B118.format(path=name))


def _read_sentence(rows: List[Row], starts_document: bool, name: str) -> Sentence:
    words, ranges = _split_rows(rows, name)

    def where(token: int) -> str:
        return f"{name}:{words[token].line}"

    def column(index: int) -> List[str]:
        return [word.cells[index] for word in words]

    def known(index: int) -> List[str]:
        return ["" if value == "_" else value for value in column(index)]

    check_words(column(FORM), where)
    lemmas = [
        # The underscore itself has one for its lemma.
        "" if lemma == "_" and form != "_" else lemma
        for form, lemma in zip(column(FORM), column(LEMMA), strict=True)
    ]
    return Sentence(
        column(FORM),
        _spaces(words, ranges),
        starts_document,
        columns={
            "tag": known(XPOS),
            "pos": read_values("pos", column(UPOS), where),
            "morph": _check_feats(known(FEATS), where),
            "lemma": lemmas,
            # spaCy's parser has its own spelling of the relation of the root.
            "dep": ["ROOT" if value == "root" else value for value in known(DEPREL)],
        },
        heads=_heads(known(HEAD), known(DEPREL), where),
    )


def _split_rows(rows: List[Row], name: str) -> Tuple[List[Row], List[Range]]:
    """Check the IDs; keep the words and the ranges, leave empty nodes out."""
    words: List[Row] = []
    ranges: List[Range] = []
    covered = 0
    for row in rows:
        if len(row.cells) != WIDTH:
            place = f"{name}:{row.line}"
            raise BirnnError(Errors.B120.format(where=place, found=len(row.cells)))
        value = row.cells[ID]
        first, dash, last = value.partition("-")
        whole, dot, fraction = value.partition(".")
        count = len(words)
        is_range = dash and first == str(count + 1) and _number(last) > count + 1
        if is_range and covered <= count:
            covered = _number(last)
            space = _NO_SPACE not in row.cells[MISC].split("|")
            ranges.append(Range(count, covered, space))
        elif value == str(count + 1):
            words.append(row)
        elif not (dot and whole == str(count) and _number(fraction) > 0):
            _refuse_id(row, f"{count + 1}", name)
    if covered > len(words) or not words:
        _refuse_id(rows[-1], f"a word up to {max(covered, 1)}", name)
    return words, ranges


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _refuse_id(row: Row, expected: str, name: str) -> None:
    raise BirnnError(
        Errors.B121.format(
            where=f"{name}:{row.line}", value=row.cells[ID], expected=expected
        )
    )


def _spaces(words: List[Row], ranges: List[Range]) -> List[bool]:
    """Whether a space follows each word: none inside a multi-word token."""
    spaces = [_NO_SPACE not in word.cells[MISC].split("|") for word in words]
    for start, end, space in ranges:
        spaces[start:end] = [False] * (end - start - 1) + [space]
    return spaces


def _check_feats(feats: List[str], where: Where) -> List[str]:
    for i, value in enumerate(feats):
        if value and not all(
            name and equals and setting
            for name, equals, setting in (f.partition("=") for f in value.split("|"))
        ):
            raise BirnnError(Errors.B123.format(where=where(i), value=value))
    return feats


def _heads(
    values: List[str], relations: List[str], where: Where
) -> Optional[List[int]]:
    """The heads as positions, a root being its own; None if this is no whole tree."""
    heads: List[int] = []
    for i, value in enumerate(values):
        if value and value != "0" and not 0 < _number(value) <= len(values):
            raise BirnnError(Errors.B122.format(where=where(i), value=value))
        heads.append(_number(value) - 1 if _number(value) else i)
    if "" in values or "" in relations or not _is_tree(heads):
        return None
    return heads


def _is_tree(heads: List[int]) -> bool:
    """Whether one root is above every word."""
    roots = [i for i, head in enumerate(heads) if i == head]
    if len(roots) != 1:
        return False
    above = list(heads)
    for _ in range(len(heads).bit_length()):
        above = [above[head] for head in above]
    return all(top == roots[0] for top in above)
