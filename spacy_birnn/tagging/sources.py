"""Where items come from: text, JSON lines, CoNLL columns, CoNLL-U and .spacy files.

A source is a function from an open file to a stream of items. To add a format, write
one and name it in ``SOURCES``.
"""

import json
import sys
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from gzip import GzipFile
from io import BufferedReader
from pathlib import Path
from typing import (
    Any,
    BinaryIO,
    Callable,
    Dict,
    Iterator,
    List,
    NoReturn,
    Optional,
    Union,
    cast,
)

from spacy.util import get_words_and_spaces

from ..data.annotation import read_texts
from ..data.base import Sentence
from ..data.conll import read_words
from ..data.conllu import read_conllu
from ..data.corpus import are_columns, sniff
from ..data.text import decode_lines, open_binary, read_lines
from ..errors import BirnnError, Errors, Warnings
from .docbins import take_apart
from .items import Context, Item, Words

STDIN = Path("-")


@dataclass
class Input:
    """An open file.

    Attributes:
        file: Its bytes, unpacked.
        name: What messages call it.
        max_length: The most characters that a text may have.
        word_column: The column of CoNLL files that holds the words; None for the first
            that has some.
    """

    file: BinaryIO
    name: str
    max_length: int
    word_column: Optional[int] = None


def read_items(
    path: Path, format: str, max_length: int, word_column: Optional[int] = None
) -> Iterator[Item]:
    """Stream what a file, or standard input (``-``), holds.

    Args:
        path: The file.
        format: One of ``SOURCES``.
        max_length: The most characters that a text may have.
        word_column: The column of CoNLL files that holds the words; None for the first
            that has some.

    Raises:
        BirnnError: The file cannot be read, or is not what ``format`` says.
    """
    with _open(path) as file:
        name = "<stdin>" if path == STDIN else str(path)
        yield from SOURCES[format](Input(file, name, max_length, word_column))


def check_input(path: Path) -> None:
    """Refuse what is not a file, a pipe or standard input.

    Raises:
        BirnnError: There is no such file, or it is a directory.
    """
    if path == STDIN:
        return
    if not path.exists():
        raise BirnnError(Errors.B105.format(path=path))
    if path.is_dir():
        raise BirnnError(Errors.B217.format(path=path))


def detect_format(path: Path) -> str:
    """Tell the format: ``.txt`` and ``.jsonl`` by name, all else by content.

    Columns in a ``.txt`` are read as text all the same, but not without a warning.

    Raises:
        BirnnError: There is no such file, or it can be read only once.
    """
    check_input(path)
    suffixes = [suffix for suffix in path.suffixes if suffix != ".gz"]
    if suffixes[-1:] == [".txt"]:
        if path.is_file() and are_columns(path):
            found = sniff(path)
            warnings.warn(Warnings.W201.format(path=path, format=found), stacklevel=2)
        return "text"
    if suffixes[-1:] == [".jsonl"]:
        return "jsonl"
    if not path.is_file():
        raise BirnnError(Errors.B211.format(path=path))
    with open_binary(path) as file:
        is_object = file.read(1) == b"{"
    return "jsonl" if is_object and _is_json(next(read_lines(path))) else sniff(path)


def _is_json(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    if path != STDIN:
        with open_binary(path) as file:
            yield file
        return
    stdin = cast(BufferedReader, sys.stdin.buffer)
    is_gzip = stdin.peek(2)[:2] == b"\x1f\x8b"
    yield cast(BinaryIO, GzipFile(fileobj=stdin) if is_gzip else stdin)


def read_text(source: Input) -> Iterator[Item]:
    """A document a line; an empty line is an empty document."""
    for number, line in enumerate(decode_lines(source.file, source.name), 1):
        _check_length(line, source.max_length, f"{source.name}:{number}")
        yield Item(line, Context())


def read_jsonl(source: Input) -> Iterator[Item]:
    """An object a line, with ``text`` or ``tokens``; empty lines are passed over."""
    for number, line in enumerate(decode_lines(source.file, source.name), 1):
        if line.strip():
            where = f"{source.name}:{number}"
            record = _parse_object(line, where)
            content = _content(record, source.max_length, where)
            yield Item(content, Context(meta=record))


def _parse_object(line: str, where: str) -> Dict[str, Any]:
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


def _content(record: Dict[str, Any], max_length: int, where: str) -> Union[str, Words]:
    text, words = record.get("text"), record.get("tokens")
    if text is None and words is None:
        raise BirnnError(Errors.B207.format(where=where))
    if text is not None and not isinstance(text, str):
        _refuse(where, "text", "a string", text)
    if words is None or (text is not None and _are_objects(words)):
        text = cast(str, text)
        _check_length(text, max_length, where)
        return text
    if not isinstance(words, list):
        _refuse(where, "tokens", "a list of words", words)
    for word in words:
        if not isinstance(word, str) or not word:
            _refuse(where, "tokens", "a list of words", word)
    return _pretokenized(words, text, where)


def _are_objects(words: Any) -> bool:
    """Whether tokens are places in the text, as `Doc.to_json` and Prodigy have them."""
    is_list = isinstance(words, list) and bool(words)
    return is_list and all(isinstance(word, dict) for word in words)


def _pretokenized(words: List[str], text: Optional[str], where: str) -> Words:
    if text is None:
        return Words(words)
    try:
        return Words(*get_words_and_spaces(words, text))
    except ValueError as error:
        raise BirnnError(Errors.B209.format(where=where)) from error


def _refuse(where: str, key: str, expected: str, value: Any) -> NoReturn:
    raise BirnnError(
        Errors.B208.format(
            where=where, key=key, expected=expected, value=_shorten(value)
        )
    )


def _shorten(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _check_length(text: str, limit: int, where: str) -> None:
    if len(text) > limit:
        raise BirnnError(Errors.B210.format(where=where, length=len(text), limit=limit))


def read_conll_words(source: Input) -> Iterator[Item]:
    """An item a sentence, of which only the words are read."""
    lines = decode_lines(source.file, source.name)
    for sentence in read_words(lines, source.name, source.word_column):
        yield _sentence_item(sentence)


def read_conllu_words(source: Input) -> Iterator[Item]:
    """An item a sentence, of which words and spaces are read."""
    lines = decode_lines(source.file, source.name)
    for sentence in read_conllu(lines, source.name):
        yield _sentence_item(sentence)


def _sentence_item(sentence: Sentence) -> Item:
    words = Words(sentence.words, sentence.spaces, is_sentence=True)
    return Item(words, Context(starts_document=sentence.starts_document))


def read_annotated(source: Input) -> Iterator[Item]:
    """A document per record of an annotation tool, of which only the text is read."""
    lines = decode_lines(source.file, source.name)
    for number, (text, record) in enumerate(read_texts(lines, source.name), 1):
        _check_length(text, source.max_length, f"{source.name}, item {number}")
        meta = record if isinstance(record, dict) else {}
        yield Item(text, Context(meta=meta))


def read_docbin(source: Input) -> Iterator[Item]:
    """An item a doc, with all annotation that it brings."""
    for doc in take_apart(source.file, source.name):
        yield Item(doc, Context())


SOURCES: Dict[str, Callable[[Input], Iterator[Item]]] = {
    "text": read_text,
    "jsonl": read_jsonl,
    "conll": read_conll_words,
    "conllu": read_conllu_words,
    "spacy": read_docbin,
    "spans": read_annotated,
}
