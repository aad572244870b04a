"""Recurrent products, in full and in reduced precision."""

import pytest
import torch

from spacy_birnn.nn.rnn import products
from spacy_birnn.nn.rnn.products import Products


def made(dtype=None):
    weights = [torch.randn(6, 3) for _ in range(2)]
    bias = [torch.randn(6) for _ in range(2)]
    return Products(weights, bias, dtype), weights, bias


@pytest.mark.parametrize("dtype", [None, torch.bfloat16])
def test_both_directions(dtype, monkeypatch):
    monkeypatch.setattr(products, "MANY", 1)
    found, weights, bias = made(dtype)
    states, gates = torch.randn(2, 5, 3), torch.randn(2, 5, 6)
    want = torch.stack([h @ w.t() for h, w in zip(states, weights, strict=True)])
    atol = 1e-5 if dtype is None else 0.1
    with_bias = found.with_bias(states)
    torch.testing.assert_close(
        with_bias, want + torch.stack(bias).unsqueeze(1), rtol=0, atol=atol
    )
    total = gates.clone()
    found.add_to(total, states)
    torch.testing.assert_close(total, gates + want, rtol=0, atol=atol)
    assert total.dtype == with_bias.dtype == torch.float32


def test_small_products_are_never_reduced(monkeypatch):
    reduced, *_ = made(torch.bfloat16)
    exact = Products(reduced.weights.transpose(1, 2), reduced.bias[:, 0])
    states = torch.randn(2, 5, 3)
    monkeypatch.setattr(products, "MANY", 5 * 3**2 + 1)
    assert torch.equal(reduced.with_bias(states), exact.with_bias(states))
    monkeypatch.setattr(products, "MANY", 5 * 3**2)
    assert not torch.equal(reduced.with_bias(states), exact.with_bias(states))
