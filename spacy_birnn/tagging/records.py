"""Make an object for JSON, or lines of CoNLL columns, of a tagged doc."""

from itertools import pairwise
from typing import Any, Dict, Iterable, List, Sequence, Tuple

from spacy.attrs import IS_SPACE, SENT_START
from spacy.tokens import Doc, Span, Token

from ..attributes import one_per_span
from ..data.layout import DOCSTART
from ..errors import BirnnError, Errors
from ..schemes import encode
from .targets import Target, spans_of


def to_record(doc: Doc, targets: Sequence[Target]) -> Dict[str, Any]:
    """Collect what a pipeline set in a doc, for JSON, in the manner of `Doc.to_json`.

    Returns:
        `text`; `ents` and `spans` as far as they are targets, with character
        offsets; for the first token target `tokens` and `tags`, for others a list
        under their own name. Where confidences are on, each span has its own, and
        `confidence` lists those of the tags.
    """
    record: Dict[str, Any] = {"text": text_of(doc)}
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


def text_of(doc: Doc) -> str:
    """The text; one that is made of tokens ends with the last of them."""
    text = doc.text
    is_made = doc.has_unknown_spaces and text.endswith(" ") and doc[-1].whitespace_
    return text[:-1] if is_made else text


def to_lines(doc: Doc, targets: Sequence[Target]) -> List[str]:
    """A doc as CoNLL columns, without white space; an empty line ends a sentence.

    Raises:
        BirnnError: Spans of a target overlap.
    """
    layout = Layout(doc)
    columns = [layout.column(target) for target in targets]
    words = [one_cell(word.text) for word in layout.words]
    rows = ["\t".join(row) for row in zip(words, *columns, strict=True)]
    lines: List[str] = []
    for start, end in layout.sentences():
        lines += rows[start:end]
        lines.append("")
    return lines


class Layout:
    """The tokens of a doc that are not white space, and its sentences.

    Attributes:
        words: These tokens.
        starts: The positions among them at which sentences begin.
        at: Where each token of the doc lies among them, and the end of the doc.
    """

    def __init__(self, doc: Doc) -> None:
        self.doc = doc
        self.words: List[Token] = []
        self.starts: List[int] = []
        self.at: List[int] = []
        is_start = True
        flags = doc.to_array([IS_SPACE, SENT_START]).tolist()
        for token, (is_space, sent_start) in zip(doc, flags, strict=True):
            is_start |= sent_start == 1
            self.at.append(len(self.words))
            if not is_space:
                if is_start:
                    self.starts.append(len(self.words))
                is_start = False
                self.words.append(token)
        self.at.append(len(self.words))

    def sentences(self) -> Iterable[Tuple[int, int]]:
        """The first word of each sentence, and the one after its last."""
        return pairwise([*self.starts, len(self.words)])

    def column(self, target: Target) -> List[str]:
        """The cells of a target: one for each word, spans in IOB2.

        Raises:
            BirnnError: Spans overlap.
        """
        if not target.is_spans:
            values = _values(self.words, target)
            return [one_cell(value or "_") for value in values]
        return _span_cells(self, target)


def _span_cells(layout: Layout, target: Target) -> List[str]:
    at, spans = layout.at, spans_of(layout.doc, target)
    kept = [(at[s.start], at[s.end], s.label_.translate(_BREAKS)) for s in spans]
    kept = [span for span in kept if span[0] < span[1]]
    try:
        cells = encode(kept, len(layout.words), "iob2")
    except BirnnError as error:
        raise BirnnError(Errors.B212.format(key=target.spans_key)) from error
    for start in layout.starts:
        # A span that crosses a sentence goes on as a new one, as IOB2 wants it.
        if cells[start].startswith("I-"):
            cells[start] = f"B{cells[start][1:]}"
    return cells


_BREAKS = str.maketrans("\t\n\r", "   ")


def one_cell(text: str) -> str:
    """Text that cannot be taken for two cells, two rows or the start of a document or
    of a file. Readers leave out the blank in front."""
    if text.isprintable() and text[0] != DOCSTART[0]:
        return text
    cell = text.translate(_BREAKS)
    return f" {cell}" if cell.startswith((DOCSTART, "\ufeff")) else cell


def _values(tokens: Iterable[Token], target: Target) -> List[str]:
    if not target.name.startswith("_."):
        attribute = f"{target.name}_"
        return [getattr(token, attribute) for token in tokens]
    name = target.name.removeprefix("_.")
    values = [token._.get(name) for token in tokens]
    return ["" if value is None else str(value) for value in values]


def _ent_record(ent: Span) -> Dict[str, Any]:
    confidence = ent._.confidence if Span.has_extension("confidence") else None
    return _span_record(ent, confidence)


def _group_records(doc: Doc, key: str) -> List[Dict[str, Any]]:
    group = doc.spans.get(key)
    if group is None:
        return []
    scores = one_per_span(group, "scores")
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
