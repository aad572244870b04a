"""The best label sequence, of a batch and of one sequence, against enumeration."""

import copy
import itertools
import random

import pytest
import torch

from spacy_birnn.nn.crf import viterbi
from spacy_birnn.nn.crf.chain import ChainScores
from spacy_birnn.nn.crf.crf import CRF
from spacy_birnn.nn.crf.viterbi import SingleViterbi

from .brute_force import make_crf


def test_viterbi_in_pieces(monkeypatch):
    """On a CPU many sequences are taken a few at a time: the same labels."""
    crf = make_crf(4, 2, constrained=False, double=False)
    lengths = [3, 7, 7, 2, 9, 1, 7]
    emissions = torch.randn(sum(lengths), 4)
    want = crf.viterbi(emissions, lengths)
    monkeypatch.setattr(viterbi, "AT_ONCE", 4 * 4 * 3)
    assert torch.equal(crf.viterbi(emissions, lengths), want)


def test_ties_go_to_the_lower_label():
    crf = CRF(3)
    emissions = torch.zeros(4, 3)
    assert crf.viterbi(emissions, [3, 1]).tolist() == [0, 0, 0, 0]
    first, second = crf.k_best(emissions, [3, 1], 3), crf.k_best(emissions, [3, 1], 3)
    assert first == second
    assert first[0][0][0] == [0, 0, 0]
    assert [p for p, _ in first[1]] == [[0], [1], [2]]


@pytest.mark.parametrize("seed", range(20))
def test_one_sequence_against_enumeration(seed):
    random.seed(seed)
    torch.manual_seed(seed)
    n_labels, length = random.randint(1, 4), random.randint(1, 5)
    # Small whole numbers, so that there are ties, which the lower labels win.
    draw = torch.randint(-1, 2, (2 + n_labels + length, n_labels)).double()
    start, end, pairs, emissions = draw.split([1, 1, n_labels, length])
    pairs[torch.rand(pairs.shape) < 0.1] = float("-inf")
    scores = {}
    for labels in itertools.product(range(n_labels), repeat=length):
        total = start[0, labels[0]] + end[0, labels[-1]]
        total += sum(emissions[t, label] for t, label in enumerate(labels))
        total += sum(pairs[a, b] for a, b in itertools.pairwise(labels))
        scores[labels] = total.item()
    best = max(scores.values())
    found = SingleViterbi(ChainScores(start[0], pairs, end[0])).run(emissions.numpy())
    assert scores[tuple(found)] == best
    if best > float("-inf"):
        # Ties are decided from the end.
        ties = [labels for labels, score in scores.items() if score == best]
        assert tuple(found) == min(ties, key=lambda labels: labels[::-1])


def test_scores_that_add_up_do_not_lose_precision():
    crf = make_crf(4, 2, constrained=False, double=False)
    crf.transitions.data += 1000.0  # the same for all paths
    emissions = torch.randn(6000, 4)
    want = copy.deepcopy(crf).double().viterbi(emissions.double(), [5000, 1000])
    found = crf.viterbi(emissions, [5000, 1000])
    assert (found == want).float().mean() > 0.999
