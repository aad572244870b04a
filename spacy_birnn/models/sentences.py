"""Where sentences begin and which tokens are white space, for a batch of documents."""

from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Iterable, Iterator, List, Sequence, Tuple

import numpy
from spacy.attrs import ENT_IOB, IS_SPACE, ORTH, SENT_START
from spacy.tokens import Doc

from ..nn.lazy import lazy
from .vocabularies import know_white_space

PORTION = 40_000
"""Tokens, more or less, that the model is given at once in prediction, whatever the
size of a batch: enough for long documents to run side by side (66 of 600 tokens). They
take 100 MB at the default sizes, 200 MB at width 400."""


@dataclass(frozen=True)
class Sentences:
    """The sentences of a batch, over its flat token matrix of N rows.

    Attributes:
        lengths: tokens per sentence, none of them 0, summing to N.
        space: which tokens are white space, shape (N,).
    """

    lengths: List[int]
    space: numpy.ndarray

    @lazy
    def has_space(self) -> bool:
        return bool(numpy.count_nonzero(self.space))

    def words_only(self) -> "Sentences":
        """The same sentences without their white-space tokens."""
        if not self.has_space:
            return self
        first = numpy.cumsum([0, *self.lengths[:-1]])
        words = numpy.add.reduceat(~self.space, first, dtype="int64")
        n_words = int(words.sum())
        return Sentences(words[words > 0].tolist(), numpy.zeros(n_words, dtype=bool))


class DocBatch(List[Doc]):
    """Documents that do not change for a while: what several parts of a component ask
    of their tokens is read once."""

    def read(self, *attrs: int) -> numpy.ndarray:
        """Attributes of all tokens, shape (N, number of attributes); of one, (N,)."""
        rows = [doc.to_array(list(attrs)) for doc in self if len(doc)]
        if len(rows) == 1:
            return rows[0]
        empty = numpy.zeros((0, len(attrs)) if len(attrs) > 1 else 0, "uint64")
        return numpy.concatenate([*rows, empty])

    @lazy
    def _attrs(self) -> numpy.ndarray:
        for vocab in {doc.vocab for doc in self}:
            know_white_space(vocab)
        return self.read(ORTH, SENT_START, IS_SPACE, ENT_IOB)

    @property
    def orths(self) -> numpy.ndarray:
        """Hash of each token's form, shape (N,)."""
        return self._attrs[:, 0]

    @property
    def ent_iob(self) -> numpy.ndarray:
        """How each token belongs to an entity, shape (N,)."""
        return self._attrs[:, 3]

    @lazy
    def sentences(self) -> Sentences:
        """They begin where a start is set; a document without any is one."""
        return self._cut(self._attrs[:, 1] == 1)  # 1 yes, -1 no, 0 not known

    @lazy
    def paragraphs(self) -> Sentences:
        """The sentences, cut where there is a blank line: no span crosses one."""
        if not self.sentences.has_space:
            return self.sentences
        return self._cut((self._attrs[:, 1] == 1) | self._after_blank_lines())

    def _cut(self, starts: numpy.ndarray) -> Sentences:
        """Cut at these tokens, shape (N,), and where a document begins."""
        sizes = [len(doc) for doc in self if len(doc)]
        starts[:1] = True
        for first in accumulate(sizes[:-1]):
            starts[first] = True
        bounds = [*starts.nonzero()[0].tolist(), len(starts)]
        lengths = [end - first for first, end in pairwise(bounds)]
        return Sentences(lengths, self._attrs[:, 2] == 1)

    def _after_blank_lines(self) -> numpy.ndarray:
        """Which tokens are the first word after two line breaks or more, shape (N,)."""
        space = self.sentences.space
        breaks = numpy.zeros(len(space), dtype="int64")
        is_first = numpy.zeros(len(space), dtype=bool)
        for doc, rows in self._rows_of_docs():
            is_first[rows.start : rows.start + bool(len(doc))] = True
            for i in numpy.flatnonzero(space[rows]).tolist():
                breaks[rows.start + i] = line_breaks(doc[i].text)
        # Several white-space tokens in a row count as one, those of one document.
        gap = numpy.cumsum(~space | is_first)
        before = numpy.bincount(gap, weights=breaks)
        return ~space & (before[gap - 1] >= 2)

    def _rows_of_docs(self) -> Iterator[Tuple[Doc, slice]]:
        """Each document with its rows of the flat token matrix."""
        ends = accumulate(map(len, self))
        return ((doc, slice(end - len(doc), end)) for doc, end in zip(self, ends))


def line_breaks(text: str) -> int:
    """How many line breaks of any kind a text has."""
    return len(f"{text}.".splitlines()) - 1


def doc_batch(docs: Sequence[Doc]) -> DocBatch:
    """The same batch if it is one."""
    return docs if isinstance(docs, DocBatch) else DocBatch(docs)


def portions(docs: Iterable[Doc]) -> Iterator[DocBatch]:
    """Cut a batch of documents after so many tokens, and where the vocabulary changes:
    words are looked up in one."""
    portion, size = DocBatch(), 0
    for doc in docs:
        if portion and doc.vocab is not portion[0].vocab:
            yield portion
            portion, size = DocBatch(), 0
        portion.append(doc)
        size += len(doc)
        if size >= PORTION:
            yield portion
            portion, size = DocBatch(), 0
    if portion:
        yield portion
