"""The stacked encoder: what it reads, its first weights, its dropout, last states."""

import pytest
import torch

from spacy_birnn.nn.rnn.birnn import BiRNN, last_states, new_layer
from spacy_birnn.nn.rnn.cells import CELLS

KINDS = [
    pytest.param(cell, depth, both, id=f"{cell}-{depth}-{'bi' if both else 'uni'}")
    for cell in CELLS
    for depth in (1, 2)
    for both in (True, False)
]
LENGTHS = [3, 0, 7, 1, 7, 0]


@pytest.mark.parametrize(("cell", "depth", "both"), KINDS)
def test_batch_does_not_matter(cell, depth, both):
    encoder = BiRNN(10, 16, depth, cell, both)
    X = torch.randn(44, 10)
    with torch.no_grad():
        alone = encoder(X[:4], [4])
        first, second = encoder(X, [4, 40])[:4], encoder(X.flipud(), [40, 4])[-4:]
    assert (first - alone).abs().max() < 1e-5
    assert (second.flipud() - encoder(X[:4].flipud(), [4]).flipud()).abs().max() < 1e-5


@pytest.mark.parametrize(("cell", "depth", "both"), KINDS)
def test_sizes(cell, depth, both):
    encoder = BiRNN(5, 8, depth, cell, both)
    assert [type(layer) for layer in encoder.layers] == [
        CELLS[cell].torch_layer
    ] * depth
    assert [layer.input_size for layer in encoder.layers] == [5, 8][:depth]
    assert encoder.width == 8
    assert encoder(torch.randn(3, 5), [1, 2]).shape == (3, 8)


@pytest.mark.parametrize("width", [1, 7])
def test_any_width_in_one_direction(width):
    encoder = BiRNN(5, width, bidirectional=False)
    assert encoder(torch.randn(3, 5), [3]).shape == (3, width)


@pytest.mark.parametrize("lengths", [[], [0], [0, 0]])
def test_no_tokens(lengths):
    assert BiRNN(5, 8)(torch.zeros(0, 5), lengths, 0.5).shape == (0, 8)


def test_one_direction_does_not_look_ahead():
    X = torch.randn(6, 5)
    altered = X.clone()
    altered[4] += 1
    for both in (True, False):
        encoder = BiRNN(5, 8, bidirectional=both)
        moved = (encoder(X, [6]) - encoder(altered, [6])).abs().amax(1) > 1e-7
        assert moved.tolist() == [both] * 4 + [True, True]


@pytest.mark.parametrize("cell", CELLS)
def test_initial_weights(cell):
    kind = CELLS[cell]
    for layer in BiRNN(12, 16, 2, cell).layers:
        eye = torch.eye(8)
        for name, param in layer.named_parameters():
            if name.startswith("weight_hh"):
                for gate in param.split(8):
                    torch.testing.assert_close(gate @ gate.T, eye, rtol=0, atol=1e-5)
            elif name.startswith("weight_ih"):
                bound = (6 / (layer.input_size + 8)) ** 0.5
                assert 0.8 * bound < param.abs().max() <= bound
            elif name.startswith("bias_ih") and kind.forget_gate is not None:
                gates = param.chunk(kind.n_gates)
                means = [gate.mean().item() for gate in gates]
                assert means == [
                    float(i == kind.forget_gate) for i in range(len(gates))
                ]
            else:
                assert not param.any()


def test_dropout_is_one_mask_per_sequence_at_each_place(monkeypatch):
    places = []
    monkeypatch.setattr(
        "spacy_birnn.nn.rnn.birnn.variational_dropout",
        lambda X, sequence, rate: places.append((X.shape, sequence, rate)) or X,
    )
    BiRNN(5, 8, depth=2)(torch.randn(6, 5), [2, 4], 0.3)
    assert [shape for shape, *_ in places] == [(6, 5), (6, 8), (6, 8)]
    for _, sequence, rate in places:
        assert sequence.tolist() == [0, 0, 1, 1, 1, 1]
        assert rate == 0.3


def test_dropped_features_of_the_output():
    encoder = BiRNN(5, 200)
    lengths = [6, 9, 6]
    sequences = encoder(torch.randn(21, 5), lengths, 0.4).split(lengths)
    dropped = [H == 0 for H in sequences]
    for zero in dropped:
        assert (zero == zero[0]).all()
        assert 0.25 < zero[0].float().mean() < 0.55
    assert (dropped[0][0] != dropped[1][0]).any()
    assert (dropped[0] != dropped[2]).any()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("both", [True, False])
def test_last_states(cell, both):
    layer = new_layer(CELLS[cell], 4, 6, both)
    X = torch.randn(sum(LENGTHS), 4)
    found = last_states(CELLS[cell], layer, X, LENGTHS)
    assert found.shape == (len(LENGTHS), 12 if both else 6)
    for row, rows in zip(found, X.split(LENGTHS), strict=True):
        if not len(rows):
            assert not row.any()
            continue
        H = layer(rows.unsqueeze(1))[0].squeeze(1)
        want = torch.cat([H[-1, :6], H[0, 6:]]) if both else H[-1]
        torch.testing.assert_close(row, want, rtol=0, atol=1e-6)


def test_last_states_of_nothing():
    gru = CELLS["gru"]
    layer = new_layer(gru, 4, 6, bidirectional=False)
    assert last_states(gru, layer, torch.zeros(0, 4), []).shape == (0, 6)
    assert not last_states(gru, layer, torch.zeros(0, 4), [0, 0]).any()
