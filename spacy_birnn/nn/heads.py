"""Auxiliary heads: classifiers of tokens that training alone needs."""

from typing import List, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Heads(nn.Module):
    """A softmax over hidden states for each of several kinds of labels.

    Args:
        n_in: width of the hidden states.
        sizes: number of labels of each kind, K of them.
    """

    def __init__(self, n_in: int, sizes: List[int]):
        super().__init__()
        heads = [nn.Linear(n_in, size) for size in sizes]
        for head in heads:
            nn.init.xavier_uniform_(head.weight)
            nn.init.zeros_(head.bias)
        self.linear = nn.ModuleList(heads)

    def loss(self, H: Tensor, labels: Tensor, weights: Sequence[float]) -> Tensor:
        """Weighted negative log-likelihood, summed over tokens and kinds.

        Args:
            H: hidden states, shape (N, n_in).
            labels: ids of each kind, -1 where missing, shape (K, N).
            weights: of the kinds.
        """
        losses = [
            weight * F.cross_entropy(head(H), ids, ignore_index=-1, reduction="sum")
            for head, ids, weight in zip(self.linear, labels, weights, strict=True)
        ]
        return torch.stack(losses).sum()
