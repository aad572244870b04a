"""Memory that is used again from one prediction to the next."""

import math
import threading

import torch
from torch import Tensor

LARGEST = 1 << 24
"""Numbers in the largest block that a thread keeps: 64 MB."""


class Scratch(threading.local):
    """A thread's memory for what lives no longer than one call.

    To get a large block from the system each time, page by page, and to give it back
    could take a sixth of the time of tagging.
    """

    def __init__(self) -> None:
        self._block = torch.empty(0)

    def take(self, dtype: torch.dtype, *shape: int) -> Tensor:
        """Not initialized, on the CPU; valid until the next call."""
        size = math.prod(shape)
        if size > LARGEST:
            return torch.empty(shape, dtype=dtype)
        if len(self._block) < size or self._block.dtype != dtype:
            with torch.inference_mode(False):  # it may be written to outside of it
                self._block = torch.empty(size, dtype=dtype)
        return self._block[:size].view(shape)


SCRATCH = Scratch()
