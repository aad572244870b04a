"""Chosen texts, with the labels of a pipeline, as annotation tools import them.

- Prodigy: JSON lines of `text`, `tokens`, `spans` and `meta`, for `ner.manual` and
  `spans.manual`.
- Doccano: JSON lines of `text` and `label`, for projects of sequence labelling.
- Label Studio: one JSON list of tasks with `predictions`, for a labelling interface
  whose `<Text>` is named `text` and whose `<Labels>` are named `label`.
- `jsonl`: what `tag` writes, with the uncertainty.
"""

import json
from typing import Any, Callable, Dict, Iterator, NamedTuple, Sequence, Tuple

from spacy.tokens import Doc

from .. import __version__
from ..attributes import custom_name
from ..tagging.records import text_of, to_record
from ..tagging.sinks import plain, to_json
from ..tagging.targets import Target, spans_of
from ..tagging.texts import RECORD
from .selection import Selected

Span = Tuple[int, int, str]
"""First character, the one after the last, and label."""


def selected_bytes(chosen: Sequence[Selected], target: Target, format: str) -> bytes:
    """Write chosen documents in a tool's format.

    Args:
        chosen: what `select` has chosen.
        target: whose spans or tags are the suggestions.
        format: one of `FORMATS`.
    """
    form = FORMATS[format]
    records = [form.record(selected, target) for selected in chosen]
    if form.is_list:
        text = json.dumps(records, ensure_ascii=False, indent=1, default=plain)
        return text.encode() + b"\n"
    lines = [to_json(record) + "\n" for record in records]
    return "".join(lines).encode()


def _spans(doc: Doc, target: Target) -> Iterator[Span]:
    """The suggestions; of tags one for each word."""
    if target.is_spans:
        for span in spans_of(doc, target):
            yield span.start_char, span.end_char, span.label_
        return
    attribute = custom_name(target.name)
    for token in doc:
        if token.is_space:
            continue
        tag = token._.get(attribute) if attribute else getattr(token, f"{target.name}_")
        if tag:
            yield token.idx, token.idx + len(token), str(tag)


def _rest(selected: Selected) -> Dict[str, Any]:
    """The other keys of the record that a text was read from, and the uncertainty."""
    record = dict(selected.doc.user_data.get(RECORD, {}))
    record.pop("text", None)
    record.pop("tokens", None)
    return {**record, "uncertainty": round(selected.uncertainty, 6)}


def _jsonl(selected: Selected, target: Target) -> Dict[str, Any]:
    return {**_rest(selected), **to_record(selected.doc, [target])}


def _prodigy(selected: Selected, target: Target) -> Dict[str, Any]:
    doc = selected.doc
    tokens = [
        {
            "text": token.text,
            "start": token.idx,
            "end": token.idx + len(token),
            "id": token.i,
            "ws": bool(token.whitespace_),
        }
        for token in doc
    ]
    starts = {token["start"]: i for i, token in enumerate(tokens)}
    ends = {token["end"]: i for i, token in enumerate(tokens)}
    spans = [
        {
            "start": start,
            "end": end,
            "label": label,
            "token_start": starts[start],
            "token_end": ends[end],
        }
        for start, end, label in _spans(doc, target)
    ]
    meta = _rest(selected)
    return {"text": text_of(doc), "tokens": tokens, "spans": spans, "meta": meta}


def _doccano(selected: Selected, target: Target) -> Dict[str, Any]:
    label = [list(span) for span in _spans(selected.doc, target)]
    return {**_rest(selected), "text": text_of(selected.doc), "label": label}


def _label_studio(selected: Selected, target: Target) -> Dict[str, Any]:
    text = text_of(selected.doc)
    result = [
        {
            "from_name": "label",
            "to_name": "text",
            "type": "labels",
            "value": {
                "start": _utf16(text, start),
                "end": _utf16(text, end),
                "text": text[start:end],
                "labels": [label],
            },
        }
        for start, end, label in _spans(selected.doc, target)
    ]
    prediction = {"model_version": f"spacy-birnn {__version__}", "result": result}
    return {"data": {**_rest(selected), "text": text}, "predictions": [prediction]}


def _utf16(text: str, offset: int) -> int:
    """An offset as a browser counts it, to whom an emoji has two characters."""
    return len(text[:offset].encode("utf-16-le", "surrogatepass")) // 2


class Format(NamedTuple):
    """The format of a tool.

    Attributes:
        ending: of the names of its files.
        is_list: whether a file is one list, not a line for each text.
        record: makes the object of one document.
    """

    ending: str
    is_list: bool
    record: Callable[[Selected, Target], Dict[str, Any]]


FORMATS = {
    "jsonl": Format(".jsonl", False, _jsonl),
    "prodigy": Format(".jsonl", False, _prodigy),
    "doccano": Format(".jsonl", False, _doccano),
    "label-studio": Format(".json", True, _label_studio),
}
