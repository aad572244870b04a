"""The stream through a pipeline: sources in, an engine, sinks out, in order."""

from contextlib import closing, contextmanager
from gzip import GzipFile
from pathlib import Path
from typing import (
    BinaryIO,
    Callable,
    Iterator,
    Optional,
    Sequence,
    Tuple,
    Union,
    cast,
)

from spacy.language import Language

from ..errors import BirnnError, Errors
from ..files import replacing
from .engine import engine
from .items import cut
from .sinks import SINKS
from .sources import read_items
from .tagger import ChunkTagger, Records

# The components for whose memory spaCy limits the length of a text.
_LIMITED = frozenset(["parser", "beam_parser", "ner", "beam_ner"])


def tag_files(
    nlp: Language,
    inputs: Sequence[Tuple[Path, str]],
    output: Union[Path, BinaryIO],
    output_format: str,
    *,
    word_column: Optional[int] = None,
    batch_size: int = 256,
    n_process: int = 1,
    progress: Optional[Callable[[Iterator[Records]], Iterator[Records]]] = None,
) -> None:
    """Tag files, one after the other, into one output.

    Args:
        nlp: The pipeline.
        inputs: Paths (``-`` is standard input), each with a format of ``SOURCES``.
        output: A path, written whole or not at all (packed if it ends in ``.gz``), or
            an open file.
        output_format: A format of ``SINKS``.
        word_column: The column of CoNLL input that holds the words; None for the
            first that has some.
        batch_size: The most docs a batch.
        n_process: Processes; -1 for one a core.
        progress: Wraps the stream of records to show how far it is.

    Raises:
        BirnnError: An input cannot be read, the output cannot be written, or a process
            failed.
    """
    work = ChunkTagger(nlp, output_format)
    with _unlimited(nlp), engine(work, n_process) as run, _opened(output) as file:
        items = (
            item
            for path, format in inputs
            for item in read_items(path, format, nlp.max_length, word_column)
        )
        writer = SINKS[output_format].writer(file)
        with closing(run(cut(items, batch_size))) as stream:
            for records in progress(stream) if progress else stream:
                writer.write(records.data)
        writer.finish()


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
