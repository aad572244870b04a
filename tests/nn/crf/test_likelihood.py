"""Gradients that are written out, against plain autograd and finite differences."""

import pytest
import torch

from .brute_force import SEEDS, make_batch, make_crf, naive_log_partition


@pytest.mark.parametrize("seed", SEEDS)
def test_gradients_equal_autograd(seed, path):
    n_labels = 2 + seed % 3
    crf = make_crf(n_labels, seed, scale=0.7)
    emissions, lengths, allowed = make_batch(n_labels, seed)
    upstream = torch.randn(len(lengths), dtype=torch.float64)
    for mask in (None, allowed):
        grads = []
        for function in (crf.log_partition, lambda *a: naive_log_partition(crf, *a)):
            leaf = emissions.clone().requires_grad_()
            inputs = [leaf, *crf.parameters()]
            log_z = function(leaf, lengths, mask)
            total = (upstream * log_z)[log_z > -5e4].sum()
            grads.append(torch.autograd.grad(total, inputs))
        for got, want in zip(*grads, strict=True):
            torch.testing.assert_close(got, want, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("constrained", [False, True])
def test_gradcheck(constrained, path):
    crf = make_crf(3, 3, constrained=constrained)
    emissions, lengths, _ = make_batch(3, 3, lengths=(3, 0, 2, 6))
    emissions.requires_grad_()
    inputs = (emissions, *crf.parameters())
    upstream = torch.randn(len(lengths), dtype=torch.float64)
    labels = torch.cat(
        [torch.tensor(best[0][0]) for best in crf.k_best(emissions, lengths, 1)]
    )
    some = labels.masked_fill(torch.arange(len(labels)) % 2 == 0, -1)

    def log_partition(*_):
        return crf.log_partition(emissions, lengths) @ upstream

    def score(*_):
        return crf.score(emissions, lengths, labels) @ upstream

    for function in (
        log_partition,
        score,
        lambda *_: crf.loss(emissions, lengths, labels),
        lambda *_: crf.loss(emissions, lengths, some),
    ):
        assert torch.autograd.gradcheck(function, inputs)
