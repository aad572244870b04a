"""Character encoders: a vector for each distinct word form from its characters.

Characters are code points folded into a fixed table: no vocabulary has to be collected,
and every language works. Row 0 is the padding and stands for characters never trained.
"""

from abc import ABC, abstractmethod
from typing import Callable, Dict, Sequence, Type, TypeVar, cast

import numpy
import torch
from numpy import ndarray
from torch import Tensor, nn
from torch.nn import functional as F

from .packing import MIN_ROWS, with_rows
from .rnn.birnn import last_states, new_layer
from .rnn.cells import CELLS

DIRECT = 2048
"""Code points below this have a row of their own; the others share as many rows."""


Numbers = TypeVar("Numbers", Tensor, ndarray)


def fold_code_points(code_points: Numbers) -> Numbers:
    """Code points (M,) to rows of the character table (M,), 0 … 2 * DIRECT - 1."""
    return code_points % DIRECT + (code_points >= DIRECT) * DIRECT


def _distinct(rows: Tensor) -> "tuple[Tensor, Tensor]":
    """As `torch.unique` with the inverse, faster, for rows of the character table."""
    is_used = torch.zeros(2 * DIRECT, dtype=torch.bool, device=rows.device)
    is_used[rows] = True
    place = is_used.cumsum(0) - 1
    return is_used.nonzero()[:, 0], place.index_select(0, rows)


class CharTable(nn.Module):
    """Character embeddings. Those that training never met are zero, not noise.

    Gradients are row-sparse: see `WordTable`.

    Args:
        width: width of an embedding.
    """

    seen: Tensor

    def __init__(self, width: int):
        super().__init__()
        bound = (3.0 / width) ** 0.5  # Ma & Hovy (2016), §3.1
        self.table = nn.Parameter(
            torch.empty(2 * DIRECT, width).uniform_(-bound, bound)
        )
        self.register_buffer("seen", torch.zeros(2 * DIRECT, dtype=torch.bool))

    def forward(self, code_points: Tensor, train: bool) -> "tuple[Tensor, Tensor]":
        """
        Args:
            code_points: characters, 0 for padding, shape (M,).
            train: note the characters as met in training.

        Returns:
            The embeddings of the distinct characters and maybe some zeros, shape (V,
            width), and which of them each position holds, shape (M,).
        """
        used, inverse = _distinct(fold_code_points(code_points))
        if train:
            self.seen[used] = True
        used = with_rows(used, MIN_ROWS)
        known = self.seen[used] & (used != 0)
        rows = F.embedding(used, self.table, sparse=True)
        return rows * known.unsqueeze(1), inverse


PreparedChars = Callable[[Tensor, Sequence[int]], ndarray]
"""`CharEncoder.forward` without training, with the weights of one moment, on a CPU."""


class CharEncoder(nn.Module, ABC):
    """A vector for each word form from its characters.

    Attributes:
        is_exact: Whether it is the same to the bit whatever other forms are encoded
            beside it.
    """

    is_exact: bool

    @abstractmethod
    def prepared(self) -> PreparedChars:
        """Encode forms with the weights that it has now."""


class CharCNN(CharEncoder):
    """Convolution over three characters, maximum over the word (Ma & Hovy 2016, §2.1).

    The convolution of a character depends only on the character and its place in the
    kernel, so it is computed once per distinct character and then looked up.

    Args:
        width: number of filters, the width of the output.
        char_width: width of a character embedding.
    """

    is_exact = True

    def __init__(self, width: int, char_width: int):
        super().__init__()
        self.chars = CharTable(char_width)
        self.filters = nn.Conv1d(char_width, width, kernel_size=3)

    def forward(
        self, code_points: Tensor, lengths: Sequence[int], train: bool = False
    ) -> Tensor:
        """
        Args:
            code_points: the forms' characters with one 0 before each form and one after
                the last, shape (sum of lengths + F + 1,).
            lengths: characters per form, each at least 1, shape (F,).
            train: note the characters as met in training.

        Returns:
            One row per form, shape (F, width).
        """
        E, inverse = self.chars(code_points, train)
        sizes = torch.as_tensor(lengths, dtype=torch.int64)
        position = _character_positions(sizes).to(code_points.device)
        left, middle, right = torch.einsum("vc,ock->kvo", E, self.filters.weight)
        H = left.index_select(0, inverse[position - 1])
        H += middle.index_select(0, inverse[position])
        H += right.index_select(0, inverse[position + 1])
        sizes = sizes.to(code_points.device)
        longest = torch.segment_reduce(H, "max", lengths=sizes)
        return longest + cast(Tensor, self.filters.bias)

    def prepared(self) -> PreparedChars:
        return PreparedCharCNN(self)


