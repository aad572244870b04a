"""Sequences that are computed anew in log space."""

import numpy
import pytest
import torch

from spacy_birnn.nn.crf.crf import CRF
from spacy_birnn.nn.crf.forward_backward import forward_backward
from spacy_birnn.nn.packing import Packing

from .brute_force import make_batch, make_crf


def test_log_space_is_forced(path):
    crf = make_crf(3, 0)
    emissions, lengths, _ = make_batch(3, 0)
    chain = crf.chain(emissions.dtype)
    sums = forward_backward(emissions, chain, Packing(lengths))
    assert (sums.exact is not None) == (path == "log")


def test_constraints_forbid_what_emissions_favour():
    """Two labels that never meet, the first far ahead until only the second may end."""
    last = numpy.array([False, True])
    crf = CRF(2, allowed_pairs=numpy.eye(2, dtype=bool), allowed_end=last)
    emissions = torch.zeros(300, 2, requires_grad=True)
    with torch.no_grad():
        emissions[:, 0] = 5.0
    log_z = crf.log_partition(emissions, [300])
    assert log_z.item() == pytest.approx(0.0, abs=1e-6)
    log_z.backward()
    torch.testing.assert_close(emissions.grad, torch.tensor([[0.0, 1.0]] * 300))
    assert crf.transitions.grad.tolist() == [[0, 0], [0, 299]]
    assert crf.viterbi(emissions, [300]).tolist() == [1] * 300
    # Both may end, but the way back costs as much: half of the mass was long lost.
    crf = CRF(2, allowed_pairs=numpy.eye(2, dtype=bool))
    emissions = torch.cat([torch.tensor([[5.0, 0.0]] * 100), torch.zeros(100, 2)])
    emissions[100:, 1] = 5.0
    marginals = crf.marginals(emissions, [200])
    torch.testing.assert_close(marginals, torch.full((200, 2), 0.5))
