"""The data of the list of errors in a report, as small as the page can read it."""

from typing import Any, Dict, Iterable, List, Optional, Sequence, cast

from .analysis import Analysis
from .evaluation_words import KIND_NAMES
from .mentions import Mention
from .outcomes import CORRECT, KINDS
from .span_analysis import SEEN, SpanAnalysis
from .span_errors import BASELINE, BOTH, MODEL, SpanError
from .tables import NONE
from .tag_analysis import TagAnalysis, TagError

HUES = (212, 25, 145, 280, 48, 330, 185, 0, 95, 250, 165, 305)
"""Degrees of the colour circle for labels, far apart where they are neighbours."""

AUTHORS = {
    MODEL: "only this pipeline errs",
    BOTH: "both err",
    BASELINE: "only the baseline errs",
}


def hues(labels: Sequence[str]) -> List[int]:
    """Give each label a hue, in degrees."""
    return [HUES[i % len(HUES)] for i in range(len(labels))]


def explorer_data(analysis: Analysis) -> Dict[str, Any]:
    """Collect the errors and their sentences, each sentence once.

    Returns:
        `kinds`: name of each kind for the style sheet and for people; `labels` and
        their `hues`; `sentences`: text, right spans, document and number; `errors`:
        kind, sentence, gold and predicted span (0 for none), author, how training met
        it; a span is its first character, the one after its last, its label and, where
        there is one, its confidence. Everything but texts is an index.
    """
    if isinstance(analysis, SpanAnalysis):
        return _span_data(analysis)
    return _tag_data(cast(TagAnalysis, analysis))


def _span_data(analysis: SpanAnalysis) -> Dict[str, Any]:
    index = {label: i for i, label in enumerate(analysis.labels)}
    errors = analysis.errors()
    place = _places(error.sentence for error in errors)
    sentences = []
    for number in place:
        sentence = analysis.sentences[number]
        right = [
            _span(outcome.gold, index)
            for outcome in analysis.outcomes[number]
            if outcome.kind == CORRECT and outcome.gold is not None
        ]
        sentences.append([sentence.text, right, sentence.doc, sentence.number])
    return {
        "kinds": [[kind, KIND_NAMES[kind][0]] for kind in KINDS],
        "labels": analysis.labels,
        "hues": hues(analysis.labels),
        "by": list(AUTHORS.values()) if analysis.other is not None else [],
        "seen": list(SEEN.values()) if analysis.training is not None else [],
        "sentences": sentences,
        "errors": [_span_error(error, place, index) for error in errors],
    }


def _span_error(
    error: SpanError, place: Dict[int, int], index: Dict[str, int]
) -> List[Any]:
    return [
        KINDS.index(error.outcome.kind),
        place[error.sentence],
        _span(error.outcome.gold, index),
        _span(error.outcome.predicted, index),
        -1 if error.by is None else list(AUTHORS).index(error.by),
        -1 if error.seen is None else list(SEEN).index(error.seen),
    ]


def _span(mention: Optional[Mention], index: Dict[str, int]) -> Any:
    if mention is None:
        return 0
    return _place(mention.start, mention.end, index[mention.label], mention.confidence)


def _place(start: int, end: int, label: int, confidence: Optional[float]) -> List[Any]:
    place: List[Any] = [start, end, label]
    return place if confidence is None else [*place, round(confidence, 4)]


def _tag_data(analysis: TagAnalysis) -> Dict[str, Any]:
    labels = [*analysis.labels, NONE]
    index = {label: i for i, label in enumerate(labels)}
    errors = analysis.errors()
    place = _places(error.sentence for error in errors)
    found = [analysis.sentences[number] for number in place]
    return {
        "kinds": [["tag", "tag"]],
        "labels": labels,
        "hues": hues(labels),
        "by": list(AUTHORS.values()) if analysis.other is not None else [],
        "seen": [],
        "sentences": [[s.text, [], s.doc, s.number] for s in found],
        "errors": [_tag_error(error, place, index) for error in errors],
    }


def _tag_error(
    error: TagError, place: Dict[int, int], index: Dict[str, int]
) -> List[Any]:
    word = error.word
    return [
        0,
        place[error.sentence],
        _place(word.start, word.end, index[word.gold], None),
        _place(word.start, word.end, index[word.predicted], word.confidence),
        -1 if error.by is None else list(AUTHORS).index(error.by),
        -1,
    ]


def _places(numbers: Iterable[int]) -> Dict[int, int]:
    """From the number of each sentence to its place in the list, in the order of the
    text."""
    return {number: i for i, number in enumerate(sorted(set(numbers)))}
