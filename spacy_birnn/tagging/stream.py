"""The stream through a pipeline: sources in, sinks out, in order."""

import warnings
from collections import deque
from contextlib import closing, contextmanager, nullcontext
from itertools import chain
from multiprocessing import active_children
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import (
    BinaryIO,
    Callable,
    ContextManager,
    Deque,
    Iterable,
    Iterator,
    List,
    Optional,
    Sequence,
    Tuple,
    Union,
)

from spacy.language import Language
from spacy.tokens import Doc

from ..files import replacing
from .sinks import SINKS
from .sources import Context, Item, read_items
from .targets import pipeline_targets

Tagged = Tuple[Doc, Context]

PORTION = 20_000_000
"""Characters of text (tokens of Docs) between two clearings of the vocabulary."""

# The components for whose memory spaCy limits the length of a text.
_LIMITED = frozenset(["parser", "beam_parser", "ner", "beam_ner"])


def tag_items(
    nlp: Language, items: Iterable[Item], *, batch_size: int = 256, n_process: int = 1
) -> Iterator[Tagged]:
    """Run a pipeline over a stream; only what is under way is in memory.

    Args:
        nlp: The pipeline.
        items: Texts and Docs, each with its context, which the pipeline never sees.
        batch_size: Docs a batch.
        n_process: Processes; -1 for one a core. They tokenize, too.

    Yields:
        Docs with their contexts, in the order in which they came.
    """
    contexts: Deque[Context] = deque()
    failures: List[Exception] = []

    def contents() -> Iterator[Union[str, Doc]]:
        try:
            for item in items:
                contexts.append(item.context)
                yield item.content
        except Exception as error:
            # Raised where spaCy reads, it would wait for busy workers for ever.
            failures.append(error)

    others = set(active_children())
    docs = nlp.pipe(contents(), batch_size=batch_size, n_process=n_process)
    try:
        for doc in docs:
            yield doc, contexts.popleft()
    except GeneratorExit:
        # Nobody wants the rest. Here, too, spaCy would wait for its workers.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            terminate(set(active_children()) - others)
            docs.close()  # type: ignore[attr-defined]
        raise
    if failures:
        raise failures[0]


def terminate(workers: Iterable[BaseProcess]) -> None:
    """End worker processes, whatever they are doing."""
    for worker in workers:
        worker.terminate()


def tag_files(
    nlp: Language,
    inputs: Sequence[Tuple[Path, str]],
    output: Union[Path, BinaryIO],
    output_format: str,
    *,
    word_column: int = 0,
    batch_size: int = 256,
    n_process: int = 1,
    progress: Optional[Callable[[Iterator[Tagged]], Iterator[Tagged]]] = None,
) -> None:
    """Tag files, one after the other, into one output.

    Args:
        nlp: The pipeline.
        inputs: Paths (``-`` is standard input), each with a format of ``SOURCES``.
        output: A path, written whole or not at all, or an open file.
        output_format: A format of ``SINKS``.
        word_column: The column of CoNLL input that holds the words.
        batch_size: Docs a batch.
        n_process: Processes; -1 for one a core.
        progress: Wraps the stream of tagged docs to show how far it is.

    Raises:
        BirnnError: An input cannot be read or the output cannot be written.
    """
    items = (
        item
        for path, format in inputs
        for item in read_items(path, format, nlp, word_column)
    )
    with _unlimited(nlp), _opened(output) as file:
        sink = SINKS[output_format](file, pipeline_targets(nlp))
        stream = _tag_in_zones(nlp, items, batch_size=batch_size, n_process=n_process)
        with closing(stream):
            for doc, context in progress(stream) if progress else stream:
                sink.write(doc, context)
        sink.finish()


def _tag_in_zones(
    nlp: Language, items: Iterable[Item], **settings: int
) -> Iterator[Tagged]:
    """Like ``tag_items``, but a doc is gone some time after the next one is asked for.

    A vocabulary keeps all words that it has ever seen. In a memory zone it forgets the
    new ones, with which memory does not grow over a stream of any length.
    """
    for portion in _portions(items, PORTION):
        with nlp.memory_zone():
            yield from tag_items(nlp, portion, **settings)


def _portions(items: Iterable[Item], size: int) -> Iterator[Iterator[Item]]:
    """Cut a stream after so many characters; each portion must be used up in turn."""
    stream = iter(items)

    def rest(length: int) -> Iterator[Item]:
        while length < size and (item := next(stream, None)):
            length += len(item.content)
            yield item

    for first in stream:
        yield chain([first], rest(len(first.content)))


def _opened(output: Union[Path, BinaryIO]) -> ContextManager[BinaryIO]:
    return replacing(output) if isinstance(output, Path) else nullcontext(output)


@contextmanager
def _unlimited(nlp: Language) -> Iterator[None]:
    """Texts of any length, where no component needs spaCy's limit."""
    limit = nlp.max_length
    if _LIMITED.isdisjoint(nlp.pipe_factories.values()):
        nlp.max_length = 2**31
    try:
        yield
    finally:
        nlp.max_length = limit
