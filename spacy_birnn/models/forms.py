"""The word forms that prediction has met, and how what is kept of them stays true.

An embedding by form, and what it adds to the gates of the first recurrent layer, depend
on three things: the weights, which a key tells apart; the table of word vectors, which
is looked at again for all forms of a batch; and the form itself.
"""

import threading
from operator import itemgetter
from typing import Any, Dict, List, Optional, Sequence
from weakref import WeakSet

import numpy
from numpy import ndarray
from spacy.vectors import Vectors

from .vectors import LookedUp, Source

LIMIT = 18_000
"""Forms that a table holds at most: 65 MB at the default sizes."""

MAX_WITH_REPEATS = 200
"""So few tokens, at most, are looked at one by one, not form by form."""

_TABLES: "WeakSet[FormTable]" = WeakSet()


class FormTable:
    """Each word form's part of the pre-activations of an encoder's first layer.

    Several threads may ask at once: take `lock` around a question and what is done
    about the answer. A copy of a table is empty, in other processes too.

    Attributes:
        lock: of the table.
        tables: arrays of one row per form, all of one width.
    """

    def __init__(self) -> None:
        self.reset()
        _TABLES.add(self)

    def reset(self) -> None:
        """Begin anew, whoever holds the lock."""
        self.lock = threading.Lock()
        self._clear(None)

    def _clear(self, weights_key: Any) -> None:
        self._weights_key = weights_key
        self.tables: List[ndarray] = []
        self._rows: Dict[int, int] = {}
        self._capacity = 0
        self._source: Optional[Source] = None

    def __reduce__(self):
        return FormTable, ()

    def find(
        self, keys: Sequence[int], weights_key: Any, vectors: Optional[Vectors]
    ) -> Optional[ndarray]:
        """The row of each form, shape (N,); None if one is missing or stale.

        Args:
            keys: hashes of the forms.
            weights_key: identifies the weights; what was kept under another is dropped.
            vectors: the table of vectors as it is now, None for none.
        """
        if weights_key != self._weights_key or not self._is_of(vectors):
            self._clear(weights_key)
        try:
            found = self.rows(keys)
        except KeyError:
            return None
        if self._source is None or vectors is None:
            return found
        if self._source.is_found_again(vectors, self._distinct(found)):
            return found
        self._clear(weights_key)
        return None

    def _is_of(self, vectors: Optional[Vectors]) -> bool:
        if not self.tables:
            return True
        if self._source is None or vectors is None:
            return self._source is None and vectors is None
        return self._source.is_same_table(vectors)

    def rows(self, keys: Sequence[int]) -> ndarray:
        """The row of each form, shape (N,).

        Raises:
            KeyError: one of them is not there.
        """
        # A third of the time of a loop; of one key it gives an item, not a tuple.
        rows = itemgetter(*keys)(self._rows)
        return numpy.array(rows, dtype="int64").reshape(len(keys))

    def _distinct(self, rows: ndarray) -> ndarray:
        if len(rows) <= MAX_WITH_REPEATS:
            return rows
        met = numpy.zeros(len(self._rows), dtype=bool)
        met[rows] = True
        return met.nonzero()[0]

    def missing(self, keys: Sequence[int]) -> List[int]:
        """The distinct hashes among `keys` that have to be added.

        Where there is no room for them the table begins anew, with all of `keys`.
        """
        distinct = set(keys)
        new = distinct.difference(self._rows)
        if len(self._rows) + len(new) <= self._capacity:
            return list(new)
        self._clear(self._weights_key)
        return list(distinct)

    def add(
        self,
        keys: Sequence[int],
        tables: List[ndarray],
        vectors: Optional[Vectors],
        found: Optional[LookedUp],
    ) -> None:
        """Keep new forms.

        Args:
            keys: their hashes, F of them.
            tables: their rows, (F, width) per table.
            vectors: where their vectors were looked up, None for nowhere.
            found: how they were found there, None for nowhere.
        """
        first, last = len(self._rows), len(self._rows) + len(keys)
        if not self.tables:
            self._allocate(max(LIMIT, last), tables, vectors)
        for table, new in zip(self.tables, tables, strict=True):
            table[first:last] = new
        if self._source and vectors is not None and found:
            self._source.extend(vectors, found)
        self._rows.update(zip(keys, range(first, last), strict=True))

    def _allocate(
        self, capacity: int, tables: List[ndarray], vectors: Optional[Vectors]
    ) -> None:
        # All at once: memory that is not written to yet costs nothing, and a block so
        # large goes back to the system when it is let go.
        self._capacity = capacity
        shape = (len(tables), capacity, tables[0].shape[1])
        self.tables = list(numpy.empty(shape, tables[0].dtype))
        self._source = None if vectors is None else Source(vectors, capacity)


def after_fork() -> None:
    """Begin anew where a thread that is not in the child held the lock: it will never
    give it back."""
    for table in list(_TABLES):
        if table.lock.locked():
            table.reset()
