"""Votes of other mentions, against one token at a time."""

import pytest
import torch

from spacy_birnn.nn.votes import Mentions, Votes


def mentions_of(words):
    """Mentions of a list of words, None for a word that occurs once."""
    found = sorted({word for word in words if word is not None})
    rows = [[i for i, other in enumerate(words) if other == word] for word in found]
    return Mentions(
        torch.tensor(sum(rows, []), dtype=torch.int64),
        torch.tensor([len(row) for row in rows], dtype=torch.int64),
    )


def make_votes(n_in=4, n_labels=3):
    module = Votes(n_in, n_labels).double()
    torch.nn.init.normal_(module.votes.weight)
    return module


@pytest.mark.parametrize(
    "words",
    [
        [0, None, 0],
        [0, 1, 1, None, 0, 1],
        [0, 0, 0, 0],
        [None, None],
    ],
)
def test_each_mention_gets_the_mean_of_the_others(words):
    module, H = make_votes(), torch.randn(len(words), 4, dtype=torch.float64)
    want = torch.zeros(len(words), 3, dtype=torch.float64)
    for i, word in enumerate(words):
        others = [j for j, other in enumerate(words) if other == word and j != i]
        if word is not None:
            want[i] = torch.stack([module.votes.weight @ H[j] for j in others]).mean(0)
    torch.testing.assert_close(module(H, mentions_of(words)), want)


def test_gradients_are_right():
    module, mentions = make_votes(), mentions_of([0, 1, None, 1, 0, 0])
    H = torch.randn(6, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda H: module(H, mentions), H)


def test_an_untrained_module_adds_nothing_and_can_learn():
    module, mentions = Votes(4, 3), mentions_of([0, 0])
    votes = module(torch.randn(2, 4), mentions)
    assert not votes.any()
    votes[0, 0].backward()
    assert module.votes.weight.grad.any()
