"""A cell that keeps what its backward pass went through, for whoever wants to look."""

from typing import Any, Callable, Dict, NamedTuple

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
    """Runs as another cell, and shows what each backward pass has seen.

    Give it to `run_layer` in the other cell's place, or set it as `BiRNN.cell` for a
    while: results and gradients stay the same to the bit. On a GPU cuDNN runs the
    layers, and nothing is recorded.

    Args:
        cell: the kind of recurrence.
        record: takes each backward pass. Of a stack of layers the last one comes first.
    """

    def __init__(self, cell: Cell, record: Callable[[Recorded], None]) -> None:
        self.cell, self.record = cell, record
        self.torch_layer = cell.torch_layer
        self.n_gates, self.tanh_gate = cell.n_gates, cell.tanh_gate
        self.n_states = cell.n_states
        self.gate_names, self.forget_gate = cell.gate_names, cell.forget_gate

    def double(self, weight: Tensor) -> Tensor:
        return self.cell.double(weight)

    def split_bias(self, of_input: Tensor, recurrent: Tensor) -> Any:
        return self.cell.split_bias(of_input, recurrent)

    def to_pass(self, states: Tensor) -> Tensor:
        return self.cell.to_pass(states)

    def from_pass(self, states: Tensor) -> Tensor:
        return self.cell.from_pass(states)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.cell.forward(*args, **kwargs)

    def run_one(self, *args: Any, **kwargs: Any) -> Any:
        return self.cell.run_one(*args, **kwargs)

    def backward(
        self, gates: Tensor, hidden: Tensor, kept: Any, d_hidden: Tensor, *rest: Any
    ) -> GateGradients:
        direct = d_hidden.clone()
        found = self.cell.backward(gates, hidden, kept, d_hidden, *rest)
        activations = hidden if self.n_gates == 1 else gates
        self.record(Recorded(activations, direct, d_hidden))
        return found


def saturation(passed: Recorded, cell: Cell) -> Dict[str, float]:
    """The share of saturated activations of each gate.

    An activation is saturated where its derivative is close to 0: a sigmoid below .05
    or above .95, and a tanh where `(1 + tanh) / 2` is, which is the sigmoid of the same
    argument doubled.
    """
    shares = {}
    gates = passed.activations.chunk(cell.n_gates, 2)
    for k, (name, gate) in enumerate(zip(cell.gate_names, gates, strict=True)):
        middle, far = (0.0, 0.9) if k == cell.tanh_gate else (0.5, 0.45)
        outside = (gate - middle).abs_() > far
        shares[name] = torch.count_nonzero(outside).item() / gate.numel()
    return shares


def carried(passed: Recorded) -> float:
    """How much of a layer's gradient comes back through time: the norm of what the
    hidden states get from later steps of their direction, over the norm of what they
    get from above. Infinite where nothing comes from above."""
    direct = torch.linalg.vector_norm(passed.direct).item()
    through_time = torch.linalg.vector_norm(passed.total - passed.direct).item()
    return through_time / direct if direct else float("inf")
