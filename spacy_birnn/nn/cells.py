"""The recurrent cells: a time step for all sequences and both directions at once.

Forward and backward are written out, for torch's own packed layers spend a third of
their time beside the matrix products. H is the hidden size, K the number of gates,
which lie side by side in torch's order; for D, n and N see `steps`.

``tanh(x)`` is computed as ``2 σ(2x) - 1``: on a CPU torch's sigmoid takes a sixth of
the time of its tanh. The factor 2 of the argument is in the weights: see `Cell.scaled`.
"""

from abc import ABC, abstractmethod
from typing import Dict, Iterable, Sequence, Tuple

import torch
from torch import Tensor, nn

from .packing import Packing
from .products import Products
from .steps import GateStep, Memory, Steps, backwards, shifted


def tanh_(sigmoids: Tensor) -> Tensor:
    """``σ(2x)`` to ``tanh(x)``, in place."""
    return torch.add(_MINUS_ONE, sigmoids, alpha=2.0, out=sigmoids)


# As a tensor: a number would be made one at every step.
_MINUS_ONE = torch.tensor(-1.0)


class Cell(ABC):
    """One kind of recurrence.

    Attributes:
        n_gates: K.
        tanh_gate: which of the gates is a tanh; the others are sigmoids.
    """

    n_gates: int
    tanh_gate: int

    def scaled(self, weight: Tensor) -> Tensor:
        """Weights or biases (K·H, …) with those of the tanh gate doubled; a copy."""
        weight = weight.clone()
        weight.chunk(self.n_gates)[self.tanh_gate].mul_(2.0)
        return weight

    def biases(self, of_input: Tensor, recurrent: Tensor) -> Tuple[Tensor, Tensor]:
        """(K·H,) scaled: what is added to the input's product, and what to the state's.

        All is added to the input's, where a cell does not say otherwise.
        """
        return self.scaled(of_input + recurrent), torch.zeros_like(recurrent)

    @abstractmethod
    def forward(
        self, inputs: Iterable[GateStep], products: Products, memory: Memory
    ) -> None:
        """Fill in the hidden states.

        Args:
            inputs: the input's share in the gates; activated in place.
            products: the state's share.
            memory: has room for the hidden states and what the gradient needs.
        """

    @abstractmethod
    def backward(
        self,
        gates: Tensor,
        hidden: Tensor,
        kept: Sequence[Tensor],
        d_hidden: Tensor,
        weights: Tensor,
        packing: Packing,
    ) -> Tuple[Tensor, Tensor]:
        """Backpropagation through time, up to the gates' arguments, not scaled.

        Args:
            gates: (D, N, K·H) activated.
            hidden: (D, N, H).
            kept: what `forward` has kept.
            d_hidden: (D, N, H) gradient; overwritten with all that comes back in time.
            weights: (D, K·H, H) recurrent ones, not scaled.

        Returns:
            (D, N, K·H) gradients of the input's share and of the state's share.
        """


class LSTMCell(Cell):
    """Hochreiter & Schmidhuber (1997) with the forget gate of Gers et al. (2000)."""

    n_gates, tanh_gate = 4, 2  # input, forget, cell, output

    def forward(self, inputs, products, memory) -> None:
        hidden, cells, squashed = memory.hidden, memory.steps(), memory.steps()
        for t, step in enumerate(inputs):
            if t:
                products.add_to(step.all, hidden.before[t])
            step.all.sigmoid_()
            i, f, g, o = step.each
            tanh_(g)
            # Cells are kept doubled: that is what the sigmoid for their tanh takes.
            if t:
                torch.mul(f, cells.before[t], out=cells.now[t])
                cells.now[t].addcmul_(i, g, value=2.0)
            else:
                torch.mul(i, g, out=cells.now[t]).mul_(2.0)
            tanh_(torch.sigmoid(cells.now[t], out=squashed.now[t]))
            torch.mul(o, squashed.now[t], out=hidden.now[t])

    def backward(self, gates, hidden, kept, d_hidden, weights, packing):
        cells, squashed = kept
        i, f, g, o = gates.chunk(4, 2)
        to_cell = o * (1.0 - squashed.square())
        # What the gradient of the cell (of the hidden state, for o) is multiplied by.
        d_gates = gates.addcmul(gates, gates, value=-1.0)
        d_i, d_f, d_g, d_o = d_gates.chunk(4, 2)
        d_i.mul_(g)
        d_f.mul_(shifted(cells, packing)).mul_(0.5)
        torch.mul(i, 1.0 - g.square(), out=d_g)
        d_o.mul_(squashed)

        d_cells = Steps.rolling(hidden, packing).now
        d_cells[0].zero_()
        inner = packing.steps(d_gates.unflatten(2, (4, -1))[:, :, :3], 1)
        steps = backwards(packing, d_hidden, to_cell, d_gates, d_o, f)
        for t, d_h, d_h_next, to_c, d_gate, d_out, forget in steps:
            d_c = d_cells[t]
            d_c.addcmul_(d_h, to_c)
            inner[t].mul_(d_c.unsqueeze(2))
            d_out.mul_(d_h)
            d_c.mul_(forget)
            if t:
                d_h_next.baddbmm_(d_gate, weights)
        return d_gates, d_gates


