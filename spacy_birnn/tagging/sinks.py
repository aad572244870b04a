"""Where tagged docs go: JSON lines, CoNLL columns and .spacy files.

To add a format, write one sink and name it in ``SINKS``.
"""

import json
from itertools import accumulate
from typing import Any, BinaryIO, Callable, Dict, List, Protocol, Sequence

from spacy.tokens import Doc, DocBin, Span, Token

from ..data.conll import DOCSTART
from ..errors import BirnnError, Errors
from ..schemes import encode
from .sources import Context
from .targets import Target

# The keys of a JSON object that the Doc itself holds.
_OURS = ("text", "tokens")


class Sink(Protocol):
    """Takes tagged docs one by one."""

    def write(self, doc: Doc, context: Context) -> None:
        """Write a doc, or keep it for ``finish``."""

    def finish(self) -> None:
        """Write what is left, after the last doc."""


class JsonlSink:
    """An object a line: see ``to_record``."""

    def __init__(self, file: BinaryIO, targets: Sequence[Target]) -> None:
        self.file = file
        self.targets = targets

    def write(self, doc: Doc, context: Context) -> None:
        record = {**context.meta, **to_record(doc, self.targets)}
        line = json.dumps(record, ensure_ascii=False) + "\n"
        self.file.write(line.encode("utf-8"))

    def finish(self) -> None:
        """Every line is written already."""


class ConllSink:
    """``word<TAB>tag``, one column a target, ``ents`` last; spans in IOB2.

    White-space tokens are left out, an empty line ends a sentence and ``-DOCSTART-``
    stands between documents. In a token, tabs and line ends become blanks, and one that
    begins with ``-DOCSTART-`` gets a blank in front: rows stay rows for any reader.
    """

    def __init__(self, file: BinaryIO, targets: Sequence[Target]) -> None:
        self.file = file
        # Tags, then chunks, then entities, as CoNLL files have them.
        self.targets = sorted(targets, key=lambda t: (t.is_spans, t.name == "ents"))
        self.is_first = True

    def write(self, doc: Doc, context: Context) -> None:
        lines: List[str] = []
        if context.starts_document and not self.is_first:
            lines += [DOCSTART, ""]
        self.is_first = False
        for sentence in to_rows(doc, self.targets):
            lines += ["\t".join(row) for row in sentence]
            lines.append("")
        self.file.write("".join(f"{line}\n" for line in lines).encode("utf-8"))

    def finish(self) -> None:
        """Every sentence is written already."""


class DocBinSink:
    """A ``.spacy`` file, user data included.

    spaCy's format is one packed block, so the packed docs (not the Docs) are kept in
    memory until the end.
    """

    def __init__(self, file: BinaryIO, targets: Sequence[Target]) -> None:
        self.file = file
        self.docs = DocBin(store_user_data=True)

    def write(self, doc: Doc, context: Context) -> None:
        others = {k: v for k, v in context.meta.items() if k not in _OURS}
        doc.user_data.update(others)
        try:
            self.docs.add(doc)
        except OverflowError as error:
            keys = ", ".join(others)
            raise BirnnError(Errors.B218.format(key=keys)) from error

    def finish(self) -> None:
        self.file.write(self.docs.to_bytes())


SINKS: Dict[str, Callable[[BinaryIO, Sequence[Target]], Sink]] = {
    "jsonl": JsonlSink,
    "conll": ConllSink,
    "spacy": DocBinSink,
}


def to_record(doc: Doc, targets: Sequence[Target]) -> Dict[str, Any]:
    """What a pipeline set in a doc, for JSON, in the manner of ``Doc.to_json``.

    Returns:
        ``text``; ``ents`` and ``spans`` as far as they are targets, with character
        offsets; for the first token target ``tokens`` and ``tags``, for others a list
        under their own name. Where confidences are on, each span has its own, and
        ``confidence`` lists those of the tags.
    """
    record: Dict[str, Any] = {"text": doc.text}
    for target in targets:
        if target.name == "ents":
            record["ents"] = [_ent_record(ent) for ent in doc.ents]
        elif target.name == "spans":
            groups = record.setdefault("spans", {})
            groups[target.spans_key] = _group_records(doc, target.spans_key)
        elif "tags" in record:
            record[target.name.removeprefix("_.")] = _values(doc, target)
        else:
            record["tokens"] = [token.text for token in doc]
            record["tags"] = _values(doc, target)
            confidence = _token_confidence(doc)
            if any(value is not None for value in confidence):
                record["confidence"] = confidence
    return record


