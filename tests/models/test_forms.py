"""What is kept of word forms between two predictions."""

import copy
import pickle
import threading

import numpy
import pytest

from spacy_birnn.models import forms
from spacy_birnn.models.forms import FormTable


class Computed:
    """Two tables: the form's number, and its square; and which were asked for."""

    def __init__(self):
        self.asked = []

    def __call__(self, keys):
        self.asked.append(list(keys))
        numbers = numpy.array(keys, dtype="float32")[:, None]
        return [numbers, numbers**2]


def look_up(table, keys, compute, stamp="a"):
    tables, rows = table.look_up(stamp, numpy.array(keys, dtype="uint64"), compute)
    assert [t[rows, 0].tolist() for t in tables] == [
        [float(key) for key in keys],
        [float(key) ** 2 for key in keys],
    ]


def test_every_form_is_computed_once():
    table, compute = FormTable(), Computed()
    look_up(table, [5, 3, 5, 5], compute)
    look_up(table, [3, 9, 5, 9], compute)
    look_up(table, [9], compute)
    assert [sorted(keys) for keys in compute.asked] == [[3, 5], [9]]


def test_another_stamp_begins_anew():
    table, compute = FormTable(), Computed()
    look_up(table, [1, 2], compute)
    look_up(table, [2], compute, stamp="b")
    look_up(table, [1], compute, stamp="a")
    assert compute.asked == [[1, 2], [2], [1]]


def test_it_holds_only_so_much(monkeypatch):
    monkeypatch.setattr(forms, "LIMIT", 4)
    table, compute = FormTable(), Computed()
    for first in range(0, 30, 3):
        look_up(table, [first, first + 1, first + 2, first], compute)
        assert len(table._rows) <= 4
    look_up(table, list(range(20)), compute)  # one call gets all that it asks for
    look_up(table, [40], compute)
    assert len(table._rows) == 1


def test_earlier_answers_stay_valid_while_it_grows():
    table, compute = FormTable(), Computed()
    tables, rows = table.look_up("a", numpy.array([7, 8], dtype="uint64"), compute)
    before = [t[rows] for t in tables]
    look_up(table, list(range(100, 400)), compute)
    look_up(table, [1, 2], compute, stamp="b")
    for table, old in zip(tables, before, strict=True):
        assert numpy.array_equal(table[rows], old)


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))]
)
def test_a_copy_is_empty(copied):
    table, compute = FormTable(), Computed()
    look_up(table, [1], compute)
    look_up(copied(table), [1], compute)
    assert compute.asked == [[1], [1]]


def test_threads():
    table, compute, errors = FormTable(), Computed(), []

    def work(seed):
        random = numpy.random.default_rng(seed)
        try:
            for _ in range(60):
                look_up(table, random.integers(0, 500, 40).tolist(), compute)
        except AssertionError as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    asked = [key for keys in compute.asked for key in keys]
    assert len(asked) == len(set(asked))


def test_a_lock_that_nobody_holds_any_more_after_a_fork():
    table, compute = FormTable(), Computed()
    look_up(table, [1], compute)
    with table._lock:
        forms.after_fork()  # as the child of a process does in which a thread holds it
        look_up(table, [1], compute)
    assert compute.asked == [[1], [1]]
    forms.after_fork()
    look_up(table, [1], compute)
    assert compute.asked == [[1], [1]]
