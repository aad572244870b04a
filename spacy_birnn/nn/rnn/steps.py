"""Views of a packed batch's steps, for a loop over time and both directions.

Tensors of a step are (D, n, …), those of the whole batch (D, N, …) in packed order: D
directions, n of S sequences that are still running, N tokens. C states are carried from
step to step: the hidden state, and for the LSTM the cell. The views of all steps are
made at once: one by one, inside the loop, they would cost as much as the arithmetic.
"""

from typing import Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import torch
from torch import Tensor

from ..packing import Packing


class Steps(NamedTuple):
    """The numbers of every step of something.

    Attributes:
        now: (D, n, H) per step.
        before: the same of the step before, without the sequences that ended there; for
            the first step the initial ones, None where there are none.
    """

    now: Sequence[Tensor]
    before: Sequence[Optional[Tensor]]

    @classmethod
    def of(
        cls, whole: Tensor, packing: Packing, initial: Optional[Tensor] = None
    ) -> "Steps":
        """View a tensor (D, N, H) step by step, after an initial one (D, S, H)."""
        now = packing.steps(whole, 1)
        return cls(now, [initial, *packing.continuing(whole, 1)])

    @classmethod
    def rolling(cls, buffer: Tensor, packing: Packing, is_set: bool = False) -> "Steps":
        """Take one buffer (D, S, H) for all steps: each overwrites the one before.
        `is_set`: it holds initial numbers."""
        views = {n: buffer[:, :n] for n in set(packing.sizes)}
        now = [views[n] for n in packing.sizes]
        return cls(now, [now[0] if is_set else None, *now[1:]])


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
        hidden: (D, N, H) to be filled in; (D, S, H) where only the last ones are
            wanted, which are then there.
        packing: of the batch.
        keep: all steps are needed later, for the gradient.
        initial: the states that each sequence begins with, (C, D, S, H) in packed
            order and in the units of the packed pass; None for zeros.
    """

    def __init__(
        self,
        hidden: Tensor,
        packing: Packing,
        keep: bool,
        initial: Optional[Tensor] = None,
    ) -> None:
        self._packing, self._keep, self._initial = packing, keep, initial
        self._carried: List[Tensor] = [hidden]
        self.kept: List[Tensor] = []
        if hidden.shape[1] == len(packing):
            first = None if initial is None else initial[0]
            self.hidden = Steps.of(hidden, packing, first)
        else:
            if initial is not None:
                hidden.copy_(initial[0])
            self.hidden = Steps.rolling(hidden, packing, initial is not None)

    def new_steps(self) -> Steps:
        """Room for one more (D, N, H); `kept` holds it where the gradient needs it."""
        return self._steps(None)[1]

    def carried_steps(self) -> Steps:
        """The same for a state that is carried from step to step."""
        number = len(self._carried)
        whole, steps = self._steps(None if self._initial is None else number)
        self._carried.append(whole)
        return steps

    def _steps(self, number: Optional[int]) -> Tuple[Tensor, Steps]:
        """Room, and its views; it begins with the initial state of a number."""
        like, packing = self._carried[0], self._packing
        initial = None
        if number is not None and self._initial is not None:
            initial = self._initial[number]
        if self._keep:
            self.kept.append(torch.empty_like(like))
            return self.kept[-1], Steps.of(self.kept[-1], packing, initial)
        buffer = like.new_empty(like.shape[0], packing.sizes[0], like.shape[2])
        if initial is not None:
            buffer.copy_(initial)
        return buffer, Steps.rolling(buffer, packing, initial is not None)

    def last(self) -> Tensor:
        """The states after the last step of each sequence, (C, D, S, H), packed."""
        n_sequences, ends = self._packing.n_sequences, self._packing.ends
        return torch.stack(
            [
                whole if whole.shape[1] == n_sequences else whole.index_select(1, ends)
                for whole in self._carried
            ]
        )


class Carried(NamedTuple):
    """The states that sequences begin and end with, as gradients need them, each
    (C, D, S, H) in packed order.

    Attributes:
        initial: the states that they begin with, in the units of the packed pass.
        d_last: gradient of those that they end with; that of the hidden states is in
            `d_hidden` already.
        d_initial: gradient of the initial ones, to be filled in; zeros before.
    """

    initial: Tensor
    d_last: Tensor
    d_initial: Tensor


def shifted(
    whole: Tensor, packing: Packing, initial: Optional[Tensor] = None
) -> Tensor:
    """Each packed token's row (D, N, H) of the step before; at the first step the
    initial one (D, S, H), or zeros."""
    first = initial
    if first is None:
        first = whole.new_zeros(whole.shape[0], packing.sizes[0], whole.shape[2])
    return torch.cat([first, *packing.continuing(whole, 1)], 1)


def backwards(
    packing: Packing, d_hidden: Tensor, carried: Optional[Carried], *others: Tensor
) -> Iterable[Tuple]:
    """Walk through the steps from the last to the first.

    Yields:
        The gradient (D, n, H) of the step's hidden states; that of the hidden states it
        came from, None where there are none; and a view of each other tensor.
    """
    steps = Steps.of(
        d_hidden, packing, None if carried is None else carried.d_initial[0]
    )
    views = [packing.steps(other, 1) for other in others]
    for t in reversed(range(len(packing.sizes))):
        yield steps.now[t], steps.before[t], *[view[t] for view in views]


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
