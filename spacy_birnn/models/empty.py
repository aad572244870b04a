"""What a batch without a single token gives: torch's recurrences refuse to run on one."""

from typing import Any, Callable, List, Tuple

from thinc.api import Model
from thinc.types import Floats2d


def empty_batch(model: Model, X: List[Any]) -> Tuple[List[Floats2d], Callable]:
    """A matrix of no rows for each input, and a callback that passes nothing on.

    Args:
        model: whose output is asked for.
        X: empty documents, or matrices without rows; also none at all.
    """

    def backprop(dY: List[Floats2d]) -> List[Any]:
        return X

    return [model.ops.alloc2f(0, model.get_dim("nO")) for _ in X], backprop
