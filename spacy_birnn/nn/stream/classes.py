"""Which labels of a decoder a stream does not tell apart."""

from dataclasses import dataclass
from typing import List

import numpy
from numpy import ndarray

from ..lazy import lazy


@dataclass(frozen=True, eq=False)
class LabelClasses:
    """The classes of labels that a stream decides for: L labels, C classes.

    Whether a span ends with a token is not known before the next one. A stream
    therefore says no more than whether the token begins a span, goes on with one, or
    neither: labels that differ only in what comes next are one class.

    Attributes:
        names: of each class.
        of_label: the class of each label, shape (L,).
        follower: for a class inside of a span, the class of a token that goes on with
            it, else -1, shape (C,).
        continues: which label goes on with a span after which, [before, label], shape
            (L, L).
        start: the class of a token that begins a span with this label, shape (L,); the
            label's own class where it is in no span.
        inside: the class of a token that goes on with a span by this label, shape (L,);
            -1 where it is in no span.
    """

    names: List[str]
    of_label: ndarray
    follower: ndarray
    continues: ndarray
    start: ndarray
    inside: ndarray

    @classmethod
    def of_tags(cls, labels: List[str]) -> "LabelClasses":
        """Labels of single tokens: each is a class of its own."""
        own, none = numpy.arange(len(labels)), numpy.full(len(labels), -1)
        never = numpy.zeros((len(labels), len(labels)), dtype=bool)
        return cls(list(labels), own, none, never, own, none)

    def shares(
        self, shares: ndarray, chosen: ndarray, breaks: ndarray, independent: bool
    ) -> ndarray:
        """Probability of each token's class, shape (N,), of all of a sequence at once.

        Args:
            shares: probability of each label at each token, (N, L).
            chosen: the class of each token, (N,).
            breaks: rows where a sequence begins.
            independent: tokens were labelled one by one, and repaired afterwards.
        """
        if not independent:
            return numpy.minimum((shares * self.members[chosen]).sum(1), 1.0)
        earlier = numpy.zeros_like(shares)
        earlier[1:] = shares[:-1]
        earlier[breaks[:-1]] = 0.0
        inner = (earlier @ self.continues) * shares
        is_inner = numpy.isin(chosen, self.inside[self.inside >= 0])[:, None]
        members = numpy.where(
            is_inner,
            self.inside == chosen[:, None],
            self.start == chosen[:, None],
        )
        of_class = numpy.where(is_inner, inner, shares - inner) * members
        return numpy.clip(of_class.sum(1), 0.0, 1.0)

    @lazy
    def members(self) -> ndarray:
        """Which labels are in a class, (C, L)."""
        return self.of_label == numpy.arange(len(self.names))[:, None]

    def padded(self, before: int) -> ndarray:
        """The labels of each class, (C + 1, K); those that have fewer repeat the first.
        The last row is for the begin of a sequence, and has the number `before`."""
        labels = [row.nonzero()[0].tolist() for row in self.members]
        size = max(map(len, labels))
        rows = [row + row[:1] * (size - len(row)) for row in labels]
        return numpy.array([*rows, [before] * size])

    @lazy
    def penalty(self) -> ndarray:
        """0 for the labels of a class, `-inf` for the others, (C, L)."""
        return numpy.where(self.members, 0.0, -numpy.inf)
