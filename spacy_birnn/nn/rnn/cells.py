"""The recurrent cells: their equations, and how a layer of each is run on a CPU.

A cell is one class: its equations, torch's layer that holds its parameters (and runs it
on a GPU), a packed forward and backward pass, and a loop over one sequence in numpy. It
is found by its name in `CELLS`. To add one, see CONTRIBUTING.md.

H is the hidden size and K the number of gates, which lie side by side in torch's order.
For C, D, S, n and N see `steps`. Equations are those of torch's own layers: W are the
input weights, U the recurrent ones, b and b' their biases, ⊙ multiplies elementwise.

Units
-----
On a CPU torch's sigmoid takes a fifth of the time of its tanh, so the packed pass has
no tanh: `tanh(x) = 2 σ(2x) - 1`. **All arguments of a tanh are kept doubled**:

- the rows of W, U, b and b' that belong to the tanh gate (`Cell.double` doubles them
  once, when a layer is prepared), and so that gate's column in every table of gates;
- the cell state of the LSTM, and the product inside the GRU's new gate.

In numpy it is the other way round, and one call has to activate all gates:
`σ(x) = (1 + tanh(x / 2)) / 2`. **The loop over one sequence takes half of the packed
pass's numbers**: an argument of a tanh is then as it is in the equations, one of a
sigmoid is halved. Gradients are those of the equations' own numbers.
"""

from abc import ABC, abstractmethod
from typing import Any, Callable, Dict, Iterable, Optional, Sequence, Tuple

import numpy
import torch
from numpy import add, matmul, multiply, ndarray, subtract, tanh
from torch import Tensor, nn

from ..packing import Packing
from .products import Products
from .steps import Carried, GateStep, Memory, Steps, backwards, shifted

GateGradients = Tuple[Tensor, Tensor]
"""(D, N, K·H) gradients of the input's part of the pre-activations, and the state's."""

HALF = numpy.array(0.5, dtype="float32")

# As a tensor: a number would be made one at every step.
_MINUS_ONE = torch.tensor(-1.0)


def tanh_(sigmoids: Tensor) -> Tensor:
    """`σ(2x)` to `tanh(x)`, in place."""
    return torch.add(_MINUS_ONE, sigmoids, alpha=2.0, out=sigmoids)


