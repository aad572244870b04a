"""The k best label sequences over a packed batch, in one loop over time."""

from typing import List, Tuple

import torch
from torch import Tensor

from ..packing import Packing
from .chain import ChainScores

Path = Tuple[List[int], float]
"""A label sequence and its score."""


@torch.no_grad()
def k_best(
    emissions: Tensor, chain: ChainScores, packing: Packing, k: int
) -> List[List[Path]]:
    """The k best label sequences of each sequence of the batch, with their scores.

    Exact: each label of each token keeps its k best prefixes. Of equal ones the one
    that comes from the lower label wins.

    Returns:
        One list per sequence, best first, of (labels, score); shorter where fewer than
        k are permitted. An empty sequence has one, the empty one, of score 0.
    """
    paths: List[List[Path]] = [[([], 0.0)] for _ in packing.lengths]
    if not len(packing):
        return paths
    origins, totals, ends = _k_best_prefixes(emissions, chain, packing, k)
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
    emissions: Tensor, chain: ChainScores, packing: Packing, k: int
) -> Tuple[Tensor, Tensor, Tensor]:
    """Where each prefix came from (N, L, k), packed, as label * k + rank, and for each
    sequence (S, k) the scores of its best ones, and the same for their last label."""
    n_labels = emissions.size(1)
    packed = emissions.index_select(0, packing.gather)
    origins = packed.new_zeros((len(packed), n_labels, k), dtype=torch.int32)
    totals = packed.new_empty((packing.n_sequences, k))
    ends = torch.empty_like(totals, dtype=torch.int64)
    arriving = chain.transitions.t()[:, :, None]
    state = packed.new_full((packing.sizes[0], n_labels, k), float("-inf"))
    state[:, :, 0] = chain.start
    sizes = [*packing.sizes[1:], 0]
    steps = zip(packing.steps(packed), packing.steps(origins), strict=True)
    for t, (emission, origin) in enumerate(steps):
        if t:
            before = (state[:, None] + arriving).flatten(2)
            state, index = _top(before, k)
            origin.copy_(index)
        state = state + emission[:, :, None]
        done = slice(sizes[t], len(emission))
        last = (state[done] + chain.end[:, None]).flatten(1)
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
