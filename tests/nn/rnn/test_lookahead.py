"""A limited look ahead, against torch's layers over each token's own window."""

import pytest
import torch

from spacy_birnn.nn.rnn import lookahead as lookaheads
from spacy_birnn.nn.rnn.cells import CELLS
from spacy_birnn.nn.rnn.lookahead import Ahead
from spacy_birnn.nn.rnn.predict import PreparedBiRNN

from .plain import network

LENGTHS = [[1], [6], [3, 0, 8, 1], [2, 4, 4, 1, 7, 3]]


def by_torch(encoder, X, lengths, lookahead):
    """The layer over each token's sequence up to so many tokens ahead: of the forward
    direction all that came before counts, of the backward one what is ahead."""
    (layer,), half = encoder.layers, encoder.width // 2
    outputs = []
    for rows in X.split(lengths):
        for t in range(len(rows)):
            end = t + lookahead + 1
            forward = layer(rows[:end].unsqueeze(1))[0][t, 0, :half]
            backward = layer(rows[t:end].unsqueeze(1))[0][0, 0, half:]
            outputs.append(torch.cat([forward, backward]))
    return torch.stack(outputs)


def test_windows_are_read_from_their_last_token():
    ahead = Ahead([3, 0, 1], 1)
    assert ahead.sizes.tolist() == [2, 2, 1, 1]
    assert ahead.rows.tolist() == [1, 0, 2, 1, 2, 3]


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("lookahead", [0, 2, 9])
@pytest.mark.parametrize("cell", CELLS)
def test_values_and_gradients(cell, lookahead, lengths):
    encoder = network(cell, lookahead=lookahead).double()
    X = torch.randn(sum(lengths), 6, dtype=torch.float64, requires_grad=True)
    inputs = [X, *encoder.parameters()]
    both = [encoder(X, lengths), by_torch(encoder, X, lengths, lookahead)]
    mix = torch.randn_like(both[0])
    grads = [torch.autograd.grad((H * mix).sum(), inputs) for H in both]
    for one, other in zip([both[0], *grads[0]], [both[1], *grads[1]], strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-9)


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("cell", CELLS)
@torch.no_grad()
def test_prediction_is_the_network_itself(cell, lengths, monkeypatch):
    encoder, X = network(cell, lookahead=2), torch.randn(sum(lengths), 6)
    want = encoder(X, lengths)
    for at_once in (lookaheads.AT_ONCE, 3):
        monkeypatch.setattr(lookaheads, "AT_ONCE", at_once)
        found = torch.from_numpy(PreparedBiRNN(encoder).encode(X, lengths))
        torch.testing.assert_close(found, want, rtol=0, atol=1e-6)


@torch.no_grad()
def test_all_ahead_is_the_bidirectional_network():
    X, lengths = torch.randn(9, 6), [4, 5]
    want = network()(X, lengths)
    torch.testing.assert_close(network(lookahead=4)(X, lengths), want)
    assert (network(lookahead=1)(X, lengths) - want).abs().max() > 1e-3
