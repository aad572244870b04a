"""Documents cut into sentences, of which a student's batches are made."""

from typing import List, Tuple

import numpy
from spacy.attrs import IS_SPACE, SENT_START
from spacy.pipeline import Sentencizer
from spacy.tokens import Doc

LONGEST = 200
"""Tokens after which a sentence is cut wherever no span is: tables and texts without
punctuation have no ends of sentences."""

Bounds = Tuple[int, int]
"""The first token of a piece and the one after its last."""


class Cutter:
    """Cuts documents at the ends of sentences, never inside of a span."""

    def __init__(self) -> None:
        self._sentencizer = Sentencizer()

    def __call__(self, doc: Doc, inside: numpy.ndarray) -> List[Bounds]:
        """Cut one document.

        Where it has no sentence starts, punctuation ends a sentence.

        Args:
            doc: the document.
            inside: which tokens continue a span, shape (tokens,).

        Returns:
            The pieces that have a word, in order.
        """
        if not len(doc):
            return []
        if doc.has_annotation("SENT_START"):
            starts = doc.to_array(SENT_START) == 1
        else:
            starts = numpy.array(self._sentencizer.predict([doc])[0], dtype=bool)
        bounds = split(starts & ~inside, inside, LONGEST)
        is_word = doc.to_array(IS_SPACE) == 0
        return [(first, end) for first, end in bounds if is_word[first:end].any()]


def split(
    starts: numpy.ndarray, inside: numpy.ndarray, longest: int = LONGEST
) -> List[Bounds]:
    """Split tokens at the starts, and where a piece becomes too long.

    Args:
        starts: where a piece begins, shape (tokens,).
        inside: where none may begin, shape (tokens,).
        longest: tokens of a piece at most, unless a span goes on.
    """
    bounds: List[Bounds] = []
    first = 0
    for i in range(1, len(starts)):
        is_long = i - first >= longest and not inside[i]
        if starts[i] or is_long:
            bounds.append((first, i))
            first = i
    return [*bounds, (first, len(starts))] if len(starts) else []
