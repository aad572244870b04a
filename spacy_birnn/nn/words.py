"""Word embeddings: trainable rows for the words met in training, over given vectors."""

from typing import Dict, List, Optional, Sequence

import numpy
import torch
from numpy import ndarray
from torch import Tensor, nn
from torch.nn import functional as F

from .chars import CHAR_ENCODERS, CharEncoder
from .dropout import token_dropout

GROWTH = 1024
"""Rows that are added at once when the table is full."""


class WordTable(nn.Module):
    """Trainable word vectors that grow by one row for each new word met in training.

    Gradients are row-sparse: a step costs what its own words cost, not what the table
    does. Rows are found by a 64-bit key (the hash of the word).

    Args:
        width: width of a vector.
    """

    def __init__(self, width: int):
        super().__init__()
        self.table = nn.Parameter(torch.empty(0, width))
        self.rows: Dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, keys: Sequence[int], vectors: Tensor) -> None:
        """Give new words a row.

        Args:
            keys: unsigned 64-bit keys that have no row yet, K of them.
            vectors: what the rows start from, shape (K, width).
        """
        first, needed = len(self.rows), len(self.rows) + len(keys)
        capacity = len(self.table)
        if needed > capacity:
            self._grow(max(needed, capacity + GROWTH, capacity * 3 // 2))
        self.table.data[first:needed] = vectors.to(self.table.device)
        self.rows.update(zip(keys, range(first, needed)))

    def _grow(self, capacity: int) -> None:
        old = self.table
        self.table = nn.Parameter(F.pad(old.data, (0, 0, 0, capacity - len(old))))
        if old.grad is not None:  # gradients that are still being accumulated
            grad = old.grad.coalesce()
            self.table.grad = torch.sparse_coo_tensor(
                grad.indices(),
                grad.values(),
                self.table.shape,
                check_invariants=False,  # left open, torch warns
                is_coalesced=True,
            )

    def forward(self, rows: Tensor) -> Tensor:
        """Rows (R,) to their vectors (R, width), with a row-sparse gradient."""
        return F.embedding(rows, self.table, sparse=True)

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        """The rows in use, and their keys as signed integers, which files can hold."""
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[prefix + "table"] = destination[prefix + "table"][: len(self)]
        keys = [key - 2**64 if key >= 2**63 else key for key in self.rows]
        destination[prefix + "keys"] = torch.tensor(keys, dtype=torch.int64)

    def _load_from_state_dict(self, state_dict, prefix, *args, **kwargs):
        keys = state_dict.pop(prefix + "keys").tolist()
        self.table = nn.Parameter(torch.empty(len(keys), self.table.shape[1]))
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
        self.rows = {key % 2**64: row for row, key in enumerate(keys)}


class WordCharEmbedding(nn.Module):
    """Concatenate a word vector with a character encoding.

    Everything depends on the word form alone, so it is computed once per distinct form.

    Args:
        word_width: width of the word vectors, 0 for none.
        trainable: learn vectors for the words met in training.
        chars: "cnn", "rnn" or "none".
        char_width: width of the character encoding.
        char_embed_width: width of a character embedding.
    """

    def __init__(
        self,
        word_width: int,
        trainable: bool,
        chars: str,
        char_width: int,
        char_embed_width: int,
    ):
        super().__init__()
        self.word_width = word_width
        self.words: Optional[WordTable] = None
        self.chars: Optional[CharEncoder] = None
        if word_width:
            self.unknown = nn.Parameter(torch.zeros(word_width))
            if trainable:
                self.words = WordTable(word_width)
        if chars != "none":
            self.chars = CHAR_ENCODERS[chars](char_width, char_embed_width)

    def forward(
        self,
        inverse: Tensor,
        vectors: Optional[Tensor],
        known: Optional[Tensor],
        rows: Optional[Tensor],
        code_points: Optional[Tensor],
        char_lengths: Sequence[int],
        word_dropout: float = 0.0,
        train: bool = False,
    ) -> Tensor:
        """
        Args:
            inverse: which distinct form each token is, shape (N,).
            vectors: given vectors of the F distinct forms, shape (F, word_width).
            known: which forms have a given vector, shape (F,).
            rows: rows of the trainable table, -1 for none, shape (F,).
            code_points: the forms' characters, see `CharCNN.forward`.
            char_lengths: characters per form, shape (F,).
            word_dropout: how often a token's word vector becomes the unknown one.
            train: note what is met in training.

        Returns:
            One row per token, shape (N, word_width + char_width).
        """
        parts: List[Tensor] = []
        if vectors is not None and known is not None:
            words = torch.where(known.unsqueeze(1), vectors, self.unknown)
            if self.words is not None and rows is not None:
                own = torch.nonzero(rows >= 0).squeeze(1)
                words = words.index_copy(0, own, self.words(rows[own]))
            words = words.index_select(0, inverse)
            parts.append(token_dropout(words, self.unknown, word_dropout))
        if self.chars is not None:
            encoded = self.chars(code_points, char_lengths, train)
            parts.append(encoded.index_select(0, inverse))
        return torch.cat(parts, dim=1)


class PreparedWordCharEmbedding:
    """Embeds forms as a `WordCharEmbedding` does with the weights that it has now, on a
    CPU.

    Attributes:
        is_exact: Whether a form is embedded the same to the bit whatever other forms
            are embedded with it.
    """

    def __init__(self, module: WordCharEmbedding) -> None:
        self._unknown: Optional[ndarray] = None
        self._own: Optional[ndarray] = None
        if module.word_width:
            self._unknown = module.unknown.detach().numpy()
        if module.words is not None:
            self._own = module.words.table.detach().numpy()
        self._chars = None if module.chars is None else module.chars.prepared()
        self.is_exact = module.chars is None or module.chars.is_exact

    def __call__(
        self,
        vectors: Optional[Tensor],
        known: Optional[Tensor],
        rows: Optional[Tensor],
        code_points: Optional[Tensor],
        char_lengths: Sequence[int],
    ) -> ndarray:
        """Embeddings of F forms, shape (F, word_width + char_width); the arguments as
        of `WordCharEmbedding.forward`."""
        parts: List[ndarray] = []
        if self._unknown is not None and vectors is not None and known is not None:
            has_vector = known.numpy()[:, None]
            words = numpy.where(has_vector, vectors.numpy(), self._unknown)
            if self._own is not None and rows is not None:
                has_own = rows.numpy() >= 0
                words[has_own] = self._own.take(rows.numpy()[has_own], 0)
            parts.append(words)
        if self._chars is not None and code_points is not None:
            parts.append(self._chars(code_points, char_lengths))
        return numpy.concatenate(parts, axis=1)
