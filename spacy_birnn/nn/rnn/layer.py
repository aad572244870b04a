"""One recurrent layer: its prepared weights, and the three ways to run it.

The parameters are those of torch's own layers, and so are the results. On a GPU cuDNN
runs them. On a CPU a batch runs packed, all sequences and both directions in one loop
over time, with a gradient of our own (torch's packed layers spend a third of their time
beside the matrix products). One sequence alone runs in numpy: a step then has so few
numbers that what counts is the price of a call, and numpy's is a third of torch's.
"""

from typing import Any, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy
import torch
from numpy import ndarray
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.utils.rnn import PackedSequence

from ..lazy import lazy
from ..packing import MIN_ROWS, Packing, with_rows
from ..scratch import SCRATCH
from .cells import HALF, Cell
from .products import Products
from .steps import (
    GateStep,
    Memory,
    gate_steps,
    in_order,
    look_up_steps,
    shifted,
    side_by_side,
)

BLOCK = 200
"""Steps of one sequence whose gates are looked up at once: no more than a processor's
cache holds."""


class Weights(NamedTuple):
    """Parameters of one direction, as torch names them."""

    w_ih: Tensor
    w_hh: Tensor
    b_ih: Tensor
    b_hh: Tensor


def weights_of(layer: nn.RNNBase) -> List[Weights]:
    """The parameters of each direction of a layer of depth one."""
    suffixes = ("l0", "l0_reverse") if layer.bidirectional else ("l0",)
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return [Weights(*[getattr(layer, f"{n}_{s}") for n in names]) for s in suffixes]


class PreparedLayer:
    """The weights of a layer in the units of its cell (see `cells`), to run on a CPU.

    The input's part of the pre-activations is computed first (`project`, or
    `preactivations` where the gradient is needed), for all tokens in one product; the
    loop over time adds the state's part.

    Args:
        cell: its kind.
        weights: of each direction; later changes to them do not count.
        dtype: of large matrix products; that of the weights if None.

    Attributes:
        n_preactivations: of one token, D·K·H.
    """

    def __init__(
        self,
        cell: Cell,
        weights: Sequence[Weights],
        dtype: Optional[torch.dtype] = None,
    ) -> None:
        self.cell = cell
        self.hidden_size = weights[0].w_hh.shape[1]
        self.n_preactivations = len(weights) * cell.n_gates * self.hidden_size
        biases = [cell.split_bias(w.b_ih, w.b_hh) for w in weights]
        self.products = Products(
            [cell.double(w.w_hh) for w in weights],
            [cell.double(of_state) for _, of_state in biases],
            dtype,
        )
        dtype = self.products.dtype
        self._inputs = [cell.double(w.w_ih).to(dtype).t() for w in weights]
        self._bias = [cell.double(of_input) for of_input, _ in biases]

    def project(self, X: Tensor) -> List[ndarray]:
        """Inputs (R, n_in) to their part of the pre-activations, one table (R, K·H)
        per direction."""
        rows = with_rows(X, MIN_ROWS).to(self.products.dtype)
        tables = [self._multiply(rows, d).numpy() for d in range(len(self._bias))]
        return [table[: len(X)] for table in tables]

    def _multiply(self, rows: Tensor, d: int, out: Optional[Tensor] = None) -> Tensor:
        if rows.dtype == self._bias[d].dtype:
            return torch.addmm(self._bias[d], rows, self._inputs[d], out=out)
        return (
            torch.mm(rows, self._inputs[d]).to(self._bias[d].dtype).add_(self._bias[d])
        )

    def preactivations(self, ordered: Sequence[Tensor]) -> Tensor:
        """Inputs (N, n_in) per direction, packed, to their part of the pre-activations,
        (D, N, K·H)."""
        size = self.cell.n_gates * self.hidden_size
        whole = ordered[0].new_empty(len(ordered), len(ordered[0]), size)
        for d, (rows, out) in enumerate(zip(ordered, whole, strict=True)):
            self._multiply(rows, d, out)
        return whole

    def recur(
        self, inputs: Iterable[GateStep], hidden: Tensor, packing: Packing, keep: bool
    ) -> List[Tensor]:
        """Fill in the hidden states (D, N, H) step by step.

        Args:
            inputs: the input's part of the pre-activations of each step; they are
                overwritten.
            hidden: to be filled in, packed.
            packing: of the sequences.
            keep: the gradient is needed.

        Returns:
            What the cell keeps for its gradient.
        """
        memory = Memory(hidden, packing, keep)
        self.cell.forward(inputs, self.products, memory)
        return memory.kept

    def run_packed(
        self, tables: Sequence[ndarray], rows: ndarray, packing: Packing
    ) -> ndarray:
        """Hidden states (N, D·H) of a batch, flat, without a gradient.

        Args:
            tables: of `project`, (R, K·H) per direction.
            rows: which of their rows each token has, flat, shape (N,).
            packing: of the sequences.
        """
        parts = [torch.from_numpy(table) for table in tables]
        ways = in_order(packing, len(tables))
        index = [torch.from_numpy(rows).index_select(0, order) for order, _ in ways]
        shape = (len(parts), len(packing), self.hidden_size)
        hidden = SCRATCH.take(parts[0].dtype, *shape)
        steps = look_up_steps(parts, index, packing, self.cell.n_gates)
        self.recur(steps, hidden, packing, keep=False)
        return side_by_side(hidden, packing).numpy()

    def run_one(self, tables: Sequence[ndarray], rows: ndarray) -> ndarray:
        """Hidden states (T, D·H) of one sequence.

        Args:
            tables: as for `run_packed`.
            rows: which of their rows each token has, shape (T,), at least one.
        """
        weights, bias = self._halved
        n_directions = len(tables)
        shape = (len(rows), n_directions, 1, self.hidden_size)
        states = numpy.empty(shape, bias.dtype)
        inputs = self._look_up_halved(tables, [rows, rows[::-1]][:n_directions])
        self.cell.run_one(inputs, states, weights, bias)
        both = [states[:, 0, 0], states[::-1, -1, 0]]
        return numpy.concatenate(both[:n_directions], 1)

    @lazy
    def _halved(self) -> Tuple[ndarray, ndarray]:
        """Recurrent weights (K, D, H, H) and biases (K, D, 1, H) for one sequence."""
        size = self.hidden_size
        weights = self.products.weights.unflatten(2, (-1, size)).permute(2, 0, 1, 3)
        bias = self.products.bias.unflatten(2, (-1, size)).permute(2, 0, 1, 3)
        halved = [part.mul(0.5).contiguous().numpy() for part in (weights, bias)]
        return halved[0], halved[1]

    def _look_up_halved(
        self, tables: Sequence[ndarray], orders: Sequence[ndarray]
    ) -> Iterator[ndarray]:
        """The input's part of each step's pre-activations, (K, D, 1, H), halved."""
        shape = self._halved[1].shape
        for first in range(0, len(orders[0]), BLOCK):
            chosen = [order[first : first + BLOCK] for order in orders]
            block = numpy.empty((len(chosen[0]), *shape), tables[0].dtype)
            for d, (table, rows) in enumerate(zip(tables, chosen, strict=True)):
                gates = table.take(rows, 0).reshape(len(rows), -1, self.hidden_size)
                numpy.multiply(gates, HALF, block[:, :, d, 0])
            yield from block


