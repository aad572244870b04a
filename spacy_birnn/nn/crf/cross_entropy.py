"""The cross-entropy between two chains, and of gold labels mixed with one of them.

Structural knowledge distillation (Wang et al. 2020, "Structure-Level Knowledge
Distillation For Multilingual Sequence Labeling"): the student learns the teacher's
whole distribution over label sequences, not its labels. Only expectations of the
teacher are needed,

    −E_q[log p(y)] = log Z − Σ q(y_t) · emissions − Σ q(y_t−1, y_t) · transitions − …,

so the gradient is the student's marginals less the teacher's.
"""

from typing import NamedTuple, Optional

import torch
from torch import Tensor

from ..packing import Packing
from .chain import ChainScores
from .forward_backward import forward_backward
from .likelihood import GoldScore, LogPartition, expected_counts

INF = float("inf")


class Target(NamedTuple):
    """The distribution over label sequences that is to be learned.

    Attributes:
        emissions: (N, L) the teacher's emissions, flat; finite.
        chain: the teacher's own scores, `-inf` where forbidden.
        labels: (N,) gold label ids, -1 where missing; None where there are none.
        gold_weight: the share of the gold labels, 0…1, in a sequence that has them all.
    """

    emissions: Tensor
    chain: ChainScores
    labels: Optional[Tensor] = None
    gold_weight: float = 0.0


class Loss(NamedTuple):
    """A loss and what was left out of it.

    Attributes:
        total: () float64 sum over the sequences.
        impossible: () how many gold sequences the constraints forbid.
    """

    total: Tensor
    impossible: Tensor


def cross_entropy(
    emissions: Tensor, chain: ChainScores, packing: Packing, target: Target
) -> Loss:
    """Cross-entropy between a target and the distribution of a chain, differentiable.

    A sequence whose gold labels are all known has as its target the mixture
    `gold_weight · gold + (1 − gold_weight) · teacher`. Where only some are known it is
    the teacher's distribution over the sequences that agree with them; where none is,
    that over all. Nothing counts that the student cannot express: sequences that its
    constraints forbid have probability 0 under the target too.

    Args:
        emissions: (N, L) of the student, `-inf` where forbidden.
        chain: the student's own scores, `-inf` where forbidden.
        packing: the lengths of the sequences.
        target: what is learned.
    """
    log_z = LogPartition.apply(emissions, *chain, packing)
    teacher = _as_far_as_permitted(target.emissions, emissions)
    share = total = log_z.new_zeros(())
    impossible = torch.zeros_like(share, dtype=torch.int64)
    if target.labels is not None and (target.labels >= 0).any():
        complete = _add_up(target.labels >= 0, packing) == _lengths(packing, log_z)
        teacher = _that_agrees(teacher, target.labels, complete, packing)
        ids = target.labels.clamp_min(0)
        gold = GoldScore.apply(emissions, *chain, ids, packing)
        possible = gold != -INF
        impossible = (complete & ~possible).sum()
        share = target.gold_weight * (complete & possible).to(log_z.dtype)
        total = total - (share * torch.where(share > 0, gold, 0.0)).sum()
    scores = ChainScores(*map(_as_far_as_permitted, target.chain, chain))
    sums = forward_backward(teacher, scores, packing)
    rest = torch.where(sums.log_z == -INF, 0.0, 1.0 - share)
    counts = expected_counts(sums, rest, packing)
    for expected, score in zip(counts, (emissions, *chain), strict=True):
        used = score.masked_fill(score == -INF, 0.0)
        total = total - (expected * used).sum(dtype=torch.float64)
    weight = share + rest
    total = total + (weight * torch.where(weight > 0, log_z, 0.0)).sum()
    return Loss(total, impossible)


def _as_far_as_permitted(teacher: Tensor, student: Tensor) -> Tensor:
    """The teacher's scores, `-inf` where the student's are."""
    return teacher.to(student.dtype).masked_fill(student.detach() == -INF, -INF)


def _that_agrees(
    teacher: Tensor, labels: Tensor, complete: Tensor, packing: Packing
) -> Tensor:
    """Keep to the known labels of sequences in which others are missing."""
    fixed = (labels >= 0) & ~complete[packing.segment]
    others = torch.ones_like(teacher, dtype=torch.bool)
    others.scatter_(1, labels.clamp_min(0)[:, None], False)
    return teacher.masked_fill(others & fixed[:, None], -INF)


def _add_up(rows: Tensor, packing: Packing) -> Tensor:
    """(B,) how many rows (N,) of each sequence are true."""
    counts = torch.zeros(len(packing.lengths), dtype=torch.int64, device=rows.device)
    return counts.index_add_(0, packing.segment, rows.long())


def _lengths(packing: Packing, like: Tensor) -> Tensor:
    return torch.as_tensor(packing.lengths, device=like.device)