def to_rows(doc: Doc, targets: Sequence[Target]) -> List[List[List[str]]]:
    """A doc as sentences of rows of cells, without white-space tokens.

    Raises:
        BirnnError: Spans of a target overlap.
    """
    words = [token for token in doc if not token.is_space]
    columns = [_column(doc, words, target) for target in targets]
    sentences: List[List[List[str]]] = []
    starts = _sentence_numbers(doc)
    last = None
    for i, token in enumerate(words):
        is_start = starts[token.i] != last
        last = starts[token.i]
        if is_start:
            sentences.append([])
        cells = [column[i] for column in columns]
        if is_start:
            # An entity that crosses a sentence goes on as a new one, as IOB2 wants it.
            cells = [
                f"B{cell[1:]}" if target.is_spans and cell.startswith("I-") else cell
                for cell, target in zip(cells, targets, strict=True)
            ]
        sentences[-1].append([_one_cell(token.text), *cells])
    return sentences


def _sentence_numbers(doc: Doc) -> List[int]:
    return list(accumulate(int(bool(token.is_sent_start)) for token in doc))


def _column(doc: Doc, words: Sequence[Token], target: Target) -> List[str]:
    """The cells of a target: one for each token that is not white space."""
    if not target.is_spans:
        return [_one_cell(_value(token, target) or "_") for token in words]
    if target.name == "ents":
        spans = list(doc.ents)
    else:
        spans = list(doc.spans.get(target.spans_key, ()))
    # Where each token boundary lies once white-space tokens are gone.
    at = list(accumulate((int(not token.is_space) for token in doc), initial=0))
    kept = [(at[s.start], at[s.end], s.label_) for s in spans]
    kept = [span for span in kept if span[0] < span[1]]
    try:
        return encode(kept, len(words), "iob2")
    except BirnnError as error:
        raise BirnnError(Errors.B212.format(key=target.spans_key)) from error


_BREAKS = str.maketrans("\t\n\r", "   ")


def _one_cell(text: str) -> str:
    """Text that cannot be taken for two cells, two rows or the start of a document."""
    cell = text.translate(_BREAKS)
    return f" {cell}" if cell.startswith(DOCSTART) else cell


def _value(token: Token, target: Target) -> str:
    if target.name.startswith("_."):
        value = token._.get(target.name.removeprefix("_."))
        return "" if value is None else str(value)
    return getattr(token, f"{target.name}_")


def _values(doc: Doc, target: Target) -> List[str]:
    return [_value(token, target) for token in doc]


def _ent_record(ent: Span) -> Dict[str, Any]:
    confidence = ent._.confidence if Span.has_extension("confidence") else None
    return _span_record(ent, confidence)


def _group_records(doc: Doc, key: str) -> List[Dict[str, Any]]:
    group = doc.spans.get(key)
    if group is None:
        return []
    scores = group.attrs.get("scores")
    if scores is None or len(scores) != len(group):
        scores = [None] * len(group)
    return [
        _span_record(span, None if score is None else float(score))
        for span, score in zip(group, scores, strict=True)
    ]


def _span_record(span: Span, confidence: Any) -> Dict[str, Any]:
    record = {"start": span.start_char, "end": span.end_char, "label": span.label_}
    if confidence is not None:
        record["confidence"] = confidence
    return record


def _token_confidence(doc: Doc) -> List[Any]:
    if not Token.has_extension("confidence"):
        return []
    return [token._.confidence for token in doc]
