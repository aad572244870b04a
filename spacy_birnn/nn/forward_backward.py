"""Forward–backward over a packed batch, in scaled probabilities.

The forward and the backward recursion run in one loop over time: the backward one is
the forward one over the reversed sequences, which pack alike (`Packing.two_way`). A
step is one batched matrix product and one multiplication, for all sequences and labels.

Notation, up to a factor of its own for each token t: ``alpha[t, i]`` sums all prefixes
that end in label i, with the emission of t; ``inward[t, j]`` all suffixes that begin
with label j, with the emission of t; ``beta[t, i]`` all continuations after label i at
t, without it. Scores of what is forbidden are ``-inf``.
"""

from typing import Any, List, NamedTuple, Optional, Tuple

import torch
from torch import Tensor

from . import log_space
from .packing import Packing

# Sums are brought back to 1 every so many steps; in between they lose or gain a few
# orders of magnitude, well within the range of a float.
RESCALE_EVERY = 4


class Weights(NamedTuple):
    """Scores of a linear chain, ``-inf`` where forbidden."""

    start: Tensor
    transitions: Tensor
    end: Tensor


class Lattice(NamedTuple):
    """What forward–backward leaves; all in flat order.

    Attributes:
        log_z: (B,) float64 log-partition; 0 for an empty sequence, ``-inf`` where no
            sequence of labels is permitted.
        marginals: (N, L) probability of each label at each token; 0 where nothing is
            permitted.
        alpha, inward: (N, L), see the module; scaled for each token alone.
        overlap: (N,) sum of ``alpha * beta``, which turns them into probabilities; 0 in
            the sequences of `exact`.
        move: (L, L) transition factors, the largest of them 1.
        exact: What was computed again in log space, if anything was.
    """

    log_z: Tensor
    marginals: Tensor
    alpha: Tensor
    inward: Tensor
    overlap: Tensor
    move: Tensor
    exact: Optional[log_space.LogLattice]

    def log_inward(self) -> Tensor:
        """(N, L) log of `inward`, up to a constant for each token."""
        logs = self.inward.log()
        if self.exact is not None:
            logs[self.exact.rows] = self.exact.inward.to(logs.dtype)
        return logs


@torch.no_grad()
def forward_backward(emissions: Tensor, weights: Weights, packing: Packing) -> Lattice:
    """Sum over all label sequences of each sequence of the batch.

    Args:
        emissions: (N, L) float32 or float64 scores, flat.
        weights: The chain's own scores, of the same type.
        packing: The lengths of the sequences.
    """
    with torch.autocast(emissions.device.type, enabled=False):
        return _forward_backward(emissions, weights, packing)


def _forward_backward(emissions: Tensor, weights: Weights, packing: Packing) -> Lattice:
    lowest = torch.finfo(emissions.dtype).min
    height = emissions.amax(1, keepdim=True).clamp_min_(lowest)
    tops = [scores.max().clamp_min(lowest) for scores in weights]
    first, move, last = (
        (scores - top).exp_() for scores, top in zip(weights, tops, strict=True)
    )
    load, read = packing.two_way
    steps = (emissions - height).exp_().index_select(0, load)
    scale = _recur(steps, torch.stack([first, last]), move, packing)
    alpha, inward = steps.index_select(0, read).chunk(2)
    beta = torch.mm(move, inward.roll(-1, 0).t()).t()  # four times as fast as its twin
    beta[packing.last] = last
    both = alpha * beta
    overlap = both.sum(1)

    log_z = emissions.new_zeros(len(packing.lengths), dtype=torch.float64)
    log_z.index_add_(0, packing.segment, (height[:, 0] + tops[1]).double())
    scale += overlap[packing.last].log() + tops[0] + tops[2] - tops[1]
    log_z.index_add_(0, packing.order, scale)

    # What was rounded to 0 on the way weighs at most the smallest float, times what a
    # state can grow to, over the overlap at that token. Below 1e-8 that is nothing.
    growth = float(emissions.size(1)) ** RESCALE_EVERY
    sound = overlap > torch.finfo(emissions.dtype).tiny * growth * 1e8
    exact = None
    if not sound.all():
        exact = log_space.forward_backward(emissions, weights, packing, ~sound)
        log_z[exact.sequences] = exact.log_z
        overlap[exact.rows] = 0
    marginals = both.div_(overlap[:, None])
    if exact is not None:
        marginals[exact.rows] = exact.marginals().to(marginals.dtype)
    return Lattice(log_z, marginals, alpha, inward, overlap, move, exact)


def _recur(steps: Tensor, begin: Tensor, move: Tensor, packing: Packing) -> Tensor:
    """Run both directions; `steps` holds the emissions' factors, then the states.

    Returns:
        (S,) float64, in the order of the packing: the log of what the states of the
        forward direction were divided by.
    """
    n_labels, sizes = steps.size(1), packing.sizes
    moves = torch.stack([move, move.t()])
    tiny = torch.finfo(steps.dtype).tiny
    blocks = steps.split([2 * size for size in sizes])
    scales: List[Tensor] = []
    state = begin[:, None]
    for t, (size, block) in enumerate(zip(sizes, blocks, strict=True)):
        block = block.view(2, size, n_labels)
        if t == 0:
            state = block.mul_(state)
            continue
        if state.size(1) > size:
            state = state.narrow(1, 0, size)
        if t % RESCALE_EVERY == 0:
            scales.append(state.sum(2, keepdim=True).clamp_min_(tiny))
            state = state / scales[-1]
        state = block.mul_(torch.bmm(state, moves))
    log_scale = steps.new_zeros(len(packing.order), dtype=torch.float64)
    if scales:
        rescaled = packing.sequence.split(sizes)[RESCALE_EVERY::RESCALE_EVERY]
        logs = torch.cat(scales, 1)[0, :, 0].log().double()
        log_scale.index_add_(0, torch.cat(rescaled), logs)
    return log_scale


def expected_transitions(lattice: Lattice, weight: Tensor, packing: Packing) -> Tensor:
    """(L, L) expected transitions, the sequences weighted by `weight` (B,)."""
    rows = weight.to(lattice.alpha.dtype)[packing.segment]
    rows[packing.last] = 0
    rows = torch.where(lattice.overlap > 0, rows / lattice.overlap, 0)
    left = lattice.alpha[:-1] * rows[:-1, None]
    counts = lattice.move * (left.t() @ lattice.inward[1:])
    if lattice.exact is not None:
        counts += lattice.exact.expected_transitions(weight).to(counts.dtype)
    return counts


class LogPartition(torch.autograd.Function):
    """Log-partition whose gradient is the marginals, not autograd through the loop."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any,
        emissions: Tensor,
        start: Tensor,
        transitions: Tensor,
        end: Tensor,
        packing: Packing,
    ) -> Tensor:
        lattice = forward_backward(emissions, Weights(start, transitions, end), packing)
        ctx.lattice, ctx.packing = lattice, packing
        return lattice.log_z

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Tuple[Optional[Tensor], ...]:
        lattice, packing = ctx.lattice, ctx.packing
        weight = grads[0].to(lattice.marginals.dtype)
        rows = weight.index_select(0, packing.segment)
        counts = lattice.marginals * rows[:, None]
        start = counts[packing.first].sum(0)
        end = counts[packing.last].sum(0)
        transitions = None
        if ctx.needs_input_grad[2]:
            transitions = expected_transitions(lattice, weight, packing)
        return counts, start, transitions, end, None
