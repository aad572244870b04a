"""The calibration error against its definition, and its interval where it is known."""

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_birnn.diagnostics.reliability import calibration_error, reliability
from spacy_birnn.errors import BirnnError

PREDICTIONS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.2, 0.5, 0.9, 0.97, 1.0]), st.booleans()),
    min_size=1,
    max_size=40,
)


def test_by_hand():
    """Two bins: 0.1 and 0.3 with one right, 0.8 and 1.0 with both right."""
    found = reliability([0.8, 0.1, 1.0, 0.3], [True, False, True, True], bins=2)
    low, high = found.bins
    assert (low.count, low.confidence, low.accuracy) == (2, pytest.approx(0.2), 0.5)
    assert (high.lowest, high.highest, high.accuracy) == (0.8, 1.0, 1.0)
    assert found.error == pytest.approx((0.3 * 2 + 0.1 * 2) / 4)
    assert (found.count, found.accuracy) == (4, 0.75)
    assert found.confidence == pytest.approx(0.55)


@given(PREDICTIONS, st.integers(1, 20))
@settings(deadline=None)
def test_error_is_that_of_its_bins(predictions, n_bins):
    confidences, correct = zip(*predictions, strict=True)
    found = reliability(confidences, correct, bins=n_bins, resamples=5)
    assert sum(b.count for b in found.bins) == len(predictions)
    assert len(found.bins) <= n_bins
    gaps = [b.count * abs(b.confidence - b.accuracy) for b in found.bins]
    assert found.error == pytest.approx(sum(gaps) / len(predictions))
    assert 0 <= found.interval[0] <= found.error <= found.interval[1]
    for one, other in zip(found.bins, found.bins[1:], strict=False):
        assert one.highest < other.lowest


@given(PREDICTIONS, st.randoms())
@settings(deadline=None)
def test_order_does_not_matter(predictions, random):
    shuffled = list(predictions)
    random.shuffle(shuffled)
    errors = [
        calibration_error(*zip(*rows, strict=True)) for rows in (predictions, shuffled)
    ]
    assert errors[0] == pytest.approx(errors[1])


def test_bins_have_equal_mass():
    confidences = numpy.linspace(0, 1, 150)
    found = reliability(confidences, confidences > 0.5, resamples=0)
    assert [b.count for b in found.bins] == [10] * 15
    assert found.interval == (found.error, found.error)


def sample(seed, excess, count=1000):
    """A model that claims `excess` too much: that is its error but for noise."""
    random = numpy.random.default_rng(seed)
    confidences = random.uniform(0.5, 1.0, count)
    return confidences, random.uniform(size=count) < confidences - excess


def test_interval_covers_the_truth_where_it_is_known():
    """38 of 40 are to be expected of a 95 % interval."""
    covered = 0
    for seed in range(40):
        low, high = reliability(*sample(seed, 0.1), resamples=200).interval
        covered += low <= 0.1 <= high
    assert covered >= 33


def test_interval_of_a_calibrated_model_is_not_pushed_up():
    """Each draw adds noise to the error: the percentiles of the draws lie above it."""
    for seed in range(10):
        found = reliability(*sample(seed, 0.0), resamples=200)
        low, high = found.interval
        assert low < 0.7 * found.error
        assert high < 1.3 * found.error


def test_same_seed_same_interval():
    predictions = sample(0, 0.1)
    first = reliability(*predictions, resamples=50)
    assert reliability(*predictions, resamples=50) == first
    assert reliability(*predictions, resamples=50, seed=1) != first


def test_mistakes_are_coded():
    with pytest.raises(BirnnError, match="B420"):
        reliability([], [])
    for value in (1.2, -0.1, float("nan")):
        with pytest.raises(BirnnError, match="B421"):
            reliability([0.5, value], [True, True])
    with pytest.raises(ValueError, match="predictions"):
        reliability([0.5], [True, True])
