"""Items to tag, which another process is sent at little cost, unlike Docs."""

from dataclasses import dataclass, field
from typing import (
    Any,
    Iterable,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Protocol,
    Union,
    cast,
)

import numpy
from spacy.attrs import SENT_START
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.types import Ints2d

TOKEN_SIZE = 6
"""Characters that a token counts for where there is no text."""

CHUNK_SIZE = 1_000_000
"""Characters after which a chunk ends, however few its documents are.

The model is fast on many sequences at once, which long documents are cut into; memory
and an even share for each process want less.
"""

_OUTSIDE_START = 2**64 - 1  # -1, as a Doc's arrays have it: no start of a sentence


class Place(NamedTuple):
    """Where a document stands in a shard.

    Attributes:
        piece: Which of the pieces of the shard it comes from.
        number: Its line (its row, its sentence) in the piece, from 1.
    """

    piece: int = 0
    number: int = 0


@dataclass
class Context:
    """The values that go past the pipeline, beside a doc.

    Attributes:
        meta: The other keys of a JSON object, or columns of a table.
        starts_document: Whether the doc begins a document; CoNLL is read sentence by
            sentence, of which a document may have many.
        place: Where it was read.
    """

    meta: Mapping[str, Any] = field(default_factory=dict)
    starts_document: bool = True
    place: Place = Place()


class Tokens(Protocol):
    """A document whose tokens are known, to be made where it is tagged."""

    def __len__(self) -> int:
        """The number of tokens."""

    def make_doc(self, vocab: Vocab) -> Doc:
        """Make the Doc."""


@dataclass
class Item:
    """Something to tag: a text for the pipeline's tokenizer, or tokens."""

    content: Union[str, Tokens]
    context: Context

    @property
    def size(self) -> int:
        """Characters, more or less."""
        if isinstance(self.content, str):
            return len(self.content)
        return len(self.content) * TOKEN_SIZE


class Chunk(NamedTuple):
    """A batch of items that are tagged together and cross between processes together.

    Attributes:
        items: The documents.
        shard: The number of the shard that they belong to.
    """

    items: List[Item]
    shard: int = 0

    @property
    def size(self) -> int:
        """Characters, more or less."""
        return sum(item.size for item in self.items)


@dataclass
class Words:
    """A document as words.

    Attributes:
        words: The tokens.
        spaces: Whether a space follows each token; None where the format cannot tell.
        is_sentence: Whether all of it is one sentence.
    """

    words: List[str]
    spaces: Optional[List[bool]] = None
    is_sentence: bool = False

    def __len__(self) -> int:
        return len(self.words)

    def make_doc(self, vocab: Vocab) -> Doc:
        doc = Doc(vocab, words=self.words, spaces=self.spaces)
        if self.is_sentence and self.words:
            # `sent_starts` would do the same, but takes longer than all the rest.
            starts = numpy.full((len(self.words), 1), _OUTSIDE_START, dtype="uint64")
            starts[0] = 1
            doc.from_array([SENT_START], cast(Ints2d, starts))
        return doc


def cut(items: Iterable[Item], batch_size: int, shard: int = 0) -> Iterator[Chunk]:
    """Cut a stream into chunks, each of which is a batch for the pipeline.

    Where reading fails, what was read before comes first.

    Args:
        items: The stream.
        batch_size: The most items a chunk.
        shard: The number of the shard that they belong to.
    """
    batch: List[Item] = []
    size = 0
    try:
        for item in items:
            batch.append(item)
            size += item.size
            if len(batch) == batch_size or size >= CHUNK_SIZE:
                yield Chunk(batch, shard)
                batch, size = [], 0
    except Exception:
        if batch:
            yield Chunk(batch, shard)
        raise
    if batch:
        yield Chunk(batch, shard)
