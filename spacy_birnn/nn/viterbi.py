"""Best and k best label sequences over a packed batch; one loop over time each."""

from typing import List, Tuple

import torch
from torch import Tensor

from .packing import Packing
from .weights import Weights

# Scores are brought back to 0 every so many steps, or long sequences lose precision.
RESCALE_EVERY = 8
# On a CPU, so many scores of pairs of labels at once; more need memory for nothing.
AT_ONCE = 1 << 20

Path = Tuple[List[int], float]


@torch.no_grad()
def viterbi(emissions: Tensor, weights: Weights, packing: Packing) -> Tensor:
    """The best label sequence of each sequence of the batch.

    Only maxima are kept on the way; which label each came from is asked afterwards, on
    the best path alone. Of equal ones the lower label wins.

    Args:
        emissions: (N, L) scores, flat; ``-inf`` where forbidden.
        weights: The chain's own scores.
        packing: The lengths of the sequences.

    Returns:
        (N,) int64 labels, flat.
    """
    if not len(packing):
        return packing.gather
    scores = _best_scores(emissions, weights, packing)
    arriving = weights.transitions.t().contiguous()
    # All tokens begin with the last label of their sequence; all but the last are
    # replaced on the way back.
    last = (scores[packing.scatter[packing.last]] + weights.end).argmax(1)
    labels = last.index_select(0, packing.sequence)
    steps = zip(
        packing.continuing(scores),
        packing.continuing(labels),
        packing.steps(labels)[1:],
        strict=True,
    )
    for score, label, following in reversed(list(steps)):
        before = arriving.index_select(0, following).add_(score)
        torch.argmax(before, 1, out=label)
    return labels.index_select(0, packing.scatter)


def _best_scores(emissions: Tensor, weights: Weights, packing: Packing) -> Tensor:
    """(N, L) packed: the best score of any prefix that ends in the label, up to a
    constant for each token. Labels come first within, so that inner loops run over the
    sequences."""
    lowest = torch.finfo(emissions.dtype).min
    height = emissions.amax(1, keepdim=True).clamp_min_(lowest)
    states = (emissions - height).index_select(0, packing.gather).t().contiguous()
    pairs = weights.transitions[:, :, None]
    width = states.size(1)
    if emissions.device.type == "cpu":
        width = max(1, AT_ONCE // pairs.numel())
    blocks = packing.steps(states, 1)
    blocks[0].add_(weights.start[:, None])
    steps = zip(packing.continuing(states, 1), blocks[1:], strict=True)
    for t, (state, block) in enumerate(steps, 1):
        if t % RESCALE_EVERY == 0:
            state = state - state.amax(0).clamp_min_(lowest)
        if block.size(1) <= width:
            block.add_((state.unsqueeze(1) + pairs).amax(0))
            continue
        parts = zip(state.split(width, 1), block.split(width, 1), strict=True)
        for before, after in parts:
            after.add_((before.unsqueeze(1) + pairs).amax(0))
    return states.t().contiguous()


@torch.no_grad()
def k_best(
    emissions: Tensor, weights: Weights, packing: Packing, k: int
) -> List[List[Path]]:
    """The k best label sequences of each sequence of the batch, with their scores.

    Exact: each label of each token keeps its k best prefixes. Of equal ones the one
    that comes from the lower label wins.

    Returns:
        One list a sequence, best first, of (labels, score); shorter where fewer than k
        are permitted. An empty sequence has one, the empty one, of score 0.
    """
    paths: List[List[Path]] = [[([], 0.0)] for _ in packing.lengths]
    if not len(packing):
        return paths
    origins, totals, ends = _k_best_prefixes(emissions, weights, packing, k)
    labels = _trace(origins, ends, packing, k)[packing.scatter]
    by_sequence = labels.split(packing.lengths.tolist())
    for sequence, total in zip(packing.order.tolist(), totals.tolist(), strict=True):
        paths[sequence] = [
            (path, score)
            for path, score in zip(
                by_sequence[sequence].t().tolist(), total, strict=True
            )
            if score > float("-inf")
        ]
    return paths


def _k_best_prefixes(
    emissions: Tensor, weights: Weights, packing: Packing, k: int
) -> Tuple[Tensor, Tensor, Tensor]:
    """Where each prefix came from (N, L, k), packed, as label * k + rank, and for each
    sequence (S, k) the scores of its best ones, and the same for their last label."""
    n_labels = emissions.size(1)
    packed = emissions.index_select(0, packing.gather)
    origins = packed.new_zeros((len(packed), n_labels, k), dtype=torch.int32)
    totals = packed.new_empty((packing.n_sequences, k))
    ends = torch.empty_like(totals, dtype=torch.int64)
    arriving = weights.transitions.t()[:, :, None]
    state = packed.new_full((packing.sizes[0], n_labels, k), float("-inf"))
    state[:, :, 0] = weights.start
    sizes = [*packing.sizes[1:], 0]
    steps = zip(packing.steps(packed), packing.steps(origins), strict=True)
    for t, (emission, origin) in enumerate(steps):
        if t:
            before = (state[:, None] + arriving).flatten(2)
            state, index = _top(before, k)
            origin.copy_(index)
        state = state + emission[:, :, None]
        done = slice(sizes[t], len(emission))
        last = (state[done] + weights.end[:, None]).flatten(1)
        totals[done], ends[done] = _top(last, k)
        state = state[: sizes[t]]
    return origins, totals, ends


def _top(scores: Tensor, k: int) -> Tuple[Tensor, Tensor]:
    """As `torch.topk`, but equal ones stay in order."""
    best, index = scores.sort(stable=True, dim=-1, descending=True)
    return best[..., :k], index[..., :k]


def _trace(origins: Tensor, ends: Tensor, packing: Packing, k: int) -> Tensor:
    """Follow the origins back; (N, k) labels, packed."""
    labels = origins.new_empty((len(origins), k), dtype=torch.int64)
    current = ends.clone()
    steps = zip(packing.steps(origins), packing.steps(labels), strict=True)
    for origin, label in reversed(list(steps)):
        here = current[: len(label)]
        torch.div(here, k, rounding_mode="floor", out=label)
        here.copy_(origin.flatten(1).gather(1, here))
    return labels
