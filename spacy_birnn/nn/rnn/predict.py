"""A recurrent encoder as prediction runs it on a CPU.

The input's part of the first layer's pre-activations depends on the input alone. Where
inputs repeat, as word forms do, `project` computes it once per distinct input, and a
time step then costs one look-up and the recurrent product.
"""

import math
from itertools import accumulate, pairwise
from typing import Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union, cast

import numpy
import torch
from numpy import ndarray
from torch import Tensor, nn

from ..lazy import lazy
from ..packing import Packing
from .birnn import BiRNN
from .lookahead import run_ahead
from .prepared import PreparedLayer, weights_of
from .windows import Windows

MAX_ONE_BY_ONE = 4
"""So few sequences, at most, are faster one by one than side by side."""

GATES = 800_000
"""Pre-activations of one time step, at most, or a processor's cache does not hold them:
1000 sequences of a bidirectional LSTM with 100 hidden units."""

TOKENS = 400_000
"""Tokens, more or less, that run at once: their hidden states take 640 MB at width 200.
"""


class Group(NamedTuple):
    """Sequences, or windows of them, that run at once.

    Attributes:
        rows: their rows in the flat token matrix; a slice where they lie side by side.
        lengths: tokens per sequence, none of them 0.
        core: which of the rows are not context of a window; None for all.
    """

    rows: Union[slice, ndarray]
    lengths: Sequence[int]
    core: Optional[ndarray] = None


def in_groups(lengths: Sequence[int], size: int) -> List[Group]:
    """Cut a batch into groups of like length that run at once, long sequences into
    windows.

    Args:
        lengths: tokens per sequence, shape (B,), zeros allowed.
        size: sequences of a group, at most.
    """
    windows, n_tokens = Windows(lengths), sum(lengths)
    is_one_group = 0 < len(lengths) <= size and n_tokens <= TOKENS
    if is_one_group and windows.is_core is None and min(lengths):
        return [Group(slice(0, n_tokens), lengths)]
    tokens = windows.split(torch.arange(n_tokens)).numpy()
    core = None if windows.is_core is None else windows.is_core.numpy()
    return [
        Group(tokens[chosen], group, None if core is None else core[chosen])
        for chosen, group in _of_like_length(windows.lengths, size)
    ]


def join_groups(
    groups: Sequence[Group], states: Iterator[ndarray], lengths: Sequence[int]
) -> ndarray:
    """Put the hidden states of all groups back in order, shape (N, width).

    Args:
        groups: of `in_groups`.
        states: those of each group, computed when they are asked for: each is let go
            before the next, which then gets the same memory.
        lengths: tokens per sequence.
    """
    if len(groups) == 1 and isinstance(groups[0].rows, slice):
        return next(states)
    out = numpy.empty((0, 0))
    for rows, _, core in groups:
        H = next(states)
        if not len(out):
            # numpy asks for huge pages, which cost more to fill in here and there.
            out = torch.from_numpy(H).new_empty(sum(lengths), H.shape[1]).numpy()
        if core is None:
            out[rows] = H
        else:
            out[cast(ndarray, rows)[core]] = H[core]
        del H
    return out


class PreparedStack:
    """Prepared layers one over the other."""

    def __init__(self, layers: Sequence[PreparedLayer]) -> None:
        self._first, *self._others = layers

    def new_state(self, n_sequences: int) -> ndarray:
        """Zeros, from which sequences begin, see `BiRNN.new_state`."""
        layers = [self._first, *self._others]
        return numpy.stack([layer.new_state(n_sequences) for layer in layers])

    def project(self, X: Tensor) -> List[ndarray]:
        """Inputs (R, n_in) to the tables that `run` looks up: their part of the
        pre-activations, (R, K·H) per direction."""
        return self._first.project(X)

    def run(
        self,
        tables: Sequence[ndarray],
        rows: ndarray,
        lengths: Sequence[int],
        state: Optional[ndarray] = None,
    ) -> ndarray:
        """Hidden states of one group, shape (N, width).

        Args:
            tables: of `project`.
            rows: which of their rows each token has, shape (N,).
            lengths: tokens per sequence, none of them 0.
            state: from which sequences begin, (layers, C, D, B, H), see
                `BiRNN.new_state`; overwritten with what they end with. None for zeros.
        """
        packing = Packing.of(lengths) if len(lengths) > MAX_ONE_BY_ONE else None
        states = iter(state if state is not None else [None] * (1 + len(self._others)))
        H = _run(self._first, tables, rows, lengths, packing, next(states))
        for layer, carried in zip(self._others, states, strict=True):
            tables = layer.project(torch.from_numpy(H))
            H = _run(layer, tables, numpy.arange(len(H)), lengths, packing, carried)
        return H


