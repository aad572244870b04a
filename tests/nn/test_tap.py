"""Hidden states that are taken out of a pass, and what is added to their gradient."""

import pytest
import torch

from spacy_birnn.nn.rnn.birnn import BiRNN
from spacy_birnn.nn.tap import Tap


@pytest.fixture
def tap():
    tap = Tap()
    tap.is_open = True
    return tap


def test_its_gradient_is_that_of_a_second_loss(tap):
    X = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    first, second = torch.randn(2, 3, 3, dtype=torch.float64)

    def run():
        hidden = torch.tanh(X @ first)
        return hidden, torch.tanh(hidden @ second)

    hidden, output = run()
    (output.sum() + (hidden**3).sum()).backward()
    want, X.grad = X.grad, None
    hidden, output = run()
    output = tap.apply(output, hidden)
    assert torch.equal(tap.hidden, hidden)
    assert not tap.hidden.requires_grad
    tap.gradient = 3 * tap.hidden**2
    output.sum().backward()
    torch.testing.assert_close(X.grad, want)
    assert tap.hidden is tap.gradient is None


def test_without_a_gradient_nothing_is_added(tap):
    X = torch.randn(5, 3, requires_grad=True)
    tap.apply(2 * X, X**2).sum().backward()
    assert torch.equal(X.grad, torch.full((5, 3), 2.0))


def test_one_that_is_closed_takes_nothing():
    tap = Tap()
    BiRNN(5, 8)(torch.randn(9, 5), [9], tap=tap)
    assert tap.hidden is None


@pytest.mark.parametrize("depth", [1, 2])
def test_it_takes_the_first_layer_of_an_encoder(tap, depth):
    encoder, X = BiRNN(5, 8, depth), torch.randn(9, 5)
    first = BiRNN(5, 8)
    first.layers = encoder.layers[:1]
    output = encoder(X, [4, 0, 5], tap=tap)
    assert torch.equal(output, encoder(X, [4, 0, 5]))
    assert torch.equal(tap.hidden, first(X, [4, 0, 5]))


def test_states_are_taken_as_the_next_layer_reads_them(tap):
    encoder = BiRNN(5, 8, depth=2)
    encoder(torch.randn(9, 5), [9], dropout=0.5, tap=tap)
    dropped = (tap.hidden == 0).all(0)
    assert 0 < dropped.sum() < 8
