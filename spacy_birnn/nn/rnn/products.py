"""The products of a recurrence: hidden states with the recurrent weights."""

from copy import copy
from typing import Optional, Sequence

import torch
from torch import Tensor

MANY = 800_000
"""Size of a product, n·H², from which one of reduced precision is faster, with its
conversions."""


class Products:
    """Recurrent products `h Uᵀ`, of both directions at once.

    Args:
        weights: (K·H, H) per direction.
        bias: (K·H,) per direction: what is added to the products themselves.
        dtype: of large products, where another one is faster; sums are taken in that
            of the states.

    Attributes:
        weights: (D, H, K·H), from a row of a state to its part of the
            pre-activations.
        bias: (D, 1, K·H).
    """

    def __init__(
        self,
        weights: Sequence[Tensor],
        bias: Sequence[Tensor],
        dtype: Optional[torch.dtype] = None,
    ) -> None:
        self.dtype = dtype or weights[0].dtype
        self.bias = torch.stack(list(bias)).unsqueeze(1)
        self.weights = torch.stack(list(weights)).transpose(1, 2)
        self._reduced = self.weights.to(self.dtype)

    def direction(self, d: int) -> "Products":
        """Those of one of the directions."""
        part = copy(self)
        part.bias, part.weights = self.bias[d : d + 1], self.weights[d : d + 1]
        part._reduced = self._reduced[d : d + 1]
        return part

    def add_to(self, gates: Tensor, states: Tensor) -> None:
        """Add the products of states (D, n, H) to gates (D, n, K·H) in place."""
        if self._is_reduced(states):
            gates.add_(self._product(states))
        else:
            gates.baddbmm_(states, self.weights)

    def with_bias(self, states: Tensor) -> Tensor:
        """The products (D, n, K·H) with the bias."""
        if self._is_reduced(states):
            return self.bias + self._product(states)
        return torch.baddbmm(self.bias, states, self.weights)

    def _is_reduced(self, states: Tensor) -> bool:
        if states.dtype == self.dtype:
            return False
        _, n_rows, hidden = states.shape
        return n_rows * hidden**2 >= MANY

    def _product(self, states: Tensor) -> Tensor:
        return torch.bmm(states.to(self.dtype), self._reduced)
