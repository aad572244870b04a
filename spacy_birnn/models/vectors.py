"""Find the vector of a word: exact form, lower case, digits as 0.

The table stays in `vocab.vectors` and is read where it lies: never copied into a model,
and a pipeline that is given other vectors uses those.
"""

import re
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
    """

    key: int
    row: int
    rule: int


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
    for candidate, rule in spellings(form, key):
        row = row_of(candidate)
        if row is not None or has_own(candidate):
            return Found(candidate, -1 if row is None else row, rule)
    if _DIGIT.search(form):
        key = get_string_id(_DIGIT.sub("0", form))
    return Found(key, -1, 3)


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
