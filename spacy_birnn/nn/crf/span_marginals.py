"""Exact probabilities of labelled spans under a linear chain."""

from typing import Optional

import torch
from torch import Tensor

from ..packing import Packing
from .chain import ChainScores
from .forward_backward import forward_backward


@torch.no_grad()
def span_log_marginals(
    emissions: Tensor,
    chain: ChainScores,
    packing: Packing,
    starts: Tensor,
    ends: Tensor,
    labels: Tensor,
    not_next: Optional[Tensor],
) -> Tensor:
    """(S,) log-probability of exactly these spans: see `CRF.span_log_marginals`.

    Given the emissions, the labels are a Markov chain: a span has the marginal
    probability of its first label times that of each next label given the one before.
    """
    if not len(starts):
        return emissions.new_zeros(0)
    sums = forward_backward(emissions, chain, packing)
    inward = sums.log_inward()
    sizes = ends - starts
    span = torch.repeat_interleave(sizes)
    head = sizes.cumsum(0) - sizes
    logs = sums.marginals[starts, labels[head]].log()

    inner = torch.ones_like(labels, dtype=torch.bool)
    inner[head] = False
    tail = inner.nonzero()[:, 0]
    rows = tail + (starts - head)[span[tail]]
    next_label = log_next(chain.transitions[labels[tail - 1]], inward[rows])
    steps = next_label.gather(1, labels[tail, None])[:, 0]
    logs.index_add_(0, span[tail], steps)

    if not_next is not None:
        asked = (not_next >= 0) & ~torch.isin(ends - 1, packing.last)
        asked = asked.nonzero()[:, 0]
        last = labels[(head + sizes - 1)[asked]]
        next_label = log_next(chain.transitions[last], inward[ends[asked]])
        next_label.scatter_(1, not_next[asked, None], float("-inf"))
        logs[asked] += next_label.logsumexp(1)
    return logs


def log_next(transitions: Tensor, inward: Tensor) -> Tensor:
    """Log-probabilities (…, L) of the next label; `-inf` where there can be none."""
    logs = (transitions + inward).log_softmax(-1)
    return logs.masked_fill(logs.isnan(), float("-inf"))
