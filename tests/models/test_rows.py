"""Row-sparse updates against torch's SparseAdam and dense optimizers."""

import numpy
import pytest
import torch
from thinc.api import Adam, NumpyOps, Optimizer, RAdam, torch2xp
from torch import nn
from torch.nn import functional as F

from spacy_birnn.models.averages import decay_between
from spacy_birnn.models.rows import averaged_rows, update_rows

KEY = (1, "table")
STEPS = [[0, 2, 2], [2, 3], [5], [0, 2], [1, 1, 4]]


def sparse_gradient(param, rows, step):
    weight = torch.linspace(-1, 1, len(rows) * param.shape[1]).reshape(len(rows), -1)
    embedded = F.embedding(torch.tensor(rows), param, sparse=True)
    (embedded * weight * (step + 1)).sum().backward()


def make_table(rows=6, width=3):
    return nn.Parameter(torch.arange(float(rows * width)).reshape(rows, width) / 10)


def test_equals_sparse_adam_of_torch():
    ours, theirs = make_table(), make_table()
    adam = Adam(0.01, grad_clip=0.0, L2=0.0)
    sparse_adam = torch.optim.SparseAdam([theirs], lr=0.01)
    for step, rows in enumerate(STEPS):
        sparse_gradient(ours, rows, step)
        update_rows(adam, KEY, ours)
        ours.grad = None
        sparse_gradient(theirs, rows, step)
        sparse_adam.step()
        sparse_adam.zero_grad()
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Adam(0.01, L2=0.0, grad_clip=0.0),
        lambda: Adam(0.01, L2=0.1, L2_is_weight_decay=True),
        lambda: RAdam(0.01, grad_clip=0.0),
        lambda: Optimizer(0.1, beta1=0.0, beta2=0.0, grad_clip=0.0, L2=0.0),
    ],
)
def test_touched_rows_equal_a_dense_update_of_them(make):
    """A table in which every row is touched each time is a dense matrix."""
    table, dense = make_table(8), torch2xp(make_table(8).data)[2:5].copy()
    sparse, plain = make(), make()
    for step in range(6):
        sparse_gradient(table, [2, 3, 4, 3], step)
        gradient = torch2xp(table.grad.coalesce().values()).copy()
        update_rows(sparse, KEY, table)
        table.grad = None
        dense, _ = plain(KEY, dense, gradient)
        numpy.testing.assert_allclose(table.data[2:5], dense, rtol=0, atol=1e-6)
    untouched = [0, 1, 5, 6, 7]
    assert torch.equal(table.data[untouched], make_table(8).data[untouched])


def test_rows_not_touched_do_not_move():
    table, adam = make_table(), Adam(0.01)
    for rows in ([1, 3], [3], [1]):  # Adam's momentum would move row 1 in step 2
        before = table.detach().clone()
        sparse_gradient(table, rows, 0)
        update_rows(adam, KEY, table)
        table.grad = None
        moved = (table != before).any(1).nonzero().squeeze(1).tolist()
        assert moved == rows


def test_moments_grow_with_the_table():
    small, large = make_table(4), make_table(9)
    one, other = Adam(0.01, L2=0.0), Adam(0.01, L2=0.0)
    for step, rows in enumerate([[0, 2], [2, 3]]):
        for table, adam in ((small, one), (large, other)):
            sparse_gradient(table, rows, step)
            update_rows(adam, KEY, table)
            table.grad = None
    grown = nn.Parameter(torch.cat([small.data, large.data[4:]]))
    for table, adam in ((grown, one), (large, other)):
        sparse_gradient(table, [2, 8], 2)
        update_rows(adam, KEY, table)
    assert torch.equal(grown, large)
    for name in ("mom1", "mom2"):
        ours, theirs = getattr(one, name)[KEY], getattr(other, name)[KEY]
        numpy.testing.assert_array_equal(ours, theirs)


def test_optimizer_keeps_its_averages_on_and_its_count():
    table, adam = make_table(), Adam(0.01, use_averages=True)
    averages = adam.averages
    sparse_gradient(table, [1], 0)
    update_rows(adam, KEY, table)
    assert adam.averages is averages
    assert set(averages) == {KEY, (KEY[0], "table steps")}
    assert adam.nr_update[KEY] == 1


def test_averages_follow_every_row():
    """Also those that a step did not touch: as thinc does with a dense table."""
    table, adam = make_table(), Adam(0.1, use_averages=True)
    dense = NumpyOps()
    want = {}
    for step, rows in enumerate([[1, 4], [1, 2], [4], [1], [2], [0, 1]], 1):
        table.grad = None
        sparse_gradient(table, rows, 0)
        update_rows(adam, KEY, table)
        new = table.detach().numpy()
        for row in range(len(new)):
            if row in want:
                dense.update_averages(want[row], new[row], step)
            elif row in rows:
                want[row] = new[row].copy()
        found = averaged_rows(adam.averages, KEY, new)
        expected = numpy.stack([want.get(row, new[row]) for row in range(len(new))])
        numpy.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    assert numpy.abs(found[[1, 2, 4]] - new[[1, 2, 4]]).max(1).min() > 1e-3
    assert numpy.array_equal(found[3], new[3])


def test_new_rows_start_their_average_from_the_table():
    table, adam = make_table(2), Adam(0.1, use_averages=True)
    sparse_gradient(table, [1], 0)
    update_rows(adam, KEY, table)
    assert numpy.array_equal(
        averaged_rows(adam.averages, KEY, table.data.numpy()), table.data
    )
    grown = numpy.concatenate([table.data.numpy() + 1.0, [[3.0, 4.0, 5.0]]], dtype="f")
    found = averaged_rows(adam.averages, KEY, grown)
    assert numpy.array_equal(found[[0, 2]], grown[[0, 2]])
    numpy.testing.assert_allclose(found[1], table.data[1], rtol=0, atol=1e-6)
    found[:] = 0
    assert grown.any()


@pytest.mark.parametrize(
    ("first", "last"),
    [(0, 0), (3, 3), (1, 9), (5, 400), (89_980, 90_050), (95_000, 95_100)],
)
def test_what_is_left_of_an_average(first, last):
    """Against thinc's own average of zeros, which begins as 1."""
    mean = numpy.ones(1, dtype="float64")
    for step in range(first + 1, last + 1):
        NumpyOps().update_averages(mean, numpy.zeros(1), step)
    left = decay_between(numpy.array([first]), last, numpy)
    numpy.testing.assert_allclose(left, mean[None], rtol=1e-5)


def test_a_failing_optimizer_gets_its_averages_back():
    table, adam = make_table(), Adam(0.01, use_averages=True)
    averages = adam.averages
    sparse_gradient(table, [1], 0)
    adam.learn_rate = "fast"
    with pytest.raises(TypeError):
        update_rows(adam, KEY, table)
    assert adam.averages is averages
