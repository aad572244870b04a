"""Exact entropy of the label sequences, against enumeration."""

import math

import pytest
import torch

from .brute_force import SEEDS, enumerate_all, log_sum, make_batch, make_crf


def enumerated_entropies(crf, emissions, lengths, mask=None, temperature=1.0):
    """Of nothing that is permitted, as of one possibility: 0."""
    entropies = []
    for scores in enumerate_all(crf, emissions, lengths, mask):
        scaled = [score / temperature for score in scores.values()]
        log_z = log_sum(scaled)
        logs = [score - log_z for score in scaled]
        entropies.append(-sum(math.exp(log) * log for log in logs))
    return entropies


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("masked", [False, True])
def test_entropy(seed, masked, path):
    n_labels = 2 + seed % 3
    crf = make_crf(n_labels, seed)
    emissions, lengths, allowed = make_batch(n_labels, seed)
    mask = allowed if masked else None
    want = enumerated_entropies(crf, emissions, lengths, mask)
    got = crf.entropy(emissions, lengths, mask)
    assert got.dtype == torch.float64
    assert got.tolist() == pytest.approx(want, rel=1e-9, abs=1e-12)
    crf.temperature.fill_(2.5)
    want = enumerated_entropies(crf, emissions, lengths, mask, 2.5)
    got = crf.entropy(emissions, lengths, mask)
    assert got.tolist() == pytest.approx(want, rel=1e-9, abs=1e-12)


def test_of_a_certain_and_of_an_even_choice():
    crf = make_crf(3, 0, constrained=False, scale=0.0)
    even = torch.zeros(4, 3, dtype=torch.float64)
    assert crf.entropy(even, [4]).item() == pytest.approx(4 * math.log(3))
    certain = even.clone()
    certain[:, 1] = 1e4
    assert crf.entropy(certain, [4]).item() == 0.0


def test_no_tokens():
    crf = make_crf(3, 0)
    nothing = torch.zeros(0, 3, dtype=torch.float64)
    assert crf.entropy(nothing, [0, 0]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("size", [20, 4])  # two tokens, and one that is too large
def test_blocks_of_tokens_add_up(size, monkeypatch):
    crf = make_crf(3, 1)
    emissions, lengths, _ = make_batch(3, 1)
    want = crf.entropy(emissions, lengths)
    monkeypatch.setattr("spacy_birnn.nn.crf.entropy.BLOCK", size)
    assert torch.equal(crf.entropy(emissions, lengths), want)
