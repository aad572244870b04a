"""One recurrent layer as training runs it, with its gradient.

On a GPU cuDNN runs torch's own layer. On a CPU all sequences and both directions run
packed, in one loop over time, with a gradient of our own (torch's packed layers spend a
third of their time beside the matrix products).
"""

from typing import Any, List, Optional, Sequence, Tuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.utils.rnn import PackedSequence

from ..packing import Packing
from .cells import Cell
from .prepared import PreparedLayer, Weights, weights_of
from .steps import Carried, gate_steps, in_order, shifted, side_by_side


def run_layer(cell: Cell, layer: nn.RNNBase, X: Tensor, packing: Packing) -> Tensor:
    """Hidden states (N, D·H) of one layer, flat; differentiable.

    Args:
        cell: its kind.
        layer: its parameters, of depth one.
        X: flat input, shape (N, n_in); not empty.
        packing: of the sequences.
    """
    if X.is_cuda:
        return _run_torch(layer, X, packing, None)[0]
    params = [param for weights in weights_of(layer) for param in weights]
    return _Packed.apply(X, packing, cell, None, *params)


def run_direction(cell: Cell, weights: Weights, X: Tensor, packing: Packing) -> Tensor:
    """As `run_layer`, with the parameters of one direction, read from the left."""
    return _Packed.apply(X, packing, cell, None, *weights)


def run_layer_from(
    cell: Cell, layer: nn.RNNBase, X: Tensor, packing: Packing, state: Tensor
) -> Tuple[Tensor, Tensor]:
    """As `run_layer`, from given states; differentiable in them too.

    Args:
        state: what each sequence begins with, (C, D, B, H): the hidden state and, for
            the LSTM, the cell, as they are in the equations. The backward direction
            begins at the end of a sequence.

    Returns:
        Hidden states (N, D·H), and what each sequence ends with, (C, D, B, H); an empty
        sequence ends with what it began with.
    """
    if X.is_cuda:
        return _run_torch(layer, X, packing, state)
    params = [param for weights in weights_of(layer) for param in weights]
    return _Packed.apply(X, packing, cell, state, *params)


def _run_torch(
    layer: nn.RNNBase, X: Tensor, packing: Packing, state: Optional[Tensor]
) -> Tuple[Tensor, Any]:
    """Run torch's own layer, which is cuDNN's on a GPU."""
    layer.flatten_parameters()  # cuDNN wants its weights in one buffer
    packed = PackedSequence(packing.pack(X), packing.batch_sizes)
    if state is None:
        return packing.unpack(layer(packed)[0].data.to(X.dtype)), None
    initial = [part.contiguous() for part in state.index_select(2, packing.order)]
    out, last = layer(packed, tuple(initial) if len(initial) > 1 else initial[0])
    ended = torch.stack(last) if len(initial) > 1 else last.unsqueeze(0)
    ended = ended.to(state.dtype)
    out_rows = packing.unpack(out.data.to(X.dtype))
    return out_rows, state.index_copy(2, packing.order, ended)


class _Packed(torch.autograd.Function):
    """The packed loop over time with its gradient; states come in and out where they
    are given."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any,
        X: Tensor,
        packing: Packing,
        cell: Cell,
        state: Optional[Tensor],
        *params: Tensor,
    ) -> Any:
        directions = _by_direction(params)
        layer = PreparedLayer(cell, directions)
        ways = in_order(packing, len(directions))
        ordered = [X.index_select(0, order) for order, _ in ways]
        gates = layer.preactivations(ordered)
        hidden = X.new_empty(len(directions), len(X), layer.hidden_size)
        steps = gate_steps(gates, cell.n_gates, packing)
        ctx.initial = None
        if state is not None:
            ctx.initial = cell.to_pass(state.index_select(2, packing.order))
        memory = layer.recur(steps, hidden, packing, keep=True, initial=ctx.initial)
        ctx.kept, ctx.cell, ctx.packing = memory.kept, cell, packing
        ctx.save_for_backward(*params, gates, hidden, *ordered)
        if state is None:
            return side_by_side(hidden, packing)
        last = state.index_copy(2, packing.order, cell.from_pass(memory.last()))
        return side_by_side(hidden, packing), last

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Any:
        packing, saved = ctx.packing, ctx.saved_tensors
        n_directions = (len(saved) - 2) // (len(Weights._fields) + 1)
        gates, hidden, *ordered = saved[-2 - n_directions :]
        directions = _by_direction(saved[: -2 - n_directions])
        ways = in_order(packing, n_directions)
        parts = zip(grads[0].chunk(n_directions, 1), ways, strict=True)
        d_hidden = torch.stack(
            [part.index_select(0, order) for part, (order, _) in parts]
        )
        carried = None
        if ctx.initial is not None:
            d_last = grads[1].index_select(2, packing.order)
            carried = Carried(ctx.initial, d_last, torch.zeros_like(d_last))
            d_hidden.index_add_(1, packing.ends, d_last[0])
        d_input, d_state = ctx.cell.backward(
            gates,
            hidden,
            ctx.kept,
            d_hidden,
            torch.stack([weights.w_hh for weights in directions]),
            packing,
            carried,
        )
        before = shifted(hidden, packing, None if carried is None else ctx.initial[0])
        d_params: List[Tensor] = []
        d_X = torch.zeros_like(ordered[0])
        for d, weights in enumerate(directions):
            d_params += [d_input[d].t() @ ordered[d], d_state[d].t() @ before[d]]
            d_params += [d_input[d].sum(0), d_state[d].sum(0)]
            d_X += (d_input[d] @ weights.w_ih).index_select(0, ways[d][1])
        d_initial = None
        if carried is not None:
            d_initial = grads[1].index_copy(2, packing.order, carried.d_initial)
        return d_X, None, None, d_initial, *d_params


def _by_direction(params: Sequence[Tensor]) -> List[Weights]:
    size = len(Weights._fields)
    return [Weights(*params[i : i + size]) for i in range(0, len(params), size)]
