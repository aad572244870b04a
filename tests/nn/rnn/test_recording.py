"""What a recording cell shows of backward passes, and that it changes none."""

import pytest
import torch

from spacy_birnn.nn.packing import Packing
from spacy_birnn.nn.rnn.birnn import BiRNN
from spacy_birnn.nn.rnn.cells import CELLS
from spacy_birnn.nn.rnn.layer import run_layer
from spacy_birnn.nn.rnn.recording import RecordingCell, carried, saturation

from .plain import network

LENGTHS = [4, 1, 6]


def backward(encoder, X):
    encoder.zero_grad()
    out = encoder(X, LENGTHS)
    (out**2).sum().backward()
    return out, [param.grad for param in encoder.parameters()]


@pytest.mark.parametrize("cell", CELLS)
def test_results_and_gradients_stay_the_same_to_the_bit(cell):
    encoder = network(cell, depth=2)
    X = torch.randn(11, 6)
    plain, passes = backward(encoder, X), []
    encoder.cell = RecordingCell(encoder.cell, passes.append)
    recorded = backward(encoder, X)
    torch.testing.assert_close(recorded, plain, rtol=0, atol=0)
    assert len(passes) == 2
    assert passes[0].total.shape == passes[0].direct.shape == (2, 11, 4)


@pytest.mark.parametrize("cell", CELLS)
def test_direct_and_total(cell):
    """The last step of a direction gets nothing from later ones; a gradient at the last
    step alone reaches the others through time alone."""
    encoder = network(cell, bidirectional=False, width=4)
    (layer,), passes = encoder.layers, []
    recording = RecordingCell(encoder.cell, passes.append)
    packing = Packing([5])
    out = run_layer(recording, layer, torch.randn(5, 6), packing)
    out[4].sum().backward()
    (found,) = passes
    assert found.direct[0, :4].abs().max() == 0
    torch.testing.assert_close(found.total[0, 4], found.direct[0, 4])
    assert (found.total[0, :4].abs().sum(1) > 0).all()
    wanted = found.total[0, :4].norm() / found.direct[0, 4].norm()
    assert carried(found) == pytest.approx(wanted.item())


def test_nothing_from_above():
    encoder = network("gru")
    passes = []
    encoder.cell = RecordingCell(encoder.cell, passes.append)
    (encoder(torch.randn(3, 6), [3]) * 0).sum().backward()
    assert carried(passes[0]) == float("inf")


def preactivations(layer, X):
    """Of the first step, where the hidden state before is 0."""
    return layer.weight_ih_l0 @ X[0] + layer.bias_ih_l0 + layer.bias_hh_l0


def test_saturation_of_an_lstm():
    encoder = network("lstm", bidirectional=False, width=8, bound=4.0)
    X, passes = torch.randn(1, 6), []
    encoder.cell = RecordingCell(encoder.cell, passes.append)
    encoder(X, [1]).sum().backward()
    i, f, g, o = preactivations(encoder.layers[0], X).chunk(4)
    wanted = {
        name: ((x.sigmoid() < 0.05) | (x.sigmoid() > 0.95)).float().mean().item()
        for name, x in {"input": i, "forget": f, "output": o}.items()
    }
    wanted["cell"] = (g.tanh().abs() > 0.9).float().mean().item()
    found = saturation(passes[0], encoder.cell)
    assert found == pytest.approx(wanted)
    assert 0 < sum(found.values()) < 4


def test_saturation_of_an_rnn_is_that_of_its_hidden_states():
    encoder = network("rnn", bidirectional=False, width=8, bound=2.0)
    X, passes = torch.randn(4, 6), []
    encoder.cell = RecordingCell(encoder.cell, passes.append)
    out = encoder(X, [4])
    out.sum().backward()
    wanted = (out.abs() > 0.9).float().mean().item()
    assert saturation(passes[0], encoder.cell) == pytest.approx({"state": wanted})
    assert 0 < wanted < 1


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_a_recorded_encoder_carries_its_state(cell):
    encoder = BiRNN(4, 6, cell=cell)
    X, state = torch.randn(5, 4), encoder.new_state(2)
    want, _ = encoder.advance(X, [3, 2], state)
    encoder.cell = RecordingCell(encoder.cell, lambda found: None)
    assert encoder.new_state(2).shape == state.shape
    found, _ = encoder.advance(X, [3, 2], state)
    assert torch.equal(found, want)
