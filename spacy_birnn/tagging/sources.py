"""Items from files that are read from front to end: a source for each format.

A source is a function from an open file to a stream of items. To add a format, write
one and name it in `formats`; what can be read from the middle is in `tables`.
"""

import json
import zlib
from dataclasses import dataclass
from typing import (
    Any,
    BinaryIO,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    NoReturn,
    Optional,
    Union,
    cast,
)

from spacy.util import get_words_and_spaces

from ..data.annotation import read_texts
from ..data.arguments import WordFormat, check_encoding
from ..data.base import Sentence
from ..data.conll import read_words
from ..data.conllu import read_conllu
from ..data.text import decode_lines
from ..errors import BirnnError, Errors
from .docbins import take_apart
from .items import Context, Item, Place, Words

Refuse = Callable[[BirnnError, int, str], None]
"""Takes a bad document: what is wrong, its number in the piece, the raw record."""


@dataclass(frozen=True)
class Fields:
    """Where in a file the documents are.

    Attributes:
        text: The key or column of the text; dots lead into objects (`a.b`).
        tokens: The key or column of a list of words; the empty string for none.
        words: How the words of CoNLL and CoNLL-U files are written.
        whole_files: A text file is one document, not one a line.
        encoding: How bytes stand for characters, in files of text.
    """

    text: str = "text"
    tokens: str = "tokens"
    words: WordFormat = WordFormat()
    whole_files: bool = False
    encoding: str = "utf-8"

    def __post_init__(self) -> None:
        check_encoding(self.encoding)


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
        is_start: Whether it is the beginning of the file.
    """

    file: BinaryIO
    name: str
    max_length: int
    refuse: Refuse
    fields: Fields = Fields()
    piece: int = 0
    first: Callable[[], int] = lambda: 0
    is_start: bool = True

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
    if "\n".encode(encoding) != b"\n":
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
        line_number = at.source.first() + at.number
        raise _not_decoded(error, at.source.name, line_number) from error
    if at.number == 1 and at.source.is_start:
        line = line.removeprefix("\ufeff")
    return line.rstrip("\r\n")


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
        _check_length(line, source.max_length, at)
        return Item(line, source.context(at.number))

    yield from _good_lines(source, make)


def _read_whole(source: Input) -> Iterator[Item]:
    data = b"".join(raw_lines(source.file, source.name))
    encoding = source.fields.encoding
    try:
        text = data.decode(encoding).removeprefix("\ufeff")
        _check_length(text, source.max_length, Line(source, 1))
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
        record = _parse_object(line, at)
        content = record_content(record, source.fields, source.max_length, at)
        return Item(content, source.context(at.number, record))

    yield from _good_lines(source, make)


def _parse_object(line: str, where: Any) -> Dict[str, Any]:
    try:
        record = json.loads(line)
        # JSON can escape halves of characters, which UTF-8 cannot write again.
        line.count("\\u") and json.dumps(record, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        reason = str(error).split("\n")[0]
        raise BirnnError(Errors.B206.format(where=where, reason=reason)) from error
    if not isinstance(record, dict):
        reason = f"but {_shorten(record)}"
        raise BirnnError(Errors.B206.format(where=where, reason=reason))
    return record


def record_content(
    record: Dict[str, Any], fields: Fields, max_length: int, where: Any
) -> Union[str, Words]:
    """The text or the words of a record.

    Raises:
        BirnnError: It has neither, or they are not what they should be.
    """
    text = _field(record, fields.text)
    words = _field(record, fields.tokens) if fields.tokens else None
    if text is not None and _are_objects(words):
        words = None  # as `Doc.to_json` writes tokens: where they lie in the text
    if text is None and words is None:
        keys = " nor ".join(
            f"'{key}' ({kind})"
            for key, kind in ((fields.text, "a string"), (fields.tokens, "a list"))
            if key
        )
        raise BirnnError(Errors.B207.format(where=where, keys=keys))
    if text is not None and not isinstance(text, str):
        _refuse(where, fields.text, "a string", text)
    if words is None:
        text = cast(str, text)
        _check_length(text, max_length, where)
        return text
    if not isinstance(words, list):
        _refuse(where, fields.tokens, "a list of words", words)
    for word in words:
        if not isinstance(word, str) or not word:
            _refuse(where, fields.tokens, "a list of words", word)
    return _pretokenized(words, text, where)


def _field(record: Dict[str, Any], path: str) -> Any:
    """A value by its key, or by keys with dots between them; None if there is none."""
    if path in record or "." not in path:
        return record.get(path)
    value: Any = record
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _are_objects(words: Any) -> bool:
    is_list = isinstance(words, list) and bool(words)
    return is_list and all(isinstance(word, dict) for word in words)


def _pretokenized(words: List[str], text: Optional[str], where: Any) -> Words:
    if text is None:
        return Words(words)
    try:
        return Words(*get_words_and_spaces(words, text))
    except ValueError as error:
        raise BirnnError(Errors.B209.format(where=where)) from error


def _refuse(where: Any, key: str, expected: str, value: Any) -> NoReturn:
    raise BirnnError(
        Errors.B208.format(
            where=where, key=key, expected=expected, value=_shorten(value)
        )
    )


def _shorten(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _check_length(text: str, limit: int, where: Any) -> None:
    if len(text) > limit:
        raise BirnnError(Errors.B210.format(where=where, length=len(text), limit=limit))


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
            _check_length(text, source.max_length, where)
        except BirnnError as error:
            source.refuse(error, number, text)
            continue
        meta = record if isinstance(record, dict) else {}
        yield Item(text, source.context(number, meta))
