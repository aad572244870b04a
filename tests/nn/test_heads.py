"""Classifiers of tokens against a loss that is written out."""

import torch

from spacy_birnn.nn.heads import Heads


def test_the_loss_is_the_weighted_log_likelihood_of_what_is_known():
    heads, H = Heads(4, [3, 2]), torch.randn(5, 4)
    labels = torch.tensor([[0, 2, -1, 1, 1], [1, -1, -1, 0, 0]])
    want = torch.zeros(())
    for head, ids, weight in zip(heads.linear, labels, (0.5, 2.0), strict=True):
        logs = head(H).log_softmax(1)
        for row, label in zip(logs, ids.tolist(), strict=True):
            if label >= 0:
                want = want - weight * row[label]
    torch.testing.assert_close(heads.loss(H, labels, [0.5, 2.0]), want)


def test_nothing_known_costs_nothing():
    heads, H = Heads(4, [3]), torch.randn(5, 4, requires_grad=True)
    loss = heads.loss(H, torch.full((1, 5), -1), [1.0])
    loss.backward()
    assert loss == 0
    assert not H.grad.any()
