"""Forward–backward over a packed batch, in scaled probabilities.

The forward and the backward recursion run in one loop over time: the backward one is
the forward one over the reversed sequences, which pack alike (`Packing.two_way`). A
step is one matrix product and one multiplication, for all sequences and labels.

Notation, up to a factor of its own for each token t: `alpha[t, i]` sums all prefixes
that end in label i, with the emission of t; `inward[t, j]` all suffixes that begin
with label j, with the emission of t; `beta[t, i]` all continuations after label i at
t, without it. Scores of what is forbidden are `-inf`.
"""

import math
from typing import List, NamedTuple, Optional

import torch
from torch import Tensor

from ..packing import Packing
from . import log_space
from .chain import ChainScores

# Sums are brought back to HEADROOM every so many steps. In between they lose what the
# best path costs against the best emissions and transitions, which may be a lot.
RESCALE_EVERY = 2
HEADROOM = 2.0**30
# A sequence is computed anew where more than one part in so many may have been lost.
SAFETY = 1e7


class ForwardBackward(NamedTuple):
    """The sums of forward–backward, all in flat order.

    Attributes:
        log_z: (B,) float64 log-partition; 0 for an empty sequence, `-inf` where no
            sequence of labels is permitted.
        marginals: (N, L) probability of each label at each token; 0 where nothing is
            permitted.
        alpha, inward: (N, L), see the module; scaled for each token alone.
        overlap: (N,) sum of `alpha * beta`, which turns them into probabilities.
        move: (L, L) transition factors, the largest of them 1.
        exact: the sequences that were computed again in log space, if any.
    """

    log_z: Tensor
    marginals: Tensor
    alpha: Tensor
    inward: Tensor
    overlap: Tensor
    move: Tensor
    exact: Optional[log_space.LogForwardBackward]

    def log_inward(self) -> Tensor:
        """(N, L) log of `inward`, up to a constant for each token."""
        logs = self.inward.log()
        if self.exact is not None:
            logs[self.exact.rows] = self.exact.inward.to(logs.dtype)
        return logs


@torch.no_grad()
def forward_backward(
    emissions: Tensor, chain: ChainScores, packing: Packing
) -> ForwardBackward:
    """Sum over all label sequences of each sequence of the batch.

    Args:
        emissions: (N, L) float32 or float64 scores, flat.
        chain: the chain's own scores, of the same type.
        packing: The lengths of the sequences.
    """
    with torch.autocast(emissions.device.type, enabled=False):
        return _forward_backward(emissions, chain, packing)


def _forward_backward(
    emissions: Tensor, chain: ChainScores, packing: Packing
) -> ForwardBackward:
    lowest = torch.finfo(emissions.dtype).min
    height = emissions.amax(1, keepdim=True).clamp_min_(lowest)
    tops = [scores.max().clamp_min(lowest) for scores in chain]
    first, move, last = (
        (scores - top).exp_() for scores, top in zip(chain, tops, strict=True)
    )
    load, read = packing.two_way
    steps = (emissions - height).exp_().index_select(0, load)
    scale = _recur(steps, torch.cat([first, last]), move, packing)
    alpha, inward = steps.index_select(0, read).chunk(2)
    # Four times as fast as `inward.roll(-1, 0) @ move.t()`.
    beta = torch.mm(move, inward.roll(-1, 0).t()).t()
    beta[packing.last] = last
    both = alpha * beta
    overlap = both.sum(1)

    log_z = emissions.new_zeros(len(packing.lengths), dtype=torch.float64)
    log_z.index_add_(0, packing.segment, (height[:, 0] + tops[1]).double())
    scale += overlap[packing.last].log() + tops[0] + tops[2] - tops[1]
    log_z.index_add_(0, packing.order, scale)

    # What was rounded to 0 on the way weighs at most the smallest float, times what a
    # state can grow to, over the overlap at that token.
    growth = HEADROOM * float(emissions.size(1)) ** RESCALE_EVERY
    sound = overlap > torch.finfo(emissions.dtype).tiny * growth * SAFETY
    exact = None
    if not sound.all():
        exact = log_space.recompute(emissions, chain, packing, ~sound)
        log_z[exact.sequences] = exact.log_z
    marginals = both.div_(overlap[:, None])
    if exact is not None:
        marginals[exact.rows] = exact.marginals().to(marginals.dtype)
    return ForwardBackward(log_z, marginals, alpha, inward, overlap, move, exact)


def _recur(steps: Tensor, begin: Tensor, move: Tensor, packing: Packing) -> Tensor:
    """Run both directions; `steps` holds the emissions' factors, then the states.

    Returns:
        (S,) float64, in the order of the packing: the log of what the states of the
        forward direction were divided by.
    """
    n_labels = steps.size(1)
    # As products of matrices, sums need no views; they are never 0, hence never NaN.
    add_up = torch.block_diag(*[torch.ones_like(move)] * 2)
    tiny = move.new_tensor(torch.finfo(steps.dtype).tiny)
    both_ways = torch.block_diag(move, move.t())
    raised = both_ways * HEADROOM
    rows = steps.view(-1, 2 * n_labels)
    blocks = packing.steps(rows)
    if blocks:
        blocks[0].mul_(begin * HEADROOM)
    scales: List[Tensor] = []
    pairs = zip(packing.continuing(rows), blocks[1:], strict=True)
    for t, (state, block) in enumerate(pairs, 1):
        if t % RESCALE_EVERY:
            block.mul_(torch.mm(state, both_ways))
        else:
            scales.append(torch.addmm(tiny, state, add_up))
            block.mul_(torch.mm(state / scales[-1], raised))
    log_scale = steps.new_full(
        (packing.n_sequences,), -math.log(HEADROOM), dtype=torch.float64
    )
    if scales:
        rescaled = packing.steps(packing.sequence)[RESCALE_EVERY::RESCALE_EVERY]
        logs = torch.cat(scales)[:, 0].log().double() - math.log(HEADROOM)
        log_scale.index_add_(0, torch.cat(rescaled), logs)
    return log_scale


def expected_transitions(
    sums: ForwardBackward, weight: Tensor, packing: Packing
) -> Tensor:
    """(L, L) how often each transition is expected, each row (N,) with its weight."""
    share = weight / sums.overlap
    if sums.exact is not None:
        share[sums.exact.rows] = 0
    share[packing.last] = 0
    left = sums.alpha[:-1] * share[:-1, None]
    with torch.autocast(left.device.type, enabled=False):
        counts = sums.move * (left.t() @ sums.inward[1:])
        if sums.exact is not None:
            counts += sums.exact.expected_transitions(weight).to(counts.dtype)
    return counts
