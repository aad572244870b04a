"""Averages of weights over the steps of training: an exponential moving average.

At step t the average keeps the share `min((1 + t) / (10 + t), decay)` of itself: it
forgets the first weights quickly. thinc does so with a decay of 0.9999.
"""

import math
from typing import Any, Dict

MAX_DECAY = 0.9999
"""thinc's."""


class Averages(Dict[Any, Any]):
    """Averaged weights by parameter key, and how they are averaged.

    Args:
        decay: the largest share that an average keeps of itself in one step.
        start: updates of a parameter before its average begins, at its weights then.
    """

    def __init__(self, decay: float = MAX_DECAY, start: int = 0) -> None:
        super().__init__()
        self.decay = decay
        self.start = start

    def steps(self, n_updates: int) -> int:
        """How many of a parameter's updates count; 0 where averaging has not begun."""
        return max(n_updates - self.start, 0)

    def add(self, ops: Any, key: Any, weights: Any, n_updates: int) -> None:
        """Take the weights of a parameter after an update into its average."""
        step = self.steps(n_updates)
        if not step:
            return
        if key not in self:
            self[key] = weights.copy()
        ops.update_averages(self[key], weights, step, max_decay=self.decay)


def averaging(averages: Dict[Any, Any]) -> Averages:
    """How an optimizer averages: thinc's own way, unless the averages say another."""
    return averages if isinstance(averages, Averages) else Averages()


def decay_between(first: Any, last: int, xp: Any, decay: float = MAX_DECAY) -> Any:
    """The share of an average that is left after the steps first + 1 … last.

    While a row is not touched its average only decays towards it, and the product of
    the shares has a closed form.

    Args:
        first: the step of each row's last update, shape (R,).
        last: a later step.
        xp: numpy or cupy.
        decay: see `Averages`.

    Returns:
        float32, shape (R, 1).
    """
    # The step from which on (1 + t) / (10 + t) is at least the decay.
    constant_from = max(math.ceil((10 * decay - 1) / (1 - decay) - 1e-6), 0)
    first = xp.minimum(xp.asarray(first, dtype="float64"), last)
    begin, end = xp.minimum(first, constant_from), min(last, constant_from)
    constant = xp.maximum(last, constant_from) - xp.maximum(first, constant_from)
    left = decay**constant
    for j in range(2, 11):
        left = left * ((begin + j) / (end + j))
    return left.astype("float32").reshape(-1, 1)
