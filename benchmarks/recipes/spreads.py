"""Several runs in a word: their scores, and the time that they took."""

from statistics import mean, stdev
from typing import Dict, List, Optional, Sequence

from .cells import Run, processor

USUAL = "AVX512"
"""The processors that most runs were trained on; others take another time."""


def hours(runs: Sequence[Run]) -> str:
    """The mean for each kind of processor, of which all but the usual one are named."""
    kinds: Dict[str, List[float]] = {}
    for run in runs:
        kinds.setdefault(processor(run), []).append(run["seconds"] / 3600)
    return ", ".join(
        f"{mean(known):.2f}" + ("" if kind == USUAL else f" ({kind})")
        for kind, known in sorted(kinds.items())
    )


def spread(scores: Sequence[Optional[float]]) -> str:
    """Mean and standard deviation in points; a dash where there is no score."""
    points: List[float] = [100 * score for score in scores if score is not None]
    if not points:
        return "–"
    deviation = f" ± {stdev(points):.2f}" if len(points) > 1 else ""
    return f"{mean(points):.2f}{deviation}"
