"""The output for a batch without a word: torch and thinc refuse to run on no rows."""

from typing import Any, Callable, List, Tuple

from thinc.api import Model
from thinc.types import Floats2d


def empty_batch(model: Model, X: List[Any]) -> Tuple[List[Floats2d], Callable]:
    """Zeros for what there is, and a callback that passes no gradient on.

    Args:
        model: whose output is asked for.
        X: documents without words, or matrices without rows; also none at all.
    """

    def backprop(dY: List[Floats2d]) -> List[Any]:
        return X

    return [model.ops.alloc2f(len(x), model.get_dim("nO")) for x in X], backprop
