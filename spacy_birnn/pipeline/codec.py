"""Between spans and the decoder's labels, for whole batches at once.

Spans are held as two arrays over the tokens, as spaCy holds entities: how a token
belongs to a span (`BEGIN`, `INSIDE`, `OUTSIDE`, `MISSING`, spaCy's ENT_IOB values), and
which type.
"""

from itertools import product
from typing import List, NamedTuple, Sequence, Tuple

import numpy

from .. import schemes
from ..nn.lazy import lazy
from ..nn.stream.classes import LabelClasses

MISSING, INSIDE, OUTSIDE, BEGIN = 0, 1, 2, 3


class FlatSpan(NamedTuple):
    """A span over the flat token matrix of a batch.

    Attributes:
        start: its first row.
        end: the row after its last one.
        type: index of its type.
    """

    start: int
    end: int
    type: int


class SpanCodec:
    """Encode and decode spans in a tag scheme.

    Args:
        types: the span types.
        scheme: "bioes" or "iob2".
    """

    def __init__(self, types: Sequence[str], scheme: str):
        self.types = list(types)
        self.scheme = scheme
        self.labels = schemes.label_set(self.types, scheme)
        self.outside = self.labels.index(schemes.BLANK)
        index = {name: i for i, name in enumerate(self.types)}
        split = [schemes.split_tag(label) for label in self.labels]
        self._type = numpy.array([index.get(name, -1) for _, name in split])
        self._inside = numpy.array([schemes.stays_inside(p) for p, _ in split])
        self._begins = (self._type >= 0) & ~self._inside
        is_open = numpy.array([schemes.leaves_open(p) for p, _ in split])
        same_type = self._type[:, None] == self._type
        self._continues = is_open[:, None] & self._inside & same_type
        # [type, begins, goes on] -> label
        self._ids = numpy.zeros((max(len(self.types), 1), 2, 2), dtype="int64")
        for begins, goes_on in product((0, 1), repeat=2):
            prefix = schemes.span_prefix(scheme, bool(begins), bool(goes_on))
            for name, i in index.items():
                label = self.labels.index(f"{prefix}-{name}")
                self._ids[i, begins, goes_on] = label
        self._ids_of_type = self._ids.tolist()  # a list is read faster, one by one

    @lazy
    def classes(self) -> LabelClasses:
        """The labels without what is known only from the next token: IOB2."""
        names = schemes.label_set(self.types, "iob2")
        begins = [names.index(f"B-{name}") for name in self.types]
        index = numpy.array([names.index(schemes.BLANK), *begins])
        start = index[self._type + 1]  # -1, in no span, comes first
        inside = numpy.where(self._type >= 0, start + 1, -1)
        follower = numpy.full(len(names), -1)
        follower[begins] = follower[numpy.array(begins) + 1] = numpy.array(begins) + 1
        own = numpy.where(self._inside, inside, start)
        return LabelClasses(names, own, follower, self._continues, start, inside)

    def encode(
        self, iob: numpy.ndarray, types: numpy.ndarray, breaks: numpy.ndarray
    ) -> numpy.ndarray:
        """Spans to label ids.

        Args:
            iob: how each token belongs to a span, shape (N,).
            types: index of its span's type, anything outside of spans, shape (N,).
            breaks: rows where a sequence begins; a span is split there.

        Returns:
            Label ids, -1 where missing, shape (N,).
        """
        in_span = (iob == BEGIN) | (iob == INSIDE)
        goes_on = numpy.zeros(len(iob) + 1, dtype=bool)
        goes_on[1:-1] = (iob[1:] == INSIDE) & in_span[:-1] & (types[1:] == types[:-1])
        goes_on[breaks] = False
        begins, continued = ~goes_on[:-1], goes_on[1:]
        ids = numpy.full(len(iob), self.outside, dtype="int64")
        ids[iob == MISSING] = -1
        ids[in_span] = self._ids[
            types[in_span],
            begins[in_span].astype("int64"),
            continued[in_span].astype("int64"),
        ]
        return ids

    def decode(self, ids: numpy.ndarray) -> List[FlatSpan]:
        """Valid label sequences to spans, in order.

        Args:
            ids: label ids of all sequences, each of them valid, shape (N,).
        """
        begins, inside = self._begins[ids], self._inside[ids]
        (starts,) = begins.nonzero()
        if not len(starts):
            return []
        is_last = begins | inside
        is_last[:-1] &= ~inside[1:]
        ends = is_last.nonzero()[0] + 1
        types = self._type[ids[starts]]
        return list(map(FlatSpan, starts.tolist(), ends.tolist(), types.tolist()))

    def repair(self, ids: numpy.ndarray, lengths: Sequence[int]) -> List[FlatSpan]:
        """As `decode`, for label sequences that need not be valid."""
        index = {name: i for i, name in enumerate(self.types)}
        spans, offset = [], 0
        for length in lengths:
            tags = [self.labels[i] for i in ids[offset : offset + length]]
            for start, end, name in schemes.decode(tags, self.scheme)[0]:
                spans.append(FlatSpan(start + offset, end + offset, index[name]))
            offset += length
        return spans

    def inside_gaps(self, ids: numpy.ndarray, breaks: numpy.ndarray) -> List[str]:
        """The labels of white space that is left out between two words, and thereby
        inside a span or not.

        Args:
            ids: label ids of the words, shape (W,).
            breaks: words where a sequence begins.

        Returns:
            `I-X` where the next word continues a span of X, else `O`: one label for
            each word but the last.
        """
        goes_on = self._continues[ids[:-1], ids[1:]]
        is_break = numpy.zeros(len(ids) + 1, dtype=bool)
        is_break[breaks] = True
        goes_on &= ~is_break[1:-1]
        return [
            f"I-{self.types[kind]}" if inside else schemes.BLANK
            for inside, kind in zip(goes_on.tolist(), self._type[ids[1:]].tolist())
        ]

    def repaired_probability(
        self,
        probabilities: numpy.ndarray,
        start: int,
        end: int,
        spans: Sequence[FlatSpan],
        at_start: bool,
        at_end: bool,
    ) -> float:
        """How probable it is, tokens being independent, that after `repair` exactly
        these spans lie between two rows.

        Whether a token continues the span before it depends on the two labels alone, so
        the label sequences that are read in this way are summed up token by token.

        Args:
            probabilities: of each label at each token, shape (N, L).
            start: the first row.
            end: the row after the last one.
            spans: in order, all between the two.
            at_start: a sequence begins with the first row.
            at_end: a sequence ends with the last one.
        """
        kinds = numpy.full(end - start, -1)
        goes_on = numpy.zeros(end - start, dtype=bool)
        for span in spans:
            kinds[span.start - start : span.end - start] = span.type
            goes_on[span.start - start + 1 : span.end - start] = True
        forward = probabilities[start] * (self._type == kinds[0])
        if not at_start:
            forward = forward * (1.0 - probabilities[start - 1] @ self._continues)
        for row, kind, inside in zip(range(start + 1, end), kinds[1:], goes_on[1:]):
            step = self._continues if inside else ~self._continues
            forward = (forward @ step) * probabilities[row] * (self._type == kind)
        if not at_end:
            forward = forward * (1.0 - self._continues @ probabilities[end])
        return min(max(float(forward.sum()), 0.0), 1.0)

    def ids_of(self, kind: int) -> List[int]:
        """The ids of all labels of a type."""
        return numpy.flatnonzero(self._type == kind).tolist()

    def path(self, span: FlatSpan) -> List[int]:
        """The labels of a span's tokens."""
        (end, inside), (single, begin) = self._ids_of_type[span.type]
        length = span.end - span.start
        return [single] if length == 1 else [begin, *[inside] * (length - 2), end]

    def follower(self, span: FlatSpan) -> int:
        """The label that must not come next, or the span is longer; -1 for none."""
        return self._ids_of_type[span.type][0][1] if self.scheme == "iob2" else -1


def spans_to_arrays(
    spans: Sequence[Tuple[int, int, int]], length: int
) -> Tuple[numpy.ndarray, numpy.ndarray]:
    """Spans as (start, end, type) to how tokens belong to them, and their types."""
    iob = numpy.full(length, OUTSIDE, dtype="int64")
    types = numpy.full(length, -1, dtype="int64")
    for start, end, kind in spans:
        iob[start:end] = INSIDE
        iob[start] = BEGIN
        types[start:end] = kind
    return iob, types