class PreparedBiRNN(PreparedStack):
    """Predicts what a `BiRNN` does with the weights that it has now.

    Args:
        encoder: on a CPU.
        dtype: of large matrix products; the encoder's own if None.

    Attributes:
        depth: how many layers there are.
        bidirectional: whether they read from both ends.
        lookahead: see `BiRNN`.
        group_size: sequences that run at once, at most.
    """

    @torch.no_grad()
    def __init__(self, encoder: BiRNN, dtype: Optional[torch.dtype] = None) -> None:
        layers = cast(List[nn.RNNBase], encoder.layers)
        super().__init__(
            [PreparedLayer(encoder.cell, weights_of(layer), dtype) for layer in layers]
        )
        self.depth, self.bidirectional = len(layers), bool(layers[0].bidirectional)
        self.lookahead = encoder.lookahead
        self.group_size = max(GATES // self._first.n_preactivations, MAX_ONE_BY_ONE)

    @lazy
    def directions(self) -> Tuple[PreparedLayer, PreparedLayer]:
        """Both directions of a single layer, each as a layer that reads from the
        left."""
        return self._first.direction(0), self._first.direction(1)

    def run(self, tables, rows, lengths, state=None):
        if self.lookahead is None:
            return super().run(tables, rows, lengths, state)
        forward, backward = self.directions
        H = PreparedStack([forward]).run(tables[:1], rows, lengths)
        ahead = run_ahead(backward, tables[1], rows, lengths, self.lookahead)
        return numpy.concatenate([H, ahead], 1)

    def encode(self, X: Tensor, lengths: Sequence[int]) -> ndarray:
        """Hidden states of a whole batch, shape (N, width), each token an input of its
        own, shape (N, n_in); at least one."""
        groups = in_groups(lengths, self.group_size)
        states = (self._encode_group(X[rows], group) for rows, group, _ in groups)
        return join_groups(groups, states, lengths)

    def _encode_group(self, X: Tensor, lengths: Sequence[int]) -> ndarray:
        tables = self.project(X)
        return self.run(tables, numpy.arange(len(X)), lengths)


def _run(
    layer: PreparedLayer,
    tables: Sequence[ndarray],
    rows: ndarray,
    lengths: Sequence[int],
    packing: Optional[Packing],
    carried: Optional[ndarray],
) -> ndarray:
    """Run one layer; without a packing the sequences run one by one."""
    if packing is not None:
        return layer.run_packed(tables, rows, packing, carried)
    parts = []
    for i, (a, b) in enumerate(pairwise(accumulate(lengths, initial=0))):
        own = None if carried is None else carried[:, :, i : i + 1]
        parts.append(layer.run_one(tables, rows[a:b], own))
    return parts[0] if len(parts) == 1 else numpy.concatenate(parts)


def _of_like_length(
    lengths: Sequence[int], size: int
) -> Iterator["tuple[ndarray, List[int]]"]:
    """The rows and the lengths of sequences of like length, the longest first."""
    sizes = numpy.asarray(lengths, dtype="int64")
    starts = numpy.cumsum(sizes) - sizes
    order = numpy.argsort(-sizes, kind="stable")[: numpy.count_nonzero(sizes)]
    n_groups = max(math.ceil(len(order) / size), math.ceil(sizes.sum() / TOKENS))
    for chosen in numpy.array_split(order, n_groups) if n_groups else []:
        ends = numpy.cumsum(sizes[chosen])
        shift = numpy.repeat(starts[chosen] + sizes[chosen] - ends, sizes[chosen])
        yield numpy.arange(ends[-1]) + shift, sizes[chosen].tolist()
