"""Score of given label sequences over a packed batch, with its gradient written out."""

from typing import Any, Optional, Tuple

import torch
from torch import Tensor

from .packing import Packing


class GoldScore(torch.autograd.Function):
    """(B,) float64 score of labels (N,); its gradient counts what was used."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any,
        emissions: Tensor,
        start: Tensor,
        transitions: Tensor,
        end: Tensor,
        labels: Tensor,
        packing: Packing,
    ) -> Tensor:
        # Each row takes its emission and what follows: a transition, or `end`.
        pairs = labels * len(start) + labels.roll(-1)
        rows = transitions.flatten().index_select(0, pairs)
        rows[packing.last] = end[labels[packing.last]]
        rows += emissions.gather(1, labels[:, None])[:, 0]
        score = rows.new_zeros(len(packing.lengths), dtype=torch.float64)
        score.index_add_(0, packing.segment, rows.double())
        score.index_add_(0, packing.order, start[labels[packing.first]].double())
        ctx.save_for_backward(labels, pairs)
        ctx.packing, ctx.like = packing, emissions.new_empty(0, len(start))
        return score

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Tuple[Optional[Tensor], ...]:
        labels, pairs = ctx.saved_tensors
        packing, n_labels = ctx.packing, ctx.like.size(1)
        weight = grads[0].to(ctx.like.dtype).index_select(0, packing.segment)
        counts = ctx.like.new_zeros(len(labels), n_labels)
        counts.scatter_(1, labels[:, None], weight[:, None])
        start = counts[packing.first].sum(0)
        end = counts[packing.last].sum(0)
        weight[packing.last] = 0
        transitions = weight.new_zeros(n_labels * n_labels)
        transitions.index_add_(0, pairs, weight)
        return counts, start, transitions.view(n_labels, -1), end, None, None