class Cell(ABC):
    """One kind of recurrence.

    Attributes:
        torch_layer: torch's layer of this cell.
        n_gates: K.
        gate_names: what the literature calls each of the gates, shape (K,).
        tanh_gate: which of the gates is a tanh; the others are sigmoids.
        n_states: C, how many states are carried from step to step; the hidden state is
            the first.
        forget_gate: the gate whose bias starts at 1, if any.
    """

    torch_layer: Callable[..., Any]
    n_gates: int
    gate_names: Tuple[str, ...]
    tanh_gate: int
    n_states: int = 1
    forget_gate: Optional[int] = None

    def double(self, weight: Tensor) -> Tensor:
        """A copy of weights or biases (K·H, …) in the units of the packed pass."""
        weight = weight.clone()
        weight.chunk(self.n_gates)[self.tanh_gate].mul_(2.0)
        return weight

    def split_bias(self, of_input: Tensor, recurrent: Tensor) -> Tuple[Tensor, Tensor]:
        """Biases (K·H,) by what they are added to: the input's part of the
        pre-activations, and the state's. All go to the input's part where a cell does
        not say otherwise."""
        return of_input + recurrent, torch.zeros_like(recurrent)

    def to_pass(self, states: Tensor) -> Tensor:
        """Carried states (C, …) of the equations in the units of the packed pass, in
        place."""
        return states

    def from_pass(self, states: Tensor) -> Tensor:
        """The way back from `to_pass`."""
        return states

    @abstractmethod
    def forward(
        self, inputs: Iterable[GateStep], products: Products, memory: Memory
    ) -> None:
        """Fill in the hidden states of a packed batch.

        Args:
            inputs: the input's part of the pre-activations of each step; they are
                activated in place.
            products: give the state's part.
            memory: room for the hidden states, and for what the gradient needs; it
                knows the states to begin with.
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
        carried: Optional[Carried] = None,
    ) -> GateGradients:
        """Backpropagation through time, up to the pre-activations of the gates.

        Args:
            gates: (D, N, K·H) activated.
            hidden: (D, N, H).
            kept: by `forward`.
            d_hidden: (D, N, H) gradient; overwritten with all that comes back in time.
            weights: (D, K·H, H) recurrent ones, as they are in the equations.
            carried: the states that sequences began with, and the gradients of those
                that they ended with; None if they began with zeros.
        """

    @abstractmethod
    def run_one(
        self,
        inputs: Iterable[ndarray],
        states: ndarray,
        weights: ndarray,
        bias: ndarray,
        carried: Optional[ndarray] = None,
    ) -> None:
        """Fill in the hidden states of one sequence, both directions in one loop.

        Args:
            inputs: the input's part of the pre-activations of each step, (K, D, 1, H),
                halved.
            states: (T, D, 1, H) to be filled in.
            weights: (K, D, H, H) recurrent, from a row of a state to its part, halved.
            bias: (K, D, 1, H) of this part, halved.
            carried: (C, D, 1, H) states to begin with, as they are in the equations;
                overwritten with the last ones. None for zeros.
        """


class LSTM(Cell):
    """Hochreiter & Schmidhuber (1997), with the forget gate of Gers et al. (2000).

    ::

        i, f, o = σ(W x + b + U h' + b')    input, forget and output gate
        g = tanh(W x + b + U h' + b')       cell gate
        c = f ⊙ c' + i ⊙ g
        h = o ⊙ tanh(c)
    """

    torch_layer = nn.LSTM
    n_gates, tanh_gate, forget_gate = 4, 2, 1  # i, f, g, o
    n_states = 2  # h, c

    def to_pass(self, states):
        states[1].mul_(2.0)
        return states

    def from_pass(self, states):
        states[1].mul_(0.5)
        return states

    gate_names = ("input", "forget", "cell", "output")

    def forward(self, inputs, products, memory) -> None:
        hidden, cells = memory.hidden, memory.carried_steps()
        squashed = memory.new_steps()
        for t, step in enumerate(inputs):
            before = hidden.before[t]
            if before is not None:
                products.add_to(step.all, before)
            step.all.sigmoid_()
            i, f, g, o = step.each
            tanh_(g)
            if before is not None:
                torch.mul(f, cells.before[t], out=cells.now[t])
                cells.now[t].addcmul_(i, g, value=2.0)
            else:
                torch.mul(i, g, out=cells.now[t]).mul_(2.0)
            tanh_(torch.sigmoid(cells.now[t], out=squashed.now[t]))
            torch.mul(o, squashed.now[t], out=hidden.now[t])

    def backward(self, gates, hidden, kept, d_hidden, weights, packing, carried=None):
        cells, squashed = kept
        first = None if carried is None else carried.initial[1]
        i, f, g, o = gates.chunk(4, 2)
        to_cell = o * (1.0 - squashed.square())
        # What the gradient of the cell (of the hidden state, for o) is multiplied by.
        d_gates = gates.addcmul(gates, gates, value=-1.0)
        d_i, d_f, d_g, d_o = d_gates.chunk(4, 2)
        d_i.mul_(g)
        d_f.mul_(shifted(cells, packing, first)).mul_(0.5)
        torch.mul(i, 1.0 - g.square(), out=d_g)
        d_o.mul_(squashed)

        # A sequence's row keeps what is there until the walk gets to its last step.
        d_cells = hidden.new_zeros(hidden.shape[0], packing.sizes[0], hidden.shape[2])
        if carried is not None:
            d_cells.copy_(carried.d_last[1])
        inner = d_gates.unflatten(2, (4, -1))[:, :, :3]
        steps = backwards(packing, d_hidden, carried, to_cell, d_gates, d_o, f, inner)
        rolling = reversed(Steps.rolling(d_cells, packing).now)
        for d_c, step in zip(rolling, steps, strict=True):
            d_h, d_h_before, to_c, d_gate, d_out, forget, d_inner = step
            d_c.addcmul_(d_h, to_c)
            d_inner.mul_(d_c.unsqueeze(2))
            d_out.mul_(d_h)
            d_c.mul_(forget)
            if d_h_before is not None:
                d_h_before.baddbmm_(d_gate, weights)
        if carried is not None:
            carried.d_initial[1].copy_(d_cells)
        return d_gates, d_gates

    def run_one(self, inputs, states, weights, bias, carried=None) -> None:
        if carried is None:
            state, cell = None, numpy.zeros_like(states[0])
        else:
            state, cell = carried
        squashed = numpy.empty_like(cell)
        total, sigmoids = numpy.empty((2, *bias.shape), bias.dtype)
        i, f, _, o = sigmoids
        g = total[2]
        for x, now in zip(inputs, states, strict=True):
            if state is None:  # zeros, whose product takes half of a step
                tanh(x, total)
            else:
                tanh(add(matmul(state, weights, total), x, total), total)
            add(multiply(total, HALF, sigmoids), HALF, sigmoids)
            multiply(f, cell, cell)
            add(cell, multiply(i, g, g), cell)
            state = multiply(o, tanh(cell, squashed), now)
        if carried is not None:
            carried[0] = state


class GRU(Cell):
    """Cho et al. (2014); the reset gate works on the product, as in cuDNN and torch.

    ::

        r, z = σ(W x + b + U h' + b')            reset and update gate
        n = tanh(W x + b + r ⊙ (U h' + b'))      new gate
        h = (1 - z) ⊙ n + z ⊙ h'
    """

    torch_layer = nn.GRU
    n_gates, tanh_gate = 3, 2  # r, z, n
    gate_names = ("reset", "update", "new")

    def split_bias(self, of_input, recurrent):
        """The new gate's recurrent bias is inside of what the reset gate resets."""
        inside = recurrent.clone()
        inside[: len(inside) * 2 // 3] = 0.0
        return of_input + recurrent - inside, inside

    def forward(self, inputs, products, memory) -> None:
        hidden, inside = memory.hidden, memory.new_steps().now
        for t, step in enumerate(inputs):
            r, z, n = step.each
            before = hidden.before[t]
            if before is not None:
                product = products.with_bias(before)
                of_r, of_z, of_n = product.chunk(3, 2)
                r.add_(of_r)
                z.add_(of_z)
                inside[t].copy_(of_n)
            else:
                inside[t].copy_(products.bias.chunk(3, 2)[2])
            r.sigmoid_()
            z.sigmoid_()
            tanh_(n.addcmul_(r, inside[t]).sigmoid_())
            if before is not None:
                torch.lerp(n, before, z, out=hidden.now[t])
            else:
                torch.mul(n, 1.0 - z, out=hidden.now[t])

    def backward(self, gates, hidden, kept, d_hidden, weights, packing, carried=None):
        (inside,) = kept
        first = None if carried is None else carried.initial[0]
        r, z, n = gates.chunk(3, 2)
        d_state = gates.addcmul(gates, gates, value=-1.0)
        d_r, d_z, d_q = d_state.chunk(3, 2)
        d_r.mul_(inside).mul_(0.5)
        d_z.mul_(shifted(hidden, packing, first) - n)
        d_n = (1.0 - z).mul_(1.0 - n.square())

        views = (d_n, d_r, d_z, d_q, d_state, r, z)
        steps = backwards(packing, d_hidden, carried, *views)
        for d_h, d_h_before, new, reset, update, state, d_gate, r_t, z_t in steps:
            new.mul_(d_h)
            reset.mul_(new)
            update.mul_(d_h)
            torch.mul(new, r_t, out=state)
            if d_h_before is not None:
                d_h_before.addcmul_(d_h, z_t)
                d_h_before.baddbmm_(d_gate, weights)
        d_input = d_state.clone()
        d_input.chunk(3, 2)[2].copy_(d_n)
        return d_input, d_state

    def run_one(self, inputs, states, weights, bias, carried=None) -> None:
        state = numpy.zeros_like(states[0]) if carried is None else carried[0]
        total = numpy.empty_like(bias)
        both, n = total[:2], total[2]
        sigmoids = numpy.empty_like(both)
        r, z = sigmoids
        for x, now in zip(inputs, states, strict=True):
            add(matmul(state, weights, total), bias, total)
            tanh(add(both, x[:2], both), both)
            add(multiply(both, HALF, sigmoids), HALF, sigmoids)
            tanh(add(multiply(r, n, n), x[2], n), n)
            change = multiply(z, subtract(state, n, now), now)
            state = add(n, change, now)
        if carried is not None:
            carried[0] = state


class RNN(Cell):
    """Elman (1990): `h = tanh(W x + b + U h' + b')`."""

    torch_layer = nn.RNN
    n_gates, tanh_gate = 1, 0
    gate_names = ("state",)

    def forward(self, inputs, products, memory) -> None:
        hidden = memory.hidden
        for t, step in enumerate(inputs):
            before = hidden.before[t]
            if before is not None:
                products.add_to(step.all, before)
            tanh_(torch.sigmoid(step.all, out=hidden.now[t]))

    def backward(self, gates, hidden, kept, d_hidden, weights, packing, carried=None):
        d_gates = 1.0 - hidden.square()
        steps = backwards(packing, d_hidden, carried, d_gates)
        for d_h, d_h_before, d_gate in steps:
            d_gate.mul_(d_h)
            if d_h_before is not None:
                d_h_before.baddbmm_(d_gate, weights)
        return d_gates, d_gates

    def run_one(self, inputs, states, weights, bias, carried=None) -> None:
        state = numpy.zeros_like(states[0]) if carried is None else carried[0]
        total = numpy.empty_like(bias)
        for x, now in zip(inputs, states, strict=True):
            matmul(state, weights, total)
            state = tanh(add(total[0], x[0], now), now)
        if carried is not None:
            carried[0] = state


CELLS: Dict[str, Cell] = {"lstm": LSTM(), "gru": GRU(), "rnn": RNN()}
"""By the name that a config gives them. `spacy-birnn.BiRNNEncoder.v1` offers all."""
