"""Packing against torch's own PackedSequence, and against a loop in plain Python."""

import numpy
import pytest
import torch
from torch.nn.utils.rnn import pack_sequence

from spacy_birnn.nn.packing import Packing

LENGTHS = [
    [],
    [0],
    [0, 0],
    [1],
    [5],
    [3, 3, 3],
    [1, 1, 1],
    [2, 0, 5, 2, 0, 1, 5],
    [1, 2, 3, 4],
]


@pytest.mark.parametrize("lengths", LENGTHS)
def test_packing_equals_torch(lengths):
    packing = Packing(lengths)
    rows = torch.arange(sum(lengths)).float()[:, None] + torch.zeros(1, 3)
    sequences = [s for s in rows.split(lengths) if len(s)] if lengths else []
    packed = packing.pack(rows)
    if sequences:
        want = pack_sequence(sequences, enforce_sorted=False)
        assert torch.equal(packed, want.data)
        assert torch.equal(packing.batch_sizes, want.batch_sizes)
    else:
        assert packed.shape == (0, 3)
        assert packing.batch_sizes.shape == (0,)
    assert torch.equal(packing.unpack(packed), rows)


@pytest.mark.parametrize("lengths", LENGTHS)
def test_indices(lengths):
    packing = Packing(lengths)
    starts = numpy.cumsum([0, *lengths])
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    order = [i for i in order if lengths[i]]
    want = [
        (starts[i] + t, s)
        for t in range(max(lengths, default=0))
        for s, i in enumerate(order)
        if t < lengths[i]
    ]
    assert packing.order.tolist() == order
    assert packing.gather.tolist() == [row for row, _ in want]
    assert packing.sequence.tolist() == [s for _, s in want]
    assert packing.gather[packing.scatter].tolist() == list(range(sum(lengths)))
    assert packing.segment.tolist() == [
        i for i, n in enumerate(lengths) for _ in range(n)
    ]
    assert packing.first.tolist() == [starts[i] for i in order]
    assert packing.last.tolist() == [starts[i + 1] - 1 for i in order]
    assert packing.sizes == packing.batch_sizes.tolist()
    assert len(packing) == sum(lengths)


@pytest.mark.parametrize("lengths", LENGTHS)
def test_steps(lengths):
    packing = Packing(lengths)
    packed = packing.pack(torch.arange(sum(lengths)))
    steps, continuing = packing.steps(packed), packing.continuing(packed)
    assert [len(s) for s in steps] == packing.sizes
    assert [len(s) for s in continuing] == packing.sizes[1:]
    for here, there in zip(continuing, steps[1:], strict=True):
        assert torch.equal(here + 1, there)  # the next token of the same sequence


@pytest.mark.parametrize("lengths", LENGTHS)
def test_two_way(lengths):
    total = sum(lengths)
    load, read = Packing(lengths).two_way
    want = []
    for t in range(max(lengths, default=0)):
        for i in Packing(lengths).order.tolist():
            if t < lengths[i]:
                want += [sum(lengths[:i]) + t, sum(lengths[: i + 1]) - 1 - t]
    assert load.tolist() == want
    assert load[read].tolist() == 2 * list(range(total))
    assert sorted(read.tolist()) == list(range(2 * total))
    assert (read[:total] % 2 == 0).all()


def test_pack_is_differentiable_twice():
    packing = Packing([2, 0, 3, 1])
    rows = torch.randn(6, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(packing.pack, (rows,))
    assert torch.autograd.gradcheck(packing.unpack, (rows,))
    assert torch.autograd.gradgradcheck(lambda x: packing.pack(x) ** 2, (rows,))


def test_kinds_of_lengths():
    want = Packing([2, 3]).gather
    for lengths in (torch.tensor([2, 3]), numpy.array([2, 3], dtype="int32"), (2, 3)):
        assert torch.equal(Packing(lengths).gather, want)
    packing = Packing([2, 3])
    assert Packing.of(packing) is packing
    assert torch.equal(Packing.of([2, 3]).gather, want)


@pytest.mark.parametrize("lengths", [[1, -1], [[1, 2]]])
def test_bad_lengths(lengths):
    with pytest.raises(ValueError, match="lengths"):
        Packing(lengths)


@pytest.mark.parametrize("lengths", LENGTHS)
def test_turned_is_the_packing_of_the_reversed_sequences(lengths):
    packing = Packing(lengths)
    rows = torch.arange(len(packing))
    reverse = torch.cat([rows[:0], *[part.flip(0) for part in rows.split(lengths)]])
    gather, scatter = packing.turned
    assert torch.equal(gather, reverse[packing.gather])
    assert torch.equal(gather[scatter], rows)


@pytest.mark.parametrize("kind", [numpy.array, torch.tensor])
def test_later_changes_of_the_lengths_do_not_reach_it(kind):
    lengths = kind([1, 3, 2])
    packing = Packing(lengths)
    lengths[:] = 1
    assert packing.order.tolist() == [1, 2, 0]
    assert len(packing) == 6


def test_the_last_few_are_there_still():
    first = Packing.of([3, 1, 2])
    assert Packing.of(numpy.array([3, 1, 2])) is first
    assert Packing.of(torch.tensor([3, 1, 2])) is first
    assert Packing.of(first) is first
    assert Packing.of([1, 3, 2]) is not first
    for n in range(10):
        Packing.of([n])
    again = Packing.of([3, 1, 2])
    assert again is not first
    assert torch.equal(again.gather, first.gather)


def test_lengths_that_are_changed_later_do_not_reach_it():
    lengths = [3, 1, 2]
    packing = Packing.of(lengths)
    lengths[0] = 7
    assert len(packing) == 6
    assert len(Packing.of(lengths)) == 10


def test_packings_of_inference_mode_do_not_reach_training():
    with torch.inference_mode():
        Packing.of([2, 4])
    rows = torch.randn(6, 2, requires_grad=True)
    Packing.of([2, 4]).pack(rows).sum().backward()
    assert torch.equal(rows.grad, torch.ones(6, 2))
