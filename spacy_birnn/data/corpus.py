"""One reader for every annotated file: it tells the formats apart by content."""

import zlib
from itertools import islice
from pathlib import Path
from typing import Callable, Dict, Iterable, Iterator, List, Literal, Optional, Union

import numpy as np
from spacy.attrs import ORTH, SENT_START
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Corpus as DocBinCorpus
from spacy.training import Example
from spacy.vocab import Vocab

from ..errors import BirnnError, Errors
from ..schemes import SCHEMES, is_tag
from .arguments import check_limit
from .conll import ConllCorpus, is_docstart, split_row
from .conllu import WIDTH, ConlluCorpus
from .text import list_files, open_binary, read_lines

Format = Literal["conll", "conllu", "spacy"]

_HEAD_ROWS = 20


def create_corpus_reader(
    path: Optional[Union[str, Path]],
    columns: Optional[Dict[str, int]] = None,
    scheme: Literal["auto", "iob1", "iob2", "bioes", "bilou", "raw"] = "auto",
    docs: Literal["sentence", "document"] = "sentence",
    spans_key: str = "chunks",
    limit: int = 0,
) -> Callable[[Language], Iterable[Example]]:
    """Read CoNLL columns, CoNLL-U or ``.spacy`` (``spacy-birnn.Corpus.v1``).

    The content decides, whatever the name of a file.

    Args:
        path: A file, or a directory, of which all files are read.
        columns: For CoNLL columns, see ``create_conll_reader``.
        scheme: For CoNLL columns.
        docs: For CoNLL columns and CoNLL-U; ``.spacy`` files hold Docs.
        spans_key: For CoNLL columns.
        limit: Read only so many Docs; 0 for all.

    Returns:
        A function from the pipeline to Examples.
    """
    return AnyCorpus(path, columns, scheme, docs, spans_key, limit)


class AnyCorpus:
    """See ``create_corpus_reader``."""

    def __init__(
        self,
        path: Optional[Union[str, Path]],
        columns: Optional[Dict[str, int]] = None,
        scheme: str = "auto",
        docs: str = "sentence",
        spans_key: str = "chunks",
        limit: int = 0,
    ) -> None:
        # Both are made at once, so that a wrong setting is an error before reading.
        self.conll = ConllCorpus(path, columns, scheme, docs, spans_key)
        self.conllu = ConlluCorpus(path, docs)
        check_limit(limit)
        self.path = self.conll.path
        self.limit = limit

    def __call__(self, nlp: Language) -> Iterator[Example]:
        return islice(self._examples(nlp), self.limit or None)

    def _examples(self, nlp: Language) -> Iterator[Example]:
        for file in list_files(self.path):
            kind = sniff(file)
            if kind == "spacy":
                yield from read_docbin(file, nlp)
            else:
                corpus = self.conll if kind == "conll" else self.conllu
                yield from corpus.read_file(file, nlp)


def sniff(path: Path) -> Format:
    """Tell the format of a file by its content.

    A DocBin is one zlib stream. A text whose first row has ten columns between tabs,
    with the ID of a word in front, is CoNLL-U; any other text is CoNLL columns.
    """
    with open_binary(path) as file:
        head = file.read(256)
    if _is_zlib(head):
        return "spacy"
    for line in _rows(path):
        cells = line.split("\t")
        is_id = cells[0].replace("-", "").replace(".", "").isdigit()
        return "conllu" if len(cells) == WIDTH and is_id else "conll"
    return "conll"


def are_columns(path: Path) -> bool:
    """Whether the first rows of a file, two at least, look like columns, not like text.

    They do where all have the same number of columns, which are separated by tabs, or
    the last of which holds span tags only.
    """
    head = list(islice(_rows(path), _HEAD_ROWS))
    rows = [split_row(line) for line in head]
    if len(rows) < 2 or len({len(cells) for cells in rows}) > 1 or len(rows[0]) < 2:
        return False
    return all("\t" in line for line in head) or all(
        any(is_tag(cells[-1], scheme) for scheme in SCHEMES) for cells in rows
    )


def _rows(path: Path) -> Iterator[str]:
    """The lines of a text file that are neither empty nor a comment nor a boundary."""
    for line in read_lines(path):
        if line and not (line.isspace() or line.startswith("#") or is_docstart(line)):
            yield line


def _is_zlib(head: bytes) -> bool:
    try:
        zlib.decompressobj().decompress(head)
    except zlib.error:
        return False
    return len(head) > 1


def read_docbin(path: Path, nlp: Language) -> Iterator[Example]:
    """Read the Docs of a ``.spacy`` file as spaCy's own reader does.

    Where the tokens of both sides are the same they share their sentence starts too,
    as they do when the same corpus is read from text.
    """
    docs = load_docbin(path, nlp.vocab)
    for example in DocBinCorpus(path).make_examples(nlp, docs):
        _copy_sent_starts(example)
        yield example


def load_docbin(path: Path, vocab: Vocab) -> List[Doc]:
    """Load the Docs of a ``.spacy`` file.

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


def _copy_sent_starts(example: Example) -> None:
    predicted, reference = example.predicted, example.reference
    is_same = np.array_equal(predicted.to_array([ORTH]), reference.to_array([ORTH]))
    if is_same and reference.has_annotation("SENT_START"):
        sent_starts = reference.to_array([SENT_START])
        predicted.from_array([SENT_START], sent_starts)  # type: ignore[arg-type]
