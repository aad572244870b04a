"""The k best label sequences, and the best one, against enumeration."""

import pytest
import torch

from .brute_force import SEEDS, enumerate_all, log_sum, make_batch, make_crf


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_viterbi_and_k_best(seed, masked):
    n_labels = 2 + seed % 3
    crf = make_crf(n_labels, seed)
    emissions, lengths, allowed = make_batch(n_labels, seed)
    mask = allowed if masked else None
    everything = enumerate_all(crf, emissions, lengths, mask)
    best = crf.viterbi(emissions, lengths, mask)
    assert best.dtype == torch.int64
    for k in (1, 3, 7, 2000):
        for labels, scores, paths in zip(
            best.split(lengths),
            everything,
            crf.k_best(emissions, lengths, k, mask),
            strict=True,
        ):
            ranked = sorted(scores.items(), key=lambda x: -x[1])[:k]
            log_z = log_sum(scores.values())
            assert [tuple(p) for p, _ in paths] == [labels for labels, _ in ranked]
            assert [logp for _, logp in paths] == pytest.approx(
                [score - log_z for _, score in ranked], rel=1e-9, abs=1e-9
            )
            assert all(type(logp) is float and logp <= 0 for _, logp in paths)
            if ranked:
                assert tuple(labels.tolist()) == ranked[0][0]
