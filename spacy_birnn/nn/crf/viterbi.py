"""The best label sequence: of each sequence of a packed batch, or of one alone.

Viterbi (1967). Both ways choose the same of equal sequences.
"""

from typing import List

import numpy
import torch
from numpy import add, ndarray
from torch import Tensor

from ..packing import Packing
from .chain import ChainScores

# Scores are brought back to 0 every so many steps, or long sequences lose precision.
RESCALE_EVERY = 8
# Scores of pairs of labels at once on a CPU; larger blocks only take more memory.
AT_ONCE = 1 << 20


@torch.no_grad()
def viterbi(emissions: Tensor, chain: ChainScores, packing: Packing) -> Tensor:
    """The best label sequence of each sequence of the batch.

    Only maxima are kept on the way; which label each came from is asked afterwards, on
    the best path alone. Of equal ones the lower label wins.

    Args:
        emissions: (N, L) scores, flat; `-inf` where forbidden.
        chain: the chain's own scores.
        packing: The lengths of the sequences.

    Returns:
        (N,) int64 labels, flat.
    """
    if not len(packing):
        return packing.gather
    scores = _best_scores(emissions, chain, packing)
    arriving = chain.transitions.t().contiguous()
    # All tokens begin with the last label of their sequence; all but the last are
    # replaced on the way back.
    last = (scores[packing.scatter[packing.last]] + chain.end).argmax(1)
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


def _best_scores(emissions: Tensor, chain: ChainScores, packing: Packing) -> Tensor:
    """(N, L) packed: the best score of any prefix that ends in the label, up to a
    constant for each token. Labels come first within, so that inner loops run over the
    sequences."""
    lowest = torch.finfo(emissions.dtype).min
    height = emissions.amax(1, keepdim=True).clamp_min_(lowest)
    states = (emissions - height).index_select(0, packing.gather).t().contiguous()
    pairs = chain.transitions[:, :, None]
    width = states.size(1)
    if emissions.device.type == "cpu":
        width = max(1, AT_ONCE // pairs.numel())
    blocks = packing.steps(states, 1)
    blocks[0].add_(chain.start[:, None])
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


class SingleViterbi:
    """The best label sequence of one sequence, in numpy, whose calls cost less.

    Args:
        chain: the chain's own scores, float64.
    """

    def __init__(self, chain: ChainScores) -> None:
        arrays = [scores.cpu().clone().numpy() for scores in chain]
        self._start, leaving, self._end = arrays
        self._arriving = leaving.T.copy()
        self._first = numpy.arange(0, leaving.size, len(leaving))

    def run(self, emissions: ndarray) -> List[int]:
        """Labels; of equal sequences the one that `viterbi` chooses.

        Args:
            emissions: (T, L) scores; `-inf` where forbidden.
        """
        if not len(emissions):
            return []
        # The best score of any prefix that ends in the label, and the label before.
        scores = emissions.astype("float64")
        scores[0] += self._start
        previous = numpy.empty((len(scores) - 1, len(self._first)), "int64")
        pairs, where = numpy.empty_like(self._arriving), numpy.empty_like(self._first)
        leaving, flat = numpy.empty_like(pairs), pairs.reshape(-1)
        steps = list(scores)
        for before, now, best in zip(steps[:-1], steps[1:], previous, strict=True):
            leaving[...] = before  # to add a row to a matrix takes longer than both
            add(self._arriving, leaving, pairs).argmax(1, best)
            add(now, flat[add(self._first, best, where)], now)
        labels = [int((scores[-1] + self._end).argmax())]
        for best in previous[::-1]:
            labels.append(best.item(labels[-1]))
        return labels[::-1]
