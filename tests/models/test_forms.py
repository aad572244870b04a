"""What is kept of word forms between two predictions."""

import copy
import pickle
import threading

import numpy
import pytest
from spacy.vectors import Vectors

from spacy_birnn.models import forms
from spacy_birnn.models.forms import FormTable
from spacy_birnn.models.vectors import look_up, row_finder


class Asker:
    """Asks a table for two numbers per form, itself and its square, and notes which
    forms had to be added."""

    def __init__(self, vectors=None):
        self.vectors = vectors
        self.added = []

    def __call__(self, table, keys, weights_key="a"):
        with table.lock:
            rows = table.find(keys, weights_key, self.vectors)
            if rows is None:
                new = table.missing(keys)
                self.added.append(sorted(new))
                numbers = numpy.array(new, dtype="float32")[:, None]
                found = self.found(new)
                table.add(new, [numbers, numbers**2], self.vectors, found)
                rows = table.rows(keys)
            tables = list(table.tables)
        assert [t[rows, 0].tolist() for t in tables] == [
            [float(key) for key in keys],
            [float(key) ** 2 for key in keys],
        ]
        return tables, rows

    def found(self, keys):
        if self.vectors is None:
            return None
        spelled = [str(key) for key in keys]
        return look_up(spelled, keys, row_finder(self.vectors), lambda _: False)


def test_every_form_is_added_once():
    table, ask = FormTable(), Asker()
    ask(table, [5, 3, 5, 5])
    ask(table, [3, 9, 5, 9])
    ask(table, [9])
    assert ask.added == [[3, 5], [9]]


def test_other_weights_begin_anew():
    table, ask = FormTable(), Asker()
    ask(table, [1, 2])
    ask(table, [2], weights_key="b")
    ask(table, [1], weights_key="a")
    assert ask.added == [[1, 2], [2], [1]]


def test_it_holds_only_so_much(monkeypatch):
    monkeypatch.setattr(forms, "LIMIT", 4)
    table, ask = FormTable(), Asker()
    for first in range(0, 30, 3):
        ask(table, [first, first + 1, first + 2, first])
        assert len(table._rows) <= 4
    ask(table, list(range(20)))  # one question gets all that it asks for
    ask(table, [40])
    assert len(table._rows) == 1


def test_earlier_answers_stay_true_while_it_grows():
    table, ask = FormTable(), Asker()
    tables, rows = ask(table, [7, 8])
    before = [t[rows] for t in tables]
    ask(table, list(range(100, 400)))
    ask(table, [1, 2], weights_key="b")
    for part, old in zip(tables, before, strict=True):
        assert numpy.array_equal(part[rows], old)


def some_vectors(mode="default"):
    rng = numpy.random.default_rng(0)
    if mode == "floret":
        data = rng.normal(size=(8, 4)).astype("f")
        return Vectors(data=data, mode="floret", minn=1, maxn=3, hash_count=2)
    vectors = Vectors(shape=(8, 4))
    for key in range(1, 7):
        vectors.add(key, vector=rng.normal(size=4).astype("f"))
    return vectors


def nudge(vectors):
    vectors.data[vectors.key2row[3]] += 1.0


def set_again(vectors):
    vectors.add(3, vector=numpy.ones(4, "f"))


def another_row(vectors):
    vectors.add(3, row=vectors.key2row[4])


def shrink(vectors):
    vectors.resize((2, 4))


def shrink_in_place(vectors):
    vectors.resize((2, 4), inplace=True)


def lose_a_word_and_get_another(vectors):
    row = vectors.key2row.pop(3)
    vectors.key2row[99] = row


def a_word_that_was_unknown(vectors):
    vectors.add(77, vector=numpy.ones(4, "f"))


CHANGES = [
    nudge,
    set_again,
    another_row,
    shrink,
    shrink_in_place,
    lose_a_word_and_get_another,
    a_word_that_was_unknown,
]


@pytest.mark.parametrize("few", [0, forms.MAX_WITH_REPEATS])
@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_the_vectors_is_noticed(change, few, monkeypatch):
    monkeypatch.setattr(forms, "MAX_WITH_REPEATS", few)
    table, ask = FormTable(), Asker(some_vectors())
    for _ in range(2):
        ask(table, [1, 3, 5, 77])
    assert ask.added == [[1, 3, 5, 77]]
    change(ask.vectors)
    for _ in range(2):
        ask(table, [3, 1, 77])
    assert ask.added[1:] == [[1, 3, 77]]
    ask(table, [5])
    assert ask.added[2:] == [[5]]  # nothing of before the change is left


def test_what_is_not_a_number_is_equal_to_itself():
    ask, table = Asker(some_vectors()), FormTable()
    ask.vectors.data[:] = numpy.nan
    for _ in range(2):
        ask(table, [1, 3])
    assert len(ask.added) == 1


def test_another_table_begins_anew():
    table, ask, other = FormTable(), Asker(some_vectors()), Asker(some_vectors())
    ask(table, [1, 3])
    other(table, [3, 1])
    other.vectors = Vectors(shape=(8, 5))
    other(table, [3])
    assert other.added == [[1, 3], [3]]


def test_with_and_without_vectors():
    table, ask, other = FormTable(), Asker(some_vectors()), Asker()
    for each in (ask, other, ask):
        each(table, [1])
    assert (ask.added, other.added) == ([[1], [1]], [[1]])


def test_floret_tables_are_told_apart():
    table, ask = FormTable(), Asker(some_vectors("floret"))
    for _ in range(2):
        ask(table, [1, 2])
    ask.vectors.data = ask.vectors.data + 1.0
    for _ in range(2):
        ask(table, [1])
    assert ask.added == [[1, 2], [1]]


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))]
)
def test_a_copy_is_empty(copied):
    table, ask = FormTable(), Asker()
    ask(table, [1])
    ask(copied(table), [1])
    assert ask.added == [[1], [1]]


def test_threads():
    table, ask, errors = FormTable(), Asker(), []

    def work(seed):
        random = numpy.random.default_rng(seed)
        try:
            for _ in range(60):
                ask(table, random.integers(0, 500, 40).tolist())
        except AssertionError as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    added = [key for keys in ask.added for key in keys]
    assert len(added) == len(set(added))


def test_a_lock_that_nobody_holds_any_more_after_a_fork():
    table, ask = FormTable(), Asker()
    ask(table, [1])
    with table.lock:
        forms.after_fork()  # as the child of a process does in which a thread holds it
        ask(table, [1])
    assert ask.added == [[1], [1]]
    forms.after_fork()
    ask(table, [1])
    assert ask.added == [[1], [1]]
