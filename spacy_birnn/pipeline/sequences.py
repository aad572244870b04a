"""The label sequences that come into question for a batch of documents."""

from dataclasses import dataclass, replace
from heapq import nlargest
from itertools import product
from typing import Any, Iterable, List, Optional, Sequence, Tuple

import numpy
import torch
from spacy.tokens import Doc
from torch import Tensor

from ..models.sentences import Sentences

Scored = Tuple[List[int], float]
"""A label sequence and its log-probability."""


@dataclass(frozen=True)
class Sequences:
    """The sequences of a batch and the labels that their tokens may have.

    White-space tokens are no part of a sequence: this class leaves them out of the
    tokens, and maps what was found back.

    Attributes:
        lengths: rows of each sequence.
        rows: the rows of the flat token matrix that take part, None for all N of them.
        permitted: the labels that each of these rows may have, None for all.
    """

    lengths: List[int]
    rows: Optional[numpy.ndarray] = None
    permitted: Optional[numpy.ndarray] = None

    @classmethod
    def of_words(cls, sentences: Sentences) -> "Sequences":
        """The sentences without their white-space tokens."""
        if not sentences.has_space:
            return cls(sentences.lengths)
        rows = numpy.flatnonzero(~sentences.space)
        return cls(sentences.words_only().lengths, rows)

    def without_labels(self, ids: Sequence[int], n_labels: int) -> "Sequences":
        """The same, but no row may have one of these labels, of L in all."""
        if self.permitted is None:
            permitted = numpy.ones((sum(self.lengths), n_labels), dtype=bool)
        else:
            permitted = self.permitted.copy()
        permitted[:, ids] = False
        return replace(self, permitted=permitted)

    def select(self, X: Tensor) -> Tensor:
        """The rows that take part, of all rows (N, …)."""
        if self.rows is None:
            return X
        return X.index_select(0, torch.from_numpy(self.rows).to(X.device))

    def select_array(self, X: numpy.ndarray) -> numpy.ndarray:
        """As `select`, of an array."""
        return X if self.rows is None else X[self.rows]

    def tokens(self, start: int, end: int) -> Tuple[int, int]:
        """A span over the rows that take part as a span over all tokens.

        White space inside the span belongs to it, at its edges it does not.
        """
        if self.rows is None:
            return start, end
        return int(self.rows[start]), int(self.rows[end - 1]) + 1

    def permitted_on(self, device: torch.device) -> Optional[Tensor]:
        """`permitted` as a tensor."""
        if self.permitted is None:
            return None
        return torch.from_numpy(self.permitted).to(device)

    def rows_per_doc(self, docs: Sequence[Doc]) -> List[int]:
        """How many rows of each document take part."""
        sizes = [len(doc) for doc in docs]
        if self.rows is None:
            return sizes
        bounds = numpy.searchsorted(self.rows, numpy.cumsum([0, *sizes]))
        return numpy.diff(bounds).tolist()

    def add_up(self, docs: Sequence[Doc], values: Iterable[float]) -> List[float]:
        """The sum for each document of one value per sequence."""
        found, sizes = iter(values), iter(self.lengths)
        sums = []
        for n_rows in self.rows_per_doc(docs):
            total = 0.0
            while n_rows:
                total += next(found)
                n_rows -= next(sizes)
            sums.append(total)
        return sums

    def join_k_best(
        self, docs: Sequence[Doc], sequences: Iterable[List[Scored]], k: int
    ) -> List[List[Scored]]:
        """The k best of each document from the k best of each of its sequences."""
        found, sizes = iter(sequences), iter(self.lengths)
        results = []
        for n_rows in self.rows_per_doc(docs):
            best: List[Scored] = [([], 0.0)]
            while n_rows:
                best = _k_best_of_both(best, next(found), k)
                n_rows -= next(sizes)
            results.append(best)
        return results


def _k_best_of_both(left: List[Scored], right: List[Scored], k: int) -> List[Scored]:
    """The k best of two independent sequences, one after the other."""
    best = nlargest(k, product(left, right), key=_log_of_both)
    return [(ids + more, a + b) for (ids, a), (more, b) in best]


def _log_of_both(pair: Tuple[Tuple[Any, float], Tuple[Any, float]]) -> float:
    return pair[0][1] + pair[1][1]
