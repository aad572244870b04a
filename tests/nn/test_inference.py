"""What predicts on a CPU against the network itself."""

import numpy
import pytest
import torch

from spacy_birnn.nn import inference
from spacy_birnn.nn.birnn import BiRNN
from spacy_birnn.nn.inference import InferenceBiRNN
from spacy_birnn.nn.packing import MIN_ROWS

CELLS = ["lstm", "gru", "rnn"]


def predict(network, X, lengths, **settings):
    """Every token an input of its own."""
    fast = InferenceBiRNN(network, **settings)
    H = fast.encode(
        lambda tokens: (fast.project(X[tokens]), numpy.arange(len(tokens))), lengths
    )
    return torch.from_numpy(H)


def network(cell="lstm", **settings):
    torch.manual_seed(1)
    made = BiRNN(6, 8, cell=cell, **settings)
    for param in made.parameters():
        torch.nn.init.uniform_(param, -0.7, 0.7)
    return made


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("cell", CELLS)
@torch.no_grad()
def test_equals_the_network(cell, depth, bidirectional):
    model = network(cell, depth=depth, bidirectional=bidirectional)
    lengths = [3, 0, 7, 1, 7, 0]
    X = torch.randn(sum(lengths), 6)
    found, want = predict(model, X, lengths), model(X, lengths)
    torch.testing.assert_close(found, want, rtol=0, atol=1e-6)


@pytest.mark.parametrize("lengths", [[5], [2, 6]])
@pytest.mark.parametrize("cell", CELLS)
@torch.no_grad()
def test_few_sequences(cell, lengths):
    model = network(cell, depth=2)
    X = torch.randn(sum(lengths), 6)
    found = predict(model, X, lengths)
    torch.testing.assert_close(found, model(X, lengths), rtol=0, atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
@torch.no_grad()
def test_inputs_are_shared_between_tokens(cell):
    model, forms = network(cell), torch.randn(4, 6)
    rows, lengths = numpy.array([3, 0, 0, 2, 3, 1, 0]), [4, 3]
    fast = InferenceBiRNN(model)
    tables = fast.project(forms)
    found = torch.from_numpy(fast.encode(lambda t: (tables, rows[t]), lengths))
    torch.testing.assert_close(found, model(forms[rows], lengths), rtol=0, atol=1e-6)


@pytest.mark.parametrize("limit", [("GROUP", 3), ("TOKENS", 10)])
@torch.no_grad()
def test_groups_keep_the_order(limit, monkeypatch):
    monkeypatch.setattr(inference, *limit)
    model, lengths = network(), [2, 5, 1, 0, 4, 4, 1, 3, 6, 2]
    X = torch.randn(sum(lengths), 6)
    sizes = []
    fast = InferenceBiRNN(model)

    def look_up(tokens):
        sizes.append(len(tokens))
        return fast.project(X[tokens]), numpy.arange(len(tokens))

    found = torch.from_numpy(fast.encode(look_up, lengths))
    assert sizes == [15, 9, 4]  # the longest first, three at a time
    torch.testing.assert_close(found, model(X, lengths), rtol=0, atol=1e-6)


@torch.no_grad()
def test_long_sequences_run_in_windows(monkeypatch):
    monkeypatch.setattr("spacy_birnn.nn.windows.SIZE", 4)
    monkeypatch.setattr("spacy_birnn.nn.windows.CONTEXT", 2)
    monkeypatch.setattr("spacy_birnn.nn.windows.LONGEST", 8)
    model, lengths = network(), [3, 21]
    X = torch.randn(24, 6)
    found = predict(model, X, lengths)
    torch.testing.assert_close(found, model(X, lengths), rtol=0, atol=1e-6)
    whole = BiRNN.forward(model, X[3:10], [7])
    assert (found[3:10] - whole).abs().max() > 1e-4  # cut, and not silently whole


@torch.no_grad()
def test_no_tokens():
    assert predict(network(), torch.zeros(0, 6), []).shape == (0, 8)
    assert predict(network(), torch.zeros(0, 6), [0, 0]).shape == (0, 8)


@pytest.mark.parametrize("cell", CELLS)
@torch.no_grad()
def test_bfloat16_rounds_the_products_alone(cell, monkeypatch):
    monkeypatch.setattr("spacy_birnn.nn.products.MANY", 32)
    model, lengths = network(cell, depth=2), [9, 30, 4]
    X = torch.randn(43, 6)
    found, want = predict(model, X, lengths, dtype=torch.bfloat16), model(X, lengths)
    assert found.dtype == torch.float32
    assert 1e-4 < (found - want).abs().max() < 0.03


@torch.no_grad()
def test_what_is_kept_does_not_depend_on_what_came_with_it():
    fast = InferenceBiRNN(network())
    X = torch.randn(50, 6)
    together = fast.project(X)
    for n in (1, 2, 3, MIN_ROWS, 20):
        for i in (0, 13, 30):
            alone = fast.project(X[i : i + n])
            for table, part in zip(together, alone, strict=True):
                assert numpy.array_equal(table[i : i + n], part)


@torch.no_grad()
def test_later_changes_of_the_weights_do_not_reach_it():
    model, X = network(), torch.randn(3, 6)
    fast = InferenceBiRNN(model)
    before = fast.project(X)[0].copy()
    for param in model.parameters():
        param.mul_(2.0)
    assert numpy.array_equal(fast.project(X)[0], before)
