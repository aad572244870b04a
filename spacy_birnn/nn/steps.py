"""Views of a packed batch's steps, for a loop over time and both directions.

Tensors of a step are (D, n, …), those of the whole batch (D, N, …) in packed order: D
directions, n sequences that are still running, N tokens. The views of all steps are
made at once: one by one, inside the loop, they would cost as much as the arithmetic.
"""

from typing import Iterable, Iterator, List, NamedTuple, Sequence, Tuple

import torch
from torch import Tensor

from .packing import Packing


class Steps(NamedTuple):
    """Something that is kept for every step.

    Attributes:
        now: (D, n, H) a step.
        before: the same of the step before, without the sequences that ended there;
            nothing meaningful for the first step.
    """

    now: Sequence[Tensor]
    before: Sequence[Tensor]

    @classmethod
    def of(cls, whole: Tensor, packing: Packing) -> "Steps":
        """Views of (D, N, H)."""
        now = packing.steps(whole, 1)
        return cls(now, [*now[:1], *packing.continuing(whole, 1)])

    @classmethod
    def rolling(cls, like: Tensor, packing: Packing) -> "Steps":
        """One buffer for all steps: only the last one is there to read."""
        buffer = like.new_empty(like.shape[0], packing.sizes[0], like.shape[2])
        views = {n: buffer[:, :n] for n in set(packing.sizes)}
        now = [views[n] for n in packing.sizes]
        return cls(now, now)


class GateStep(NamedTuple):
    """The gates of a step, twice the same numbers.

    Attributes:
        all: (D, n, K·H).
        each: (D, n, H) a gate.
    """

    all: Tensor
    each: Tuple[Tensor, ...]

    @classmethod
    def of(cls, whole: Tensor, n_gates: int) -> "GateStep":
        return cls(whole, whole.chunk(n_gates, 2))


def gate_steps(whole: Tensor, n_gates: int, packing: Packing) -> Iterator[GateStep]:
    """Views of all gates (D, N, K·H); made at once, which is cheaper."""
    gates = [packing.steps(gate, 1) for gate in whole.chunk(n_gates, 2)]
    return map(GateStep, packing.steps(whole, 1), zip(*gates))


class Memory:
    """Where the hidden states go, and what a cell keeps of each step beside them.

    Args:
        hidden: (D, N, H) to be filled in.
        packing: of the batch.
        keep: all steps are needed later, for the gradient.
    """

    def __init__(self, hidden: Tensor, packing: Packing, keep: bool) -> None:
        self._like, self._packing, self._keep = hidden, packing, keep
        self.hidden = Steps.of(hidden, packing)
        self.kept: List[Tensor] = []

    def steps(self) -> Steps:
        if not self._keep:
            return Steps.rolling(self._like, self._packing)
        self.kept.append(torch.empty_like(self._like))
        return Steps.of(self.kept[-1], self._packing)


def shifted(whole: Tensor, packing: Packing) -> Tensor:
    """(D, N, H) of the step before, in packed order; zeros at the first step."""
    first = whole.new_zeros(whole.shape[0], packing.sizes[0], whole.shape[2])
    return torch.cat([first, *packing.continuing(whole, 1)], 1)


def backwards(packing: Packing, d_hidden: Tensor, *others: Tensor) -> Iterable[Tuple]:
    """The steps from the last to the first: its number, the gradient of its hidden
    states, that of the states that it came from, and a view of each other tensor."""
    steps = Steps.of(d_hidden, packing)
    views = [packing.steps(other, 1) for other in others]
    for t in reversed(range(len(packing.sizes))):
        yield t, steps.now[t], steps.before[t], *[view[t] for view in views]
