"""The loss of the language model, against one word at a time."""

import pytest
import torch
from torch.nn import functional as F

from spacy_birnn.nn.language_model import LanguageModel


@pytest.mark.parametrize("n_directions", [1, 2])
@pytest.mark.parametrize("lengths", [[4], [1, 3, 1, 2], [1]])
def test_each_word_is_predicted_from_its_neighbours(n_directions, lengths):
    model = LanguageModel(6, n_directions, 5).double()
    n_tokens = sum(lengths)
    H = torch.randn(n_tokens, 6, dtype=torch.float64)
    ids = torch.randint(0, 5, (n_tokens,))
    parts = H.chunk(n_directions, 1)
    want, first = torch.zeros((), dtype=torch.float64), 0
    for length in lengths:
        for i in range(first, first + length - 1):
            scores = model._scores(0, parts[0][i])
            want = want + F.cross_entropy(scores, ids[i + 1])
            if n_directions == 2:
                scores = model._scores(1, parts[1][i + 1])
                want = want + F.cross_entropy(scores, ids[i])
        first += length
    torch.testing.assert_close(model.loss(H, ids, lengths), want)


def test_it_cannot_see_the_word_that_it_predicts():
    """From the states of its own direction alone."""
    model = LanguageModel(6, 2, 5)
    H = torch.randn(3, 6, requires_grad=True)
    model.loss(H, torch.tensor([0, 1, 2]), [3]).backward()
    assert torch.all(H.grad[-1, :3] == 0)
    assert torch.all(H.grad[0, 3:] == 0)
    assert torch.all(H.grad[0, :3] != 0)
    assert torch.all(H.grad[-1, 3:] != 0)
