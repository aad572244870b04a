"""Dropout whose rate is an argument."""

import pytest
import torch

from spacy_birnn.nn.dropout import token_dropout, variational_dropout


def test_variational_mask_is_the_same_along_a_sequence():
    X = torch.ones(9, 400)
    sequence = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1, 0])
    Y = variational_dropout(X, sequence, 0.25)
    assert Y.unique().tolist() == pytest.approx([0, 1 / 0.75])
    masks = [Y[sequence == i] for i in range(3)]
    for mask in masks:
        assert (mask == mask[0]).all()
        assert 0.15 < (mask[0] == 0).float().mean() < 0.35
    assert not torch.equal(masks[0][0], masks[1][0])
    assert torch.equal(X, torch.ones(9, 400))


def test_variational_dropout_keeps_the_mean_and_passes_gradients():
    X = torch.ones(500, 200, requires_grad=True)
    Y = variational_dropout(X, torch.arange(500), 0.5)
    assert Y.mean().item() == pytest.approx(1, abs=0.02)
    Y.sum().backward()
    assert torch.equal(X.grad, Y.detach())


def test_rate_zero_does_nothing():
    X = torch.randn(3, 4)
    assert variational_dropout(X, torch.tensor([0, 0, 1]), 0.0) is X
    assert token_dropout(X, torch.zeros(4), 0.0) is X


def test_no_rows():
    X = torch.zeros(0, 4)
    assert variational_dropout(X, torch.zeros(0, dtype=torch.long), 0.5).shape == (0, 4)
    assert token_dropout(X, torch.zeros(4), 0.5).shape == (0, 4)


def test_token_dropout_replaces_whole_rows():
    X, replacement = torch.randn(2000, 3), torch.tensor([7.0, 8.0, 9.0])
    replacement.requires_grad_()
    Y = token_dropout(X, replacement, 0.2)
    dropped = torch.eq(Y, replacement).all(1)
    assert dropped.float().mean().item() == pytest.approx(0.2, abs=0.03)
    assert torch.equal(Y[~dropped], X[~dropped])
    Y.sum().backward()
    assert replacement.grad.tolist() == [dropped.sum().item()] * 3
