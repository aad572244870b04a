"""One sequence alone, in numpy, against the network and the chain themselves."""

import itertools
import random

import numpy
import pytest
import torch
from torch import nn

from spacy_birnn.nn import cells, decoder, inference, single
from spacy_birnn.nn.birnn import BiRNN
from spacy_birnn.nn.decoder import InferenceDecoder, SequenceDecoder
from spacy_birnn.nn.inference import InferenceBiRNN
from spacy_birnn.nn.single import FEW, SingleViterbi
from spacy_birnn.nn.weights import Weights
from spacy_birnn.schemes import transition_constraints

LABELS = ["O", "B-X", "I-X", "E-X", "S-X"]
DECODERS = ("crf", "constrained", "softmax")


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@torch.no_grad()
def test_few_sequences_are_run_alone(cell, bidirectional, monkeypatch):
    """As the network does, whatever the sizes of its weights, and not as many are."""
    torch.manual_seed(3)
    model = BiRNN(5, 6, depth=2, cell=cell, bidirectional=bidirectional)
    for param in model.parameters():
        nn.init.uniform_(param, -2.0, 2.0)
    lengths = [4, 1, 30, 2]
    X = 3.0 * torch.randn(sum(lengths), 5)
    fast = InferenceBiRNN(model)

    assert len(lengths) == FEW
    monkeypatch.setattr(inference, "recur", None)
    monkeypatch.setattr(single, "BLOCK", 7)
    parts = X.split(lengths)
    for n in range(1, FEW + 1):
        rows = torch.cat(parts[:n])
        tables = fast.project(rows)
        found = fast.encode(lambda tokens, t=tables: (t, tokens), lengths[:n])
        want = model(rows, lengths[:n])
        torch.testing.assert_close(torch.from_numpy(found), want, rtol=0, atol=2e-5)


def test_every_cell_has_a_loop_for_one_sequence():
    assert single.CELLS.keys() == cells.CELLS.keys()


def make(kind):
    allowed = [torch.from_numpy(a) for a in transition_constraints(LABELS, "bioes")]
    module = SequenceDecoder(6, len(LABELS), kind, *allowed)
    for param in module.parameters():
        nn.init.normal_(param)
    return module


@pytest.mark.parametrize("n_tokens", [1, decoder.MAX_ROWS, decoder.MAX_ROWS + 1])
@pytest.mark.parametrize("kind", DECODERS)
@torch.no_grad()
def test_emissions(kind, n_tokens):
    module, H = make(kind), torch.randn(n_tokens, 6)
    found = torch.from_numpy(InferenceDecoder(module).emissions(H.numpy()))
    torch.testing.assert_close(found, module(H))


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("lengths", [[1], [9], [3, 0, 5], [0, 0], [2, 1, 40, 7], []])
@pytest.mark.parametrize("kind", DECODERS)
def test_labels(kind, lengths, masked, monkeypatch):
    module = make(kind)
    emissions, within = torch.randn(sum(lengths), len(LABELS)), None
    if masked:
        within = torch.rand(emissions.shape) > 0.3
        within[:, 0] = True
    want = module.decode(emissions, lengths, within)
    fast = InferenceDecoder(module)
    if kind != "softmax":
        monkeypatch.setattr(module.crf, "viterbi", None)
    found = torch.from_numpy(fast.decode(emissions, lengths, within))
    assert found.dtype == want.dtype
    assert torch.equal(found, want)


def test_many_sequences_are_decoded_side_by_side(monkeypatch):
    module, lengths = make("crf"), [2] * (FEW + 1)
    emissions = torch.randn(sum(lengths), len(LABELS))
    want = module.decode(emissions, lengths)
    monkeypatch.setattr(decoder.SingleViterbi, "run", None)
    found = InferenceDecoder(module).decode(emissions, lengths)
    assert torch.equal(torch.from_numpy(found), want)


@pytest.mark.parametrize("seed", range(20))
def test_viterbi_equals_enumeration(seed):
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
    found = SingleViterbi(Weights(start[0], pairs, end[0])).run(emissions.numpy())
    assert scores[tuple(found)] == best
    if best > float("-inf"):
        # Ties are decided from the end.
        ties = [labels for labels, score in scores.items() if score == best]
        assert tuple(found) == min(ties, key=lambda labels: labels[::-1])


@torch.no_grad()
def test_later_changes_of_the_weights_do_not_reach_it():
    module, H = make("crf"), torch.randn(9, 6)
    fast = InferenceDecoder(module)
    emissions = torch.from_numpy(fast.emissions(H.numpy()))
    labels = fast.decode(emissions, [9])
    for param in module.parameters():
        param.mul_(-3.0)
    assert torch.equal(torch.from_numpy(fast.emissions(H.numpy())), emissions)
    assert numpy.array_equal(fast.decode(emissions, [9]), labels)
    anew = InferenceDecoder(module).decode(emissions, [9])
    assert not numpy.array_equal(anew, labels)


@pytest.mark.parametrize("n_tokens", [3, decoder.MAX_ROWS + 1])
def test_hidden_states_of_another_precision(n_tokens):
    module, H = make("crf").double(), torch.randn(n_tokens, 6)
    found = torch.from_numpy(InferenceDecoder(module).emissions(H.numpy()))
    torch.testing.assert_close(found, module(H.double()).detach())
