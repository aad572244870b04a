"""How far scores would differ on other sentences: the bootstrap.

Sentences are drawn with replacement, as many as there are (Efron & Tibshirani 1993);
F1 is computed anew for each draw. Two pipelines are compared on the same draws.
"""

from typing import Tuple

import numpy
from numpy import ndarray

RESAMPLES = 1000
LEVEL = 0.95

Interval = Tuple[float, float]

_AT_ONCE = 100


class Bootstrap:
    """Draws of sentences, the same ones for all that is asked.

    Args:
        n_sentences: S, how many there are.
        resamples: R, how often they are drawn.
        seed: of the draws.
    """

    def __init__(
        self, n_sentences: int, resamples: int = RESAMPLES, seed: int = 0
    ) -> None:
        random = numpy.random.default_rng(seed)
        self.weights = numpy.zeros((resamples, n_sentences), dtype="uint8")
        for row in self.weights:
            drawn = random.integers(n_sentences, size=n_sentences)
            row[:] = numpy.bincount(drawn, minlength=n_sentences)

    def draw(self, counts: ndarray) -> ndarray:
        """Sum counts over each draw.

        Args:
            counts: of each sentence, shape (S, …).

        Returns:
            Their sums, shape (R, …).
        """
        flat = counts.reshape(len(counts), -1).astype("float64")
        sums = [
            self.weights[first : first + _AT_ONCE].astype("float64") @ flat
            for first in range(0, len(self.weights), _AT_ONCE)
        ]
        return numpy.concatenate(sums).reshape(len(self.weights), *counts.shape[1:])


def f1(counts: ndarray) -> ndarray:
    """Compute F1 from counts.

    Args:
        counts: right, gold and predicted ones, shape (…, 3). Where as many are
            predicted as there are, F1 is the accuracy.

    Returns:
        Shape (…); NaN where there are none.
    """
    total = counts[..., 1] + counts[..., 2]
    with numpy.errstate(invalid="ignore"):
        return 2.0 * counts[..., 0] / total


def percentiles(draws: ndarray, level: float = LEVEL) -> Interval:
    """The interval that holds the middle part of the draws; those in which there was
    nothing to score are left out.

    Args:
        draws: shape (R,).
        level: how large a part.
    """
    known = draws[~numpy.isnan(draws)]
    if not len(known):
        return float("nan"), float("nan")
    tail = (1.0 - level) / 2
    low, high = numpy.quantile(known, [tail, 1.0 - tail])
    return float(low), float(high)


def paired_p_value(difference: float, draws: ndarray) -> float:
    """Test whether two scores differ: two-sided, by the paired bootstrap.

    The draws are moved to where they would lie if there was no difference (Efron &
    Tibshirani 1993, ch. 16; one-sided in Berg-Kirkpatrick, Burkett & Klein 2012).

    Args:
        difference: of the two scores on all sentences.
        draws: the same on each draw, shape (R,).

    Returns:
        The probability of a difference at least as large without a cause; never 0,
        since R draws cannot show less than 1 / (R + 1), and 1 where all draws are the
        same, as those of a single sentence: they show nothing.
    """
    known = draws[~numpy.isnan(draws)]
    if not len(known) or numpy.ptp(known) < 1e-12:
        return 1.0
    # Rounding must not decide between two draws that are equal.
    extreme = numpy.abs(known - difference) >= abs(difference) - 1e-12
    return float((1 + extreme.sum()) / (1 + len(known)))