def run_layer(cell: Cell, layer: nn.RNNBase, X: Tensor, packing: Packing) -> Tensor:
    """Hidden states (N, D·H) of one layer, flat; differentiable.

    Args:
        cell: its kind.
        layer: its parameters, of depth one.
        X: flat input, shape (N, n_in); not empty.
        packing: of the sequences.
    """
    if X.is_cuda:
        layer.flatten_parameters()  # cuDNN wants its weights in one buffer
        packed = PackedSequence(packing.pack(X), packing.batch_sizes)
        return packing.unpack(layer(packed)[0].data)
    params = [param for weights in weights_of(layer) for param in weights]
    return _Packed.apply(X, packing, cell, *params)


class _Packed(torch.autograd.Function):
    """The packed loop over time with its gradient."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, X: Tensor, packing: Packing, cell: Cell, *params: Tensor
    ) -> Tensor:
        directions = _by_direction(params)
        layer = PreparedLayer(cell, directions)
        ways = in_order(packing, len(directions))
        ordered = [X.index_select(0, order) for order, _ in ways]
        gates = layer.preactivations(ordered)
        hidden = X.new_empty(len(directions), len(X), layer.hidden_size)
        steps = gate_steps(gates, cell.n_gates, packing)
        ctx.kept = layer.recur(steps, hidden, packing, keep=True)
        ctx.cell, ctx.packing = cell, packing
        ctx.save_for_backward(*params, gates, hidden, *ordered)
        return side_by_side(hidden, packing)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Any:
        packing, saved = ctx.packing, ctx.saved_tensors
        n_directions = (len(saved) - 2) // (len(Weights._fields) + 1)
        gates, hidden, *ordered = saved[-2 - n_directions :]
        directions = _by_direction(saved[: -2 - n_directions])
        ways = in_order(packing, n_directions)
        parts = zip(grads[0].chunk(n_directions, 1), ways, strict=True)
        d_input, d_state = ctx.cell.backward(
            gates,
            hidden,
            ctx.kept,
            torch.stack([part.index_select(0, order) for part, (order, _) in parts]),
            torch.stack([weights.w_hh for weights in directions]),
            packing,
        )
        before = shifted(hidden, packing)
        d_params: List[Tensor] = []
        d_X = torch.zeros_like(ordered[0])
        for d, weights in enumerate(directions):
            d_params += [d_input[d].t() @ ordered[d], d_state[d].t() @ before[d]]
            d_params += [d_input[d].sum(0), d_state[d].sum(0)]
            d_X += (d_input[d] @ weights.w_ih).index_select(0, ways[d][1])
        return d_X, None, None, *d_params


def _by_direction(params: Sequence[Tensor]) -> List[Weights]:
    size = len(Weights._fields)
    return [Weights(*params[i : i + size]) for i in range(0, len(params), size)]
