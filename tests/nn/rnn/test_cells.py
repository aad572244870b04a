"""Every cell, in every way to run it, against torch's own layer of that cell."""

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from spacy_birnn.nn.full_precision import full_precision
from spacy_birnn.nn.rnn.cells import CELLS
from spacy_birnn.nn.rnn.predict import MAX_ONE_BY_ONE, PreparedBiRNN

from .plain import network, one_by_one

RAGGED = [[1], [5], [3, 0, 7, 1], [2] * 6, [3, 0, 7, 1, 7, 0, 12], [40, 1, 1, 1, 1, 2]]


def packed(encoder, X, lengths):
    return encoder(X, lengths)


def packed_on_gpu(encoder, X, lengths):
    with full_precision():
        return encoder.cuda()(X.cuda(), lengths).cpu()


@torch.no_grad()
def looked_up(encoder, X, lengths):
    """All sequences side by side, as prediction does; beside so many that none is run
    alone."""
    others = [1] * (MAX_ONE_BY_ONE + 1)
    rows = torch.cat([X, torch.randn(len(others), X.shape[1], dtype=X.dtype)])
    found = PreparedBiRNN(encoder).encode(rows, [*lengths, *others])
    return torch.from_numpy(found)[: len(X)]


@torch.no_grad()
def single(encoder, X, lengths):
    prepared = PreparedBiRNN(encoder)
    parts = [
        prepared.encode(rows, [len(rows)]) for rows in X.split(lengths) if len(rows)
    ]
    return torch.from_numpy(numpy.concatenate(parts))


BACKENDS = [
    packed,
    looked_up,
    single,
    pytest.param(
        packed_on_gpu,
        marks=[
            pytest.mark.gpu,
            pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"),
        ],
    ),
]


@pytest.mark.parametrize("lengths", RAGGED)
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("run", BACKENDS)
@pytest.mark.parametrize("cell", CELLS)
def test_forward(cell, run, depth, bidirectional, lengths):
    encoder = network(cell, depth=depth, bidirectional=bidirectional)
    X = torch.randn(sum(lengths), 6)
    want = one_by_one(encoder, X, lengths).detach()
    torch.testing.assert_close(run(encoder, X, lengths), want, rtol=0, atol=2e-6)


@pytest.mark.parametrize("run", BACKENDS)
@pytest.mark.parametrize("cell", CELLS)
def test_large_weights_and_inputs(cell, run):
    """Gates that are shut or wide open: no overflow, no loss of precision."""
    encoder = network(cell, depth=2, bound=2.0)
    X, lengths = 30 * torch.randn(37, 6), [4, 1, 30, 2]
    want = one_by_one(encoder, X, lengths).detach()
    torch.testing.assert_close(run(encoder, X, lengths), want, rtol=0, atol=2e-5)


@pytest.mark.parametrize("lengths", RAGGED)
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_gradients(cell, depth, bidirectional, lengths):
    """To the input and to every parameter, in float64."""
    encoder = network(cell, depth=depth, bidirectional=bidirectional).double()
    X = torch.randn(sum(lengths), 6, dtype=torch.float64)
    weight = torch.randn(sum(lengths), 8, dtype=torch.float64)
    assert_same_gradients(encoder, X, weight, lengths)


@pytest.mark.parametrize("cell", CELLS)
@settings(max_examples=30, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 6), min_size=1, max_size=6).filter(any),
    seed=st.integers(0, 99),
)
def test_gradients_of_any_batch(cell, lengths, seed):
    torch.manual_seed(seed)
    encoder = network(cell).double()
    X = torch.randn(sum(lengths), 6, dtype=torch.float64)
    weight = torch.randn(sum(lengths), 8, dtype=torch.float64)
    assert_same_gradients(encoder, X, weight, lengths)


def assert_same_gradients(encoder, X, weight, lengths):
    results = []
    for run in (packed, one_by_one):
        leaf = X.clone().requires_grad_()
        H = run(encoder, leaf, lengths)
        wanted = [leaf, *encoder.parameters()]
        results.append([H, *torch.autograd.grad((H * weight).sum(), wanted)])
    assert len(results[0]) > 5
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-11)


@pytest.mark.parametrize("cell", CELLS)
def test_float32_is_as_exact_as_torch(cell):
    encoder = network(cell, n_in=20, width=60, bound=0.2)
    X, lengths = torch.randn(48, 20), [40, 7, 1]
    exact = one_by_one(encoder.double(), X.double(), lengths)
    encoder.float()
    assert (packed(encoder, X, lengths) - exact).abs().max() < 1e-6


@pytest.mark.parametrize("cell", CELLS)
def test_weights_of_the_tanh_gate_are_doubled_in_a_copy(cell):
    kind = CELLS[cell]
    weight = torch.rand(kind.n_gates * 3, 2) + 1.0
    before = weight.clone()
    factors = (kind.double(weight) / weight).reshape(kind.n_gates, -1).mean(1)
    want = [2.0 if i == kind.tanh_gate else 1.0 for i in range(kind.n_gates)]
    assert factors.tolist() == pytest.approx(want)
    assert torch.equal(weight, before)


@pytest.mark.parametrize("cell", CELLS)
def test_gates_are_described_as_torchs_layer_has_them(cell):
    kind = CELLS[cell]
    layer = kind.torch_layer(2, 3)
    assert layer.weight_hh_l0.shape == (kind.n_gates * 3, 3)
    nn.init.zeros_(layer.weight_ih_l0)
    nn.init.zeros_(layer.weight_hh_l0)
    nn.init.zeros_(layer.bias_hh_l0)
    # The bias of the tanh gate alone can give the hidden state a sign.
    for gate in range(kind.n_gates):
        nn.init.zeros_(layer.bias_ih_l0)
        layer.bias_ih_l0.data.chunk(kind.n_gates)[gate].fill_(-1.0)
        is_negative = bool((layer(torch.zeros(1, 1, 2))[0] < -1e-3).all())
        assert is_negative == (gate == kind.tanh_gate)