class PreparedCharCNN:
    """Encodes forms as a `CharCNN` does with the weights that it has now, on a CPU.

    Each character's part of the convolution is kept for all three places in the
    kernel, so that a form costs three look-ups. Its encoding is the same to the bit
    whatever other forms are encoded with it.
    """

    @torch.no_grad()
    def __init__(self, encoder: CharCNN) -> None:
        seen = encoder.chars.seen.nonzero()[:, 0]
        seen = seen[seen != 0]
        # Row 0 is the padding, and what training never met.
        E = with_rows(F.pad(encoder.chars.table[seen], (0, 0, 1, 0)), MIN_ROWS)
        parts = torch.einsum("vc,ock->kvo", E, encoder.filters.weight)
        self._left, self._middle, self._right = parts.numpy()
        self._bias = cast(Tensor, encoder.filters.bias).detach().numpy()
        self._row = numpy.zeros(2 * DIRECT, dtype="int64")
        self._row[seen.numpy()] = numpy.arange(1, 1 + len(seen))

    def __call__(self, code_points: Tensor, lengths: Sequence[int]) -> ndarray:
        """As `CharCNN.forward`, without training."""
        rows = self._row.take(fold_code_points(code_points.numpy()))
        H = self._left.take(rows[:-2], 0)
        with numpy.errstate(invalid="ignore"):  # weights that are not finite
            H += self._middle.take(rows[1:-1], 0)
            H += self._right.take(rows[2:], 0)
        if len(lengths) == 1:  # as a stream of words asks
            return numpy.maximum.reduce(H, 0, keepdims=True) + self._bias
        sizes = torch.as_tensor(lengths, dtype=torch.int64)
        of_forms = torch.from_numpy(H)[_character_positions(sizes) - 1]
        longest = torch.segment_reduce(of_forms, "max", lengths=sizes)
        return longest.numpy() + self._bias


class CharRNN(CharEncoder):
    """Final states of a bidirectional LSTM over a word (Lample et al. 2016, §4.1).

    Args:
        width: width of the output, both directions together.
        char_width: width of a character embedding.
    """

    is_exact = False  # over other forms it rounds in other places

    def __init__(self, width: int, char_width: int):
        super().__init__()
        self.chars = CharTable(char_width)
        self.lstm = new_layer(CELLS["lstm"], char_width, width // 2, bidirectional=True)

    def forward(
        self, code_points: Tensor, lengths: Sequence[int], train: bool = False
    ) -> Tensor:
        """As `CharCNN.forward`."""
        E, inverse = self.chars(code_points, train)
        sizes = torch.as_tensor(lengths, dtype=torch.int64)
        position = _character_positions(sizes).to(code_points.device)
        return last_states(CELLS["lstm"], self.lstm, E[inverse[position]], lengths)

    @torch.no_grad()
    def _encode(self, code_points: Tensor, lengths: Sequence[int]) -> ndarray:
        return self(code_points, lengths).numpy()

    def prepared(self) -> PreparedChars:
        return self._encode


def _character_positions(lengths: Tensor) -> Tensor:
    """Where the characters lie among forms that are each preceded by one separator."""
    form = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
    return torch.arange(len(form)) + form + 1


CHAR_ENCODERS: Dict[str, Type[CharEncoder]] = {"cnn": CharCNN, "rnn": CharRNN}
