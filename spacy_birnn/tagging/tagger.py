"""Tag chunks of items: the work that every engine does, here or in other processes."""

from contextlib import contextmanager, nullcontext
from itertools import chain
from typing import Any, Generator, Iterable, Iterator, NamedTuple, Union

from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab

from .items import Chunk, Item
from .sinks import SINKS
from .targets import pipeline_targets

KEPT = 50_000
"""Words to which the vocabulary of a pipeline may grow for good."""

PORTION = 1_000_000
"""Characters between two clearings of the vocabulary, once it has grown so far."""

FORGOTTEN = 1 / 3
"""Strings forgotten, for each that stays, before the map of these is made anew: so that
costs the same for each forgotten one, however many stay."""


class Records(NamedTuple):
    """What became of a chunk.

    Attributes:
        data: What the writer of the output format takes.
        documents: How many there were.
        words: How many tokens they had.
    """

    data: Any
    documents: int
    words: int


class ChunkTagger:
    """Makes finished records of chunks, so that no Doc leaves the process.

    Args:
        nlp: The pipeline.
        output_format: A format of ``SINKS``.
    """

    def __init__(self, nlp: Language, output_format: str) -> None:
        self.nlp = nlp
        self.output_format = output_format
        self._forgotten = 0

    def __call__(self, chunks: Iterable[Chunk]) -> Generator[Records, None, None]:
        """Tag a stream of chunks, one after the other.

        A vocabulary keeps all words that it has ever seen. In a memory zone it forgets
        the new ones, with which memory does not grow over a stream of any length. But
        there the tokenizer learns nothing, and a word that it does not know takes four
        times as long: so it first learns, outside of zones, what is frequent.
        """
        for portion in _portions(chunks, PORTION):
            is_full = len(self.nlp.vocab) >= KEPT
            with self._zone() if is_full else nullcontext():
                yield from map(self.tag, portion)

    @contextmanager
    def _zone(self) -> Iterator[None]:
        """A memory zone; its strings are forgotten, and so in the end are their places.

        spaCy's hash map (preshed) keeps the place of a string that it forgets, and
        doubles when its places are used up: it would never stop growing.
        """
        strings = self.nlp.vocab.strings
        kept = len(strings)
        with self.nlp.memory_zone():
            yield
            self._forgotten += len(strings) - kept
        if self._forgotten > FORGOTTEN * kept:
            strings.from_bytes(b"[]")  # which keeps what it has
            self._forgotten = 0

    def tag(self, chunk: Chunk) -> Records:
        """Tag one chunk."""
        inputs = ((_content(item, self.nlp.vocab), item.context) for item in chunk)
        docs = list(self.nlp.pipe(inputs, as_tuples=True, batch_size=len(chunk)))
        data = SINKS[self.output_format].pack(docs, pipeline_targets(self.nlp))
        return Records(data, len(docs), sum(len(doc) for doc, _ in docs))


def _content(item: Item, vocab: Vocab) -> Union[str, Doc]:
    content = item.content
    return content if isinstance(content, str) else content.make_doc(vocab)


def _portions(chunks: Iterable[Chunk], size: int) -> Iterator[Iterator[Chunk]]:
    """Cut a stream after so many characters; each portion must be used up in turn."""
    stream = iter(chunks)

    def rest(length: int) -> Iterator[Chunk]:
        while length < size and (chunk := next(stream, None)):
            length += _size(chunk)
            yield chunk

    for first in stream:
        yield chain([first], rest(_size(first)))


def _size(chunk: Chunk) -> int:
    return sum(item.size for item in chunk)
