"""Differentiable scores of a packed batch, with their gradients written out.

The gradient of a log-partition is how often each score is expected to be used, that of
a gold score how often it was used: no autograd through the recursion.
"""

from typing import Any, NamedTuple, Optional, Tuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ..packing import Packing
from .chain import ChainScores
from .forward_backward import (
    ForwardBackward,
    expected_transitions,
    forward_backward,
)

Grads = Tuple[Optional[Tensor], ...]


class Counts(NamedTuple):
    """How often each score is expected to be used.

    Attributes:
        emissions: (N, L) for each token alone.
        start, transitions, end: (L,), (L, L) and (L,), summed over the batch.
    """

    emissions: Tensor
    start: Tensor
    transitions: Tensor
    end: Tensor


def expected_counts(sums: ForwardBackward, weight: Tensor, packing: Packing) -> Counts:
    """Expected counts of a batch, each sequence with its weight (B,)."""
    by_row = _by_row(weight, packing, sums.marginals)
    rows = sums.marginals * by_row[:, None]
    transitions = expected_transitions(sums, by_row, packing)
    start, end = _ends(rows, packing)
    return Counts(rows, start, transitions, end)


class LogPartition(torch.autograd.Function):
    """(B,) float64 log of the sum over all label sequences."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any,
        emissions: Tensor,
        start: Tensor,
        transitions: Tensor,
        end: Tensor,
        packing: Packing,
    ) -> Tensor:
        chain = ChainScores(start, transitions, end)
        ctx.packing = packing
        ctx.sums = forward_backward(emissions, chain, packing)
        return ctx.sums.log_z

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Grads:
        return (*expected_counts(ctx.sums, grads[0], ctx.packing), None)


class GoldScore(torch.autograd.Function):
    """(B,) float64 score of given labels (N,)."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any,
        emissions: Tensor,
        start: Tensor,
        transitions: Tensor,
        end: Tensor,
        labels: Tensor,
        packing: Packing,
    ) -> Tensor:
        ctx.path, ctx.packing = _Path.of(labels, len(start)), packing
        ctx.like = emissions.new_empty(0)
        return ctx.path.score(emissions, ChainScores(start, transitions, end), packing)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Grads:
        weight = _by_row(grads[0], ctx.packing, ctx.like)
        rows = weight.new_zeros(len(weight), ctx.path.n_labels)
        rows.scatter_(1, ctx.path.labels, weight[:, None])
        transitions = ctx.path.transitions(weight, ctx.packing)
        start, end = _ends(rows, ctx.packing)
        return rows, start, transitions, end, None, None


def difference(log_z: Tensor, gold_score: Tensor) -> Tensor:
    """(B,) log-partition less gold score; `inf` where that is `-inf`, whatever
    `log_z` is."""
    forbidden = gold_score == float("-inf")
    return (log_z - gold_score).masked_fill(forbidden, float("inf"))


class _Path(NamedTuple):
    """Given labels (N, 1), and each with the next one as an index of a pair (N,)."""

    labels: Tensor
    pairs: Tensor
    n_labels: int

    @classmethod
    def of(cls, labels: Tensor, n_labels: int) -> "_Path":
        return cls(labels[:, None], labels * n_labels + labels.roll(-1), n_labels)

    def score(self, emissions: Tensor, chain: ChainScores, packing: Packing) -> Tensor:
        # Each row takes its emission and what follows: a transition, or `end`.
        rows = chain.transitions.flatten().index_select(0, self.pairs)
        rows[packing.last] = chain.end[self.labels[packing.last, 0]]
        rows += emissions.gather(1, self.labels)[:, 0]
        score = rows.new_zeros(len(packing.lengths), dtype=torch.float64)
        score.index_add_(0, packing.segment, rows.double())
        first = chain.start[self.labels[packing.first, 0]]
        return score.index_add_(0, packing.order, first.double())

    def transitions(self, weight: Tensor, packing: Packing) -> Tensor:
        """(L, L) how often each was used, each row (N,) with its weight."""
        counts = weight.new_zeros(self.n_labels * self.n_labels)
        counts.index_add_(0, self.pairs, weight.index_fill(0, packing.last, 0))
        return counts.view(self.n_labels, -1)


def _by_row(grad: Tensor, packing: Packing, like: Tensor) -> Tensor:
    """Give each row (N,) the gradient (B,) of its sequence."""
    return grad.to(like.dtype).index_select(0, packing.segment)


def _ends(rows: Tensor, packing: Packing) -> Tuple[Tensor, Tensor]:
    """How often labels (L,) were used at the first, and at the last token."""
    first, last = packing.first, packing.last
    return rows.index_select(0, first).sum(0), rows.index_select(0, last).sum(0)
