"""Spans that a component has found and was not sure enough of."""

from typing import List, NamedTuple, Optional

from spacy.tokens import Doc, Span, SpanGroup

from ..attributes import one_per_span

CANDIDATES = "birnn_candidates"
"""The group of `doc.spans` that keeps them where that is wanted."""


class PredictedSpan(NamedTuple):
    """A span of a document.

    Attributes:
        start: its first token.
        end: the token after its last one.
        label: its type.
        confidence: marginal probability of this very span, where it is wanted.
    """

    start: int
    end: int
    label: str
    confidence: Optional[float] = None


def keep_candidates(doc: Doc, component: str, spans: List[PredictedSpan]) -> None:
    """Write what a component has dropped into `doc.spans["birnn_candidates"]`.

    Those of other components stay; `attrs["scores"]` holds the confidence of each span
    of the group, and `attrs["components"]` the component that has found it.
    """
    found = [
        (Span(doc, start, end, label=label), confidence, component)
        for start, end, label, confidence in spans
    ]
    earlier = doc.spans.get(CANDIDATES, SpanGroup(doc))
    scores = one_per_span(earlier, "scores")
    components = one_per_span(earlier, "components")
    new = {(span.start, span.end, span.label_) for span, *_ in found}
    kept = [
        (span, score, name)
        for span, score, name in zip(earlier, scores, components)
        if name != component
        and (name is not None or (span.start, span.end, span.label_) not in new)
    ]
    entries = sorted([*kept, *found], key=lambda entry: (entry[0].start, entry[0].end))
    attrs = {
        "scores": [score for _, score, _ in entries],
        "components": [name for *_, name in entries],
    }
    spans_of_all = [span for span, *_ in entries]
    doc.spans[CANDIDATES] = SpanGroup(
        doc, name=CANDIDATES, attrs=attrs, spans=spans_of_all
    )
