"""Label words while they arrive, with all components of a pipeline that can."""

import codecs
import json
from typing import Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional

from spacy.language import Language

from ..data.layout import DOCSTART, split_row
from ..errors import BirnnError, Errors
from ..pipeline.stream.pipe import StreamedPipe
from ..pipeline.stream.stream import Stream
from .records import one_cell

ZONE = 2000
"""Pieces of text after which the tokenizer's new words are forgotten."""

Words = Optional[List[str]]
"""Some that have arrived; None where a sequence ends."""


class Row(NamedTuple):
    """A word whose labels are final.

    Attributes:
        index: of the token, over all that has arrived.
        word: as it has arrived.
        labels: by the name of what is labelled.
        confidences: their marginal probabilities.
    """

    index: int  # type: ignore[assignment]
    word: str
    labels: Dict[str, str]
    confidences: Dict[str, float]


class LiveTagger:
    """Streams of all our components, side by side.

    Args:
        nlp: the pipeline; other components do not run.
        lag: words that a label waits for.

    Raises:
        BirnnError: there is nothing to stream.
    """

    def __init__(self, nlp: Language, lag: int) -> None:
        self._streams: Dict[str, Stream] = {}
        pipes = [pipe for _, pipe in nlp.pipeline if isinstance(pipe, StreamedPipe)]
        # Tags, then chunks, then entities, as CoNLL files have them.
        for pipe in sorted(pipes, key=_place):
            self._streams[_column(pipe)] = pipe.stream(lag=lag, keep=False)
        if not self._streams:
            components = ", ".join(nlp.pipe_names) or "none"
            raise BirnnError(Errors.B478.format(components=components))

    def push(self, words: List[str]) -> List[Row]:
        """Take words, and give those whose labels have become final."""
        return self._rows(lambda stream: stream.push(words))

    def end(self) -> List[Row]:
        """End a sequence: all its labels are final."""
        return self._rows(lambda stream: stream.break_())

    def _rows(self, ask: Callable[[Stream], List]) -> List[Row]:
        # White space may wait longer in one than in another; it has no row.
        told = {
            name: [found for found in ask(stream) if not found.word.isspace()]
            for name, stream in self._streams.items()
        }
        return [
            Row(
                found[0].index,
                found[0].word,
                {name: one.label for name, one in zip(told, found)},
                {name: one.confidence for name, one in zip(told, found)},
            )
            for found in zip(*told.values(), strict=True)
        ]


def _column(pipe: StreamedPipe) -> str:
    target = pipe.cfg["target"]
    return "chunks" if target == "spans" else target


def _place(pipe: StreamedPipe) -> "tuple[bool, bool]":
    return _column(pipe) in ("chunks", "ents"), _column(pipe) == "ents"


def to_conll_row(row: Row) -> str:
    """`word<TAB>label`, one column per kind of label."""
    cells = [one_cell(label or "_") for label in row.labels.values()]
    return "\t".join([one_cell(row.word), *cells])


def to_json_row(row: Row) -> str:
    """An object with `index`, `word`, the labels by their kind, and `confidence`."""
    found = {"index": row.index, "word": row.word, **row.labels}
    return json.dumps({**found, "confidence": row.confidences}, ensure_ascii=False)


def read_words(pieces: Iterable[bytes], column: Optional[int]) -> Iterator[Words]:
    """A word per line, or one column of several; an empty line ends a sequence.

    Args:
        pieces: bytes as they arrive.
        column: which column has the word, the first by default.

    Raises:
        BirnnError: they are no UTF-8, or a line has no such column.
    """
    for text in _lines_of(pieces):
        line = text.rstrip("\r")
        if not line.strip() or line.startswith(DOCSTART):
            yield None
            continue
        cells = split_row(line)
        try:
            word = cells[column or 0]
        except IndexError:
            raise BirnnError(Errors.B479.format(column=column, line=line)) from None
        yield [word]


def read_text(pieces: Iterable[bytes], nlp: Language) -> Iterator[Words]:
    """Running text, word by word as the blanks after them arrive; a line is a sequence.

    Args:
        pieces: bytes as they arrive.
        nlp: whose tokenizer splits what stands between blanks.

    Raises:
        BirnnError: they are no UTF-8.
    """
    rest, n_pieces = "", 0
    texts = _decoded(pieces)
    while True:
        with nlp.memory_zone():
            for text in texts:
                rest += text
                *lines, rest = rest.split("\n")
                for line in lines:
                    yield from _tokens(nlp, line)
                    yield None
                ready, blank, begun = rest.rpartition(" ")
                if blank:
                    yield from _tokens(nlp, ready)
                    rest = begun
                n_pieces += 1
                if n_pieces % ZONE == 0:
                    break
            else:
                yield from _tokens(nlp, rest)
                return


def _tokens(nlp: Language, text: str) -> Iterator[Words]:
    words = [token.text for token in nlp.tokenizer(text.strip())]
    if words:
        yield words


def _lines_of(pieces: Iterable[bytes]) -> Iterator[str]:
    rest = ""
    for text in _decoded(pieces):
        *lines, rest = (rest + text).split("\n")
        yield from lines
    if rest:
        yield rest


def _decoded(pieces: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        for piece in pieces:
            yield decoder.decode(piece)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise BirnnError(Errors.B477.format(reason=error.reason)) from None
