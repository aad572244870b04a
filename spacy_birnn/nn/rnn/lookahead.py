"""A layer whose backward direction reads a limited number of tokens ahead.

The latency-controlled bidirectional network of Zhang et al. (2016), "Highway Long
Short-Term Memory RNNs for Distant Speech Recognition", §2.3, in pieces of one token:
the forward direction runs on over the sequence, and at each token the backward
direction begins anew, with zeros, so many tokens ahead. The output of a token is then
known when that many more tokens are there, and does not depend on how they arrive.

A token's window is the token and those that it reads ahead, fewer at the end of its
sequence. All windows of a batch run side by side, from their last token to their first.
"""

from typing import Any, Sequence

import numpy
import torch
from numpy import ndarray
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from ..packing import Packing
from .cells import Cell
from .layer import run_direction
from .prepared import PreparedLayer, Weights, weights_of
from .steps import gate_steps, shifted

AT_ONCE = 4096
"""Windows, at most, that run side by side in prediction."""


class Ahead:
    """The windows of a batch, each read from its last token.

    Args:
        lengths: tokens per sequence, shape (B,).
        lookahead: tokens that a window has beside its own, at most.

    Attributes:
        sizes: tokens per window, shape (N,).
        rows: their flat rows, from the last of each window to the first, M in all.
    """

    def __init__(self, lengths: Sequence[int], lookahead: int) -> None:
        ends = numpy.repeat(numpy.cumsum(lengths), lengths)
        first = numpy.arange(len(ends))
        self.sizes = numpy.minimum(lookahead + 1, ends - first)
        last = numpy.cumsum(self.sizes)
        within = numpy.arange(self.sizes.sum()) - numpy.repeat(
            last - self.sizes, self.sizes
        )
        self.rows = numpy.repeat(first + self.sizes - 1, self.sizes) - within


def run_layer_ahead(
    cell: Cell, layer: nn.RNNBase, X: Tensor, packing: Packing, lookahead: int
) -> Tensor:
    """Hidden states (N, 2·H) of a layer of both directions, flat; differentiable.

    Args:
        cell: its kind.
        layer: its parameters, of depth one.
        X: flat input, shape (N, n_in); not empty.
        packing: of the sequences.
        lookahead: tokens that the backward direction reads ahead of each token.
    """
    forward, backward = weights_of(layer)
    H = run_direction(cell, forward, X, packing)
    ahead = Ahead(packing.lengths.tolist(), lookahead)
    windows = Packing(ahead.sizes, X.device)
    rows = torch.from_numpy(ahead.rows).to(X.device)[windows.gather]
    return torch.cat([H, _Windows.apply(X, windows, rows, cell, *backward)], 1)


class _Windows(torch.autograd.Function):
    """The last hidden state of each window, (N, H), with its gradient. What the tokens
    add to the gates is computed once, however many windows they are in."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any,
        X: Tensor,
        windows: Packing,
        rows: Tensor,
        cell: Cell,
        *params: Tensor,
    ) -> Tensor:
        layer = PreparedLayer(cell, [Weights(*params)])
        gates = layer.preactivations([X]).index_select(1, rows)
        hidden = X.new_empty(1, len(rows), layer.hidden_size)
        steps = gate_steps(gates, cell.n_gates, windows)
        ctx.kept = layer.recur(steps, hidden, windows, keep=True).kept
        ctx.cell, ctx.windows = cell, windows
        ctx.save_for_backward(X, rows, gates, hidden, *params)
        last = hidden[0].index_select(0, windows.ends)
        return torch.empty_like(last).index_copy_(0, windows.order, last)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Any:
        X, rows, gates, hidden, *params = ctx.saved_tensors
        windows, weights = ctx.windows, Weights(*params)
        d_hidden = torch.zeros_like(hidden)
        of_last = grads[0].index_select(0, windows.order)
        d_hidden[0].index_copy_(0, windows.ends, of_last)
        w_hh = weights.w_hh.unsqueeze(0)
        d_input, d_state = ctx.cell.backward(
            gates, hidden, ctx.kept, d_hidden, w_hh, windows
        )
        by_token = X.new_zeros(len(X), d_input.shape[2])
        by_token.index_add_(0, rows, d_input[0])
        return (
            by_token @ weights.w_ih,
            None,
            None,
            None,
            by_token.t() @ X,
            d_state[0].t() @ shifted(hidden, windows)[0],
            by_token.sum(0),
            d_state[0].sum(0),
        )


def run_ahead(
    layer: PreparedLayer,
    table: ndarray,
    rows: ndarray,
    lengths: Sequence[int],
    lookahead: int,
) -> ndarray:
    """Hidden states of the backward direction, (N, H), flat, without a gradient.

    Args:
        layer: the backward direction, prepared, as a layer of its own.
        table: of `project`.
        rows: which of its rows each token has, shape (N,).
        lengths: tokens per sequence.
        lookahead: tokens that are read ahead of each token.
    """
    ahead, parts = Ahead(lengths, lookahead), []
    bounds = numpy.cumsum([0, *ahead.sizes])
    for first in range(0, len(rows), AT_ONCE):
        sizes = ahead.sizes[first : first + AT_ONCE]
        begin, end = bounds[first], bounds[first + len(sizes)]
        chosen = rows[ahead.rows[begin:end]]
        parts.append(layer.last_packed([table], chosen, Packing(sizes)))
    return parts[0] if len(parts) == 1 else numpy.concatenate(parts)
