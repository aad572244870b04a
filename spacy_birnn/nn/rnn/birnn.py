"""Recurrent encoder: stacked tanh RNN, LSTM or GRU layers, one or both directions.

Cells: Elman (1990); Hochreiter & Schmidhuber (1997) with the forget gate of Gers et al.
(2000); Cho et al. (2014). Both directions: Schuster & Paliwal (1997).
"""

from typing import List, Optional, Sequence, Tuple, cast

import torch
from torch import Tensor, nn

from ..dropout import variational_dropout
from ..packing import Packing
from ..tap import Tap
from .cells import CELLS, Cell
from .layer import run_layer, run_layer_from
from .lookahead import run_layer_ahead
from .prepared import weights_of
from .windows import Windows


class BiRNN(nn.Module):
    """Encode each token by the hidden states of one or two recurrences.

    Sequences are packed by index from the flat token matrix, never padded: what a token
    gets does not depend on the other sequences of the batch.

    Args:
        n_in: width of the input.
        width: width of the output, both directions together.
        depth: number of stacked layers.
        cell: a name in `CELLS`.
        bidirectional: read each sequence from both ends.
        lookahead: tokens that the backward direction reads ahead of each token, see
            `lookahead`; None for the rest of the sequence. For depth 1.
        forget_bias: what the biases of forget gates start from.

    Attributes:
        cell: what a step does.
    """

    def __init__(
        self,
        n_in: int,
        width: int,
        depth: int = 1,
        cell: str = "lstm",
        bidirectional: bool = True,
        lookahead: Optional[int] = None,
        forget_bias: float = 1.0,
    ):
        super().__init__()
        self.n_in, self.width, self.lookahead = n_in, width, lookahead
        hidden = width // 2 if bidirectional else width
        self.cell = CELLS[cell]
        sizes = [n_in, *[width] * (depth - 1)]
        make = self.cell.torch_layer
        layers = [make(size, hidden, bidirectional=bidirectional) for size in sizes]
        for layer in layers:
            init_weights(self.cell, layer, forget_bias)
        self.layers = nn.ModuleList(layers)

    def forward(
        self,
        X: Tensor,
        lengths: Sequence[int],
        dropout: float = 0.0,
        tap: Optional[Tap] = None,
    ) -> Tensor:
        """
        Args:
            X: the tokens of all sequences one after the other, shape (N, n_in).
            lengths: tokens per sequence, shape (B,), sum N; zeros are allowed.
            dropout: variational dropout on the input, between layers and on the output.
            tap: of the first layer's hidden states, as the next layer reads them.

        Returns:
            Hidden states, shape (N, width).
        """
        windows = Windows(lengths, device=X.device)
        packing = Packing.of(windows.lengths, device=X.device)
        if not len(packing):
            return X.new_zeros((X.shape[0], self.width))
        H = variational_dropout(windows.split(X), packing.segment, dropout)
        states: List[Tensor] = []
        for layer in cast(List[nn.RNNBase], self.layers):
            H = self._run(layer, H, packing)
            H = variational_dropout(H, packing.segment, dropout)
            states.append(H)
        Y = windows.join(H)
        if tap is None or not tap.is_open:
            return Y
        return tap.apply(Y, windows.join(states[0]))

    def _run(self, layer: nn.RNNBase, H: Tensor, packing: Packing) -> Tensor:
        if self.lookahead is None:
            return run_layer(self.cell, layer, H, packing)
        return run_layer_ahead(self.cell, layer, H, packing, self.lookahead)

    def new_state(self, n_sequences: int) -> Tensor:
        """Zeros, from which sequences begin: (layers, C, D, B, H).

        C counts what is carried from step to step: the hidden state and, for the LSTM,
        the cell.
        """
        first = weights_of(cast(nn.RNNBase, self.layers[0]))
        shape = (len(self.layers), self.cell.n_states, len(first), n_sequences)
        return first[0].w_hh.new_zeros((*shape, first[0].w_hh.shape[1]))

    def advance(
        self,
        X: Tensor,
        lengths: Sequence[int],
        state: Tensor,
        dropout: float = 0.0,
        detach: bool = True,
    ) -> Tuple[Tensor, Tensor]:
        """Run the next piece of each sequence from where the last one ended.

        In one direction, a sequence in pieces has the hidden states of the whole. The
        backward direction begins at the end of a piece with the state that is given
        for it, as torch's own layers do.

        Args:
            X: the tokens of all pieces one after the other, shape (N, n_in).
            lengths: tokens per piece, shape (B,); 0 where a sequence has none now.
            state: of `new_state`, or of the piece before.
            dropout: as in `forward`, with masks of its own for each piece.
            detach: let no gradient go back into earlier pieces (truncated
                backpropagation through time, Williams & Peng 1990).

        Returns:
            Hidden states, shape (N, width), and the state of every sequence.
        """
        packing = Packing.of(lengths, device=X.device)
        state = state.detach() if detach else state
        if not len(packing):
            return X.new_zeros((X.shape[0], self.width)), state
        H, ended = X, []
        for layer, carried in zip(self.layers, state, strict=True):
            H = variational_dropout(H, packing.segment, dropout)
            rnn = cast(nn.RNNBase, layer)
            H, last = run_layer_from(self.cell, rnn, H, packing, carried)
            ended.append(last)
        return variational_dropout(H, packing.segment, dropout), torch.stack(ended)


def new_layer(cell: Cell, n_in: int, hidden: int, bidirectional: bool) -> nn.RNNBase:
    """A layer of depth one with our first weights, see `init_weights`."""
    layer = cell.torch_layer(n_in, hidden, bidirectional=bidirectional)
    init_weights(cell, layer)
    return layer


def init_weights(cell: Cell, layer: nn.RNNBase, forget_bias: float = 1.0) -> None:
    """Draw fresh weights.

    Each gate's recurrent weights are orthogonal (Saxe et al. 2014), its input weights
    Glorot's; biases are zero, but that of a forget gate is `forget_bias` (1 by default:
    Jozefowicz et al. 2015).
    """
    for name, param in layer.named_parameters():
        if name.startswith("weight_hh"):
            for gate in param.data.chunk(cell.n_gates):
                nn.init.orthogonal_(gate)
        elif name.startswith("weight_ih"):
            for gate in param.data.chunk(cell.n_gates):
                nn.init.xavier_uniform_(gate)
        else:
            nn.init.zeros_(param)
            if name.startswith("bias_ih") and cell.forget_gate is not None:
                param.data.chunk(cell.n_gates)[cell.forget_gate].fill_(forget_bias)


def last_states(
    cell: Cell, layer: nn.RNNBase, X: Tensor, lengths: Sequence[int]
) -> Tensor:
    """The final hidden state of each sequence, both directions side by side.

    Args:
        cell: the kind of the layer.
        layer: of depth one.
        X: flat input, shape (N, n_in).
        lengths: sequence lengths, shape (B,).

    Returns:
        Tensor of shape (B, width); zeros for empty sequences.
    """
    packing = Packing.of(lengths, device=X.device)
    n_directions = 2 if layer.bidirectional else 1
    out = X.new_zeros((len(lengths), n_directions * layer.hidden_size))
    if not len(packing):
        return out
    H = run_layer(cell, layer, X, packing)
    ends = [packing.last, packing.first][:n_directions]
    parts = zip(H.chunk(n_directions, 1), ends, strict=True)
    return out.index_copy(0, packing.order, torch.cat([h[e] for h, e in parts], 1))
