"""Forward–backward in log space and float64: slower, and right for any scores.

Used for those sequences of a batch whose scaled probabilities under- or overflow, e.g.
where scores differ by thousands or where constraints forbid what the emissions favour.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from ..packing import Packing
from .chain import ChainScores

# How many numbers a temporary tensor of all pairs of labels may have.
CHUNK = 1 << 20


class LogForwardBackward(NamedTuple):
    """As `ForwardBackward`, in logs, for some sequences of a batch.

    Attributes:
        sequences: (B',) which sequences of the batch.
        rows: (N',) their rows in the flat batch.
        packing: Their own packing.
        log_z: (B',) log-partition.
        alpha, inward, beta: (N', L), not scaled.
        transitions: (L, L) scores.
    """

    sequences: Tensor
    rows: Tensor
    packing: Packing
    log_z: Tensor
    alpha: Tensor
    inward: Tensor
    beta: Tensor
    transitions: Tensor

    def marginals(self) -> Tensor:
        """(N', L) probabilities; 0 where no sequence of labels is permitted."""
        return _exp(self.alpha + self.beta - self._row_log_z())

    def expected_transitions(self, weight: Tensor) -> Tensor:
        """(L, L) expected transitions; `weight` (N,) is that of the whole batch."""
        segment = self.packing.segment
        inside = (segment[:-1] == segment[1:]).nonzero()[:, 0]
        row_weight = weight[self.rows].double()
        left = self.alpha - self._row_log_z()
        counts = torch.zeros_like(self.transitions)
        for rows in inside.split(max(1, CHUNK // counts.numel())):
            pairs = left[rows, :, None] + self.transitions + self.inward[rows + 1, None]
            counts += torch.einsum("nij,n->ij", _exp(pairs), row_weight[rows])
        return counts

    def _row_log_z(self) -> Tensor:
        return self.log_z[self.packing.segment, None]


def recompute(
    emissions: Tensor, chain: ChainScores, packing: Packing, unsound: Tensor
) -> LogForwardBackward:
    """Compute anew every sequence that has a row marked in `unsound` (N,)."""
    sequences = packing.segment[unsound].unique()
    chosen = torch.isin(packing.segment, sequences)
    rows = chosen.nonzero()[:, 0]
    part = Packing(packing.lengths[sequences.cpu().numpy()], packing.device)
    start, transitions, end = (scores.double() for scores in chain)

    load, read = part.two_way
    steps = emissions[rows].double()[load]
    moves = torch.stack([transitions, transitions.t()])
    both = steps.view(len(rows), 2, -1)
    blocks = part.steps(both)
    blocks[0].add_(torch.stack([start, end]))
    for state, block in zip(part.continuing(both), blocks[1:], strict=True):
        block.add_(torch.logsumexp(state[:, :, :, None] + moves, 2))
    alpha, inward = steps[read].chunk(2)
    beta = _matmul(inward.roll(-1, 0), transitions)
    beta[part.last] = end
    log_z = alpha.new_zeros(len(sequences))
    log_z[part.order] = torch.logsumexp(alpha[part.last] + end, 1)
    return LogForwardBackward(
        sequences, rows, part, log_z, alpha, inward, beta, transitions
    )


def _matmul(inward: Tensor, transitions: Tensor) -> Tensor:
    """Log of `exp(inward) @ exp(transitions).t()`, a bounded piece at a time."""
    pieces = inward.split(max(1, CHUNK // transitions.numel()))
    return torch.cat([torch.logsumexp(p[:, None] + transitions, 2) for p in pieces])


def _exp(logs: Tensor) -> Tensor:
    """Probabilities of logs, where `-inf - -inf` means that there is none."""
    impossible = logs.isnan()
    return logs.exp().masked_fill(impossible, 0)
