"""The recurrent cells: a time step for all sequences and both directions at once.

Forward and backward are written out, for torch's own packed layers spend a third of
their time beside the matrix products. Tensors of a step are (D, n, …), those of a whole
batch (D, N, …) in packed order: D directions, n sequences that are still running, N
tokens. H is the hidden size, K the number of gates, which lie side by side in torch's
order.

``tanh(x)`` is computed as ``2 σ(2x) - 1``: on a CPU torch's sigmoid takes a sixth of
the time of its tanh. The factor 2 of the argument is in the weights: see `Cell.scaled`.
"""

from abc import ABC, abstractmethod
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

import torch
from torch import Tensor, nn

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
    def rolling(cls, like: Tensor, packing: Packing, hidden: int) -> "Steps":
        """One buffer for all steps: only the last one is there to read."""
        buffer = like.new_empty(like.shape[0], packing.sizes[0], hidden)
        now = [buffer[:, :n] for n in packing.sizes]
        return cls(now, now)


class Memory:
    """Makes what a cell keeps a step beside its hidden state.

    Args:
        hidden: (D, N, H) where the hidden states go.
        packing: of the batch.
        keep: all steps are needed later, for the gradient.
    """

    def __init__(self, hidden: Tensor, packing: Packing, keep: bool) -> None:
        self._like, self._packing, self._keep = hidden, packing, keep
        self.kept: List[Tensor] = []

    def steps(self) -> Steps:
        if not self._keep:
            return Steps.rolling(self._like, self._packing, self._like.shape[2])
        self.kept.append(torch.empty_like(self._like))
        return Steps.of(self.kept[-1], self._packing)


class Products:
    """Recurrent products ``h Wᵀ``, one matrix a direction.

    Args:
        weights: (K·H, H) a direction, scaled.
        bias: (K·H,) a direction: what the products themselves are given, if anything.
        dtype: of the products; sums are taken in that of the states.
    """

    def __init__(
        self,
        weights: Sequence[Tensor],
        bias: Sequence[Tensor],
        dtype: Optional[torch.dtype] = None,
    ) -> None:
        self.dtype = dtype or weights[0].dtype
        self.weights = [weight.to(self.dtype).t() for weight in weights]
        self.bias = bias

    def add_to(self, gates: Tensor, hidden: Tensor) -> None:
        """Add them to the gates, in place."""
        if hidden.dtype == self.dtype:
            for rows, state, weight in zip(gates, hidden, self.weights, strict=True):
                rows.addmm_(state, weight)
            return
        states = hidden.to(self.dtype)
        for rows, state, weight in zip(gates, states, self.weights, strict=True):
            rows.add_(torch.mm(state, weight))

    def with_bias(self, hidden: Tensor) -> Tensor:
        """(D, n, K·H) with the bias."""
        shape = (hidden.shape[1], -1)
        product = torch.stack([bias.expand(shape) for bias in self.bias])
        self.add_to(product, hidden)
        return product


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
        self,
        inputs: Iterable[Tensor],
        products: Products,
        hidden: Steps,
        memory: Memory,
    ) -> None:
        """Fill in the hidden states.

        Args:
            inputs: (D, n, K·H) a step, the input's share in the gates; activated in
                place.
            products: the state's share.
            hidden: where the hidden states go.
            memory: makes room for what the gradient needs.
        """

    @abstractmethod
    def backward(
        self,
        gates: Tensor,
        hidden: Tensor,
        kept: Sequence[Tensor],
        d_hidden: Tensor,
        weights: Sequence[Tensor],
        packing: Packing,
    ) -> Tuple[Tensor, Tensor]:
        """Backpropagation through time, up to the gates' arguments, not scaled.

        Args:
            gates: (D, N, K·H) activated.
            hidden: (D, N, H).
            kept: what `forward` has kept.
            d_hidden: (D, N, H) gradient; overwritten with all that comes back in time.
            weights: (K·H, H) a direction, not scaled.

        Returns:
            (D, N, K·H) gradients of the input's share and of the state's share.
        """


class LSTMCell(Cell):
    """Hochreiter & Schmidhuber (1997) with the forget gate of Gers et al. (2000)."""

    n_gates, tanh_gate = 4, 2  # input, forget, cell, output

    def forward(self, inputs, products, hidden, memory) -> None:
        cells, squashed = memory.steps(), memory.steps()
        for t, gates in enumerate(inputs):
            if t:
                products.add_to(gates, hidden.before[t])
            i, f, g, o = gates.sigmoid_().chunk(4, 2)
            g.mul_(2.0).sub_(1.0)
            if t:
                torch.mul(f, cells.before[t], out=cells.now[t]).addcmul_(i, g)
            else:
                torch.mul(i, g, out=cells.now[t])
            torch.mul(cells.now[t], 2.0, out=squashed.now[t])
            squashed.now[t].sigmoid_().mul_(2.0).sub_(1.0)
            torch.mul(o, squashed.now[t], out=hidden.now[t])

    def backward(self, gates, hidden, kept, d_hidden, weights, packing):
        cells, squashed = kept
        i, f, g, o = gates.chunk(4, 2)
        to_cell = o * (1.0 - squashed.square())
        # What the gradient of the cell (of the hidden state, for o) is multiplied by.
        d_gates = gates.addcmul(gates, gates, value=-1.0)
        d_i, d_f, d_g, d_o = d_gates.chunk(4, 2)
        d_i.mul_(g)
        d_f.mul_(shifted(cells, packing))
        torch.mul(i, 1.0 - g.square(), out=d_g)
        d_o.mul_(squashed)

        d_cells = Steps.rolling(hidden, packing, hidden.shape[2]).now
        d_cells[0].zero_()
        inner = packing.steps(d_gates.unflatten(2, (4, -1))[:, :, :3], 1)
        steps = _backwards(packing, d_hidden, to_cell, d_gates, d_o, f)
        for t, d_h, d_h_next, to_c, d_gate, d_out, forget in steps:
            d_c = d_cells[t]
            d_c.addcmul_(d_h, to_c)
            inner[t].mul_(d_c.unsqueeze(2))
            d_out.mul_(d_h)
            d_c.mul_(forget)
            if t:
                _add_products(d_h_next, d_gate, weights)
        return d_gates, d_gates


