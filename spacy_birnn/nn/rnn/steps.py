"""Views of a packed batch's steps, for a loop over time and both directions.

Tensors of a step are (D, n, …), those of the whole batch (D, N, …) in packed order: D
directions, n sequences that are still running, N tokens. The views of all steps are
made at once: one by one, inside the loop, they would cost as much as the arithmetic.
"""

from typing import Iterable, Iterator, List, NamedTuple, Sequence, Tuple

import torch
from torch import Tensor

from ..packing import Packing


class Steps(NamedTuple):
    """The numbers of every step of something.

    Attributes:
        now: (D, n, H) per step.
        before: the same of the step before, without the sequences that ended there;
            nothing meaningful for the first step.
    """

    now: Sequence[Tensor]
    before: Sequence[Tensor]

    @classmethod
    def of(cls, whole: Tensor, packing: Packing) -> "Steps":
        """View a tensor (D, N, H) step by step."""
        now = packing.steps(whole, 1)
        return cls(now, [*now[:1], *packing.continuing(whole, 1)])

    @classmethod
    def rolling(cls, like: Tensor, packing: Packing) -> "Steps":
        """Take one buffer for all steps: each overwrites the one before."""
        buffer = like.new_empty(like.shape[0], packing.sizes[0], like.shape[2])
        views = {n: buffer[:, :n] for n in set(packing.sizes)}
        now = [views[n] for n in packing.sizes]
        return cls(now, now)


class GateStep(NamedTuple):
    """The gates of a step: two views of the same numbers.

    Attributes:
        all: (D, n, K·H).
        each: (D, n, H) per gate.
    """

    all: Tensor
    each: Tuple[Tensor, ...]

    @classmethod
    def of(cls, whole: Tensor, n_gates: int) -> "GateStep":
        return cls(whole, whole.chunk(n_gates, 2))


def gate_steps(whole: Tensor, n_gates: int, packing: Packing) -> Iterator[GateStep]:
    """View all gates (D, N, K·H) step by step; made at once, which is cheaper."""
    gates = [packing.steps(gate, 1) for gate in whole.chunk(n_gates, 2)]
    return map(GateStep, packing.steps(whole, 1), zip(*gates))


class Memory:
    """Room for the hidden states, and for what a cell keeps of each step beside them.

    Args:
        hidden: (D, N, H) to be filled in.
        packing: of the batch.
        keep: all steps are needed later, for the gradient.
    """

    def __init__(self, hidden: Tensor, packing: Packing, keep: bool) -> None:
        self._like, self._packing, self._keep = hidden, packing, keep
        self.hidden = Steps.of(hidden, packing)
        self.kept: List[Tensor] = []

    def new_steps(self) -> Steps:
        """Room for one more (D, N, H); `kept` holds it where the gradient needs it."""
        if not self._keep:
            return Steps.rolling(self._like, self._packing)
        self.kept.append(torch.empty_like(self._like))
        return Steps.of(self.kept[-1], self._packing)


def shifted(whole: Tensor, packing: Packing) -> Tensor:
    """Each packed token's row (D, N, H) of the step before; zeros at the first step."""
    first = whole.new_zeros(whole.shape[0], packing.sizes[0], whole.shape[2])
    return torch.cat([first, *packing.continuing(whole, 1)], 1)


def backwards(packing: Packing, d_hidden: Tensor, *others: Tensor) -> Iterable[Tuple]:
    """Walk through the steps from the last to the first.

    Yields:
        The number of the step, the gradient (D, n, H) of its hidden states, that of the
        hidden states it came from, and a view of each other tensor.
    """
    steps = Steps.of(d_hidden, packing)
    views = [packing.steps(other, 1) for other in others]
    for t in reversed(range(len(packing.sizes))):
        yield t, steps.now[t], steps.before[t], *[view[t] for view in views]


def in_order(packing: Packing, n_directions: int) -> List[Tuple[Tensor, Tensor]]:
    """For each direction the flat row of each packed position, and the way back."""
    return [(packing.gather, packing.scatter), packing.turned][:n_directions]


def side_by_side(hidden: Tensor, packing: Packing) -> Tensor:
    """Packed hidden states (D, N, H) to flat rows (N, D·H)."""
    n_directions, n_tokens, width = hidden.shape
    out = hidden.new_empty(n_tokens, n_directions * width)
    ways = in_order(packing, n_directions)
    for part, (_, back), columns in zip(hidden, ways, out.split(width, 1), strict=True):
        # Indexed with [] it would take five times as long.
        torch.index_select(part, 0, back, out=columns)
    return out


def look_up_steps(
    tables: Sequence[Tensor], index: Sequence[Tensor], packing: Packing, n_gates: int
) -> Iterator[GateStep]:
    """Gather the gates of each step, always into the same place.

    Args:
        tables: rows of gates, (R, K·H) per direction.
        index: which row each packed token has, (N,) per direction.
        packing: of the batch.
        n_gates: K.
    """
    sizes, shape = packing.sizes, (len(tables), -1, tables[0].shape[1])
    buffer = tables[0].new_empty(sizes[0], len(tables) * shape[2])
    views = {}
    for n in set(sizes):
        whole = buffer[:n].view(shape)  # in one piece, which the BLAS likes better
        views[n] = GateStep.of(whole, n_gates), whole.unbind(0)
    for n, *rows in zip(sizes, *[packing.steps(i) for i in index], strict=True):
        step, directions = views[n]
        for table, row, out in zip(tables, rows, directions, strict=True):
            torch.index_select(table, 0, row, out=out)
        yield step
