"""The bootstrap against its definition."""

import numpy
import pytest

from spacy_birnn.diagnostics.bootstrap import (
    Bootstrap,
    f1,
    paired_p_value,
    percentiles,
)


def counts_of(n, share, seed=0, spread=4):
    """Counts of sentences in which a share of the spans is right."""
    random = numpy.random.default_rng(seed)
    gold = random.integers(0, spread, n)
    right = random.binomial(gold, share)
    return numpy.stack([right, gold, gold], axis=1)


def test_draws_are_of_as_many_sentences_as_there_are():
    counts = counts_of(50, 0.7)
    bootstrap = Bootstrap(50, resamples=230)
    assert bootstrap.weights.sum(axis=1).tolist() == [50] * 230
    draws = bootstrap.draw(counts)
    expected = [weights.astype(int) @ counts for weights in bootstrap.weights]
    numpy.testing.assert_array_equal(draws, expected)
    grouped = numpy.stack([counts, 2 * counts], axis=1)
    numpy.testing.assert_array_equal(bootstrap.draw(grouped)[:, 1], 2 * draws)


def test_f1_is_the_harmonic_mean():
    precision, recall = 3 / 4, 3 / 7
    expected = 2 * precision * recall / (precision + recall)
    assert f1(numpy.array([3, 7, 4])) == pytest.approx(expected)
    assert numpy.isnan(f1(numpy.array([0, 0, 0])))


def test_interval_is_that_of_theory_where_there_is_one():
    """The share of right ones among 2,000 single spans is binomial."""
    right = numpy.random.default_rng(0).uniform(size=2000) < 0.8
    counts = numpy.stack([right, numpy.ones(2000), numpy.ones(2000)], axis=1)
    low, high = percentiles(f1(Bootstrap(2000).draw(counts)))
    width = 1.96 * (0.8 * 0.2 / 2000) ** 0.5
    assert (high - low) / 2 == pytest.approx(width, rel=0.15)
    assert low < right.mean() < high


def test_percentiles_without_anything_to_score():
    assert all(numpy.isnan(percentiles(numpy.array([numpy.nan]))))
    assert percentiles(numpy.array([0.5, numpy.nan, 0.5])) == (0.5, 0.5)


def difference_of(one, other, seed=0, resamples=1000):
    bootstrap = Bootstrap(len(one), resamples, seed)
    draws = f1(bootstrap.draw(one)) - f1(bootstrap.draw(other))
    return paired_p_value(float(f1(one.sum(0)) - f1(other.sum(0))), draws)


def test_p_value_of_no_and_of_a_clear_difference():
    counts = counts_of(300, 0.7)
    assert difference_of(counts, counts) == 1.0
    better = counts.copy()
    better[:, 0] = better[:, 1]
    assert difference_of(better, counts) == pytest.approx(1 / 1001)
    assert difference_of(counts, better) == pytest.approx(1 / 1001)


def test_p_value_is_below_a_tenth_in_a_tenth_of_the_cases_without_a_cause():
    values = [
        difference_of(
            counts_of(150, 0.7, 2 * i), counts_of(150, 0.7, 2 * i + 1), i, 200
        )
        for i in range(100)
    ]
    assert 2 <= sum(value < 0.1 for value in values) <= 20
    assert 0.35 < numpy.mean(values) < 0.65
