"""States in and out: sequences in pieces against the whole, and against torch."""

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_birnn.nn.full_precision import full_precision
from spacy_birnn.nn.rnn.cells import CELLS
from spacy_birnn.nn.rnn.predict import MAX_ONE_BY_ONE, PreparedBiRNN

from .plain import network

LENGTHS = [[7], [3, 0, 9, 1], [5] * 6, [2, 12, 0, 4, 4, 1, 8]]


def random_state(encoder, n_sequences):
    return torch.rand_like(encoder.new_state(n_sequences)) * 2 - 1


def by_torch(encoder, X, lengths, state):
    """Torch's own layers over each sequence alone, from a state, and their last one."""
    outputs, ended = [], state.clone()
    for b, rows in enumerate(X.split(lengths)):
        H = rows.unsqueeze(1)
        for i, layer in enumerate(encoder.layers if len(rows) else ()):
            first = [part[:, b : b + 1].contiguous() for part in state[i]]
            H, last = layer(H, tuple(first) if len(first) > 1 else first[0])
            parts = torch.stack(last) if len(first) > 1 else last.unsqueeze(0)
            ended = replaced(ended, i, b, parts[:, :, 0])
        outputs.append(H.squeeze(1) if len(rows) else X.new_zeros(0, encoder.width))
    return torch.cat(outputs), ended


def replaced(state, layer, sequence, part):
    """The state with that of one layer and sequence replaced; differentiable."""
    layers = list(state.unbind(0))
    sequences = list(layers[layer].unbind(2))
    sequences[sequence] = part
    layers[layer] = torch.stack(sequences, 2)
    return torch.stack(layers)


def pieces(lengths, cuts):
    """How many tokens of each sequence lie in each piece."""
    edges = [[0, *sorted(min(c, n) for c in cut), n] for n, cut in zip(lengths, cuts)]
    return [[edge[i + 1] - edge[i] for edge in edges] for i in range(len(edges[0]) - 1)]


def in_pieces(X, lengths, parts):
    """Rows of each piece, and where they are in the whole."""
    starts = numpy.cumsum([0, *lengths[:-1]])
    done = numpy.zeros(len(lengths), dtype=int)
    for sizes in parts:
        rows = [numpy.arange(s, s + n) for s, n in zip(starts + done, sizes)]
        done += sizes
        yield sizes, torch.from_numpy(numpy.concatenate(rows))


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_values_and_gradients_are_those_of_torch(cell, depth, bidirectional, lengths):
    encoder = network(cell, depth=depth, bidirectional=bidirectional).double()
    X = torch.randn(sum(lengths), 6, dtype=torch.float64, requires_grad=True)
    state = random_state(encoder, len(lengths)).requires_grad_()
    found = encoder.advance(X, lengths, state, detach=False)
    want = by_torch(encoder, X, lengths, state)
    inputs = [X, state, *encoder.parameters()]
    mix = [torch.randn_like(part) for part in want]
    grads = [
        torch.autograd.grad(sum((p * m).sum() for p, m in zip(both, mix)), inputs)
        for both in (found, want)
    ]
    for one, other in zip([*found, *grads[0]], [*want, *grads[1]], strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-9)


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("cell", CELLS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_pieces_are_the_whole(cell, depth, data):
    lengths = data.draw(st.lists(st.integers(0, 12), min_size=1, max_size=7))
    n_cuts = data.draw(st.integers(0, 4))
    draw = st.lists(st.integers(0, 12), min_size=n_cuts, max_size=n_cuts)
    parts = pieces(lengths, [data.draw(draw) for _ in lengths])
    encoder = network(cell, depth=depth, bidirectional=False, bound=0.5)
    X = torch.randn(sum(lengths), 6, requires_grad=True)
    want = encoder(X, lengths)
    mix = torch.randn_like(want)
    inputs = [X, *encoder.parameters()]

    state, H = encoder.new_state(len(lengths)), torch.zeros_like(want)
    for sizes, rows in in_pieces(X, lengths, parts):
        found, state = encoder.advance(X[rows], sizes, state, detach=False)
        H = H.index_copy(0, rows, found)
    torch.testing.assert_close(H, want, rtol=0, atol=1e-6)
    if sum(lengths):
        grads = [torch.autograd.grad((h * mix).sum(), inputs) for h in (H, want)]
        for one, other in zip(*grads, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)

    prepared = PreparedBiRNN(encoder)
    state = encoder.new_state(len(lengths)).numpy()
    for sizes, rows in in_pieces(X, lengths, parts):
        active = numpy.flatnonzero(sizes)
        if len(active):
            own = state[..., active, :]
            kept = [sizes[i] for i in active]
            tables = prepared.project(X.detach()[rows])
            found = prepared.run(tables, numpy.arange(len(rows)), kept, own)
            state[..., active, :] = own
            numpy.testing.assert_allclose(
                found, want.detach()[rows].numpy(), rtol=0, atol=1e-6
            )


@pytest.mark.parametrize("n_sequences", [1, MAX_ONE_BY_ONE + 1])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("cell", CELLS)
@torch.no_grad()
def test_prediction_from_a_state(cell, bidirectional, n_sequences):
    encoder = network(cell, depth=2, bidirectional=bidirectional)
    lengths = list(range(1, n_sequences + 1))
    X, state = torch.randn(sum(lengths), 6), random_state(encoder, n_sequences)
    want, ended = by_torch(encoder, X, lengths, state)
    prepared, carried = PreparedBiRNN(encoder), state.numpy().copy()
    found = prepared.run(prepared.project(X), numpy.arange(len(X)), lengths, carried)
    torch.testing.assert_close(torch.from_numpy(found), want, rtol=0, atol=2e-6)
    torch.testing.assert_close(torch.from_numpy(carried), ended, rtol=0, atol=2e-6)


def test_a_detached_state_keeps_its_numbers_and_no_gradient():
    encoder = network(bidirectional=False)
    first, second = torch.randn(4, 6, requires_grad=True), torch.randn(3, 6)
    grads = []
    for detach in (True, False):
        _, state = encoder.advance(first, [4], encoder.new_state(1))
        H, _ = encoder.advance(second, [3], state, detach=detach)
        grads.append(torch.autograd.grad(H.sum(), first, allow_unused=True)[0])
        values = H.detach()
    assert grads[0] is None
    assert grads[1].abs().max() > 0
    whole = encoder(torch.cat([first, second]), [7]).detach()
    torch.testing.assert_close(values, whole[4:], rtol=0, atol=1e-6)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("cell", CELLS)
@torch.no_grad()
def test_states_on_a_gpu(cell):
    encoder, lengths = network(cell, depth=2), [3, 0, 9, 1]
    X, state = torch.randn(13, 6), random_state(encoder, 4)
    want = by_torch(encoder, X, lengths, state)
    with full_precision():
        found = encoder.cuda().advance(X.cuda(), lengths, state.cuda())
    for one, other in zip(found, want, strict=True):
        torch.testing.assert_close(one.cpu(), other, rtol=0, atol=1e-5)
