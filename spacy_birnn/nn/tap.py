"""Learn from hidden states below the output of a network."""

from typing import Any, Optional, Tuple

from torch import Tensor
from torch.autograd import Function


class Tap:
    """Takes hidden states out of a training pass, and adds to their gradient.

    Attributes:
        is_open: whether it is to be applied at all.
        hidden: those of a pass that has not gone back yet, shape (N, D), without a
            gradient; None where there is no such pass.
        gradient: what its backward pass adds for them, of the same shape; None for
            nothing.
    """

    def __init__(self) -> None:
        self.is_open = False
        self.hidden: Optional[Tensor] = None
        self.gradient: Optional[Tensor] = None

    def apply(self, output: Tensor, hidden: Tensor) -> Tensor:
        """Take hidden states out of a pass.

        Args:
            output: of the network, of any shape.
            hidden: states that it was computed from, shape (N, D).

        Returns:
            The output, whose backward pass adds `gradient`.
        """
        self.hidden, self.gradient = hidden.detach(), None
        return _Tapped.apply(output, hidden, self)


class _Tapped(Function):
    """The output as it is; the gradient for the hidden states is the tap's."""

    @staticmethod
    def forward(ctx: Any, output: Tensor, hidden: Tensor, tap: Tap) -> Tensor:
        ctx.tap = tap
        return output.view_as(output)

    @staticmethod
    def backward(ctx: Any, d_output: Tensor) -> Tuple[Tensor, Optional[Tensor], None]:
        gradient = ctx.tap.gradient
        ctx.tap.hidden = ctx.tap.gradient = None
        return d_output, gradient, None
