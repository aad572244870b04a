"""When sums leave scaled probabilities for log space, and what they are there."""

import numpy
import pytest
import torch

from spacy_birnn.nn.crf.crf import CRF
from spacy_birnn.nn.crf.forward_backward import forward_backward
from spacy_birnn.nn.packing import Packing

from .brute_force import make_crf


@pytest.mark.parametrize("scale", [1.0, 5.0])
def test_trained_models_stay_in_scaled_probabilities(scale):
    """Log space is for the extreme: a confident model must not pay for it."""
    pairs = numpy.array([[True, True, False], [True, True, True], [True, True, True]])
    crf = CRF(3, allowed_pairs=pairs, allowed_start=numpy.array([True, True, False]))
    generator = torch.Generator().manual_seed(0)
    for parameter in crf.parameters():
        parameter.data.normal_(0, scale, generator=generator)
    gold = torch.tensor([0, 1, 2, 2, 0] * 40)
    emissions = scale * torch.randn(200, 3, generator=generator)
    emissions[torch.arange(200), gold] += 4 * scale
    chain = crf.chain(emissions.dtype)
    sound = forward_backward(emissions, chain, Packing([200]))
    assert sound.exact is None
    extreme = forward_backward(1e4 * emissions, chain, Packing([200]))
    assert extreme.exact is not None


def test_autocast_does_not_reach_the_recursion():
    crf = make_crf(5, 6, constrained=False, double=False)
    lengths = [20, 3]
    emissions = 3 * torch.randn(23, 5)
    want = crf.log_partition(emissions, lengths)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        got = crf.log_partition(emissions, lengths)
        marginals = crf.marginals(emissions, lengths)
    assert torch.equal(got, want)
    assert torch.equal(marginals, crf.marginals(emissions, lengths))
