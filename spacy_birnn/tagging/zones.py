"""A vocabulary that does not grow without end over a stream of any length."""

from contextlib import contextmanager
from typing import Iterator

from spacy.language import Language

KEPT = 50_000
"""Words to which the vocabulary of a pipeline may grow for good."""

FORGOTTEN = 1 / 3
"""Strings forgotten, for each that stays, before the map of these is made anew: so that
costs the same for each forgotten one, however many stay."""


class Zones:
    """Memory zones of a pipeline, in which it forgets the words that are new.

    A vocabulary keeps all words that it has ever seen. In a memory zone it forgets the
    new ones, with which memory does not grow over a stream of any length. But there the
    tokenizer learns nothing, and a word that it does not know takes four times as long:
    so it first learns, outside of zones, what is frequent.

    Args:
        nlp: the pipeline.
    """

    def __init__(self, nlp: Language) -> None:
        self.nlp = nlp
        self._forgotten = 0

    @contextmanager
    def zone(self) -> Iterator[None]:
        """A zone for a part of a stream, once the vocabulary has grown so far.

        The strings of a memory zone are forgotten, and so in the end are their places:
        spaCy's hash map (preshed) keeps the place of a string that it forgets, and
        doubles when its places are used up: it would never stop growing.
        """
        if len(self.nlp.vocab) < KEPT:
            yield
            return
        strings = self.nlp.vocab.strings
        kept = len(strings)
        with self.nlp.memory_zone():
            yield
            self._forgotten += len(strings) - kept
        if self._forgotten > FORGOTTEN * kept:
            strings.from_bytes(b"[]")  # which keeps what it has
            self._forgotten = 0
