"""Find the vector of a word: exact form, lower case, digits as 0.

The table stays in `vocab.vectors` and is read where it lies: never copied into a model,
and a pipeline that is given other vectors uses those.
"""

import re
from operator import itemgetter
from typing import Any, Callable, List, NamedTuple, Optional, Sequence

import numpy
from spacy.strings import get_string_id
from spacy.vectors import Mode, Vectors

_DIGIT = re.compile(r"\d")

RULES = ("exact", "lower", "digits", "unknown")

RowOf = Callable[[int], Optional[int]]
HasOwn = Callable[[int], bool]


class Found(NamedTuple):
    """How a form was found.

    Attributes:
        key: hash of the spelling that was found; where none was, of the form with
            digits as 0, so that numbers learned from scratch share what they learn.
        row: its row in the table, None for none.
        rule: index into `RULES`.
    """

    key: int
    row: Optional[int]
    rule: int


def share_rows(vectors: Vectors, others: Vectors) -> bool:
    """Whether most words that two tables have in common have the same vector in both;
    a table that was pruned shares its rows with the whole one."""
    if Mode.floret in (vectors.mode, others.mode):
        one, two = vectors.data, others.data
        return one.shape == two.shape and bool((one == two).all())
    words = vectors.key2row.keys() & others.key2row.keys()
    if not words:
        return not vectors.key2row and not others.key2row
    one = vectors.data[[vectors.key2row[word] for word in words]]
    two = others.data[[others.key2row[word] for word in words]]
    return one.shape == two.shape and float((one == two).all(1).mean()) > 0.5


def find(form: str, key: int, row_of: RowOf, has_own: HasOwn) -> Found:
    """Look a form up in a table of vectors and among the words that have a row of ours.

    Args:
        form: the word as it is written.
        key: its hash.
        row_of: a hash to its row in the table of vectors, None for none.
        has_own: whether a hash has a row in the trainable table.
    """
    row = row_of(key)
    if row is not None or has_own(key):
        return Found(key, row, 0)
    lower = form.lower()
    if lower != form:
        other = get_string_id(lower)
        row = row_of(other)
        if row is not None or has_own(other):
            return Found(other, row, 1)
    if form.isalpha() or not _DIGIT.search(form):
        return Found(key, None, 3)
    zeros = [get_string_id(_DIGIT.sub("0", spelled)) for spelled in (form, lower)]
    for other in zeros:
        row = row_of(other)
        if row is not None or has_own(other):
            return Found(other, row, 2)
    return Found(zeros[0], None, 3)


class LookedUp(NamedTuple):
    """Results of `find` for F forms.

    Attributes:
        keys: hash of each form's spelling.
        rows: its row in the table, -1 for none, shape (F,).
    """

    keys: List[int]
    rows: numpy.ndarray


def look_up(
    forms: Sequence[str], keys: Sequence[int], row_of: RowOf, has_own: HasOwn
) -> LookedUp:
    """As `find`, for many forms."""
    found, rows = list(keys), list(map(row_of, keys))
    for i, row in enumerate(rows):
        if row is None:  # the exact form is the rule
            found[i], rows[i], _ = find(forms[i], keys[i], row_of, has_own)
    absent = [-1 if row is None else row for row in rows]
    return LookedUp(found, numpy.array(absent, dtype="int64"))


def row_finder(vectors: Vectors) -> Callable[[int], Optional[int]]:
    """A function from a hash to a row of the table; in a floret table all are found."""
    if vectors.shape[0] == 0:
        return no_row
    if vectors.mode == Mode.floret:
        return _any_row
    return vectors.key2row.get


def no_row(key: int) -> Optional[int]:
    """The row of any word in a table without rows."""
    return None


def no_own(key: int) -> bool:
    """Say that no hash has a row of ours."""
    return False


def _any_row(key: int) -> Optional[int]:
    return 0


