"""Checks of what streams take: words, a lag, and how many there are."""

from itertools import chain
from typing import Any, List, Optional, Sequence

from spacy.tokens import Doc

from ...errors import BirnnError, Errors
from ...models.arguments import is_whole
from ...models.streaming import StreamedModel
from .transcript import Words

MOST_WORDS = 10_000
"""That a label may wait for: each stream has room for the states of so many."""


def check_number(n: Any, name: str) -> None:
    """Refuse what is no number of streams.

    Args:
        n: what was given.
        name: of the component.
    """
    if not is_whole(n) or n < 0:
        raise BirnnError(Errors.B483.format(name=name, n=n))


def check_lag(lag: Optional[int], model: StreamedModel, name: str) -> None:
    """Refuse what is no number of words, and what the model cannot do with one.

    Args:
        lag: what was given; None is for all labels at the end.
        model: what runs from word to word.
        name: of the component.
    """
    if lag is None:
        return
    if not is_whole(lag) or not 0 <= lag <= MOST_WORDS:
        raise BirnnError(Errors.B464.format(name=name, lag=lag, most=MOST_WORDS))
    if model.bidirectional and model.depth > 1:
        raise BirnnError(Errors.B465.format(name=name, depth=model.depth))


def check_batch(batch: Sequence[Words], name: str) -> bool:
    """Refuse what is no word, before any stream has taken one.

    Args:
        batch: the words of each stream.
        name: of the component.

    Returns:
        Whether there may be white space, or sentences that begin.
    """
    if {list}.issuperset(map(type, batch)):  # all at once, without a loop
        flat: List[str] = list(chain.from_iterable(batch))  # type: ignore[arg-type]
        if {str}.issuperset(map(type, flat)) and all(flat):
            _check_characters(flat, name)
            return any(map(str.isspace, flat))
    for words in batch:
        _check_words(words, name)
    return True


def _check_words(words: Words, name: str) -> None:
    if isinstance(words, Doc):
        return
    if isinstance(words, (str, bytes)) or not isinstance(words, Sequence):
        what = type(words).__name__
        raise BirnnError(Errors.B467.format(name=name, what=f"a {what}"))
    for word in words:
        if not word or not isinstance(word, str):
            what = f"a list with {word!r}"
            raise BirnnError(Errors.B467.format(name=name, what=what))
    _check_characters(words, name)


def _check_characters(words: Sequence[str], name: str) -> None:
    """Refuse halves of characters."""
    try:
        "".join(words).encode("utf-8")
    except UnicodeEncodeError as error:
        what = f"half a character ({error.object[error.start]!r})"
        raise BirnnError(Errors.B467.format(name=name, what=what)) from error
