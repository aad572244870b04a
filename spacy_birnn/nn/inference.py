"""A recurrent encoder as prediction wants it, on a CPU.

What the input adds to the gates of the first layer depends on the input alone. Where
inputs repeat, as word forms do, it is computed once (`project`), and a time step then
costs one look-up and the recurrent product.
"""

import math
from itertools import accumulate, pairwise
from typing import Callable, Iterator, List, NamedTuple, Optional, Sequence, Tuple, cast

import numpy
import torch
from numpy import ndarray
from torch import Tensor, nn

from .birnn import BiRNN
from .cells import Cell, cell_of
from .packing import MIN_ROWS, Packing, with_rows
from .products import Products
from .recurrence import direction_weights, in_order, recur, side_by_side
from .scratch import SCRATCH
from .single import FEW, SingleLayer
from .steps import GateStep
from .windows import Windows

LookUp = Callable[[ndarray], Tuple[List[ndarray], ndarray]]

GROUP = 1024
"""Sequences that run at once, at most: more gain nothing."""

TOKENS = 400_000
"""Tokens, more or less, that run at once: their hidden states take 640 MB at width 200.
"""


class Layer(NamedTuple):
    """One layer's weights, scaled as its cell wants them.

    Attributes:
        cell: what a step does.
        hidden: H.
        inputs: (n_in, K·H) a direction.
        bias: (K·H,) a direction.
        products: the recurrent ones.
        single: what one sequence alone is run by.
    """

    cell: Cell
    hidden: int
    inputs: List[Tensor]
    bias: List[Tensor]
    products: Products
    single: SingleLayer

    def project(self, X: Tensor) -> List[ndarray]:
        """Inputs (R, n_in) to their share in the gates, (R, K·H) a direction."""
        shares = self._shares(with_rows(X, MIN_ROWS) if len(X) < MIN_ROWS else X)
        return [share[: len(X)].numpy() for share in shares]

    def _shares(self, X: Tensor) -> List[Tensor]:
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

    def run(
        self,
        tables: List[ndarray],
        rows: ndarray,
        lengths: Sequence[int],
        packing: Optional[Packing],
    ) -> ndarray:
        """Hidden states (N, D·H), flat.

        Args:
            tables: shares in the gates, (R, K·H) a direction.
            rows: which of them each token has, flat, shape (N,).
            lengths: tokens a sequence, none of them 0.
            packing: of these sequences; without one they are run one by one.
        """
        if packing is None:
            bounds = pairwise(accumulate(lengths, initial=0))
            parts = [self.single.run(tables, rows[a:b]) for a, b in bounds]
            return parts[0] if len(parts) == 1 else numpy.concatenate(parts)
        shares = [torch.from_numpy(table) for table in tables]
        ways = in_order(packing, len(tables))
        index = [torch.from_numpy(rows).index_select(0, order) for order, _ in ways]
        hidden = SCRATCH.take(shares[0].dtype, len(shares), len(packing), self.hidden)
        steps = _looked_up(shares, index, packing, self.cell.n_gates)
        recur(self.cell, steps, self.products, hidden, packing, keep=False)
        return side_by_side(hidden, packing).numpy()


class InferenceBiRNN:
    """Predicts what a `BiRNN` does with the weights that it has now.

    Args:
        encoder: on a CPU.
        dtype: of the matrix products; the encoder's own if None.
    """

    @torch.no_grad()
    def __init__(self, encoder: BiRNN, dtype: Optional[torch.dtype] = None) -> None:
        self.width = encoder.width
        layers = cast(List[nn.RNNBase], encoder.layers)
        self.layers = [_prepared(layer, dtype) for layer in layers]

    def project(self, X: Tensor) -> List[ndarray]:
        """Inputs (R, n_in) to what `encode` looks up: their share in the gates, (R,
        K·H) a direction."""
        return self.layers[0].project(X)

    def encode(self, look_up: LookUp, lengths: Sequence[int]) -> ndarray:
        """Hidden states, shape (N, width).

        Args:
            look_up: called with the flat rows of some tokens; returns what `project`
                made of some inputs, and which of these inputs each token has.
            lengths: tokens a sequence, sum N.
        """
        windows, n_tokens = Windows(lengths), sum(lengths)
        is_one_group = 0 < len(lengths) <= GROUP and n_tokens <= TOKENS
        if is_one_group and windows.is_core is None and min(lengths):
            return self._encode(look_up, numpy.arange(n_tokens), lengths)
        tokens = windows.split(torch.arange(n_tokens)).numpy()
        out = self.layers[0].bias[0].new_empty(n_tokens, self.width).numpy()
        for chosen, group in _groups(windows.lengths):
            rows = tokens[chosen]
            H = self._encode(look_up, rows, group)
            if windows.is_core is not None:
                core = windows.is_core[chosen].numpy()
                rows, H = rows[core], H[core]
            out[rows] = H
        return out

    def _encode(
        self, look_up: LookUp, tokens: ndarray, lengths: Sequence[int]
    ) -> ndarray:
        packing = Packing(lengths) if len(lengths) > FEW else None
        tables, rows = look_up(tokens)
        H = self.layers[0].run(tables, rows, lengths, packing)
        for layer in self.layers[1:]:
            tables = layer.project(torch.from_numpy(H))
            H = layer.run(tables, numpy.arange(len(H)), lengths, packing)
        return H


def _prepared(layer: nn.RNNBase, dtype: Optional[torch.dtype]) -> Layer:
    cell, weights = cell_of(layer), direction_weights(layer)
    biases = [cell.biases(w.b_ih, w.b_hh) for w in weights]
    recurrent = [cell.scaled(w.w_hh) for w in weights]
    inside = [of_state for _, of_state in biases]
    products = Products(recurrent, inside, dtype)
    return Layer(
        cell=cell,
        hidden=layer.hidden_size,
        inputs=[cell.scaled(w.w_ih).to(products.dtype).t() for w in weights],
        bias=[of_input for of_input, _ in biases],
        products=products,
        single=SingleLayer(layer, recurrent, inside),
    )


def _looked_up(
    tables: List[Tensor], index: List[Tensor], packing: Packing, n_gates: int
) -> Iterator[GateStep]:
    """The rows of each step, always in the same place."""
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


def _groups(lengths: Sequence[int]) -> Iterator[Tuple[ndarray, List[int]]]:
    """Sequences of like length that run at once: their rows and their lengths."""
    sizes = numpy.asarray(lengths, dtype="int64")
    starts = numpy.cumsum(sizes) - sizes
    order = numpy.argsort(-sizes, kind="stable")[: numpy.count_nonzero(sizes)]
    n_groups = max(math.ceil(len(order) / GROUP), math.ceil(sizes.sum() / TOKENS))
    for chosen in numpy.array_split(order, n_groups) if n_groups else []:
        ends = numpy.cumsum(sizes[chosen])
        shift = numpy.repeat(starts[chosen] + sizes[chosen] - ends, sizes[chosen])
        yield numpy.arange(ends[-1]) + shift, sizes[chosen].tolist()
