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
from .conll import ConllCorpus, is_docstart
from .conllu import WIDTH, ConlluCorpus
from .text import list_files, open_binary, read_lines

Format = Literal["conll", "conllu", "spacy"]


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
        self.path = self.conll.path
        self.limit = max(limit, 0)

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
    for line in read_lines(path):
        if not line or line.isspace() or line.startswith("#") or is_docstart(line):
            continue
        cells = line.split("\t")
        is_id = cells[0].replace("-", "").replace(".", "").isdigit()
        return "conllu" if len(cells) == WIDTH and is_id else "conll"
    return "conll"


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
