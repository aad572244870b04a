"""Where sentences begin and which tokens are white space, for a batch of documents."""

from dataclasses import dataclass
from typing import List, Sequence

import numpy
from spacy.attrs import IS_SPACE, SENT_START
from spacy.tokens import Doc


@dataclass(frozen=True)
class Sentences:
    """The sentences of a batch, over its flat token matrix of N rows.

    Attributes:
        lengths: tokens a sentence, none of them 0, summing to N.
        space: which tokens are white space, shape (N,).
    """

    lengths: List[int]
    space: numpy.ndarray

    def words_only(self) -> "Sentences":
        """The same sentences without their white-space tokens."""
        if not self.space.any():
            return self
        first = numpy.cumsum([0, *self.lengths[:-1]])
        words = numpy.add.reduceat(~self.space, first, dtype="int64")
        n_words = int(words.sum())
        return Sentences(words[words > 0].tolist(), numpy.zeros(n_words, dtype=bool))


def sentences(docs: Sequence[Doc]) -> Sentences:
    """Split at the sentence starts that are set; a document without any is one.

    Args:
        docs: the documents; empty ones have no sentence.
    """
    attrs = [doc.to_array([SENT_START, IS_SPACE]) for doc in docs if len(doc)]
    if not attrs:
        return Sentences([], numpy.zeros(0, dtype=bool))
    starts = []
    for array in attrs:
        start = array[:, 0].astype("int64") == 1  # 1 yes, -1 no, 0 not known
        start[0] = True
        starts.append(start)
    first = numpy.flatnonzero(numpy.concatenate(starts))
    flat = numpy.concatenate(attrs)
    lengths = numpy.diff(first, append=len(flat)).tolist()
    return Sentences(lengths, flat[:, 1] == 1)
