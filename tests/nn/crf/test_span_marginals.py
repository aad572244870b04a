"""Exact probabilities of spans, against enumeration."""

import itertools
import math

import numpy
import pytest
import torch

from .brute_force import SEEDS, enumerate_all, log_sum, make_batch, make_crf


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("masked", [False, True])
def test_span_marginals(seed, masked, path):
    n_labels = 2 + seed % 3
    crf = make_crf(n_labels, seed)
    emissions, lengths, allowed = make_batch(n_labels, seed)
    mask = allowed if masked else None
    everything = enumerate_all(crf, emissions, lengths, mask)
    rng = numpy.random.default_rng(seed)
    starts, ends, paths, barred, free, want = [], [], [], [], [], []
    row = 0
    for scores, length in zip(everything, lengths, strict=True):
        log_z = log_sum(scores.values())
        for a, b in itertools.combinations(range(length + 1), 2):
            labels = tuple(rng.integers(n_labels, size=b - a).tolist())
            bar = int(rng.integers(-1, n_labels))
            with_span = {
                y: math.exp(score - log_z)
                for y, score in scores.items()
                if y[a:b] == labels
            }
            goes_on = [p for y, p in with_span.items() if b < length and y[b] == bar]
            starts.append(row + a)
            ends.append(row + b)
            paths += labels
            barred.append(bar)
            free.append(sum(with_span.values()))
            want.append(free[-1] - sum(goes_on))
        row += length
    got = crf.span_marginals(emissions, lengths, starts, ends, paths, barred, mask)
    assert got.tolist() == pytest.approx(want, rel=1e-9, abs=1e-15)
    logs = crf.span_log_marginals(emissions, lengths, starts, ends, paths, barred, mask)
    torch.testing.assert_close(logs.exp(), got)
    assert max(want) > 0.05
    got = crf.span_marginals(emissions, lengths, starts, ends, paths, None, mask)
    assert got.tolist() == pytest.approx(free, rel=1e-9, abs=1e-15)
    single = emissions.float()
    got = crf.float().span_marginals(single, lengths, starts, ends, paths, barred, mask)
    assert got.tolist() == pytest.approx(want, rel=1e-4, abs=1e-6)


def test_no_spans():
    crf = make_crf(2, 0)
    emissions, lengths, _ = make_batch(2, 0)
    assert crf.span_marginals(emissions, lengths, [], [], []).shape == (0,)
