"""The scores that a linear chain has by itself, without its emissions."""

from typing import NamedTuple

from torch import Tensor


class ChainScores(NamedTuple):
    """Scores of a linear chain, `-inf` where forbidden.

    Attributes:
        start: (L,) of the first label.
        transitions: (L, L) of adjacent labels [from, to].
        end: (L,) of the last label.
    """

    start: Tensor
    transitions: Tensor
    end: Tensor
