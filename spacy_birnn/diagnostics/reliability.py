"""How far confidences can be trusted: the calibration error and its interval.

Predictions are put into bins of equal mass by their confidence. In each bin the mean
confidence is compared with the share of predictions that are right (Nguyen & O'Connor
2015, §3). The expected calibration error is the mean distance of the two, each bin
weighted by its size (Naeini, Cooper & Hauskrecht 2015).
"""

from dataclasses import dataclass
from typing import List, Sequence, Tuple

import numpy
from numpy import ndarray

from ..errors import BirnnError, Errors


@dataclass(frozen=True)
class ReliabilityBin:
    """Predictions of like confidence.

    Attributes:
        count: how many.
        confidence: their mean confidence, 0…1.
        accuracy: the share of them that is right, 0…1.
        lowest, highest: the least and the greatest confidence among them.
    """

    count: int
    confidence: float
    accuracy: float
    lowest: float
    highest: float


@dataclass(frozen=True)
class Reliability:
    """Confidences against the truth.

    Attributes:
        bins: in ascending confidence.
        error: the expected calibration error (ECE), 0…1.
        interval: its bootstrap interval.
        count: number of predictions.
        confidence: mean confidence of all predictions.
        accuracy: share of all predictions that is right.
    """

    bins: List[ReliabilityBin]
    error: float
    interval: Tuple[float, float]
    count: int
    confidence: float
    accuracy: float


def reliability(
    confidences: Sequence[float],
    correct: Sequence[bool],
    bins: int = 15,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Reliability:
    """Compare confidences with how often the predictions are right.

    Equal confidences stay in one bin, so the figures do not depend on the order of the
    predictions; where many are equal there are fewer bins than asked for.

    The interval is the basic bootstrap interval (Davison & Hinkley 1997, §5.2): the
    error of a finite sample lies above the true one, and that of a resample above both,
    so the plain percentiles would lie too high. Its ends are at least 0 and enclose the
    error itself. Where the true error is near 0 the interval may still begin above it.

    Args:
        confidences: probability of each prediction, 0…1, N of them.
        correct: whether each is right, N of them.
        bins: number of bins of equal mass.
        resamples: how often the predictions are drawn anew, with replacement.
        level: coverage of the interval.
        seed: of the draws.

    Raises:
        BirnnError: there is no prediction, or a confidence is no probability.
    """
    found, right = _sorted(confidences, correct)
    edges = _edges(found, bins)
    error = _error(found, right, edges)
    random, count = numpy.random.default_rng(seed), len(found)
    drawn = []
    for _ in range(resamples):
        rows = numpy.sort(random.integers(count, size=count))
        of_draw = found[rows]
        drawn.append(_error(of_draw, right[rows], _edges(of_draw, bins)))
    return Reliability(
        bins=_bins(found, right, edges),
        error=error,
        interval=_basic_interval(error, drawn, level),
        count=count,
        confidence=float(found.mean()),
        accuracy=float(right.mean()),
    )


def calibration_error(
    confidences: Sequence[float], correct: Sequence[bool], bins: int = 15
) -> float:
    """Compute the expected calibration error alone: see `reliability`."""
    found, right = _sorted(confidences, correct)
    return _error(found, right, _edges(found, bins))


def _sorted(
    confidences: Sequence[float], correct: Sequence[bool]
) -> Tuple[ndarray, ndarray]:
    """Confidences in ascending order, and beside each whether it is right."""
    found = numpy.asarray(confidences, dtype="float64")
    right = numpy.asarray(correct, dtype="float64")
    if found.shape != right.shape or found.ndim != 1:
        raise ValueError(f"{found.shape} confidences of {right.shape} predictions")
    if not len(found):
        raise BirnnError(Errors.B420)
    outside = ~((found >= 0.0) & (found <= 1.0))  # true of a NaN, too
    if outside.any():
        raise BirnnError(Errors.B421.format(value=found[outside][0]))
    order = numpy.argsort(found, kind="stable")
    return found[order], right[order]


def _edges(found: ndarray, bins: int) -> ndarray:
    """Where the bins of sorted confidences begin, and the end of the last."""
    count = len(found)
    ideal = numpy.arange(1, bins) * count // bins
    # Equal confidences must not be torn apart: an edge moves to the first of them.
    inner = numpy.searchsorted(found, found[ideal], side="left")
    return numpy.unique(numpy.concatenate([[0], inner, [count]]))


def _error(found: ndarray, right: ndarray, edges: ndarray) -> float:
    gaps = numpy.add.reduceat(found - right, edges[:-1])
    return float(numpy.abs(gaps).sum() / len(found))


def _bins(found: ndarray, right: ndarray, edges: ndarray) -> List[ReliabilityBin]:
    return [
        ReliabilityBin(
            count=int(end - start),
            confidence=float(found[start:end].mean()),
            accuracy=float(right[start:end].mean()),
            lowest=float(found[start]),
            highest=float(found[end - 1]),
        )
        for start, end in zip(edges[:-1], edges[1:])
    ]


def _basic_interval(
    error: float, drawn: List[float], level: float
) -> Tuple[float, float]:
    if not drawn:
        return error, error
    tail = (1.0 - level) / 2
    low, high = numpy.quantile(drawn, [tail, 1.0 - tail])
    return max(0.0, min(error, 2 * error - high)), max(error, 2 * error - low)
