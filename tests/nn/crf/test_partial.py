"""The loss where labels are missing."""

import numpy
import pytest
import torch

from spacy_birnn.nn.crf.crf import CRF
from spacy_birnn.nn.packing import Packing

from .brute_force import make_batch, make_crf


def test_complete_mask_equals_ids():
    crf = make_crf(3, 0, constrained=False)
    emissions, lengths, _ = make_batch(3, 0)
    labels = torch.randint(3, (len(emissions),))
    one_hot = torch.nn.functional.one_hot(labels, 3).bool()
    want = crf.loss(emissions, lengths, labels)
    assert crf.loss(emissions, lengths, one_hot.numpy()).item() == want.item()
    assert crf.loss(emissions, Packing(lengths), labels.tolist()).item() == want.item()


def test_nothing_known_costs_nothing():
    crf = make_crf(3, 1)
    emissions, lengths, _ = make_batch(3, 1)
    emissions.requires_grad_()
    for gold in (
        torch.full((len(emissions),), -1),
        torch.ones(len(emissions), 3, dtype=torch.bool),
    ):
        loss = crf.loss(emissions, lengths, gold)
        assert loss.item() == 0.0
        loss.backward()
        for x in (emissions, *crf.parameters()):
            assert (x.grad == 0).all()
    # ... nor does such a sequence beside others.
    known = torch.full((len(emissions),), -1)
    known[:3] = torch.tensor(crf.k_best(emissions[:3], [3], 1)[0][0][0])
    emissions.grad = None
    loss = crf.loss(emissions, lengths, known)
    alone = crf.loss(emissions[:3], [3], known[:3])
    assert loss.item() == pytest.approx(alone.item())
    loss.backward()
    assert (emissions.grad[3:] == 0).all()
    assert emissions.grad[:3].abs().sum() > 0


def test_impossible_gold_is_left_out_and_counted():
    """0 may not follow itself; the first sequence breaks that."""
    pairs = numpy.array([[False, True], [True, True]])
    crf = CRF(2, allowed_pairs=pairs)
    emissions = torch.randn(5, 2, requires_grad=True)
    loss = crf.loss(emissions, [2, 3], [0, 0, 0, 1, 0])
    want = crf.loss(emissions[2:], [3], [0, 1, 0])
    assert loss.item() == pytest.approx(want.item())
    assert crf.impossible.item() == 1
    loss.backward()
    assert (emissions.grad[:2] == 0).all()
    assert emissions.grad.isfinite().all()
    assert all(p.grad.isfinite().all() for p in crf.parameters())
    # The same where part of it is missing, and where the mask forbids the gold label.
    assert crf.loss(emissions, [5], [0, 0, -1, -1, -1]).item() == 0
    only = torch.tensor([[True, True]] * 4 + [[True, False]])
    assert crf.loss(emissions, [2, 3], [0, 1, 0, 1, 1], only).item() > 0
    assert crf.impossible.item() == 3
