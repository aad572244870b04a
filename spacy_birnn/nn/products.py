"""The products of a recurrence: hidden states with the recurrent weights."""

from typing import Optional, Sequence

import torch
from torch import Tensor

from .steps import Both

MANY = 400_000
"""Size of a product, n·H², from which one of reduced precision is faster, with its
conversions."""


class Products:
    """Recurrent products ``h Wᵀ``, one matrix a direction.

    Args:
        weights: (K·H, H) a direction, scaled.
        bias: (K·H,) a direction: what the products themselves are given, if anything.
        dtype: of large products, where another one is faster; sums are taken in that
            of the states.
    """

    def __init__(
        self,
        weights: Sequence[Tensor],
        bias: Sequence[Tensor],
        dtype: Optional[torch.dtype] = None,
    ) -> None:
        self.dtype = dtype or weights[0].dtype
        self.weights = [weight.t() for weight in weights]
        self.bias = bias
        if self.dtype != weights[0].dtype:
            self.reduced = torch.stack(list(weights)).to(self.dtype).transpose(1, 2)

    def add_to(self, gates: Both, states: Both) -> None:
        """Add them to (D, n, K·H) in place; `states` are (D, n, H)."""
        n_rows, hidden = states.directions[0].shape
        if states.whole.dtype == self.dtype or n_rows * hidden**2 < MANY:
            parts = zip(gates.directions, states.directions, self.weights, strict=True)
            for rows, state, weight in parts:
                rows.addmm_(state, weight)
            return
        gates.whole.add_(torch.bmm(states.whole.to(self.dtype), self.reduced))

    def with_bias(self, states: Both) -> Tensor:
        """(D, n, K·H) with the bias."""
        shape = (states.whole.shape[1], -1)
        product = torch.stack([bias.expand(shape) for bias in self.bias])
        self.add_to(Both(product, product.unbind(0)), states)
        return product