class GRUCell(Cell):
    """Cho et al. (2014); the reset gate works on the product, as in cuDNN and torch."""

    n_gates, tanh_gate = 3, 2  # reset, update, new

    def biases(self, of_input, recurrent):
        """The new gate's recurrent bias is inside of what the reset gate resets."""
        inside = recurrent.clone()
        inside[: len(inside) * 2 // 3] = 0.0
        return self.scaled(of_input + recurrent - inside), self.scaled(inside)

    def forward(self, inputs, products, hidden, memory) -> None:
        new_part = memory.steps()
        for t, gates in enumerate(inputs):
            both, new = gates.split([gates.shape[2] * 2 // 3, gates.shape[2] // 3], 2)
            q = new_part.now[t]
            if t:
                product = products.with_bias(hidden.before[t])
                both.add_(product[:, :, : both.shape[2]])
                q.copy_(product[:, :, both.shape[2] :])
            else:
                for rows, bias in zip(q, products.bias):
                    rows.copy_(bias[both.shape[2] :])
            r, z = both.sigmoid_().chunk(2, 2)
            new.addcmul_(r, q).sigmoid_().mul_(2.0).sub_(1.0)
            if t:
                torch.lerp(new, hidden.before[t], z, out=hidden.now[t])
            else:
                torch.mul(new, 1.0 - z, out=hidden.now[t])

    def backward(self, gates, hidden, kept, d_hidden, weights, packing):
        (new_part,) = kept  # doubled
        r, z, n = gates.chunk(3, 2)
        d_state = gates.addcmul(gates, gates, value=-1.0)
        d_r, d_z, d_q = d_state.chunk(3, 2)
        d_r.mul_(new_part).mul_(0.5)
        d_z.mul_(shifted(hidden, packing) - n)
        d_n = (1.0 - z).mul_(1.0 - n.square())

        steps = _backwards(packing, d_hidden, d_n, d_r, d_z, d_q, d_state, r, z)
        for t, d_h, d_h_next, new, reset, update, inside, d_gate, r_t, z_t in steps:
            new.mul_(d_h)
            reset.mul_(new)
            update.mul_(d_h)
            torch.mul(new, r_t, out=inside)
            if t:
                d_h_next.addcmul_(d_h, z_t)
                _add_products(d_h_next, d_gate, weights)
        d_input = d_state.clone()
        d_input.chunk(3, 2)[2].copy_(d_n)
        return d_input, d_state


class RNNCell(Cell):
    """Elman (1990), with tanh."""

    n_gates, tanh_gate = 1, 0

    def forward(self, inputs, products, hidden, memory) -> None:
        for t, gates in enumerate(inputs):
            if t:
                products.add_to(gates, hidden.before[t])
            torch.mul(gates.sigmoid_(), 2.0, out=hidden.now[t]).sub_(1.0)

    def backward(self, gates, hidden, kept, d_hidden, weights, packing):
        d_gates = 1.0 - hidden.square()
        for t, d_h, d_h_next, d_gate in _backwards(packing, d_hidden, d_gates):
            d_gate.mul_(d_h)
            if t:
                _add_products(d_h_next, d_gate, weights)
        return d_gates, d_gates


CELLS: Dict[str, Cell] = {"LSTM": LSTMCell(), "GRU": GRUCell(), "RNN_TANH": RNNCell()}
"""By the mode of torch's layers, which hold the parameters."""


def cell_of(layer: nn.RNNBase) -> Cell:
    return CELLS[layer.mode]


def shifted(whole: Tensor, packing: Packing) -> Tensor:
    """(D, N, H) of the step before, in packed order; zeros at the first step."""
    first = whole.new_zeros(whole.shape[0], packing.sizes[0], whole.shape[2])
    return torch.cat([first, *packing.continuing(whole, 1)], 1)


def _backwards(packing: Packing, d_hidden: Tensor, *others: Tensor) -> Iterable[Tuple]:
    """The steps from the last to the first: its number, the gradient of its hidden
    states and that of the states that it came from, and a view of each other tensor."""
    now = Steps.of(d_hidden, packing)
    views = [packing.steps(other, 1) for other in others]
    for t in reversed(range(len(packing.sizes))):
        yield t, now.now[t], now.before[t], *[view[t] for view in views]


def _add_products(d_hidden: Tensor, d_gates: Tensor, weights: Sequence[Tensor]) -> None:
    for rows, d_rows, weight in zip(d_hidden, d_gates, weights, strict=True):
        rows.addmm_(d_rows, weight)
