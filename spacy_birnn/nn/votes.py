"""Emissions from the other mentions of a word in a document.

A name is often clear in one place of a document and not in another. Labels that agree
over a document: Finkel, Grenager & Manning (2005), "Incorporating Non-local Information
into Information Extraction Systems by Gibbs Sampling"; a memory of hidden states of the
same word: Luo, Xiao & Zhao (2020), "Hierarchical Contextualized Representation for
Named Entity Recognition".
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Mentions(NamedTuple):
    """The tokens whose word occurs again in their document.

    Attributes:
        rows: their rows of the flat token matrix, ascending, shape (M,).
        words: which word of which document each of them is, from 0 on, shape (M,).
    """

    rows: Tensor
    words: Tensor

    def to(self, device: torch.device) -> "Mentions":
        return Mentions(self.rows.to(device), self.words.to(device))


class Votes(nn.Module):
    """Emissions that the other mentions of a word add to each of its tokens.

    A token with the hidden state h votes for labels with V h. A token whose word has
    other mentions gets the mean of their votes, all others 0. V is 0 before training.

    Args:
        n_in: width of the hidden states.
        n_labels: number of labels, L.
    """

    def __init__(self, n_in: int, n_labels: int):
        super().__init__()
        self.votes = nn.Linear(n_in, n_labels, bias=False)
        nn.init.zeros_(self.votes.weight)

    def forward(self, H: Tensor, mentions: Mentions, dropout: float = 0.0) -> Tensor:
        """
        Args:
            H: hidden states of all tokens, shape (N, n_in).
            mentions: the M tokens that get votes.
            dropout: of the hidden states.

        Returns:
            Shape (N, L).
        """
        rows, words = mentions
        # Of all tokens: few labels are gathered faster than many features.
        cast = self.votes(F.dropout(H, dropout) if dropout else H)[rows]
        n_mentions = torch.bincount(words)
        sums = cast.new_zeros(len(n_mentions), cast.size(1)).index_add(0, words, cast)
        others = (n_mentions - 1)[words].unsqueeze(1)
        mean = (sums[words] - cast) / others
        return mean.new_zeros(len(H), mean.size(1)).index_copy(0, rows, mean)
