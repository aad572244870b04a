"""Exact entropy of the distribution that a linear chain has over label sequences."""

import torch
from torch import Tensor

from ..packing import Packing
from .chain import ChainScores
from .forward_backward import forward_backward
from .span_marginals import log_next

BLOCK = 4_000_000
"""Probabilities, at most, that are held at a time: L · L for each token."""


@torch.no_grad()
def entropy(emissions: Tensor, chain: ChainScores, packing: Packing) -> Tensor:
    """(B,) float64 entropy of each sequence's labels in nats; 0 where it is empty.

    By the chain rule: that of the first label, and of each further one given the one
    before, since the labels are a Markov chain given the emissions (Hernando et al.
    2005). No term is negative, so nothing cancels.

    Args:
        emissions: (N, L) scores, flat.
        chain: the chain's own scores, of the same type.
        packing: the lengths of the sequences.
    """
    total = emissions.new_zeros(len(packing.lengths), dtype=torch.float64)
    if not len(packing):
        return total
    sums = forward_backward(emissions, chain, packing)
    first = torch.special.entr(sums.marginals[packing.first]).sum(1)
    total.index_add_(0, packing.order, first.double())
    inner = torch.ones(len(packing), dtype=torch.bool, device=emissions.device)
    inner[packing.first] = False
    inward, size = sums.log_inward(), max(BLOCK // emissions.size(1) ** 2, 1)
    for rows in inner.nonzero()[:, 0].split(size):
        following = log_next(chain.transitions, inward[rows, None])
        given = torch.special.entr(following.exp()).sum(2)
        expected = (sums.marginals[rows - 1] * given).sum(1)
        total.index_add_(0, packing.segment[rows], expected.double())
    return total
