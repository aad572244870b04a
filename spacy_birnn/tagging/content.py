"""The text or the words of a record: a JSON object, a row, a mapping."""

import json
from dataclasses import dataclass
from typing import Any, Dict, List, NoReturn, Optional, Union, cast

from spacy.util import get_words_and_spaces

from ..data.arguments import WordFormat, check_encoding
from ..data.text import parse_json
from ..errors import BirnnError, Errors
from .items import Words


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


def parse_object(line: str, where: Any) -> Dict[str, Any]:
    """Parse a line of JSON lines.

    Raises:
        BirnnError: It is no JSON object.
    """
    try:
        record = parse_json(line)
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
        keys = " and no ".join(
            f"'{key}' ({kind})"
            for key, kind in ((fields.text, "a string"), (fields.tokens, "a list"))
            if key
        )
        raise BirnnError(Errors.B207.format(where=where, keys=keys))
    if text is not None and not isinstance(text, str):
        _refuse(where, fields.text, "a string", text)
    if words is None:
        text = cast(str, text)
        check_length(text, max_length, where)
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


def check_length(text: str, limit: int, where: Any) -> None:
    """Refuse a text of more characters than a pipeline takes.

    Raises:
        BirnnError: It is too long.
    """
    if len(text) > limit:
        raise BirnnError(Errors.B210.format(where=where, length=len(text), limit=limit))
