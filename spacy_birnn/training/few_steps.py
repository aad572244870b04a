"""A hint at the end of a training in which nothing was ever predicted right."""

import math
from typing import Any, Dict, List, Optional

from ..errors import Warnings
from .progress import Progress

ENOUGH_STEPS = 1000
"""After so many steps even a few dozen texts have been learned."""


def few_steps_hint(progress: Progress, settings: Dict[str, Any]) -> Optional[str]:
    """Say why the best score is 0, and with which options training goes on.

    Args:
        progress: Where the training has ended.
        settings: The section `[training]`.

    Returns:
        One coded line; None where something was right, where nothing was evaluated, or
        where no score counts.
    """
    counts = any((weight or 0) > 0 for weight in settings["score_weights"].values())
    if progress.best is None or progress.best[0] > 0 or not counts:
        return None
    steps = progress.step
    if steps >= ENOUGH_STEPS:
        return Warnings.W493.format(steps=steps)
    options = " ".join(_longer(progress, settings))
    return Warnings.W492.format(steps=steps, enough=ENOUGH_STEPS, options=options)


def _longer(progress: Progress, settings: Dict[str, Any]) -> List[str]:
    """The options that raise each limit below which training would end too early."""
    options = []
    if settings["max_epochs"] > 0:
        epochs = math.ceil(ENOUGH_STEPS * max(progress.epoch, 1) / progress.step)
        options.append(f"--training.max_epochs {max(epochs, settings['max_epochs'])}")
    for key in ("max_steps", "patience"):
        if 0 < settings[key] < ENOUGH_STEPS:
            options.append(f"--training.{key} {ENOUGH_STEPS}")
    return options
