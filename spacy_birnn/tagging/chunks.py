"""Tag chunks of items: the work that every engine does, here or in other processes."""

import json
import os
from collections import Counter
from contextlib import contextmanager
from itertools import chain
from typing import (
    Any,
    Callable,
    Dict,
    Generator,
    Iterable,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Sequence,
    Tuple,
    TypeVar,
    Union,
)

import torch
from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..errors import BirnnError, describe_error
from .items import Chunk, Item, Words
from .reading import BadDocument
from .sinks import SINKS, Tagged
from .targets import pipeline_targets, spans_of
from .zones import Zones

Result = TypeVar("Result")

_LIMITED = frozenset(["parser", "beam_parser", "ner", "beam_ner"])

PORTION = 1_000_000
"""Characters between two clearings of the vocabulary, once it has grown so far."""


class Records(NamedTuple):
    """The result of tagging a chunk.

    Attributes:
        data: What the writer of the output format takes; None where no document is
            left.
        documents: How many there were.
        words: How many tokens they had.
        entities: How many entities and other spans there are of each label.
        bad: The documents that could not be tagged or written.
        shard: The number of the shard.
        worker: The process that did it.
    """

    data: Any
    documents: int
    words: int
    entities: Mapping[str, int] = {}
    bad: Sequence[BadDocument] = ()
    shard: int = 0
    worker: int = 0


class ChunkTagger:
    """Makes finished records of chunks, so that no Doc leaves the process.

    Args:
        nlp: The pipeline.
        output_format: A format of `SINKS`.
    """

    def __init__(self, nlp: Language, output_format: str) -> None:
        self.nlp = nlp
        self.output_format = output_format
        self._zones = Zones(nlp)

    def __call__(self, chunks: Iterable[Chunk]) -> Generator[Records, None, None]:
        """Tag a stream of chunks, one after the other."""
        yield from self._in_zones(chunks, self.tag)

    def docs(self, chunks: Iterable[Chunk]) -> Iterator[List[Tagged]]:
        """Tag a stream of chunks; docs are to be looked at before the next ones."""
        yield from self._in_zones(chunks, lambda chunk: self._docs(chunk.items))

    def _in_zones(
        self, chunks: Iterable[Chunk], work: Callable[[Chunk], Result]
    ) -> Generator[Result, None, None]:
        """Work on chunks with a vocabulary that does not grow without end."""
        for portion in _portions(chunks, PORTION):
            with self._zones.zone():
                yield from map(work, portion)

    def tag(self, chunk: Chunk) -> Records:
        """Tag one chunk.

        Where that fails, its documents are tried one by one, to find the bad ones.
        """
        bad: List[BadDocument] = []
        try:
            docs = self._docs(chunk.items)
            data = self._pack(docs)
        except Exception:
            docs, bad = self._one_by_one(chunk.items)
            data = self._pack(docs) if docs else None
        return Records(
            data,
            len(docs),
            sum(len(doc) for doc, _ in docs),
            self._entities(docs),
            bad,
            chunk.shard,
            os.getpid(),
        )

    def _docs(self, items: Sequence[Item]) -> List[Tagged]:
        inputs = ((_content(item, self.nlp.vocab), item.context) for item in items)
        return list(self.nlp.pipe(inputs, as_tuples=True, batch_size=len(items)))

    def _pack(self, docs: List[Tagged]) -> Any:
        return SINKS[self.output_format].pack(docs, pipeline_targets(self.nlp))

    def _one_by_one(
        self, items: Sequence[Item]
    ) -> Tuple[List[Tagged], List[BadDocument]]:
        docs: List[Tagged] = []
        bad: List[BadDocument] = []
        for item in items:
            try:
                found = self._docs([item])
                self._pack(found)
                docs += found
            except Exception as error:
                bad.append(BadDocument(item.context.place, _reason(error), _raw(item)))
        return docs, bad

    def _entities(self, docs: List[Tagged]) -> Dict[str, int]:
        counts: Counter[str] = Counter()
        for target in pipeline_targets(self.nlp):
            if target.is_spans:
                for doc, _ in docs:
                    counts.update(span.label_ for span in spans_of(doc, target))
        return dict(counts)


def _content(item: Item, vocab: Vocab) -> Union[str, Doc]:
    content = item.content
    return content if isinstance(content, str) else content.make_doc(vocab)


def _reason(error: Exception) -> str:
    """An error in one line; of ours, what it says."""
    if isinstance(error, BirnnError):
        return str(error)
    return describe_error(error)


def _raw(item: Item) -> str:
    """A document as JSON, for the file of errors."""
    meta = dict(item.context.meta)
    if isinstance(item.content, str):
        meta.setdefault("text", item.content)
    elif isinstance(item.content, Words):
        meta.setdefault("tokens", item.content.words)
    return json.dumps(meta, ensure_ascii=False, default=str)


def _portions(chunks: Iterable[Chunk], size: int) -> Iterator[Iterator[Chunk]]:
    """Cut a stream after so many characters; each portion must be used up in turn."""
    stream = iter(chunks)

    def rest(length: int) -> Iterator[Chunk]:
        while length < size and (chunk := next(stream, None)):
            length += chunk.size
            yield chunk

    for first in stream:
        yield chain([first], rest(first.size))


def is_limited(nlp: Language) -> bool:
    """Whether a component needs spaCy's limit on the length of a text."""
    return not _LIMITED.isdisjoint(nlp.pipe_factories.values())


@contextmanager
def prepared(nlp: Language) -> Iterator[None]:
    """A pipeline as all engines use it: in one thread, and for texts of any length.

    With more threads torch could add in another order, and confidences would depend on
    the number of processes. Where a component needs spaCy's limit, it stays.
    """
    limit, threads = nlp.max_length, torch.get_num_threads()
    if not is_limited(nlp):
        nlp.max_length = 2**31
    torch.set_num_threads(1)
    try:
        yield
    finally:
        nlp.max_length = limit
        torch.set_num_threads(threads)
