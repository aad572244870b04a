"""A cell that keeps what its backward pass went through, for whoever wants to look."""

from typing import Any, List, NamedTuple

import torch
from torch import Tensor

from .cells import Cell, GateGradients


class Recorded(NamedTuple):
    """The backward pass of one layer over one batch, in packed order.

    Attributes:
        activations: (D, N, K·H) of the gates; for a cell whose only gate is its hidden
            state, that state.
        direct: (D, N, H) gradient that reaches each hidden state from above, without
            what comes back in time.
        total: (D, N, H) the whole gradient of each hidden state.
    """

    activations: Tensor
    direct: Tensor
    total: Tensor


class RecordingCell(Cell):
    """Runs as another cell, and keeps what each backward pass has seen.

    Give it to `run_layer` in the other cell's place, or set it as `BiRNN.cell` for a
    while: results and gradients stay the same to the bit. On a GPU cuDNN runs the
    layers, and nothing is recorded.

    Args:
        cell: the kind of recurrence.

    Attributes:
        passes: one for each backward pass, the latest last. Of a stack of layers the
            last one comes first.
    """

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.torch_layer = cell.torch_layer
        self.n_gates, self.tanh_gate = cell.n_gates, cell.tanh_gate
        self.gate_names, self.forget_gate = cell.gate_names, cell.forget_gate
        self.passes: List[Recorded] = []

    def double(self, weight: Tensor) -> Tensor:
        return self.cell.double(weight)

    def split_bias(self, of_input: Tensor, recurrent: Tensor) -> Any:
        return self.cell.split_bias(of_input, recurrent)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.cell.forward(*args, **kwargs)

    def run_one(self, *args: Any, **kwargs: Any) -> Any:
        return self.cell.run_one(*args, **kwargs)

    def backward(
        self, gates: Tensor, hidden: Tensor, kept: Any, d_hidden: Tensor, *rest: Any
    ) -> GateGradients:
        activations = hidden if self.n_gates == 1 else gates
        direct = d_hidden.clone()
        found = self.cell.backward(gates, hidden, kept, d_hidden, *rest)
        self.passes.append(Recorded(activations, direct, d_hidden))
        return found


def saturated(passed: Recorded, cell: Cell, low: float = 0.05) -> List[float]:
    """The share of saturated activations of each gate, shape (K,).

    An activation is saturated where its derivative is close to 0: a sigmoid below `low`
    or above `1 - low`, and a tanh where `(1 + tanh) / 2` is.
    """
    shares = []
    for k, gate in enumerate(passed.activations.chunk(cell.n_gates, 2)):
        middle, half = (0.0, 1.0) if k == cell.tanh_gate else (0.5, 0.5)
        far = (gate - middle).abs() > half * (1.0 - 2.0 * low)
        shares.append(far.float().mean().item())
    return shares


def carried(passed: Recorded) -> float:
    """How much of a layer's gradient comes back through time: the norm of what each
    hidden state gets from later steps (of its direction), over the norm of what it gets
    from above."""
    direct = torch.linalg.vector_norm(passed.direct).item()
    from_later = torch.linalg.vector_norm(passed.total - passed.direct).item()
    return from_later / direct if direct else 0.0
