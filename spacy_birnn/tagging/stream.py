"""The stream through a pipeline: sources in, sinks out, in order."""

from collections import deque
from contextlib import closing, contextmanager
from gzip import GzipFile
from itertools import chain
from pathlib import Path
from typing import (
    BinaryIO,
    Callable,
    Deque,
    Generator,
    Iterable,
    Iterator,
    List,
    Optional,
    Sequence,
    Tuple,
    Union,
    cast,
)

from spacy.language import Language
from spacy.tokens import Doc

from ..errors import BirnnError, Errors
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
    is_closed = False

    def contents() -> Iterator[Union[str, Doc]]:
        try:
            for item in items:
                if is_closed:
                    return
                contexts.append(item.context)
                yield item.content
        except Exception as error:
            # Raised where spaCy reads, it would wait for busy workers for ever.
            failures.append(error)

    docs = nlp.pipe(contents(), batch_size=batch_size, n_process=n_process)
    try:
        for doc in docs:
            yield doc, contexts.popleft()
    except GeneratorExit:
        # Workers must get rid of what they have begun, else spaCy waits for ever.
        is_closed = True
        if n_process != 1:
            deque(docs, maxlen=0)
        raise
    if failures:
        raise failures[0]


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
        output: A path, written whole or not at all (packed if it ends in ``.gz``), or
            an open file.
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
) -> Generator[Tagged, None, None]:
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


@contextmanager
def _opened(output: Union[Path, BinaryIO]) -> Iterator[BinaryIO]:
    if not isinstance(output, Path):
        try:
            yield output
            output.flush()
        except OSError as error:
            if isinstance(error, BrokenPipeError) or error.filename is not None:
                raise
            reason = error.strerror or str(error)
            raise BirnnError(
                Errors.B203.format(path=output.name, reason=reason)
            ) from error
        return
    with replacing(output) as file:
        if output.suffix != ".gz":
            yield file
            return
        # Without a name and a time the same output is the same file.
        with GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packed:
            yield cast(BinaryIO, packed)


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
