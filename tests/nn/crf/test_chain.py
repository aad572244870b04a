"""The chain's own scores, with what is forbidden at minus infinity."""

import numpy
import torch

from spacy_birnn.nn.crf.crf import CRF

INF = float("inf")


def test_forbidden_scores_are_minus_infinity():
    pairs = numpy.array([[True, False], [True, True]])
    crf = CRF(2, allowed_pairs=pairs, allowed_end=numpy.array([False, True]))
    with torch.no_grad():
        crf.transitions.fill_(2.0)
    start, transitions, end = crf.chain(torch.float64)
    assert start.tolist() == [0.0, 0.0]
    assert transitions.tolist() == [[2.0, -INF], [2.0, 2.0]]
    assert end.tolist() == [-INF, 0.0]
    assert {part.dtype for part in (start, transitions, end)} == {torch.float64}
