"""The label sequences that come into question for a batch of documents."""

from dataclasses import dataclass
from heapq import nlargest
from itertools import product
from typing import Any, Iterable, List, Optional, Sequence, Tuple

import numpy
import torch
from spacy.tokens import Doc
from torch import Tensor

Scored = Tuple[List[int], float]
"""A label sequence and its log-probability."""


@dataclass(frozen=True)
class Lattice:
    """The sequences of a batch and the labels that their tokens may have.

    Attributes:
        lengths: tokens a sequence.
        rows: rows of the flat token matrix that take part, None for all N of them.
        within: permitted labels of each of these rows, None for all.
    """

    lengths: List[int]
    rows: Optional[numpy.ndarray] = None
    within: Optional[numpy.ndarray] = None

    def select(self, X: Tensor) -> Tensor:
        """The rows that take part, of all rows (N, …)."""
        if self.rows is None:
            return X
        return X.index_select(0, torch.from_numpy(self.rows).to(X.device))

    def mask(self, device: torch.device) -> Optional[Tensor]:
        """`within` as a tensor."""
        if self.within is None:
            return None
        return torch.from_numpy(self.within).to(device)

    def rows_per_doc(self, docs: Sequence[Doc]) -> List[int]:
        """How many rows of each document take part."""
        sizes = [len(doc) for doc in docs]
        if self.rows is None:
            return sizes
        bounds = numpy.searchsorted(self.rows, numpy.cumsum([0, *sizes]))
        return numpy.diff(bounds).tolist()

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
