"""Gold annotation of an `Example` on the predicted document's tokens.

Where the tokens are equal, as in CoNLL data, the reference is read directly; else it is
aligned. What cannot be aligned is missing, never outside: it must not be learned as
such.
"""

from itertools import pairwise
from typing import Callable, List, Optional, Sequence, Tuple

import numpy
from spacy.attrs import ENT_IOB, ENT_TYPE, ORTH, SENT_START
from spacy.tokens import Doc
from spacy.training import Example

from ..errors import BirnnError, Errors
from .codec import BEGIN, INSIDE, MISSING, OUTSIDE, spans_to_arrays

TypeIndex = Callable[[str], int]
"""A span type to its index; raises for a type that is not known."""

SpanArrays = Tuple[numpy.ndarray, numpy.ndarray]
"""How each token belongs to a span (spaCy's ENT_IOB values), and its type's index."""


def same_tokens(example: Example) -> bool:
    """Whether both sides have the same tokens, so that nothing has to be aligned."""
    predicted, reference = example.predicted, example.reference
    return len(predicted) == len(reference) and bool(
        numpy.array_equal(predicted.to_array(ORTH), reference.to_array(ORTH))
    )


def count_sentences(examples: Sequence[Example]) -> int:
    """The sentences of the references; a document without sentence starts is one."""
    starts = (example.reference.to_array(SENT_START) for example in examples)
    return sum(int((start == 1).sum()) for start in starts)


def entities(example: Example, type_index: TypeIndex) -> SpanArrays:
    """The entities of the reference on the tokens of the predicted document."""
    reference = example.reference
    attrs = reference.to_array([ENT_IOB, ENT_TYPE])
    iob = attrs[:, 0].astype("int64")
    types = numpy.full(len(iob), -1, dtype="int64")
    for key in numpy.unique(attrs[:, 1]).tolist():
        if key:
            types[attrs[:, 1] == key] = type_index(reference.vocab.strings[key])
    iob[(iob != MISSING) & (types < 0)] = OUTSIDE  # blocked: known to be no entity
    if same_tokens(example):
        return iob, types
    spans = [(e.start, e.end, type_index(e.label_)) for e in reference.ents]
    return _align(example, spans, iob == MISSING)


def span_group(example: Example, key: str, type_index: TypeIndex) -> SpanArrays:
    """A group of spans; without that group in the reference everything is missing.

    Raises:
        BirnnError: a span is empty or overlaps another one.
    """
    reference = example.reference
    if key not in reference.spans:
        missing = numpy.full(len(example.predicted), MISSING, dtype="int64")
        return missing, numpy.full(len(missing), -1, dtype="int64")
    spans = sorted((s.start, s.end, type_index(s.label_)) for s in reference.spans[key])
    for before, span in pairwise([(0, 0, 0), *spans]):
        if not before[1] <= span[0] < span[1]:
            words = reference[span[0] : span[1]].text
            raise BirnnError(Errors.B025.format(key=key, span=words, start=span[0]))
    if same_tokens(example):
        return spans_to_arrays(spans, len(reference))
    return _align(example, spans, numpy.zeros(len(reference), dtype=bool))


def _align(
    example: Example, spans: Sequence[Tuple[int, int, int]], missing: numpy.ndarray
) -> SpanArrays:
    """Carry spans over to other tokens, exactly or not at all."""
    forth, back = example.alignment.y2x, example.alignment.x2y
    aligned, lost = [], [forth[int(i)] for i in numpy.flatnonzero(missing)]
    for start, end, kind in spans:
        rows = forth[start:end]
        if len(rows) == 0:
            continue
        first, last = int(rows.min()), int(rows.max()) + 1
        source = back[first:last]
        if int(source.min()) >= start and int(source.max()) < end:
            aligned.append((first, last, kind))
        else:
            lost.append(rows)
    iob, types = spans_to_arrays(aligned, len(example.predicted))
    for rows in lost:
        iob[rows] = MISSING
    return iob, types


def begin_at_words(iob: numpy.ndarray, rows: numpy.ndarray) -> numpy.ndarray:
    """How words belong to spans, once the white space between them is left out.

    A span that begins with white space begins at its first word. One without any word
    is gone.

    Args:
        iob: how each token belongs to a span, shape (N,).
        rows: which of the tokens are words, ascending, shape (W,).

    Returns:
        The same of the words, shape (W,).
    """
    span = numpy.cumsum(iob == BEGIN)[rows]  # how many spans have begun so far
    words = iob[rows]
    words[(words == INSIDE) & numpy.diff(span, prepend=0).astype(bool)] = BEGIN
    return words


def tags(
    example: Example, read: Callable[[Doc], List[Optional[str]]]
) -> List[Optional[str]]:
    """The reference's tags on the predicted tokens, None where missing.

    Args:
        example: predicted and reference document.
        read: a document's tags, "" or None where missing.
    """
    found = [tag or None for tag in read(example.reference)]
    if same_tokens(example):
        return found
    aligned: List[Optional[str]] = []
    rows_of = example.alignment.x2y
    for i in range(len(example.predicted)):
        values = {found[row] for row in rows_of[i].tolist()}
        aligned.append(values.pop() if len(values) == 1 else None)
    return aligned
