"""Pack sequences by index: no padding, no loop over sequences.

A batch is one flat matrix with one row per token, the sequences one after the other. A
recurrence wants it time-major, as `torch.nn.utils.rnn.PackedSequence` has it: the
first tokens of all sequences, then the second ones, … with the longest sequence first,
so that the sequences that are still running are always a prefix.
"""

from functools import lru_cache
from typing import Any, List, Sequence, Tuple, Union

import numpy
import torch
from torch import Tensor

from .lazy import lazy

MIN_ROWS = 8
"""A product of fewer rows may take another way through the BLAS, and round otherwise.
What is kept from one prediction to the next must not depend on what came with it."""

Lengths = Union["Packing", Tensor, numpy.ndarray, Sequence[int]]
Device = Union[torch.device, str, None]


class _Permute(torch.autograd.Function):
    """Select rows by a permutation. The gradient is a selection too, where autograd
    would add row by row."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, index: Tensor, inverse: Tensor) -> Tensor:
        ctx.save_for_backward(index, inverse)
        return rows.index_select(0, index)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        index, inverse = ctx.saved_tensors
        return _Permute.apply(grads[0], inverse, index), None, None


class Packing:
    """Where each token of a flat batch stands in the packed one, and back.

    Args:
        lengths: one length per sequence; zeros are allowed.
        device: Where the index tensors are put; the CPU by default.

    Attributes:
        lengths: (B,) int64 numpy array, in the original order.
        n_sequences: S, how many of them are not empty.
        order: (S,) sorted sequence → original sequence, longest first, stable, the
            empty ones left out.
        batch_sizes: (T,) int64 on the CPU, how many sequences have a token at a step.
        gather: (N,) packed position → flat row.
        scatter: (N,) flat row → packed position.

    Raises:
        ValueError: the lengths are no list of numbers of at least 0.
    """

    def __init__(self, lengths: Lengths, device: Device = None) -> None:
        self.device = torch.device("cpu" if device is None else device)
        self.lengths = _as_numpy(lengths)
        if self.lengths.ndim != 1 or (self.lengths < 0).any():
            raise ValueError(f"lengths must be a list of sizes, not {lengths!r}")
        self.n_sequences = int(numpy.count_nonzero(self.lengths))
        order = numpy.argsort(-self.lengths, kind="stable")[: self.n_sequences]
        # Of S sequences, those no longer than t have left at step t.
        left = numpy.cumsum(numpy.bincount(self.lengths[order], minlength=1))
        sizes = self.n_sequences - left[:-1]
        total = int(self.lengths.sum())
        before = numpy.cumsum(sizes) - sizes
        self._sequence = numpy.arange(total) - numpy.repeat(before, sizes)
        starts = numpy.cumsum(self.lengths) - self.lengths
        index = numpy.empty((2, total), dtype=numpy.int64)
        index[0] = starts[order][self._sequence]
        index[0] += numpy.repeat(numpy.arange(len(sizes)), sizes)
        index[1][index[0]] = numpy.arange(total)
        self._gather, self._scatter = index
        self.gather, self.scatter = self._tensor(index)
        self.order = self._tensor(order)
        self.batch_sizes = torch.from_numpy(sizes)

    @classmethod
    def of(cls, lengths: Lengths, device: Device = None) -> "Packing":
        """A packing of these lengths on the device: it itself if it is one, or one of
        the last few. The encoder and the decoder ask for the same one in turn."""
        wanted = torch.device("cpu" if device is None else device)
        if isinstance(lengths, Packing) and lengths.device == wanted:
            return lengths
        # Tensors made in inference mode cannot take part in training.
        mode = torch.is_inference_mode_enabled()
        return _recent(tuple(_as_numpy(lengths).tolist()), wanted, mode)

    def __len__(self) -> int:
        """The number of tokens."""
        return len(self._sequence)

    def pack(self, rows: Tensor) -> Tensor:
        """Flat rows (N, …) in packed order; differentiable."""
        return self._permute(rows, self.gather, self.scatter)

    def unpack(self, packed: Tensor) -> Tensor:
        """Packed rows (N, …) in flat order; differentiable."""
        return self._permute(packed, self.scatter, self.gather)

    @lazy
    def sizes(self) -> List[int]:
        """`batch_sizes` as Python ints."""
        return self.batch_sizes.tolist()

    def steps(self, packed: Tensor, dim: int = 0) -> Tuple[Tensor, ...]:
        """Views of the packed rows, one per step, of `batch_sizes[t]` rows."""
        return packed.split(self.sizes, dim)

    def continuing(self, packed: Tensor, dim: int = 0) -> Tuple[Tensor, ...]:
        """The same without the sequences that end at the step, and the last step."""
        return packed.split(self._continuing, dim)[:-2:2]

    @lazy
    def _continuing(self) -> List[int]:
        # How many go on after a step and how many do not, in turn.
        sizes = [*self.sizes, 0]
        pairs = zip(sizes[1:], sizes[:-1], strict=True)
        return [n for later, now in pairs for n in (later, now - later)]

    @lazy
    def sequence(self) -> Tensor:
        """(N,) packed position → index of the sequence in sorted order."""
        return self._tensor(self._sequence)

    @lazy
    def segment(self) -> Tensor:
        """(N,) flat row → index of the sequence in the original order."""
        return self._tensor(numpy.repeat(numpy.arange(len(self.lengths)), self.lengths))

    @lazy
    def first(self) -> Tensor:
        """(S,) flat row of the first token of each non-empty sequence, in `order`."""
        return self.gather[: self.n_sequences]

    @lazy
    def last(self) -> Tensor:
        """(S,) flat row of the last token of each non-empty sequence, in `order`."""
        return self._tensor(numpy.cumsum(self.lengths) - 1)[self.order]

    @lazy
    def ends(self) -> Tensor:
        """(S,) packed position of the last step of each non-empty sequence, in
        `order`; the same for the sequences read from the right."""
        return self.scatter[self.last]

    @lazy
    def two_way(self) -> Tensor:
        """(2, 2N) indices to run a recurrence in both directions at once.

        Sequences keep their lengths when they are turned round, so the reversed batch
        packs with the same `batch_sizes`, and its rows can lie beside those of the
        batch. The first index says which flat row goes into each slot: the t-th token
        from the left, then the t-th from the right, for every packed position. The
        second says in which slot a flat row is, from the left (N) and the right (N).
        """
        index = numpy.empty((2, 2 * len(self)), dtype=numpy.int64)
        load, (left, right) = index[0], index[1].reshape(2, -1)
        load[0::2], load[1::2] = self._gather, self._turned[0]
        left[:], right[:] = 2 * self._scatter, 2 * self._turned[1] + 1
        return self._tensor(index)

    @lazy
    def turned(self) -> Tuple[Tensor, Tensor]:
        """`gather` and `scatter` of the sequences read from the right."""
        gather, scatter = self._tensor(self._turned)
        return gather, scatter

    @lazy
    def _turned(self) -> numpy.ndarray:
        ends = numpy.cumsum(self.lengths)
        turn = numpy.repeat(2 * ends - self.lengths - 1, self.lengths)
        turn -= numpy.arange(len(self))
        return numpy.stack([turn[self._gather], self._scatter[turn]])

    def _permute(self, rows: Tensor, index: Tensor, inverse: Tensor) -> Tensor:
        if self.n_sequences <= 1:
            return rows
        if rows.requires_grad and torch.is_grad_enabled():
            return _Permute.apply(rows, index, inverse)
        return rows.index_select(0, index)

    def _tensor(self, array: numpy.ndarray) -> Tensor:
        return torch.from_numpy(array).to(self.device)


@lru_cache(maxsize=4)
def _recent(
    lengths: Tuple[int, ...], device: torch.device, is_inference: bool
) -> Packing:
    return Packing(lengths, device)


def with_rows(X: Tensor, n_rows: int) -> Tensor:
    """At least so many rows: (N, …) and then zeros."""
    missing = max(0, n_rows - len(X))
    return torch.cat([X, X.new_zeros(missing, *X.shape[1:])]) if missing else X


def _as_numpy(lengths: Lengths) -> numpy.ndarray:
    if isinstance(lengths, Packing):
        return lengths.lengths
    if isinstance(lengths, Tensor):
        lengths = lengths.cpu().numpy()
    elif type(lengths).__module__.startswith("cupy"):
        lengths = lengths.get()  # type: ignore[union-attr]
    return numpy.array(lengths, dtype=numpy.int64)
