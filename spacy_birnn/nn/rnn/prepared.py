"""The weights of one recurrent layer, and how prediction runs them on a CPU.

The parameters are those of torch's own layers, and so are the results. A batch runs
packed, all sequences and both directions in one loop over time. One sequence alone runs
in numpy: a step then has so few numbers that what counts is the price of a call, and
numpy's is a third of torch's.
"""

from copy import copy
from itertools import chain
from typing import Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy
import torch
from numpy import ndarray
from torch import Tensor, nn

from ..lazy import lazy
from ..packing import MIN_ROWS, Packing, with_rows
from ..scratch import SCRATCH
from .cells import HALF, Cell
from .products import Products
from .steps import GateStep, Memory, in_order, look_up_steps, side_by_side

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

    def direction(self, d: int) -> "PreparedLayer":
        """One of its directions as a layer of its own, which reads from the left."""
        part = copy(self)
        part.__dict__.pop("_halved", None)
        part.products = self.products.direction(d)
        part._inputs, part._bias = self._inputs[d : d + 1], self._bias[d : d + 1]
        return part

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
        self,
        inputs: Iterable[GateStep],
        hidden: Tensor,
        packing: Packing,
        keep: bool,
        initial: Optional[Tensor] = None,
    ) -> Memory:
        """Fill in the hidden states (D, N, H) step by step.

        Args:
            inputs: the input's part of the pre-activations of each step; they are
                overwritten.
            hidden: to be filled in, packed; see `Memory` for the last ones alone.
            packing: of the sequences.
            keep: the gradient is needed.
            initial: the states to begin with, in packed order and the packed pass's
                units, (C, D, S, H); None for zeros.

        Returns:
            What the cell keeps, and the last states.
        """
        memory = Memory(hidden, packing, keep, initial)
        self.cell.forward(inputs, self.products, memory)
        return memory

    def run_packed(
        self,
        tables: Sequence[ndarray],
        rows: ndarray,
        packing: Packing,
        carried: Optional[ndarray] = None,
    ) -> ndarray:
        """Hidden states (N, D·H) of a batch, flat, without a gradient.

        Args:
            tables: of `project`, (R, K·H) per direction.
            rows: which of their rows each token has, flat, shape (N,).
            packing: of the sequences.
            carried: the states that sequences begin with, (C, D, B, H), see
                `new_state`; overwritten with the last ones. None for zeros.
        """
        ways = in_order(packing, len(tables))
        shape = (len(tables), len(packing), self.hidden_size)
        hidden = SCRATCH.take(torch.from_numpy(tables[0]).dtype, *shape)
        orders = [order for order, _ in ways]
        self._run_looked_up(tables, rows, orders, hidden, packing, carried)
        return side_by_side(hidden, packing).numpy()

    def last_packed(
        self, tables: Sequence[ndarray], rows: ndarray, packing: Packing
    ) -> ndarray:
        """The hidden state of each sequence after its last step, (B, H), of one
        direction, from zeros; 0 for an empty sequence. Takes as `run_packed`."""
        hidden = torch.empty(1, packing.n_sequences, self.hidden_size)
        self._run_looked_up(tables, rows, [packing.gather], hidden, packing, None)
        out = hidden.new_zeros(len(packing.lengths), self.hidden_size)
        return out.index_copy_(0, packing.order, hidden[0]).numpy()

    def _run_looked_up(
        self,
        tables: Sequence[ndarray],
        rows: ndarray,
        orders: Sequence[Tensor],
        hidden: Tensor,
        packing: Packing,
        carried: Optional[ndarray],
    ) -> None:
        parts = [torch.from_numpy(table) for table in tables]
        index = [torch.from_numpy(rows).index_select(0, order) for order in orders]
        steps = look_up_steps(parts, index, packing, self.cell.n_gates)
        if carried is None:
            self.recur(steps, hidden, packing, keep=False)
            return
        states = torch.from_numpy(carried)
        initial = self.cell.to_pass(states.index_select(2, packing.order))
        last = self.recur(steps, hidden, packing, keep=False, initial=initial).last()
        states.index_copy_(2, packing.order, self.cell.from_pass(last))

    def run_one(
        self,
        tables: Sequence[ndarray],
        rows: ndarray,
        carried: Optional[ndarray] = None,
    ) -> ndarray:
        """Hidden states (T, D·H) of one sequence.

        Args:
            tables: as for `run_packed`.
            rows: which of their rows each token has, shape (T,), at least one.
            carried: as for `run_packed`, of one sequence, (C, D, 1, H).
        """
        weights, bias = self._halved
        n_directions = len(tables)
        shape = (len(rows), n_directions, 1, self.hidden_size)
        states = numpy.empty(shape, bias.dtype)
        blocks = self._look_up_halved(tables, [rows, rows[::-1]][:n_directions])
        inputs = chain.from_iterable(blocks)
        self.cell.run_one(inputs, states, weights, bias, carried)
        both = [states[:, 0, 0], states[::-1, -1, 0]]
        return numpy.concatenate(both[:n_directions], 1)

    def new_state(self, n_sequences: int, n_directions: int = 1) -> ndarray:
        """Zeros for what B sequences carry from step to step, (C, D, B, H)."""
        shape = (self.cell.n_states, n_directions, n_sequences, self.hidden_size)
        return numpy.zeros(shape, self._halved[1].dtype)

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
        """The input's part of the pre-activations, (T, K, D, 1, H), halved, `BLOCK`
        steps at a time."""
        shape = self._halved[1].shape
        for first in range(0, len(orders[0]), BLOCK):
            chosen = [order[first : first + BLOCK] for order in orders]
            block = numpy.empty((len(chosen[0]), *shape), tables[0].dtype)
            for d, (table, rows) in enumerate(zip(tables, chosen, strict=True)):
                gates = table.take(rows, 0).reshape(len(rows), -1, self.hidden_size)
                numpy.multiply(gates, HALF, block[:, :, d, 0])
            yield block
