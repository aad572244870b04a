"""What an annotation with missing labels leaves open."""

from typing import Optional

import torch
from torch import Tensor

from .packing import Packing


def single_labels(mask: Tensor, space: Optional[Tensor]) -> Tensor:
    """(N,) the label where only one comes into question, else -1."""
    mask = mask if space is None else mask & space
    return torch.where(mask.sum(1) == 1, mask.int().argmax(1), -1)


def options(
    gold: Tensor, ids: Tensor, n_labels: int, space: Optional[Tensor]
) -> Tensor:
    """(N, L) the labels of `space` that the gold annotation leaves open."""
    if gold.dim() == 2:
        options = gold
    else:
        labels = torch.arange(n_labels, device=ids.device)
        options = (ids[:, None] == labels) | (ids[:, None] < 0)
    return options if space is None else options & space


def informative(options: Tensor, space: Optional[Tensor], packing: Packing) -> Tensor:
    """(B,) whether anything is known about a sequence."""
    narrowed = ~options if space is None else options != space
    count = torch.zeros(len(packing.lengths), device=options.device)
    return count.index_add(0, packing.segment, narrowed.any(1).float()) > 0
