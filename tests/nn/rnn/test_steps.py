"""Views of steps: which numbers they show."""

import torch

from spacy_birnn.nn.packing import Packing
from spacy_birnn.nn.rnn.steps import (
    Memory,
    Steps,
    backwards,
    gate_steps,
    look_up_steps,
    shifted,
    side_by_side,
)

PACKING = Packing([1, 3, 2])  # packed, 3 + 2 + 1 tokens


def test_steps_and_those_before():
    whole = torch.arange(12.0).reshape(2, 6, 1)
    steps = Steps.of(whole, PACKING)
    assert [now[0, :, 0].tolist() for now in steps.now] == [[0, 1, 2], [3, 4], [5]]
    before = [b[1, :, 0].tolist() for b in steps.before[1:]]
    assert before == [[6, 7], [9]]
    steps.now[2].fill_(-1.0)
    assert whole[:, 5].tolist() == [[-1], [-1]]


def test_a_rolling_buffer_is_overwritten():
    steps = Steps.rolling(torch.zeros(2, 3, 4), PACKING)
    for t, now in enumerate(steps.now):
        assert now.shape == (2, [3, 2, 1][t], 4)
        now.fill_(t)
    assert steps.now[0][:, :, 0].tolist() == [[2, 1, 0]] * 2


def test_gates_twice():
    whole = torch.randn(1, 6, 8)
    for step, rows in zip(gate_steps(whole, 4, PACKING), whole.split([3, 2, 1], 1)):
        assert torch.equal(step.all, rows)
        assert torch.equal(torch.cat(step.each, 2), rows)


def test_memory_keeps_only_what_a_gradient_needs():
    for keep in (True, False):
        memory = Memory(torch.zeros(1, 6, 2), PACKING, keep)
        memory.new_steps()
        assert len(memory.kept) == keep


def test_shifted_rows_come_from_the_step_before():
    whole = torch.arange(1.0, 7.0).reshape(1, 6, 1)
    assert shifted(whole, PACKING).flatten().tolist() == [0, 0, 0, 1, 2, 4]


def test_backwards_from_the_last_step():
    d_hidden = torch.arange(6.0).reshape(1, 6, 1)
    walk = list(backwards(PACKING, d_hidden, None, 10 * d_hidden))
    assert [before is None for _, before, *_ in walk] == [False, False, True]
    assert [now.flatten().tolist() for now, *_ in walk] == [[5], [3, 4], [0, 1, 2]]
    assert [before.flatten().tolist() for _, before, _ in walk[:2]] == [[3], [0, 1]]
    assert walk[1][2].flatten().tolist() == [30, 40]


def test_both_directions_are_put_side_by_side():
    packing = Packing([1, 3])
    hidden = torch.arange(8.0).reshape(2, 4, 1)
    # Packed, the longer sequence first: rows 1, 0, 2, 3 from the left, and from the
    # right 3, 0, 2, 1.
    assert side_by_side(hidden, packing).tolist() == [[1, 5], [0, 7], [2, 6], [3, 4]]


def test_steps_are_looked_up():
    tables = [torch.randn(5, 6), torch.randn(5, 6)]
    index = [torch.tensor([4, 0, 0, 3, 1, 2]), torch.tensor([1, 1, 2, 0, 4, 3])]
    found = [
        (step.all.clone(), torch.cat(step.each, 2).clone())
        for step in look_up_steps(tables, index, PACKING, 3)
    ]
    want = torch.stack([table[i] for table, i in zip(tables, index, strict=True)])
    assert torch.equal(torch.cat([whole for whole, _ in found], 1), want)
    assert torch.equal(torch.cat([each for _, each in found], 1), want)
