"""A recurrent encoder as prediction wants it, on a CPU.

What the input adds to the gates of the first layer depends on the input alone. Where
inputs repeat, as word forms do, it is computed once (`project`), and a time step then
costs one look-up and the recurrent product.
"""

from typing import Callable, Iterator, List, NamedTuple, Optional, Sequence, Tuple, cast

import numpy
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from .birnn import BiRNN
from .cells import Cell, cell_of
from .packing import MIN_ROWS, Packing, with_rows
from .products import Products
from .recurrence import direction_weights, in_order, recur, side_by_side
from .steps import GateStep
from .windows import Windows

LookUp = Callable[[Tensor], Tuple[List[Tensor], Tensor]]

GROUP = 256
"""Sequences that run at once: more of them no longer fit into a core's cache."""

FEW = 2
"""So few sequences have too few rows a step to pay for a loop in Python: torch's own is
faster."""


class Layer(NamedTuple):
    """One layer's weights, scaled as its cell wants them.

    Attributes:
        cell: what a step does.
        hidden: H.
        inputs: (n_in, K·H) a direction.
        bias: (K·H,) a direction.
        products: the recurrent ones.
    """

    cell: Cell
    hidden: int
    inputs: List[Tensor]
    bias: List[Tensor]
    products: Products

    def project(self, X: Tensor) -> List[Tensor]:
        """Inputs (R, n_in) to their share in the gates, (R, K·H) a direction."""
        if len(X) < MIN_ROWS:
            return [part[: len(X)] for part in self.project(with_rows(X, MIN_ROWS))]
        dtype = self.products.dtype
        if X.dtype == dtype:
            pairs = zip(self.bias, self.inputs, strict=True)
            return [torch.addmm(bias, X, weight) for bias, weight in pairs]
        X = X.to(dtype)
        products = [
            torch.mm(X, weight).to(bias.dtype)
            for bias, weight in zip(self.bias, self.inputs, strict=True)
        ]
        return [p.add_(bias) for p, bias in zip(products, self.bias, strict=True)]

    def run(self, tables: List[Tensor], rows: Tensor, packing: Packing) -> Tensor:
        """Hidden states (N, D·H), flat.

        Args:
            tables: shares in the gates, (R, K·H) a direction.
            rows: which of them each token has, flat, shape (N,).
            packing: of the sequences.
        """
        ways = in_order(packing, len(tables))
        index = [rows[order] for order, _ in ways]
        hidden = tables[0].new_empty(len(tables), len(packing), self.hidden)
        steps = _looked_up(tables, index, packing, self.cell.n_gates)
        recur(self.cell, steps, self.products, hidden, packing, keep=False)
        return side_by_side(hidden, packing)


class InferenceBiRNN:
    """Predicts what a `BiRNN` does with the weights that it has now.

    Args:
        encoder: on a CPU.
        dtype: of the matrix products; the encoder's own if None.
    """

    @torch.no_grad()
    def __init__(self, encoder: BiRNN, dtype: Optional[torch.dtype] = None) -> None:
        self.width = encoder.width
        self.torchs = cast(List[nn.RNNBase], encoder.layers)
        self.layers = [_prepared(layer, dtype) for layer in self.torchs]

    def project(self, X: Tensor) -> List[Tensor]:
        """Inputs (R, n_in) to what `encode` looks up: their share in the gates, (R,
        K·H) a direction, and themselves."""
        return [*self.layers[0].project(X), X]

    @torch.no_grad()
    def encode(self, look_up: LookUp, lengths: Sequence[int]) -> Tensor:
        """Hidden states, shape (N, width).

        Args:
            look_up: called with the flat rows of some tokens; returns what `project`
                made of some inputs, and which of these inputs each token has.
            lengths: tokens a sequence, sum N.
        """
        windows = Windows(lengths)
        tokens = windows.split(torch.arange(sum(lengths)))
        out = self.layers[0].bias[0].new_empty(len(tokens), self.width)
        for chosen, packing in _groups(windows.lengths):
            tables, rows = look_up(tokens[chosen])
            if len(packing.order) <= FEW:
                out[chosen] = self._encode_few(tables[-1][rows], packing)
                continue
            H = self.layers[0].run(tables[:-1], rows, packing)
            for layer in self.layers[1:]:
                H = layer.run(layer.project(H), torch.arange(len(H)), packing)
            out[chosen] = H
        return windows.join(out)

    def _encode_few(self, X: Tensor, packing: Packing) -> Tensor:
        H = packing.pack(X)
        for layer in self.torchs:
            H = layer(PackedSequence(H, packing.batch_sizes))[0].data
        return packing.unpack(H)


def _prepared(layer: nn.RNNBase, dtype: Optional[torch.dtype]) -> Layer:
    cell, weights = cell_of(layer), direction_weights(layer)
    biases = [cell.biases(w.b_ih, w.b_hh) for w in weights]
    products = Products(
        [cell.scaled(w.w_hh) for w in weights], [inside for _, inside in biases], dtype
    )
    inputs = [cell.scaled(w.w_ih).to(products.dtype).t() for w in weights]
    return Layer(
        cell, layer.hidden_size, inputs, [bias for bias, _ in biases], products
    )


def _looked_up(
    tables: List[Tensor], index: List[Tensor], packing: Packing, n_gates: int
) -> Iterator[GateStep]:
    """The rows of each step, always in the same place."""
    sizes = packing.sizes
    buffer = tables[0].new_empty(len(tables), sizes[0], tables[0].shape[1])
    views = {n: GateStep.of(buffer[:, :n], n_gates) for n in set(sizes)}
    for n, *rows in zip(sizes, *[packing.steps(i) for i in index], strict=True):
        for table, row, out in zip(tables, rows, views[n].directions, strict=True):
            torch.index_select(table, 0, row, out=out)
        yield views[n]


def _groups(lengths: Sequence[int]) -> Iterator[Tuple[Tensor, Packing]]:
    """Sequences of like length, `GROUP` at a time: their rows and their packing."""
    sizes = numpy.asarray(lengths)
    starts = numpy.cumsum(sizes) - sizes
    order = numpy.argsort(-sizes, kind="stable")[: numpy.count_nonzero(sizes)]
    for first in range(0, len(order), GROUP):
        packing = Packing(sizes[order[first : first + GROUP]])
        within = numpy.cumsum(packing.lengths) - packing.lengths
        shift = starts[order[first : first + GROUP]] - within
        rows = numpy.arange(len(packing)) + numpy.repeat(shift, packing.lengths)
        yield torch.from_numpy(rows), packing
