"""Groups, windows and shared inputs of prediction against the network itself."""

import numpy
import pytest
import torch

from spacy_birnn.nn.rnn import predict
from spacy_birnn.nn.rnn.cells import CELLS
from spacy_birnn.nn.rnn.predict import (
    MAX_ONE_BY_ONE,
    PreparedBiRNN,
    in_groups,
    join_groups,
)

from .plain import network


def encode(model, X, lengths):
    return torch.from_numpy(PreparedBiRNN(model).encode(X, lengths))


@pytest.mark.parametrize("cell", CELLS)
@torch.no_grad()
def test_inputs_are_shared_between_tokens(cell):
    model, forms = network(cell), torch.randn(4, 6)
    for lengths in ([4, 3], [1, 1, 1, 2, 2]):
        rows = numpy.array([3, 0, 0, 2, 3, 1, 0])
        prepared = PreparedBiRNN(model)
        found = prepared.run(prepared.project(forms), rows, lengths)
        want = model(forms[rows], lengths)
        torch.testing.assert_close(torch.from_numpy(found), want, rtol=0, atol=1e-6)


@torch.no_grad()
def test_few_sequences_run_alone_and_more_side_by_side(monkeypatch):
    model, prepared = network(), PreparedBiRNN(network())
    calls = []
    for name in ("run_one", "run_packed"):
        way = getattr(predict.PreparedLayer, name)
        monkeypatch.setattr(
            predict.PreparedLayer,
            name,
            lambda *args, way=way, name=name: calls.append(name) or way(*args),
        )
    for n in (MAX_ONE_BY_ONE, MAX_ONE_BY_ONE + 1):
        X, lengths = torch.randn(2 * n, 6), [2] * n
        found = torch.from_numpy(prepared.encode(X, lengths))
        torch.testing.assert_close(found, model(X, lengths), rtol=0, atol=1e-6)
    assert calls == ["run_one"] * MAX_ONE_BY_ONE + ["run_packed"]


@pytest.mark.parametrize(("size", "tokens"), [(3, 100), (100, 10)])
@torch.no_grad()
def test_groups_keep_the_order(size, tokens, monkeypatch):
    monkeypatch.setattr(predict, "TOKENS", tokens)
    model, lengths = network(), [2, 5, 1, 0, 4, 4, 1, 3, 6, 2]
    X = torch.randn(sum(lengths), 6)
    groups = in_groups(lengths, size)
    # The longest first, three at a time.
    assert [sum(group.lengths) for group in groups] == [15, 9, 4]
    prepared = PreparedBiRNN(model)
    prepared.group_size = size
    found = torch.from_numpy(prepared.encode(X, lengths))
    torch.testing.assert_close(found, model(X, lengths), rtol=0, atol=1e-6)


def test_the_wider_the_network_the_smaller_its_groups():
    sizes = [PreparedBiRNN(network(cell)).group_size for cell in ("rnn", "lstm")]
    assert abs(sizes[0] - 4 * sizes[1]) < 4


def test_one_group_is_not_copied():
    (group,) = in_groups([3, 2], 8)
    assert group.rows == slice(0, 5)
    H = numpy.ones((5, 4))
    assert join_groups([group], iter([H]), [3, 2]) is H


@torch.no_grad()
def test_long_sequences_run_in_windows(monkeypatch):
    monkeypatch.setattr("spacy_birnn.nn.rnn.windows.SIZE", 4)
    monkeypatch.setattr("spacy_birnn.nn.rnn.windows.CONTEXT", 2)
    monkeypatch.setattr("spacy_birnn.nn.rnn.windows.LONGEST", 8)
    model, lengths = network(), [3, 21]
    X = torch.randn(24, 6)
    found = encode(model, X, lengths)
    torch.testing.assert_close(found, model(X, lengths), rtol=0, atol=1e-6)
    whole = model(X[3:10], [7])
    assert (found[3:10] - whole).abs().max() > 1e-4  # cut, and not silently whole
