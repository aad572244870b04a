"""One recurrent layer against torch's own, forward and backward."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import PackedSequence

from spacy_birnn.nn.cells import cell_of
from spacy_birnn.nn.packing import Packing
from spacy_birnn.nn.recurrence import run_layer, side_by_side

LAYERS = [nn.LSTM, nn.GRU, nn.RNN]
LENGTHS = st.lists(st.integers(0, 6), min_size=1, max_size=6).filter(any)


def torchs(layer, X, packing):
    packed = PackedSequence(packing.pack(X), packing.batch_sizes)
    return packing.unpack(layer(packed)[0].data)


def random_layer(make, bidirectional):
    """With biases that differ, as none of ours do at the beginning."""
    layer = make(5, 3, bidirectional=bidirectional).double()
    for param in layer.parameters():
        nn.init.uniform_(param, -1.0, 1.0)
    return layer


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("make", LAYERS)
@settings(max_examples=15, deadline=None)
@given(lengths=LENGTHS, seed=st.integers(0, 99))
def test_equals_torch(make, bidirectional, lengths, seed):
    torch.manual_seed(seed)
    layer, packing = random_layer(make, bidirectional), Packing(lengths)
    X = torch.randn(len(packing), 5, dtype=torch.float64, requires_grad=True)
    ours, theirs = run_layer(layer, X, packing), torchs(layer, X, packing)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    weight = torch.randn_like(ours)
    wanted = [X, *layer.parameters()]
    for a, b in zip(
        torch.autograd.grad((ours * weight).sum(), wanted),
        torch.autograd.grad((theirs * weight).sum(), wanted),
        strict=True,
    ):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-11)


@pytest.mark.parametrize("make", LAYERS)
def test_float32_is_as_exact_as_torch(make):
    torch.manual_seed(0)
    layer, packing = make(20, 30, bidirectional=True), Packing([40, 7, 1])
    X = torch.randn(48, 20)
    exact = torchs(layer.double(), X.double(), packing)
    layer.float()
    off = (run_layer(layer, X, packing) - exact).abs().max()
    assert off < 1e-6


def test_gradients_add_up_over_two_calls():
    layer, packing = random_layer(nn.LSTM, True), Packing([2, 3])
    X = torch.randn(5, 5, dtype=torch.float64)
    run_layer(layer, X, packing).sum().backward()
    once = [param.grad.clone() for param in layer.parameters()]
    run_layer(layer, X, packing).sum().backward()
    for param, grad in zip(layer.parameters(), once, strict=True):
        torch.testing.assert_close(param.grad, 2 * grad)


def test_both_directions_are_put_side_by_side():
    packing = Packing([1, 3])
    hidden = torch.arange(8.0).reshape(2, 4, 1)
    # Packed, the longer sequence first: rows 1, 0, 2, 3 from the left, and from the
    # right 3, 0, 2, 1.
    assert side_by_side(hidden, packing).tolist() == [[1, 5], [0, 7], [2, 6], [3, 4]]


@pytest.mark.parametrize("make", LAYERS)
def test_weights_of_the_tanh_are_doubled_in_a_copy(make):
    layer = make(2, 3)
    weight = layer.weight_hh_l0.detach().clone()
    scaled = cell_of(layer).scaled(layer.weight_hh_l0.detach())
    factors = (scaled / weight).reshape(-1, 3, 3).mean((1, 2)).tolist()
    gate = 0 if make is nn.RNN else 2  # g of the LSTM, n of the GRU
    assert factors == pytest.approx(
        [2.0 if i == gate else 1.0 for i in range(len(factors))]
    )
    assert torch.equal(layer.weight_hh_l0, weight)
