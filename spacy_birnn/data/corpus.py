"""One reader for every annotated file: it tells the formats apart by content."""

import zlib
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import ClassVar, Dict, Iterator, List, Literal, Optional, cast

from spacy.attrs import SENT_START
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Corpus as DocBinCorpus
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.types import Ints2d

from ..errors import BirnnError, Errors
from ..pipeline.gold import same_tokens
from ..schemes import SCHEMES, is_tag
from .annotation import is_annotation
from .brat import is_brat
from .conll import ConllCorpus
from .conllu import ConlluCorpus
from .conllu_rows import GLOBAL_COLUMNS, WIDTH
from .layout import PROSE_WORDS, is_docstart, split_row
from .loading import is_dataset
from .reader import Notes
from .spans import SpansCorpus
from .text import check_text, open_binary, read_lines

Format = Literal["conll", "conllu", "spans", "spacy"]

_HEAD_ROWS = 20


@dataclass(eq=False, kw_only=True)
class AnyCorpus(ConllCorpus, ConlluCorpus, SpansCorpus):
    """Reads every kind of annotated file (`spacy-birnn.Corpus.v1`).

    The content of each file decides which of the readers reads it, whatever its name:
    CoNLL columns, CoNLL-U, what annotation tools export, or `.spacy`. The arguments are
    those of the readers. Where `columns` say that the words are not in the first one, a
    file that looks like CoNLL-U is read as columns.
    """

    file_ending: ClassVar[str] = ""

    def read_file(self, file: Path, nlp: Language, notes: Notes) -> Iterator[Example]:
        kind = self.sniff(file)
        if kind == "spacy":
            return read_docbin(file, nlp)
        if kind == "conllu":
            return ConlluCorpus.read_file(self, file, nlp, notes)
        if kind == "spans":
            return SpansCorpus.read_file(self, file, nlp, notes)
        return ConllCorpus.read_file(self, file, nlp, notes)

    def sniff(self, file: Path) -> Format:
        """Tell the format of a file, with an eye on what the columns say."""
        return sniff(file, self.columns, self.encoding)


def sniff(
    path: Path, columns: Optional[Dict[str, int]] = None, encoding: str = "utf-8"
) -> Format:
    """Tell the format of a file by its content.

    A DocBin is one zlib stream. JSON comes from annotation tools, and brat's texts have
    a file of spans beside them. A text whose first row has ten columns, with the ID of
    a word in front, is CoNLL-U, unless `columns` say that the words are elsewhere; any
    other text is CoNLL columns.

    Raises:
        BirnnError: Only `datasets` reads the file, or it is no text.
    """
    if is_dataset(path):
        raise BirnnError(Errors.B489.format(path=path))
    with open_binary(path) as file:
        try:
            head = file.read(256)
        except (OSError, EOFError, zlib.error) as error:
            reason = str(error)
            raise BirnnError(
                Errors.B109.format(path=path, line=1, reason=reason)
            ) from error
    if _is_zlib(head):
        return "spacy"
    check_text(head, path, encoding)
    if is_brat(path):
        return "spans"
    lines = read_lines(path, encoding)
    first = next((line for line in lines if line.strip()), "")
    if is_annotation(first):
        return "spans"
    if first.startswith(GLOBAL_COLUMNS):
        return "conllu"
    if (columns or {}).get("word", 0) != 0:
        return "conll"
    for line in _rows(path, encoding):
        cells = split_row(line)
        is_id = cells[0].replace("-", "").replace(".", "").isdigit()
        return "conllu" if len(cells) == WIDTH and is_id else "conll"
    return "conll"


def are_columns(path: Path, encoding: str = "utf-8") -> bool:
    """Whether the first rows of a file, two at least, look like columns, not like text.

    They do where all have the same number of columns, which are separated by tabs, or
    the last of which holds span tags only.
    """
    head = list(islice(_rows(path, encoding), _HEAD_ROWS))
    rows = [split_row(line) for line in head]
    if len(rows) < 2 or len({len(cells) for cells in rows}) > 1 or len(rows[0]) < 2:
        return False
    return all("\t" in line for line in head) or _end_in_tags(rows)


def is_prose(path: Path, encoding: str = "utf-8") -> bool:
    """Whether the first rows of a file are text rather than columns: one row of several
    words that has no tag at its end, or rows that all have so many words."""
    head = list(islice(_rows(path, encoding), _HEAD_ROWS))
    rows = [split_row(line) for line in head]
    if any("\t" in line for line in head) or len({len(cells) for cells in rows}) != 1:
        return False
    least = PROSE_WORDS if len(rows) > 1 else 3
    return len(rows[0]) >= least and not _end_in_tags(rows)


def _end_in_tags(rows: List[List[str]]) -> bool:
    return all(any(is_tag(cells[-1], scheme) for scheme in SCHEMES) for cells in rows)


def _rows(path: Path, encoding: str = "utf-8") -> Iterator[str]:
    """The lines of a text file that are neither empty nor a comment nor a boundary."""
    for line in read_lines(path, encoding):
        if line and not (line.isspace() or line.startswith("#") or is_docstart(line)):
            yield line


def _is_zlib(head: bytes) -> bool:
    try:
        zlib.decompressobj().decompress(head)
    except zlib.error:
        return False
    return len(head) > 1


def read_docbin(path: Path, nlp: Language) -> Iterator[Example]:
    """Read the Docs of a `.spacy` file as spaCy's own reader does.

    Where the tokens of both sides are the same they share their sentence starts too,
    as they do when the same corpus is read from text.
    """
    docs = load_docbin(path, nlp.vocab)
    for example in DocBinCorpus(path).make_examples(nlp, docs):
        if example.reference.has_annotation("SENT_START") and same_tokens(example):
            starts = example.reference.to_array([SENT_START])
            example.predicted.from_array([SENT_START], cast(Ints2d, starts))
        yield example


def load_docbin(path: Path, vocab: Vocab) -> List[Doc]:
    """Load the Docs of a `.spacy` file.

    Raises:
        BirnnError: The file is cut or damaged.
    """
    with open_binary(path) as file:
        data = file.read()
    try:
        return list(DocBin().from_bytes(data).get_docs(vocab))
    except Exception as error:
        # zlib, msgpack, numpy and spaCy each have their own ways to fail.
        raise BirnnError(Errors.B124.format(path=path)) from error
