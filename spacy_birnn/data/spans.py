"""Texts with spans of characters, as annotation tools export them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, Literal, Optional, Set, Tuple

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import filter_spans

from ..attributes import is_annotated
from ..errors import BirnnError, Errors, Warnings, one_line
from .annotation import read_annotation
from .arguments import (
    ALIGNMENT_MODES,
    SPAN_TARGETS,
    UNMARKED,
    AlignmentMode,
    Unmarked,
    check_choice,
)
from .brat import AnnotatedText, CharSpan, texts_of_brat
from .reader import FileCorpus, Notes


@dataclass(eq=False, kw_only=True)
class SpansCorpus(FileCorpus):
    """Reads what annotation tools export (`spacy-birnn.SpansCorpus.v1`).

    Prodigy, Doccano, Label Studio, brat and `Doc.to_json` are told apart by content. A
    text becomes a Doc, which the pipeline's tokenizer splits. Texts whose answer was
    rejected, ignored or skipped are unannotated, not without entities. White space at
    the edge of a span is no part of it. Where spans overlap the longest stays.

    Args:
        target: What the spans are: `ents` or `chunks`.
        spans_key: The key in `doc.spans` for the target `chunks`.
        alignment_mode: What becomes of a span that begins or ends inside a token, as in
            `Doc.char_span`: `expand` takes the whole token, `contract` leaves it out,
            `strict` gives the span up, and its tokens count as unannotated.
        missing_label: The label of spans that mark what was not annotated, such as
            "UNSURE"; None for none.
        unmarked: What the rest of an annotated text is: `outside`, known to be no
            entity, or `missing`, where only some entities were marked.

    The other arguments are those of `FileCorpus`.
    """

    target: Literal["ents", "chunks"] = "ents"
    spans_key: str = "chunks"
    alignment_mode: AlignmentMode = "expand"
    missing_label: Optional[str] = None
    unmarked: Unmarked = "outside"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("target", self.target, SPAN_TARGETS)
        check_choice("alignment_mode", self.alignment_mode, ALIGNMENT_MODES)
        check_choice("unmarked", self.unmarked, UNMARKED)
        if self.unmarked == "missing" and self.target != "ents":
            raise BirnnError(Errors.B448)

    def list_files(self) -> List[Path]:
        return texts_of_brat(super().list_files())

    def read_file(self, file: Path, nlp: Language, notes: Notes) -> Iterator[Example]:
        notes.ask_for(self.target)
        aligner = _Aligner(self, str(file))
        texts = read_annotation(file, self.target, self.spans_key, self.encoding)
        for annotated in texts:
            if len(annotated.text) > nlp.max_length:
                raise BirnnError(
                    Errors.B210.format(
                        where=annotated.place,
                        length=len(annotated.text),
                        limit=nlp.max_length,
                    )
                )
            predicted = nlp.make_doc(annotated.text)
            if annotated.doc_json is not None:
                reference = _from_json(annotated, nlp)
            else:
                reference = aligner.annotate(predicted.copy(), annotated)
            if is_annotated(reference, self.target, self.spans_key):
                notes.found(self.target)
            yield Example(predicted, reference)
        aligner.report(notes)


def _from_json(annotated: AnnotatedText, nlp: Language) -> Doc:
    """Everything that spaCy has written of a Doc."""
    assert annotated.doc_json is not None
    try:
        return Doc(nlp.vocab).from_json(annotated.doc_json, validate=True)
    except Exception as error:
        # spaCy checks with pydantic and its own errors, of many lines.
        reason = one_line(error)[:200]
        raise BirnnError(
            Errors.B145.format(where=annotated.place, reason=reason)
        ) from error


class _Aligner:
    """Turns spans of characters into spans of tokens, and counts what does not fit.

    Args:
        settings: The reader.
        path: What messages call the file.
    """

    def __init__(self, settings: SpansCorpus, path: str) -> None:
        self.settings = settings
        self.path = path
        self.total = 0
        self.crossing: List[str] = []
        self.overlapping: List[str] = []
        self.broken: List[str] = []

    def annotate(self, doc: Doc, annotated: AnnotatedText) -> Doc:
        """Write the spans of a text into its Doc, which is given back."""
        if annotated.spans is None:
            return doc
        spans, unknown = self._align(doc, annotated)
        kept = filter_spans(spans)
        for span in set(spans) - set(kept):
            self.overlapping.append(f"{annotated.place}: '{_shorten(span.text)}'")
        self.overlapping.extend(
            f"{annotated.place}: '{_shorten(span.text)}'"
            for i, span in enumerate(spans)
            if span in spans[:i]
        )
        if self.settings.target == "ents":
            covered = {i for span in kept for i in range(span.start, span.end)}
            missing = [doc[i : i + 1] for i in sorted(unknown - covered)]
            doc.set_ents(kept, missing=missing, default=self.settings.unmarked)
        elif not unknown:
            # A group cannot say "unknown here": one gap makes all of it unknown.
            doc.spans[self.settings.spans_key] = kept
        return doc

    def _align(self, doc: Doc, annotated: AnnotatedText) -> Tuple[List[Span], Set[int]]:
        """The spans that are found, and the tokens of those that are lost or say that
        nothing is known."""
        spans: List[Span] = []
        unknown: Set[int] = set()
        mode = self.settings.alignment_mode
        for given in annotated.spans or ():
            if given[2] == self.settings.missing_label:
                unknown |= _touched(doc, *given[:2])
                continue
            self.total += 1
            start, end, label = _trim(given, doc.text)
            place = f"{annotated.place}: '{_shorten(doc.text[start:end])}'"
            span: Optional[Span] = None
            if start < end:
                span = doc.char_span(start, end, label=label, alignment_mode=mode)
            if span is None or (span.start_char, span.end_char) != (start, end):
                self.crossing.append(place)
            if span is None:
                unknown |= _touched(doc, start, end)
            else:
                spans.append(span)
        for parts in annotated.broken:
            words = " … ".join(doc.text[start:end] for start, end, _ in parts)
            self.broken.append(f"{annotated.place}: '{_shorten(words)}'")
            for start, end, _ in parts:
                unknown |= _touched(doc, start, end)
        return spans, unknown

    def report(self, notes: Notes) -> None:
        """Count what did not fit, a line for each kind."""
        facts = {
            "path": self.path,
            "total": self.total,
            "mode": self.settings.alignment_mode,
        }
        for found, warning in (
            (self.crossing, Warnings.W107),
            (self.overlapping, Warnings.W108),
            (self.broken, Warnings.W109),
        ):
            if found:
                notes.add(warning.format(count=len(found), first=found[0], **facts))


def _trim(span: CharSpan, text: str) -> CharSpan:
    """Leave white space at the edge of a span out."""
    start, end, label = span
    words = text[start:end]
    start += len(words) - len(words.lstrip())
    return start, max(start, end - len(words) + len(words.rstrip())), label


def _touched(doc: Doc, start: int, end: int) -> Set[int]:
    return {t.i for t in doc if t.idx < end and start < t.idx + len(t)}


def _shorten(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 40 else f"{words[:40]}…"