class GRUCell(Cell):
    """Cho et al. (2014); the reset gate works on the product, as in cuDNN and torch."""

    n_gates, tanh_gate = 3, 2  # reset, update, new

    def biases(self, of_input, recurrent):
        """The new gate's recurrent bias is inside of what the reset gate resets."""
        inside = recurrent.clone()
        inside[: len(inside) * 2 // 3] = 0.0
        return self.scaled(of_input + recurrent - inside), self.scaled(inside)

    def forward(self, inputs, products, memory) -> None:
        hidden, inside = memory.hidden, memory.steps().now
        for t, step in enumerate(inputs):
            r, z, new = step.each
            if t:
                product = products.with_bias(hidden.before[t])
                of_r, of_z, of_new = product.chunk(3, 2)
                r.add_(of_r)
                z.add_(of_z)
                inside[t].copy_(of_new)
            else:
                inside[t].copy_(products.bias.chunk(3, 2)[2])
            r.sigmoid_()
            z.sigmoid_()
            tanh_(new.addcmul_(r, inside[t]).sigmoid_())
            if t:
                torch.lerp(new, hidden.before[t], z, out=hidden.now[t])
            else:
                torch.mul(new, 1.0 - z, out=hidden.now[t])

    def backward(self, gates, hidden, kept, d_hidden, weights, packing):
        (inside,) = kept  # doubled
        r, z, n = gates.chunk(3, 2)
        d_state = gates.addcmul(gates, gates, value=-1.0)
        d_r, d_z, d_q = d_state.chunk(3, 2)
        d_r.mul_(inside).mul_(0.5)
        d_z.mul_(shifted(hidden, packing) - n)
        d_n = (1.0 - z).mul_(1.0 - n.square())

        steps = backwards(packing, d_hidden, d_n, d_r, d_z, d_q, d_state, r, z)
        for t, d_h, d_h_next, new, reset, update, state, d_gate, r_t, z_t in steps:
            new.mul_(d_h)
            reset.mul_(new)
            update.mul_(d_h)
            torch.mul(new, r_t, out=state)
            if t:
                d_h_next.addcmul_(d_h, z_t)
                d_h_next.baddbmm_(d_gate, weights)
        d_input = d_state.clone()
        d_input.chunk(3, 2)[2].copy_(d_n)
        return d_input, d_state


class RNNCell(Cell):
    """Elman (1990), with tanh."""

    n_gates, tanh_gate = 1, 0

    def forward(self, inputs, products, memory) -> None:
        hidden = memory.hidden
        for t, step in enumerate(inputs):
            if t:
                products.add_to(step.all, hidden.before[t])
            tanh_(torch.sigmoid(step.all, out=hidden.now[t]))

    def backward(self, gates, hidden, kept, d_hidden, weights, packing):
        d_gates = 1.0 - hidden.square()
        for t, d_h, d_h_next, d_gate in backwards(packing, d_hidden, d_gates):
            d_gate.mul_(d_h)
            if t:
                d_h_next.baddbmm_(d_gate, weights)
        return d_gates, d_gates


CELLS: Dict[str, Cell] = {"LSTM": LSTMCell(), "GRU": GRUCell(), "RNN_TANH": RNNCell()}
"""By the mode of torch's layers, which hold the parameters."""


def cell_of(layer: nn.RNNBase) -> Cell:
    return CELLS[layer.mode]
