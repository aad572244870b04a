"""Find the vector of a word: exact form, lower case, digits as 0.

The table stays in `vocab.vectors` and is read where it lies: never copied into a model,
and a pipeline that is given other vectors uses those.
"""

import re
from itertools import chain
from typing import Callable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy
from spacy.strings import get_string_id
from spacy.vectors import Mode, Vectors

_DIGIT = re.compile(r"\d")

RULES = ("exact", "lower", "digits", "unknown")


class Found(NamedTuple):
    """How a form was found.

    Attributes:
        key: hash of the spelling that was found; where none was, of the form with
            digits as 0, so that numbers learned from scratch share what they learn.
        row: its row in the table, -1 for none.
        rule: index into `RULES`.
        asked: hashes of the spellings that were looked for, the found one last.
    """

    key: int
    row: int
    rule: int
    asked: Tuple[int, ...]


def spellings(form: str, key: int) -> Iterator[Tuple[int, int]]:
    """The hashes to look for and the rule that each belongs to, in order."""
    yield key, 0
    lower = form.lower()
    if lower != form:
        yield get_string_id(lower), 1
    if _DIGIT.search(form):
        yield get_string_id(_DIGIT.sub("0", form)), 2
        yield get_string_id(_DIGIT.sub("0", lower)), 2


def find(
    form: str,
    key: int,
    row_of: Callable[[int], Optional[int]],
    has_own: Callable[[int], bool],
) -> Found:
    """Look a form up in a table of vectors and among the words that have a row of ours.

    Args:
        form: the word as it is written.
        key: its hash.
        row_of: a hash to its row in the table of vectors, None for none.
        has_own: whether a hash has a row in the trainable table.
    """
    asked: Tuple[int, ...] = ()
    for candidate, rule in spellings(form, key):
        asked += (candidate,)
        row = row_of(candidate)
        if row is not None or has_own(candidate):
            return Found(candidate, -1 if row is None else row, rule, asked)
    if _DIGIT.search(form):
        key = get_string_id(_DIGIT.sub("0", form))
    return Found(key, -1, 3, asked)


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


def _any_row(key: int) -> Optional[int]:
    return 0


def rows_to_vectors(
    vectors: Optional[Vectors], forms: Sequence[str], rows: Sequence[int], width: int
) -> numpy.ndarray:
    """Vectors of the forms that have a row, zeros for the others, shape (F, width)."""
    out = numpy.zeros((len(forms), width), dtype="float32")
    known = [i for i, row in enumerate(rows) if row >= 0]
    if vectors is None or not known:
        return out
    if vectors.mode == Mode.floret:
        found = vectors.get_batch([forms[i] for i in known])
    else:
        found = vectors.data[[rows[i] for i in known]]
    out[known] = found.get() if hasattr(found, "get") else found
    return out


def width_of(vectors: Vectors) -> int:
    """The width of a table of vectors, 0 for one without rows."""
    return vectors.shape[1] if vectors.shape[0] else 0


class Source(NamedTuple):
    """The part of a table of vectors that some forms got theirs from.

    Attributes:
        asked: hashes that were looked for, per form.
        rows: the row that each of these hashes has, None for none, per form.
        last: the row of the last of them, -1 for none, shape (F,).
        values: what stands there, zeros for none, shape (F, width).
        floret: the array of a floret table, in which every form is found.
    """

    asked: List[Tuple[int, ...]]
    rows: List[Tuple[Optional[int], ...]]
    last: numpy.ndarray
    values: numpy.ndarray
    floret: Optional[numpy.ndarray]

    @classmethod
    def of(
        cls, vectors: Vectors, found: Sequence[Found], values: numpy.ndarray
    ) -> "Source":
        asked = [f.asked for f in found]
        rows = [
            (*[None] * (len(f.asked) - 1), None if f.row < 0 else f.row) for f in found
        ]
        last = numpy.array([f.row for f in found], dtype="int64")
        return cls(asked, rows, last, values, floret_table(vectors))

    def is_same_table(self, vectors: Vectors) -> bool:
        """Whether a table is as wide as this one; a floret table: whether it is this
        very array. (What is written to that array is not noticed.)"""
        same_width = width_of(vectors) == self.values.shape[1]
        return same_width and floret_table(vectors) is self.floret

    def is_found_again(self, vectors: Vectors, forms: numpy.ndarray) -> bool:
        """Whether the same look-ups find the same in the table as it is now.

        Args:
            vectors: the table.
            forms: which of the forms to look for, shape (K,).
        """
        if self.floret is not None:
            return True
        chosen = forms.tolist()
        asked = chain.from_iterable(map(self.asked.__getitem__, chosen))
        rows = chain.from_iterable(map(self.rows.__getitem__, chosen))
        if list(map(vectors.key2row.get, asked)) != list(rows):
            return False
        known = forms[self.last[forms] >= 0]
        now = vectors.data[self.last[known]]
        now = now.get() if hasattr(now, "get") else now
        # As bits, for what is not a number is not equal to itself.
        same = self.values[known].view("int32") == now.astype("float32").view("int32")
        return bool(same.all())


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
