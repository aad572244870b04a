"""Neighbouring Docs of a corpus, joined into one.

All of their annotation is kept. Every epoch of training joins a corpus anew, so this is
fast: the tokens of a corpus are read once, and a run of Docs is a slice of them.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Iterator, Sequence, Tuple, cast

import numpy
from numpy import ndarray
from spacy.attrs import DEP, HEAD, LENGTH, NORM, ORTH, SPACY
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.types import Ints2d

from ..pipeline.soft_labels import attach, join_soft_labels

ALL = [attr for attr in Doc._get_array_attrs() if attr not in (ORTH, SPACY, LENGTH)]
"""The attributes of tokens that spaCy stores beside the words and spaces."""


class Neighbours:
    """Examples in the order of their corpus, any run of which can be joined.

    Their tokens are read when a run is joined for the first time; the Docs must not
    change after it.

    Args:
        examples: of one vocabulary.
    """

    def __init__(self, examples: Sequence[Example]) -> None:
        self.examples = examples

    @cached_property
    def _predicted(self) -> "Tokens":
        return Tokens([eg.predicted for eg in self.examples], [NORM])

    @cached_property
    def _reference(self) -> "Tokens":
        return Tokens([eg.reference for eg in self.examples], ALL)

    def n_tokens(self, first: int, last: int) -> int:
        """The tokens of a run of predicted Docs."""
        return sum(len(example.predicted) for example in self.examples[first:last])

    def join(self, first: int, last: int) -> Example:
        """Join a run into one Example whose predicted Doc has no sentence starts.

        The reference keeps all its annotation, sentence starts too, and soft labels
        that all of them have. One Example stays as it is.

        Args:
            first: the position of the first one.
            last: the position after the last one.
        """
        run = self.examples[first:last]
        if len(run) == 1:
            return run[0]
        predicted = self._predicted.join(first, last)
        reference = self._reference.join(first, last)
        _copy_annotation([eg.reference for eg in run], reference)
        joined = Example(predicted, reference)
        soft_labels = join_soft_labels(run)
        if soft_labels is not None:
            attach(joined, soft_labels)
        return joined


@dataclass(frozen=True, eq=False)
class Run:
    """Neighbours that become one Doc, or one Example that stays as it is.

    Attributes:
        corpus: of which they are a part.
        first: the position of the first one.
        last: the position after the last one.
    """

    corpus: Neighbours
    first: int
    last: int

    @property
    def n_docs(self) -> int:
        """The Examples that are joined."""
        return self.last - self.first

    @property
    def n_tokens(self) -> int:
        """The tokens of what it is joined to."""
        return self.corpus.n_tokens(self.first, self.last)

    def join(self) -> Example:
        """See `Neighbours.join`."""
        return self.corpus.join(self.first, self.last)


class Tokens:
    """The tokens of Docs, one after the other: words, spaces and other attributes.

    A run of them becomes a Doc as by `Doc.from_docs`, and faster.

    Args:
        docs: of one vocabulary.
        attrs: the attributes; where no token has one, it is left out.
    """

    def __init__(self, docs: Sequence[Doc], attrs: Sequence[int]) -> None:
        self._docs = docs
        self._first = [0, *accumulate(map(len, docs))]
        rows = [doc.to_array([ORTH, SPACY, *attrs]) for doc in docs]
        table = numpy.concatenate(rows)
        is_used = _in_use(table[:, 2:], attrs)
        self._attrs = [attr for attr, used in zip(attrs, is_used) if used]
        self._values = cast(Ints2d, table[:, 2:][:, is_used])
        self._orths, self._spaces = table[:, 0].copy(), table[:, 1].astype(bool)
        for doc, end in zip(docs, self._first[1:]):
            if len(doc) and not doc[-1].is_space:
                self._spaces[end - 1] = True  # a blank between sentences

    def join(self, first: int, last: int) -> Doc:
        """Make one Doc of a run of them, from one position to before another."""
        docs = self._docs[first:last]
        begin, end = self._first[first], self._first[last]
        words = self._orths[begin:end].tolist()
        spaces = self._spaces[begin:end].tolist()
        if len(docs[-1]):
            spaces[-1] = bool(docs[-1][-1].whitespace_)
        joined = Doc(docs[0].vocab, words, spaces)
        if self._attrs:
            joined.from_array(list(self._attrs), self._values[begin:end])
        # spaCy does not score the tokenization of such texts.
        joined.has_unknown_spaces = any(doc.has_unknown_spaces for doc in docs)
        return joined


def _in_use(values: ndarray, attrs: Sequence[int]) -> ndarray:
    """Which attributes some token has, from their values, shape (N, A)."""
    is_used = cast(ndarray, values.any(0))
    if DEP in attrs:
        # spaCy reads them together; a head of 0 is the token itself.
        is_used[attrs.index(HEAD)] |= is_used[attrs.index(DEP)]
    return is_used


def join(examples: Sequence[Example]) -> Example:
    """Join Examples into one; see `Neighbours.join`."""
    if len(examples) == 1:
        return examples[0]
    return Neighbours(examples).join(0, len(examples))


def join_annotated(docs: Sequence[Doc]) -> Doc:
    """Join annotated Docs.

    A group of spans that one of them lacks is not known of the whole, so it is left
    out; `Doc.from_docs` would take it for empty there.
    """
    joined = Tokens(docs, ALL).join(0, len(docs))
    _copy_annotation(docs, joined)
    return joined


def _copy_annotation(docs: Sequence[Doc], joined: Doc) -> None:
    """Copy what is not stored by token: groups of spans and custom attributes."""
    for key in docs[0].spans:
        if all(key in doc.spans for doc in docs):
            joined.spans[key] = list(_shifted_spans(joined, docs, key))
    for doc, first in _offsets(docs):
        _copy_extensions(doc, joined, joined[first].idx)


def _offsets(docs: Sequence[Doc]) -> Iterator[Tuple[Doc, int]]:
    """Each Doc that has tokens, and where it begins in the joined one."""
    first = 0
    for doc in docs:
        if len(doc):
            yield doc, first
        first += len(doc)


def _shifted_spans(joined: Doc, docs: Sequence[Doc], key: str) -> Iterator[Span]:
    for doc, first in _offsets(docs):
        for span in doc.spans[key]:
            start, end = span.start + first, span.end + first
            ids = {"kb_id": span.kb_id, "span_id": span.id}
            yield Span(joined, start, end, span.label, **ids)


def _copy_extensions(doc: Doc, joined: Doc, shift: int) -> None:
    """Copy custom attributes of tokens and spans, which spaCy keeps by character."""
    for key, value in doc.user_data.items():
        if isinstance(key, tuple) and key[0] == "._." and key[2] is not None:
            _, name, start, end = key
            end = None if end is None else end + shift
            joined.user_data["._.", name, start + shift, end] = value
