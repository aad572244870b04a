"""Between thinc's lists of arrays and the flat token matrix of torch modules."""

from itertools import accumulate, pairwise
from operator import is_
from typing import Any, Callable, List, Optional, Sequence, Tuple, cast

import numpy
import torch
from thinc.api import Model, Ops, torch2xp, xp2torch
from thinc.types import Floats2d
from torch import Tensor

from .shim import shim_of


class Parts(List[Floats2d]):
    """Arrays that are cut out of one, which is then there without a copy.

    Args:
        whole: shape (N, D).
        parts: its rows from the first to the last.
    """

    def __init__(self, whole: Floats2d, parts: Sequence[Floats2d]) -> None:
        super().__init__(parts)
        self._whole, self._parts = whole, tuple(parts)

    @property
    def whole(self) -> Optional[Floats2d]:
        """None if the list was changed."""
        same = len(self) == len(self._parts) and all(map(is_, self, self._parts))
        return self._whole if same else None


def to_tensor(
    ops: Ops, X: List[Floats2d], device: torch.device, requires_grad: bool = False
) -> Tensor:
    """The rows of all sequences one after the other, shape (N, D)."""
    rows = join(ops, X)
    if isinstance(rows, numpy.ndarray):  # thinc's way takes three times as long
        tensor = torch.from_numpy(rows).to(device)
        return tensor.requires_grad_() if requires_grad else tensor
    return xp2torch(rows, requires_grad=requires_grad, device=device)


def to_arrays(rows: Tensor, lengths: Sequence[int]) -> List[Floats2d]:
    """The rows of all sequences, shape (N, D), as one array per sequence."""
    # thinc's way takes longer than one sequence's emissions do.
    array = torch2xp(rows) if rows.is_cuda else rows.detach().numpy()
    return split(cast(Floats2d, array), lengths)


def join(ops: Ops, X: List[Floats2d]) -> Floats2d:
    """The rows of all sequences one after the other; no copy of what lies so already,
    if torch can take it as it is."""
    whole = X.whole if isinstance(X, Parts) else X[0] if len(X) == 1 else None
    if whole is None:
        return ops.flatten(X)
    flags = cast(Any, whole).flags
    is_ready = flags.carray if isinstance(whole, numpy.ndarray) else flags.c_contiguous
    return whole if is_ready else ops.flatten(X)


def split(rows: Floats2d, lengths: Sequence[int]) -> List[Floats2d]:
    """As `to_arrays`, of an array."""
    if len(lengths) == 1:
        return [rows]
    bounds = pairwise(accumulate(lengths, initial=0))
    return Parts(rows, [rows[a:b] for a, b in bounds])


def gradient(leaf: Tensor) -> Tensor:
    """The gradient that backpropagation has left at a tensor."""
    assert leaf.grad is not None
    return leaf.grad


def run_rows(
    model: Model, X: List[Floats2d], is_train: bool, *args: Any
) -> Tuple[List[Floats2d], Callable[[List[Floats2d]], List[Floats2d]]]:
    """Run a node's torch module over the rows of all sequences.

    Args:
        model: a node with a `TorchShim`.
        X: at least one row in all.
        is_train: keep what the gradient needs.
        args: what the module takes beside the rows.

    Returns:
        One array per sequence, and the callback that carries gradients back.
    """
    ops, shim = model.ops, shim_of(model)
    lengths = [len(x) for x in X]
    rows = to_tensor(ops, X, shim.device, requires_grad=is_train)
    Y, backprop_torch = shim((rows, *args), is_train)

    def backprop(dY: List[Floats2d]) -> List[Floats2d]:
        backprop_torch(to_tensor(ops, dY, shim.device))
        return to_arrays(gradient(rows), lengths)

    return to_arrays(Y, lengths), backprop
