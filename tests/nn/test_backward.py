"""Backpropagation from a given gradient, against torch's own."""

import subprocess
import sys

import pytest
import torch

from spacy_birnn.nn.backward import backward


@pytest.mark.parametrize("shape", [(3, 4), (0, 4), ()])
def test_gradients_are_those_of_torch_to_the_bit(shape):
    torch.manual_seed(0)
    leaf, weight = torch.randn(shape), torch.randn(shape)
    d_output, found = torch.randn(shape), []
    for run in (torch.autograd.backward, backward):
        tensors = [leaf.clone().requires_grad_(), weight.clone().requires_grad_()]
        for _ in range(2):  # they accumulate
            run(torch.tanh(tensors[0] * tensors[1]), d_output)
        found.append([tensor.grad for tensor in tensors])
    for expected, gradient in zip(*found):
        assert torch.equal(expected, gradient)


def test_it_works_where_gradients_are_off():
    leaf = torch.ones(2, requires_grad=True)
    output = 3 * leaf
    with torch.no_grad():
        backward(output, torch.tensor([1.0, 2.0]))
    assert leaf.grad.tolist() == [3.0, 6.0]


def test_a_gradient_of_another_shape_is_refused():
    output = 3 * torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="shape"):
        backward(output, torch.ones(3))


def test_sympy_is_not_imported():
    code = (
        "import sys, torch; from spacy_birnn.nn.backward import backward;"
        "backward(3 * torch.ones(2, requires_grad=True), torch.ones(2));"
        "assert 'sympy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
