"""The products of a recurrence: hidden states with the recurrent weights."""

from typing import Optional, Sequence

import torch
from torch import Tensor

MANY = 64
"""Rows from which a product of reduced precision is faster, with its conversions."""


class Products:
    """Recurrent products ``h Wᵀ``, one matrix a direction.

    Args:
        weights: (K·H, H) a direction, scaled.
        bias: (K·H,) a direction: what the products themselves are given, if anything.
        dtype: of the products of many rows, where another one is faster; sums are
            taken in that of the states.
    """

    def __init__(
        self,
        weights: Sequence[Tensor],
        bias: Sequence[Tensor],
        dtype: Optional[torch.dtype] = None,
    ) -> None:
        self.dtype = dtype or weights[0].dtype
        self.weights = [weight.t() for weight in weights]
        self.reduced = [weight.to(self.dtype).t() for weight in weights]
        self.bias = bias

    def add_to(self, gates: Sequence[Tensor], states: Sequence[Tensor]) -> None:
        """Add them to (n, K·H) a direction, in place; `states` are (n, H) each."""
        if states[0].dtype == self.dtype or len(states[0]) < MANY:
            for rows, state, weight in zip(gates, states, self.weights, strict=True):
                rows.addmm_(state, weight)
            return
        for rows, state, weight in zip(gates, states, self.reduced, strict=True):
            rows.add_(torch.mm(state.to(self.dtype), weight))

    def with_bias(self, states: Sequence[Tensor]) -> Tensor:
        """(D, n, K·H) with the bias; `states` are (n, H) a direction."""
        shape = (len(states[0]), -1)
        product = torch.stack([bias.expand(shape) for bias in self.bias])
        self.add_to(product.unbind(0), states)
        return product
