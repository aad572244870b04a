"""Gold annotation with missing labels: which labels it leaves open at each token."""

from typing import Optional

import torch
from torch import Tensor

from ..packing import Packing


def single_labels(gold: Tensor, permitted: Optional[Tensor]) -> Tensor:
    """(N,) the label where gold (N, L) and `permitted` leave only one open, else -1."""
    gold = gold if permitted is None else gold & permitted
    return torch.where(gold.sum(1) == 1, gold.int().argmax(1), -1)


def left_open(
    gold: Tensor, ids: Tensor, n_labels: int, permitted: Optional[Tensor]
) -> Tensor:
    """(N, L) the labels of `permitted` that the gold annotation leaves open.

    Args:
        gold: (N, L) bool, or anything of one dimension, where `ids` hold all.
        ids: (N,) gold labels, -1 where missing.
        n_labels: L.
        permitted: (N, L) bool, None for all.
    """
    if gold.dim() == 1:
        labels = torch.arange(n_labels, device=ids.device)
        gold = (ids[:, None] == labels) | (ids[:, None] < 0)
    return gold if permitted is None else gold & permitted


def is_informative(
    open_labels: Tensor, permitted: Optional[Tensor], packing: Packing
) -> Tensor:
    """(B,) whether anything is known about a sequence."""
    narrowed = ~open_labels if permitted is None else open_labels != permitted
    count = torch.zeros(len(packing.lengths), device=open_labels.device)
    return count.index_add(0, packing.segment, narrowed.any(1).float()) > 0
