"""One layer in training: gradients over several calls."""

import torch

from spacy_birnn.nn.packing import Packing
from spacy_birnn.nn.rnn.cells import CELLS
from spacy_birnn.nn.rnn.layer import run_layer

from .plain import random_layer


def test_gradients_add_up_over_two_calls():
    layer, packing = random_layer("lstm"), Packing([2, 3])
    X = torch.randn(5, 6)
    run_layer(CELLS["lstm"], layer, X, packing).sum().backward()
    once = [param.grad.clone() for param in layer.parameters()]
    run_layer(CELLS["lstm"], layer, X, packing).sum().backward()
    for param, grad in zip(layer.parameters(), once, strict=True):
        torch.testing.assert_close(param.grad, 2 * grad)
