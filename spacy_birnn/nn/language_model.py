"""A language model over hidden states, which training alone needs.

Rei (2017), "Semi-supervised Multitask Learning for Sequence Labeling".
"""

from typing import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WIDTH = 50
"""Of the layer between hidden states and words (Rei 2017, §6)."""


class LanguageModel(nn.Module):
    """Predict the next word from what the forward direction has read, and the previous
    one from what the backward direction has read.

    Args:
        n_in: width of the hidden states, of all directions together.
        n_directions: 1, forward alone, or 2.
        n_words: words that are told apart.
    """

    def __init__(self, n_in: int, n_directions: int, n_words: int):
        super().__init__()
        hidden, each = n_in // n_directions, range(n_directions)
        self.inner = nn.ModuleList(nn.Linear(hidden, WIDTH) for _ in each)
        self.outer = nn.ModuleList(nn.Linear(WIDTH, n_words) for _ in each)
        for name, parameter in self.named_parameters():
            if name.endswith("weight"):
                nn.init.xavier_uniform_(parameter)
            else:
                nn.init.zeros_(parameter)

    def loss(self, H: Tensor, ids: Tensor, lengths: Sequence[int]) -> Tensor:
        """Negative log-likelihood, summed over words and directions.

        Args:
            H: hidden states of all sequences, shape (N, n_in).
            ids: of the words, shape (N,).
            lengths: words per sequence, none of them 0, summing to N.
        """
        is_followed = torch.ones(len(ids), dtype=torch.bool, device=H.device)
        is_followed[torch.tensor(lengths).cumsum(0) - 1] = False
        first = is_followed.nonzero().squeeze(1)
        read_and_wanted = [(first, first + 1), (first + 1, first)]
        parts = H.chunk(len(self.inner), 1)
        losses = [
            F.cross_entropy(self._scores(d, part[read]), ids[wanted], reduction="sum")
            for d, (part, (read, wanted)) in enumerate(zip(parts, read_and_wanted))
        ]
        return torch.stack(losses).sum()

    def _scores(self, direction: int, states: Tensor) -> Tensor:
        return self.outer[direction](torch.tanh(self.inner[direction](states)))