def rows_to_vectors(
    vectors: Optional[Vectors],
    forms: Sequence[str],
    rows: numpy.ndarray,
    width: int,
) -> numpy.ndarray:
    """Vectors of the F forms that have a row (-1 for none), zeros for the others, shape
    (F, width)."""
    out = numpy.zeros((len(forms), width), dtype="float32")
    known = numpy.flatnonzero(rows >= 0)
    if vectors is None or not len(known):
        return out
    if vectors.mode == Mode.floret:
        found = vectors.get_batch([forms[i] for i in known.tolist()])
    else:
        found = vectors.data[rows[known]]
    out[known] = _on_cpu(found)
    return out


def width_of(vectors: Vectors) -> int:
    """The width of a table of vectors, 0 for one without rows."""
    return vectors.shape[1] if vectors.shape[0] else 0


class Source:
    """The part of a table of vectors that word forms got theirs from.

    Whether it is still as it was is asked for every batch, so it has to be cheap.

    Args:
        vectors: the table.
        capacity: how many forms there is room for.
    """

    def __init__(self, vectors: Vectors, capacity: int) -> None:
        self._width, self._floret = width_of(vectors), floret_table(vectors)
        self._key2row, self._n_keys = vectors.key2row, vectors.n_keys
        # Per form: the spelling that was found, and its row, None for none. What an
        # unknown form is compared with is row 0: if that changes, it is looked up again
        # for nothing.
        self._hits: List[int] = []
        self._rows: List[Optional[int]] = []
        self._at = numpy.empty(capacity, dtype="int64")
        self._values = numpy.empty((capacity, self._width), vectors.data.dtype.name)

    def extend(self, vectors: Vectors, found: LookedUp) -> None:
        """Add forms as they were just found in the table."""
        first = len(self._hits)
        self._hits += found.keys
        self._rows += map(vectors.key2row.get, found.keys)
        at = found.rows.clip(0)
        new = slice(first, len(self._hits))
        self._at[new] = at
        self._values[new] = _on_cpu(vectors.data).take(at, 0)

    def is_same_table(self, vectors: Vectors) -> bool:
        """Whether a table is as wide as this one and has the same words, so that what
        was not found is not there now; a floret table: whether it is this very array.
        (What is written to that array is not noticed.)"""
        same_words = vectors.key2row is self._key2row and vectors.n_keys == self._n_keys
        same_width = width_of(vectors) == self._width
        return same_words and same_width and floret_table(vectors) is self._floret

    def is_found_again(self, vectors: Vectors, forms: numpy.ndarray) -> bool:
        """Whether the same look-ups find the same in the table as it is now.

        Args:
            vectors: the table.
            forms: which of the forms to look for, shape (K,).
        """
        if self._floret is not None:
            return True
        chosen = itemgetter(*forms.tolist(), 0)  # of one alone it gives no tuple
        now = map(vectors.key2row.get, chosen(self._hits))
        if tuple(now) != chosen(self._rows):
            return False
        numbers = _on_cpu(vectors.data).take(self._at.take(forms), 0)
        return numbers.tobytes() == self._values.take(forms, 0).tobytes()


def _on_cpu(array: Any) -> numpy.ndarray:
    return array if isinstance(array, numpy.ndarray) else array.get()


def floret_table(vectors: Vectors) -> Optional[numpy.ndarray]:
    """The array of a floret table, None for other tables."""
    return vectors.data if vectors.mode == Mode.floret else None


def coverage_line(name: str, counts: Sequence[int], unknown_forms: List[str]) -> str:
    """One line for the log: how the tokens of the training data were found.

    Args:
        name: of the component.
        counts: tokens by rule, in the order of `RULES`.
        unknown_forms: some frequent forms that were not found.
    """
    total = max(sum(counts), 1)
    shares = ", ".join(
        f"{100 * count / total:.1f} % {rule}" for rule, count in zip(RULES, counts)
    )
    examples = f" (such as {', '.join(unknown_forms)})" if unknown_forms else ""
    return f"{name}: word vectors of {total} tokens: {shares}{examples}"
