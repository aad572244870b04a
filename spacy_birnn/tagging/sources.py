"""Items from files that are read from front to end: a source for each format.

A source is a function from an open file to a stream of items. To add a format, write
one and name it in `formats`; what can be read from the middle is in `tables`.
"""

import codecs
import zlib
from dataclasses import dataclass
from typing import (
    Any,
    BinaryIO,
    Callable,
    Dict,
    Iterable,
    Iterator,
    NamedTuple,
    Optional,
)

from ..data.annotation import read_texts
from ..data.base import Sentence
from ..data.conll import read_words
from ..data.conllu import read_conllu
from ..data.text import UTF_16_MARKS, decode_lines
from ..errors import BirnnError, Errors
from .content import Fields, check_length, parse_object, record_content
from .docbins import take_apart
from .items import Context, Item, Place, Words

Refuse = Callable[[BirnnError, int, str], None]
"""Takes a bad document: what is wrong, its number in the piece, the raw record."""


@dataclass
class Input:
    """An open file, or a piece of one.

    Attributes:
        file: Its bytes, unpacked.
        name: What messages call it.
        max_length: The most characters that a text may have.
        fields: Where the documents are.
        refuse: Is told of each bad document: it raises the error, or notes it.
        piece: The number of the piece in its shard.
        first: Counts the lines before the piece; called for messages only.
    """

    file: BinaryIO
    name: str
    max_length: int
    refuse: Refuse
    fields: Fields = Fields()
    piece: int = 0
    first: Callable[[], int] = lambda: 0

    def context(self, number: int, meta: Optional[Dict[str, Any]] = None) -> Context:
        """The context of a document that stands at a line."""
        place = Place(self.piece, number)
        return Context(meta={} if meta is None else meta, place=place)


class Line(NamedTuple):
    """A line, for messages: its number in the file is counted when it is shown."""

    source: Input
    number: int

    def __str__(self) -> str:
        return f"{self.source.name}:{self.source.first() + self.number}"

    def __format__(self, spec: str) -> str:
        return str(self)


def raw_lines(file: Iterable[bytes], name: str) -> Iterator[bytes]:
    """The lines of a binary file.

    Raises:
        BirnnError: A packed file is cut or damaged.
    """
    number = 0
    try:
        for number, raw in enumerate(file, 1):  # noqa: B007
            yield raw
    except (OSError, EOFError, zlib.error) as error:
        raise BirnnError(
            Errors.B109.format(path=name, line=number + 1, reason=error)
        ) from error


def _good_lines(
    source: Input, make: Callable[[str, Line], Optional[Item]]
) -> Iterator[Item]:
    """Make an item of each line; refuse the bad ones, one by one.

    Raises:
        BirnnError: Lines are cut where a byte is a line feed, which says nothing in the
            encoding of the file.
    """
    encoding = source.fields.encoding
    if "\n".encode(encoding).removeprefix(codecs.BOM_UTF8) != b"\n":
        raise BirnnError(Errors.B486.format(path=source.name, encoding=encoding))
    for number, raw in enumerate(raw_lines(source.file, source.name), 1):
        at = Line(source, number)
        try:
            item = make(_decode(raw, at), at)
        except BirnnError as error:
            shown = raw.decode(encoding, "replace").rstrip("\r\n")
            source.refuse(error, number, shown)
            continue
        if item is not None:
            yield item


def _decode(raw: bytes, at: Line) -> str:
    try:
        line = raw.decode(at.source.fields.encoding)
    except UnicodeDecodeError as error:
        if at.number == 1 and raw.startswith(UTF_16_MARKS):
            raise BirnnError(
                Errors.B486.format(path=at.source.name, encoding="UTF-16")
            ) from error
        line_number = at.source.first() + at.number
        raise _not_decoded(error, at.source.name, line_number) from error
    # A file that was put together from several has their marks inside.
    return line.removeprefix("\ufeff").rstrip("\r\n")


def _not_decoded(error: UnicodeDecodeError, name: str, line: int) -> BirnnError:
    byte = f"0x{error.object[error.start]:02x}"
    position = error.start + 1
    return BirnnError(
        Errors.B108.format(path=name, line=line, byte=byte, position=position)
    )


def read_text(source: Input) -> Iterator[Item]:
    """A document a line (an empty line is an empty document), or a document a file."""
    if source.fields.whole_files:
        yield from _read_whole(source)
        return

    def make(line: str, at: Line) -> Item:
        check_length(line, source.max_length, at)
        return Item(line, source.context(at.number))

    yield from _good_lines(source, make)


def _read_whole(source: Input) -> Iterator[Item]:
    data = b"".join(raw_lines(source.file, source.name))
    encoding = "utf-16" if data.startswith(UTF_16_MARKS) else source.fields.encoding
    try:
        text = data.decode(encoding).removeprefix("\ufeff")
        check_length(text, source.max_length, Line(source, 1))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        refused = _not_decoded(error, source.name, line)
        source.refuse(refused, line, data.decode(encoding, "replace"))
    except BirnnError as error:
        source.refuse(error, 1, text)
    else:
        yield Item(text, source.context(1, {"file": source.name}))


def read_jsonl(source: Input) -> Iterator[Item]:
    """An object a line, with `text` or `tokens`; empty lines are passed over."""

    def make(line: str, at: Line) -> Optional[Item]:
        if not line.strip():
            return None
        record = parse_object(line, at)
        content = record_content(record, source.fields, source.max_length, at)
        return Item(content, source.context(at.number, record))

    yield from _good_lines(source, make)


def read_conll_words(source: Input) -> Iterator[Item]:
    """An item a sentence, of which only the words are read."""
    lines = decode_lines(source.file, source.name, source.fields.encoding)
    sentences = read_words(lines, source.name, source.fields.words)
    for number, sentence in enumerate(sentences, 1):
        yield _sentence_item(sentence, source, number)


def read_conllu_words(source: Input) -> Iterator[Item]:
    """An item a sentence, of which words and spaces are read."""
    lines = decode_lines(source.file, source.name, source.fields.encoding)
    sentences = read_conllu(lines, source.name, source.fields.words)
    for number, sentence in enumerate(sentences, 1):
        yield _sentence_item(sentence, source, number)


def _sentence_item(sentence: Sentence, source: Input, number: int) -> Item:
    spaces = sentence.spaces
    if spaces:
        spaces = [*spaces[:-1], False]  # what follows the sentence is no part of it
    words = Words(sentence.words, spaces, is_sentence=True)
    context = source.context(number)
    context.starts_document = sentence.starts_document
    return Item(words, context)


def read_docbin(source: Input) -> Iterator[Item]:
    """An item a doc, with all annotation that it brings."""
    for number, doc in enumerate(take_apart(source.file, source.name), 1):
        yield Item(doc, source.context(number))


def read_annotated(source: Input) -> Iterator[Item]:
    """An item for each record of an annotation tool, of which the text is read."""
    lines = decode_lines(source.file, source.name, source.fields.encoding)
    for number, (text, record) in enumerate(read_texts(lines, source.name), 1):
        where = f"{source.name}, item {number}"
        try:
            check_length(text, source.max_length, where)
        except BirnnError as error:
            source.refuse(error, number, text)
            continue
        meta = record if isinstance(record, dict) else {}
        yield Item(text, source.context(number, meta))
