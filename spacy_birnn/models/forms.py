"""Prediction on a CPU computes once what depends on the word form alone."""

import threading
from typing import Any, Callable, Dict, List, Sequence, Tuple
from weakref import WeakSet

import numpy
from numpy import ndarray

LIMIT = 18_000
"""Forms that a table holds at most: 58 MB at the default sizes."""

_TABLES: "WeakSet[FormTable]" = WeakSet()

Compute = Callable[[List[int]], List[ndarray]]


class FormTable:
    """What the first layer of an encoder takes from each word form, kept between calls.

    Several threads may look words up at once. A copy of it is empty, in other processes
    too.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._empty(None)
        _TABLES.add(self)

    def _empty(self, stamp: Any) -> None:
        self._stamp = stamp
        self._rows: Dict[int, int] = {}
        self._tables: List[ndarray] = []
        self._capacity = 0

    def __reduce__(self):
        return FormTable, ()

    def look_up(
        self, stamp: Any, keys: ndarray, compute: Compute
    ) -> Tuple[List[ndarray], ndarray]:
        """
        Args:
            stamp: of the weights: with another one nothing that is kept is valid.
            keys: hashes of the word forms, shape (N,).
            compute: arrays of a row a form, all of one width, for hashes that are not
                there yet.

        Returns:
            The tables, and in which of their rows each form is, shape (N,).
        """
        wanted = keys.tolist()
        with self._lock:
            if stamp != self._stamp:
                self._empty(stamp)
            rows = list(map(self._rows.get, wanted))
            if None in rows:
                self._meet(stamp, wanted, compute)
                rows = list(map(self._rows.get, wanted))
            return list(self._tables), numpy.array(rows)

    def _meet(self, stamp: Any, wanted: Sequence[int], compute: Compute) -> None:
        distinct = sorted(set(wanted))
        new = [key for key in distinct if key not in self._rows]
        if len(self._rows) + len(new) > self._capacity:
            self._empty(stamp)
            new = distinct
        self._add(new, compute(new))

    def _add(self, keys: Sequence[int], tables: List[ndarray]) -> None:
        first, last = len(self._rows), len(self._rows) + len(keys)
        if not self._tables:
            # All at once: memory that is not written to yet costs nothing, and a block
            # so large goes back to the system when it is let go.
            self._capacity = max(LIMIT, last)
            shape = (len(tables), self._capacity, tables[0].shape[1])
            self._tables = list(numpy.empty(shape, tables[0].dtype))
        for table, new in zip(self._tables, tables, strict=True):
            table[first:last] = new
        self._rows.update(zip(keys, range(first, last), strict=True))


def after_fork() -> None:
    """A thread that was looking up when the process was forked is not in the child: it
    will never give its lock back."""
    for table in list(_TABLES):
        if table._lock.locked():
            FormTable.__init__(table)
