"""Between lists of arrays and one tensor."""

import numpy
import pytest
import torch
from thinc.api import NumpyOps

from spacy_birnn.models.flat import join, split, to_tensor

OPS, CPU = NumpyOps(), torch.device("cpu")
ARRAY = numpy.arange(12, dtype="f").reshape(4, 3)


def read_only():
    array = ARRAY.copy()
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    "array", [ARRAY, read_only(), ARRAY[::-1], ARRAY[:, 1:], ARRAY.T]
)
def test_torch_can_take_one_array_of_any_layout(array):
    """Without a warning: pytest makes them errors."""
    tensor = to_tensor(OPS, [array], CPU)
    assert numpy.array_equal(tensor.numpy(), array)


def test_one_array_is_not_copied():
    assert join(OPS, [ARRAY]) is ARRAY
    assert split(ARRAY, [4])[0] is ARRAY


def test_several_arrays():
    parts = split(ARRAY, [1, 0, 3])
    assert [part.shape for part in parts] == [(1, 3), (0, 3), (3, 3)]
    assert numpy.array_equal(join(OPS, parts), ARRAY)
    tensor = to_tensor(OPS, parts, CPU, requires_grad=True)
    assert tensor.requires_grad
    assert numpy.array_equal(tensor.detach().numpy(), ARRAY)


def test_what_was_cut_out_of_one_array_is_not_copied():
    assert join(OPS, split(ARRAY, [1, 0, 3])) is ARRAY


@pytest.mark.parametrize("change", ["replaced", "shorter", "longer"])
def test_a_changed_list_is_read_as_it_is(change):
    parts = split(ARRAY, [1, 3])
    if change == "replaced":
        parts[0] = parts[0] + 1
    elif change == "shorter":
        parts.pop()
    else:
        parts.append(parts[0])
    assert numpy.array_equal(join(OPS, parts), numpy.concatenate(list(parts)))
