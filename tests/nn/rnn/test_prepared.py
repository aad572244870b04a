"""One prepared layer: what it keeps of weights, and its ways to run them."""

import numpy
import pytest
import torch

from spacy_birnn.nn.packing import MIN_ROWS, Packing
from spacy_birnn.nn.rnn import prepared as preparing
from spacy_birnn.nn.rnn.cells import CELLS
from spacy_birnn.nn.rnn.layer import run_layer
from spacy_birnn.nn.rnn.prepared import PreparedLayer, weights_of

from .plain import random_layer


def prepared(cell="lstm", **settings):
    return PreparedLayer(CELLS[cell], weights_of(random_layer(cell)), **settings)


def test_weights_by_direction():
    for both in (True, False):
        layer = random_layer("gru", both)
        flat = [param for weights in weights_of(layer) for param in weights]
        assert list(map(id, flat)) == list(map(id, layer.parameters()))


@torch.no_grad()
def test_a_projection_does_not_depend_on_what_came_with_it():
    layer, X = prepared(), torch.randn(50, 6)
    together = layer.project(X)
    for n in (1, 2, 3, MIN_ROWS, 20):
        for i in (0, 13, 30):
            alone = layer.project(X[i : i + n])
            for table, part in zip(together, alone, strict=True):
                assert numpy.array_equal(table[i : i + n], part)


@torch.no_grad()
def test_gates_are_what_project_gives():
    layer, X = prepared("gru"), torch.randn(9, 6)
    for part, table in zip(layer.preactivations([X, X]), layer.project(X), strict=True):
        torch.testing.assert_close(part, torch.from_numpy(table))


@pytest.mark.parametrize("cell", CELLS)
@torch.no_grad()
def test_one_sequence_in_blocks(cell, monkeypatch):
    layer = prepared(cell)
    tables = layer.project(torch.randn(4, 6))
    rows = numpy.array([3, 0, 0, 2, 3, 1, 0, 2, 2, 1])
    want = layer.run_one(tables, rows)
    monkeypatch.setattr(preparing, "BLOCK", 3)
    assert numpy.array_equal(layer.run_one(tables, rows), want)
    found = layer.run_packed(tables, rows, Packing([len(rows)]))
    numpy.testing.assert_allclose(found, want, rtol=0, atol=1e-6)


@torch.no_grad()
def test_later_changes_of_the_weights_do_not_reach_it():
    module, X = random_layer("lstm"), torch.randn(3, 6)
    layer = PreparedLayer(CELLS["lstm"], weights_of(module))
    before = layer.project(X)[0].copy()
    states = layer.run_one(layer.project(X), numpy.arange(3))
    for param in module.parameters():
        param.mul_(2.0)
    assert numpy.array_equal(layer.project(X)[0], before)
    assert numpy.array_equal(layer.run_one(layer.project(X), numpy.arange(3)), states)


@pytest.mark.parametrize("cell", CELLS)
@torch.no_grad()
def test_bfloat16_rounds_the_products_alone(cell, monkeypatch):
    monkeypatch.setattr("spacy_birnn.nn.rnn.products.MANY", 32)
    module, X, packing = random_layer(cell), torch.randn(43, 6), Packing([9, 30, 4])
    reduced = PreparedLayer(CELLS[cell], weights_of(module), dtype=torch.bfloat16)
    found = reduced.run_packed(reduced.project(X), numpy.arange(43), packing)
    want = run_layer(CELLS[cell], module, X, packing).numpy()
    assert found.dtype == numpy.float32
    assert 1e-4 < numpy.abs(found - want).max() < 0.03
