"""One recurrent layer over a packed batch, with its gradient; on a GPU it is cuDNN's.

The parameters are those of torch's own layers, and so are the results. On a CPU all the
rest is ours: the input's product is one matrix product for all steps, and both
directions run in one loop over time (`cells`).
"""

from typing import Any, Iterable, List, NamedTuple, Sequence, Tuple, cast

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.utils.rnn import PackedSequence

from .cells import Cell, cell_of
from .packing import Packing
from .products import Products
from .steps import GateStep, Memory, gate_steps, shifted


class LayerWeights(NamedTuple):
    """Parameters of one direction, as torch names them."""

    w_ih: Tensor
    w_hh: Tensor
    b_ih: Tensor
    b_hh: Tensor


def run_layer(layer: nn.RNNBase, X: Tensor, packing: Packing) -> Tensor:
    """Hidden states of one layer, both directions side by side; differentiable.

    Args:
        layer: a torch layer of depth one.
        X: flat input, shape (N, n_in); not empty.
        packing: of the sequences.

    Returns:
        Tensor of shape (N, D·H), flat.
    """
    if X.is_cuda:
        layer.flatten_parameters()  # cuDNN wants its weights in one buffer
        packed = PackedSequence(packing.pack(X), packing.batch_sizes)
        return packing.unpack(layer(packed)[0].data)
    params = [param for one in direction_weights(layer) for param in one]
    return _Layer.apply(X, packing, cell_of(layer), *params)


def direction_weights(layer: nn.RNNBase) -> List[LayerWeights]:
    """The parameters of each direction."""
    return _directions(cast(List[Tensor], layer._flat_weights))


def in_order(packing: Packing, n_directions: int) -> List[Tuple[Tensor, Tensor]]:
    """For each direction the flat row of each packed position, and the way back."""
    return [(packing.gather, packing.scatter), packing.turned][:n_directions]


def side_by_side(hidden: Tensor, packing: Packing) -> Tensor:
    """Packed hidden states (D, N, H) to flat rows (N, D·H)."""
    n_directions, n_tokens, width = hidden.shape
    out = hidden.new_empty(n_tokens, n_directions * width)
    ways = in_order(packing, n_directions)
    for part, (_, back), columns in zip(hidden, ways, out.split(width, 1), strict=True):
        # Indexed with [] it would take five times as long.
        torch.index_select(part, 0, back, out=columns)
    return out


def recur(
    cell: Cell,
    inputs: Iterable[GateStep],
    products: Products,
    hidden: Tensor,
    packing: Packing,
    keep: bool,
) -> List[Tensor]:
    """Fill in the hidden states (D, N, H) step by step; what the gradient needs of it.

    Args:
        cell: what a step does.
        inputs: the input's share in the gates, to be overwritten.
        products: the state's share.
        hidden: to be filled in.
        packing: of the sequences.
        keep: the gradient is needed.
    """
    memory = Memory(hidden, packing, keep)
    cell.forward(inputs, products, memory)
    return memory.kept


class _Layer(torch.autograd.Function):
    """A layer on a CPU."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, X: Tensor, packing: Packing, cell: Cell, *params: Tensor
    ) -> Tensor:
        directions = _directions(params)
        biases = [cell.biases(w.b_ih, w.b_hh) for w in directions]
        recurrent = Products(
            [cell.scaled(w.w_hh) for w in directions], [b for _, b in biases]
        )
        ways = in_order(packing, len(directions))
        ordered = [X.index_select(0, order) for order, _ in ways]
        width = directions[0].w_hh.shape[1]
        gates = X.new_empty(len(directions), len(X), cell.n_gates * width)
        parts = zip(gates, ordered, directions, biases, strict=True)
        for out, rows, weights, (bias, _) in parts:
            torch.addmm(bias, rows, cell.scaled(weights.w_ih).t(), out=out)
        hidden = X.new_empty(len(directions), len(X), width)
        steps = gate_steps(gates, cell.n_gates, packing)
        kept = recur(cell, steps, recurrent, hidden, packing, keep=True)
        ctx.cell, ctx.packing, ctx.kept = cell, packing, kept
        ctx.save_for_backward(*params, gates, hidden, *ordered)
        return side_by_side(hidden, packing)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Any:
        packing, saved = ctx.packing, ctx.saved_tensors
        n_directions = (len(saved) - 2) // (len(LayerWeights._fields) + 1)
        gates, hidden, *ordered = saved[-2 - n_directions :]
        directions = _directions(saved[: -2 - n_directions])
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
        for i, weights in enumerate(directions):
            d_params += [d_input[i].t() @ ordered[i], d_state[i].t() @ before[i]]
            d_params += [d_input[i].sum(0), d_state[i].sum(0)]
            d_X += (d_input[i] @ weights.w_ih).index_select(0, ways[i][1])
        return d_X, None, None, *d_params


def _directions(params: Sequence[Tensor]) -> List[LayerWeights]:
    return [LayerWeights(*params[i : i + 4]) for i in range(0, len(params), 4)]
