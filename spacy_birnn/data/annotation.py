"""Exports of annotation tools: texts with spans of characters, told apart by content.

- Prodigy: `{"text", "spans": [{"start", "end", "label"}], "answer"}`, a line each.
- Doccano: `{"text", "label": [[0, 4, "PER"]]}` (older: `labels`), or `entities` with
  `start_offset` and `end_offset`, a line each.
- Label Studio: a list of `{"data": {"text"}, "annotations": [{"result": […]}]}`, or its
  short form `{"text", "label": [{"start", "end", "labels": ["PER"]}]}`.
- spaCy: `Doc.to_json`, and the lists of `[text, {"entities": [[0, 4, "PER"]]}]` of
  version 2.
- brat: a file of text and beside it one of its name with the ending `.ann`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple

from ..errors import BirnnError, Errors
from ..models.arguments import is_whole
from .brat import (
    AnnotatedText,
    CharSpan,
    is_brat,
    other_version,
    read_brat,
    squeeze,
)
from .text import parse_json, read_lines

_LISTS = ("ents", "spans", "entities", "label", "labels")
_STARTS, _ENDS = ("start", "start_offset"), ("end", "end_offset")
_ANNOTATIONS = ("annotations", "completions")


def is_annotation(first_line: str) -> bool:
    """Whether a file that begins with this line is JSON, as tools export it."""
    start = first_line.lstrip()[:1]
    if start == "[":
        # A bracket may be a word of a column file, of which a row has more cells.
        rest = first_line.strip()[1:].strip()
        return rest[:1] in ("", "{", "[")
    return start == "{" and (first_line.strip() == "{" or _is_object(first_line))


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return line.strip()[1:].lstrip()[:1] == '"'


def read_annotation(
    path: Path, target: str = "ents", spans_key: str = "chunks", encoding: str = "utf-8"
) -> Iterator[AnnotatedText]:
    """Read the texts of a file that an annotation tool has written.

    Args:
        path: JSON, JSON lines, or brat's file of text or of spans.
        target: `ents` or `chunks`; only files of spaCy's have both.
        spans_key: The group of `spans` that `chunks` are, in files of spaCy's.
        encoding: How bytes stand for characters.

    Raises:
        BirnnError: The file is not what a tool writes, with its place.
    """
    if is_brat(path):
        yield read_brat(path, encoding)
        return
    is_empty = True
    for place, record in read_records(read_lines(path, encoding), str(path)):
        is_empty = False
        yield _Record(record, place).read(target, spans_key)
    if is_empty:
        raise BirnnError(Errors.B118.format(path=path))


def read_texts(lines: Iterable[str], name: str) -> Iterator[Tuple[str, Any]]:
    """Read the texts of JSON that a tool has written and nothing else, as `tag` does.

    Args:
        lines: Lines without their ends.
        name: What messages call the file.

    Returns:
        Each text, with the record that it is part of.

    Raises:
        BirnnError: The file is not what a tool writes, with its place.
    """
    for place, record in read_records(lines, name):
        yield _Record(record, place).text(), record


def read_records(lines: Iterable[str], name: str) -> Iterator[Tuple[str, Any]]:
    """Yield the records of JSON lines, or of one list that takes the whole file.

    Each comes after its place: file and line, or the number of the item.
    """
    lines = iter(lines)
    is_first = True
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if is_first and not _is_whole_record(line):
            yield from _whole(name, "\n".join([line, *lines]))
            return
        is_first = False
        yield f"{name}:{number}", _parse(line, f"{name}:{number}")


def _is_whole_record(line: str) -> bool:
    """Whether a line is a JSON object of its own."""
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        # A record that is cut or misspelled is told by its line.
        return line.startswith("{") and line.strip() != "{"


def _whole(name: str, text: str) -> Iterator[Tuple[str, Any]]:
    content = _parse(text, name)
    if isinstance(content, dict):
        yield name, content
        return
    if not isinstance(content, list):
        reason = f"{text.strip()[:40]} is neither a record nor a list of them"
        raise BirnnError(Errors.B145.format(where=name, reason=reason))
    for number, record in enumerate(content, 1):
        yield f"{name}, item {number}", record


def _parse(text: str, place: str) -> Any:
    try:
        return parse_json(text)
    except (ValueError, RecursionError) as error:
        reason = str(error).split("\n")[0]
        raise BirnnError(Errors.B144.format(where=place, reason=reason)) from error


@dataclass
class _Record:
    """One record of an export."""

    record: Any
    place: str

    def text(self) -> str:
        """The text, under whatever key."""
        record = self._fields()
        data = record.get("data")
        return self._text(data if isinstance(data, dict) else record)

    def _fields(self) -> Dict[str, Any]:
        record = self.record
        if isinstance(record, list) and len(record) == 2 and _is_text(record[0]):
            return {"text": record[0], **self._object(record[1])}
        return self._object(record)

    def read(self, target: str, spans_key: str) -> AnnotatedText:
        """The text with its spans."""
        record, text = self._fields(), self.text()
        annotated = AnnotatedText(text, self.place)
        if _is_doc_json(record):
            annotated.doc_json = record
        elif record.get("answer", "accept") == "accept":
            entries = self._entries(record, target, spans_key)
            if entries is None and "answer" in record:
                entries = []  # accepted, and nothing was marked
            if entries is not None:
                annotated.spans = [s for e in entries for s in self._span(e, text)]
        return annotated

    def _object(self, value: Any) -> Dict[str, Any]:
        if not isinstance(value, dict):
            raise self._unknown(f"{type(value).__name__} instead of an object")
        return value

    def _unknown(self, reason: str) -> BirnnError:
        return BirnnError(Errors.B145.format(where=self.place, reason=reason))

    def _text(self, values: Dict[str, Any]) -> str:
        if _is_text(values.get("text")):
            return values["text"]
        texts = [key for key, value in values.items() if _is_text(value)]
        if values is not self.record and len(texts) == 1:
            return values[texts[0]]
        if any(_is_words(value) for value in values.values()):
            raise self._unknown(
                "words without 'text', which --format datasets reads, in a config "
                "spacy-birnn.DatasetsCorpus.v1"
            )
        raise self._unknown(f"no 'text' among the keys {', '.join(values) or 'none'}")

    def _entries(
        self, record: Dict[str, Any], target: str, spans_key: str
    ) -> Optional[List[Any]]:
        """The list of spans; None where there is no annotation."""
        for key in _ANNOTATIONS:
            if isinstance(record.get(key), list):
                return self._results(record[key])
        groups = record.get("spans")
        if isinstance(groups, dict):
            return record.get("ents") if target == "ents" else groups.get(spans_key)
        for key in _LISTS:
            if isinstance(record.get(key), list):
                return record[key]
        for value in record.values():
            # The short form of Label Studio has the name of its control for a key.
            if isinstance(value, list) and value and _is_labelled(value[0]):
                return value
        return None

    def _results(self, annotations: List[Any]) -> Optional[List[Any]]:
        """The marks of one person: of several the ground truth, else the first."""
        if annotations and all("result" not in self._object(a) for a in annotations):
            return annotations  # of Doccano
        done = [a for a in annotations if not self._object(a).get("was_cancelled")]
        done.sort(key=lambda a: not a.get("ground_truth"))
        if not done:
            return None
        if not isinstance(done[0].get("result"), list):
            raise self._unknown("the result of an annotation is no list")
        results = [self._object(result) for result in done[0]["result"]]
        return [r["value"] for r in results if _is_labelled(r.get("value"))]

    def _span(self, entry: Any, text: str) -> List[CharSpan]:
        if isinstance(entry, list) and len(entry) == 3:
            start, end, labels = entry
        elif isinstance(entry, dict):
            start = next((entry[key] for key in _STARTS if key in entry), None)
            end = next((entry[key] for key in _ENDS if key in entry), None)
            labels = entry.get("label", entry.get("labels"))
        else:
            raise self._unknown(f"{json.dumps(entry)[:40]} is no span of characters")
        labels = labels if isinstance(labels, list) else [labels]
        if not all(labels) or not labels:
            shown = json.dumps(entry, ensure_ascii=False)[:60]
            raise self._unknown(
                f"{shown} has no label: give it one, or remove it where it is annotated"
            )
        is_span = is_whole(start) and is_whole(end) and all(map(_is_text, labels))
        if not is_span:
            raise self._unknown(f"{json.dumps(entry)[:60]} is no span of characters")
        if isinstance(entry, dict) and _is_text(entry.get("text")):
            start, end = self._checked(start, end, entry["text"], text)
        if not 0 <= start <= end <= len(text):
            raise BirnnError(
                Errors.B146.format(
                    where=self.place, start=start, end=end, length=len(text)
                )
            )
        return [(start, end, label) for label in labels]

    def _checked(self, start: int, end: int, marked: str, text: str) -> Tuple[int, int]:
        """Offsets that fit the marked words; tools in a browser count in UTF-16."""
        if squeeze(text[start:end]) == squeeze(marked):
            return start, end
        units = text.encode("utf-16-le")
        first = len(units[: 2 * start].decode("utf-16-le", "replace"))
        last = len(units[: 2 * end].decode("utf-16-le", "replace"))
        if squeeze(text[first:last]) == squeeze(marked):
            return first, last
        raise other_version(self.place, start, end, text[start:end], marked)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


def _is_labelled(value: Any) -> bool:
    return isinstance(value, dict) and "start" in value and "labels" in value


def _is_doc_json(record: Dict[str, Any]) -> bool:
    """Whether a record is a `Doc.to_json`, whose tokens have no text of their own."""
    tokens = record.get("tokens")
    return (
        isinstance(tokens, list)
        and bool(tokens) == bool(record.get("text"))
        and "answer" not in record
        and not isinstance(record.get("spans"), list)
        and all(map(_is_token, tokens))
    )


def _is_token(value: Any) -> bool:
    return isinstance(value, dict) and "start" in value and "text" not in value
