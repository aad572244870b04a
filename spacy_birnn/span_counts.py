"""Scores from arrays, where both sides of all examples have the same tokens.

Scoring a development set again and again must cost next to nothing beside training.
Spans that do not overlap are compared as arrays, a whole set at once: nothing is
aligned, no characters are counted and no tags are written. The figures equal those of
spaCy and seqeval to the last digit. `scorers.py` asks here first and otherwise lets
those two libraries count.
"""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy
from numpy import ndarray
from spacy.attrs import ENT_IOB, ENT_TYPE, IS_SPACE, ORTH, POS, SENT_START, TAG
from spacy.scorer import PRFScore
from spacy.tokens import Doc
from spacy.training import Example

INSIDE, BEGIN = 1, 3
"""Values of ENT_IOB."""

TOKEN_ATTRS = {"tag": TAG, "pos": POS}


class Spans(NamedTuple):
    """Spans of all documents in order, which do not overlap.

    Attributes:
        start, end: positions over all documents, shape (S,).
        label: hash of the label, shape (S,).
    """

    start: ndarray
    end: ndarray
    label: ndarray

    def select(self, rows: ndarray) -> "Spans":
        return Spans(self.start[rows], self.end[rows], self.label[rows])

    def found_in(self, other: "Spans") -> ndarray:
        """Which of these spans the other side has too, shape (S,)."""
        if not len(other.start):
            return numpy.zeros(len(self.start), dtype=bool)
        at = numpy.searchsorted(other.start, self.start)
        at[at == len(other.start)] = 0
        return (
            (other.start[at] == self.start)
            & (other.end[at] == self.end)
            & (other.label[at] == self.label)
        )


def span_scores(
    examples: Sequence[Example], target: str, spans_key: str, prefix: str
) -> Optional[Dict[str, Any]]:
    """The keys of `seqeval_score` for spans.

    White-space tokens have no width, as everywhere in scoring.

    Args:
        examples: predicted documents with their references.
        target: "ents", or "spans" with `spans_key`.
        spans_key: the group of spans.
        prefix: of the keys.

    Returns:
        None where the tokens of an example differ, or spans of one side overlap.
    """
    docs = [(e.reference, e.predicted) for e in examples if len(e.reference)]
    if any(
        gold.vocab is not predicted.vocab  # a label may be known to one of them only
        or len(gold) != len(predicted)
        for gold, predicted in docs
    ):
        return None
    gold_docs, predicted_docs = ([pair[side] for pair in docs] for side in (0, 1))
    tokens = _table(gold_docs, [ORTH, IS_SPACE, SENT_START])
    if not numpy.array_equal(tokens[:1], _table(predicted_docs, [ORTH])):
        return None
    lengths = numpy.array([len(doc) for doc in gold_docs], dtype="int64")
    first = numpy.cumsum(lengths) - lengths
    if target == "ents":
        sides = [_entities(of_side, first) for of_side in (gold_docs, predicted_docs)]
        annotated = _table(gold_docs, [ENT_IOB])[0] != 0
        known = numpy.add.reduceat(annotated, first) > 0 if docs else annotated
    else:
        sides = [
            _group(of_side, spans_key, first) for of_side in (gold_docs, predicted_docs)
        ]
        known = numpy.array([spans_key in doc.spans for doc in gold_docs], dtype=bool)
        annotated = numpy.repeat(known, lengths)
    gold, predicted = sides
    if gold is None or predicted is None:
        return None
    # From tokens to units: the words of annotated documents.
    counted = (tokens[1] == 0) & numpy.repeat(known, lengths)
    unit = numpy.concatenate([[0], numpy.cumsum(counted)])
    is_start = tokens[2] == 1
    is_start[first] = True
    bounds = numpy.unique(numpy.append(unit[:-1][is_start], unit[-1]))
    gold, predicted = _in_units(gold, unit), _in_units(predicted, unit)
    sure = _without_missing(predicted, unit[:-1][counted & ~annotated])
    strings: Any = gold_docs[0].vocab.strings if docs else {}
    scores = _spacy_figures(gold, sure, predicted.label, strings, prefix)
    scores.update(_seqeval_scores(gold, sure, bounds, f"{prefix}_seqeval"))
    return scores


def token_accuracy(
    examples: Sequence[Example], target: str
) -> Optional[Dict[str, Any]]:
    """The accuracy of `tag` or `pos`; None where the tokens of an example differ.

    Raises:
        KeyError: another attribute.
    """
    attr = TOKEN_ATTRS[target]
    gold_docs = [example.reference for example in examples]
    predicted_docs = [example.predicted for example in examples]
    if list(map(len, gold_docs)) != list(map(len, predicted_docs)):
        return None
    orth, space, gold = _table(gold_docs, [ORTH, IS_SPACE, attr])
    same_orth, predicted = _table(predicted_docs, [ORTH, attr])
    if not numpy.array_equal(orth, same_orth):
        return None
    is_known = gold != 0
    asked = is_known & (space == 0)
    right = int(numpy.count_nonzero(asked & (gold == predicted)))
    n_asked, n_known = (int(numpy.count_nonzero(rows)) for rows in (asked, is_known))
    score = PRFScore(tp=right, fp=n_asked - right, fn=n_known - right)
    return {f"{target}_acc": score.fscore if len(score) else None}


def _table(docs: Sequence[Doc], attrs: List[Any]) -> ndarray:
    """Attributes of all tokens, shape (attributes, N)."""
    if not docs:
        return numpy.zeros((len(attrs), 0), dtype="uint64")
    rows: Any = [doc.to_array(attrs).reshape(-1, len(attrs)) for doc in docs]
    return numpy.ascontiguousarray(numpy.concatenate(rows).T)


def _entities(docs: Sequence[Doc], first: ndarray) -> Optional[Spans]:
    """Entities as `doc.ents` reads them."""
    iob, label = _table(docs, [ENT_IOB, ENT_TYPE])
    start = numpy.flatnonzero((iob == BEGIN) & (label != 0))
    stops = iob != INSIDE
    stops[first] = True
    ends = numpy.append(numpy.flatnonzero(stops), len(iob))
    end = ends[numpy.searchsorted(ends, start, side="right")]
    return Spans(start, end, label[start])


def _group(docs: Sequence[Doc], key: str, first: ndarray) -> Optional[Spans]:
    """A group of spans of all documents; None where some overlap."""
    groups = [doc.spans.get(key, ()) for doc in docs]
    rows = [(span.start, span.end, span.label) for group in groups for span in group]
    found = numpy.array(rows, dtype="uint64").reshape(-1, 3)
    offset = numpy.repeat(first, [len(group) for group in groups])
    start, end = found[:, :2].astype("int64").T + offset
    order = numpy.argsort(start, kind="stable")
    start, end = start[order], end[order]
    if (start[1:] < end[:-1]).any():
        return None
    return Spans(start, end, found[order, 2])


def _in_units(spans: Spans, unit: ndarray) -> Spans:
    """Spans over units, without those in which there is none."""
    spans = Spans(unit[spans.start], unit[spans.end], spans.label)
    return spans.select(spans.start < spans.end)


def _without_missing(spans: Spans, missing: ndarray) -> Spans:
    """Without the spans that touch a unit whose annotation is missing."""
    before = numpy.searchsorted(missing, spans.start)
    return spans.select(numpy.searchsorted(missing, spans.end) == before)


def _spacy_figures(
    gold: Spans, predicted: Spans, seen: ndarray, strings: Any, prefix: str
) -> Dict[str, Any]:
    """spaCy's precision, recall and F, of all and by type.

    Args:
        gold: of the references.
        predicted: those that count.
        seen: labels of all that were predicted: spaCy lists them.
    """
    right = predicted.label[predicted.found_in(gold)]
    per_type: Dict[str, PRFScore] = {}
    total = PRFScore()
    for label in numpy.unique(numpy.concatenate([gold.label, seen])).tolist():
        n_right = int((right == label).sum())
        per_type[strings[label]] = score = PRFScore(
            tp=n_right,
            fp=int((predicted.label == label).sum()) - n_right,
            fn=int((gold.label == label).sum()) - n_right,
        )
        total += score
    keys = [f"{prefix}_p", f"{prefix}_r", f"{prefix}_f", f"{prefix}_per_type"]
    if not len(total):
        return dict.fromkeys(keys)
    types = {name: score.to_dict() for name, score in per_type.items()}
    figures = [total.precision, total.recall, total.fscore, types]
    return dict(zip(keys, figures, strict=True))


def _seqeval_scores(
    gold: Spans, predicted: Spans, bounds: ndarray, prefix: str
) -> Dict[str, Any]:
    """Both modes of seqeval, and how many spans cross a sentence.

    Args:
        bounds: the units at which sentences start, and the end of the last.
    """
    sentences, is_empty = _Sentences(bounds), not bounds[-1]
    modes = {prefix: sentences.pieces, f"{prefix}_strict": sentences.beginnings}
    scores: Dict[str, Any] = {}
    for name, cut in modes.items():
        scores.update(_seqeval_figures(cut(gold), cut(predicted), name, is_empty))
    scores[f"{prefix}_split"] = sentences.n_crossing(gold, predicted)
    return scores


def _seqeval_figures(
    gold: Spans, predicted: Spans, prefix: str, is_empty: bool
) -> Dict[str, Any]:
    """seqeval's micro precision, recall and F: the same divisions in the same order."""
    keys = [f"{prefix}_{key}" for key in "prf"]
    if is_empty:
        return dict.fromkeys(keys)
    right = int(numpy.count_nonzero(predicted.found_in(gold)))
    p = right / (len(predicted.start) or 1)
    r = right / (len(gold.start) or 1)
    f = (1 + 1.0) * p * r / ((1.0 * p + r) or 1.0)
    return dict(zip(keys, (p, r, f), strict=True))


class _Sentences:
    """Cut spans at sentence starts, as seqeval reads one list of tags a sentence.

    Args:
        bounds: the units at which sentences start, and the end of the last.
    """

    def __init__(self, bounds: ndarray) -> None:
        self.bounds = bounds

    def _ends(self, spans: Spans) -> ndarray:
        """Where the sentence ends in which each span begins."""
        return self.bounds[numpy.searchsorted(self.bounds, spans.start, side="right")]

    def n_crossing(self, *sides: Spans) -> int:
        return sum(int((self._ends(spans) < spans.end).sum()) for spans in sides)

    def beginnings(self, spans: Spans) -> Spans:
        """Up to the end of their sentence: in strict mode the rest is nothing."""
        ends = numpy.minimum(self._ends(spans), spans.end)
        return Spans(spans.start, ends, spans.label)

    def pieces(self, spans: Spans) -> Spans:
        """Cut into one span a sentence: in default mode each piece is an entity."""
        if not self.n_crossing(spans):
            return spans
        cut: List[Tuple[int, int, int]] = []
        for start, end, label in zip(*(column.tolist() for column in spans)):
            inner = self.bounds[(start < self.bounds) & (self.bounds < end)].tolist()
            cut += [(s, e, label) for s, e in zip([start, *inner], [*inner, end])]
        start, end = numpy.array([row[:2] for row in cut]).T
        return Spans(start, end, numpy.array([row[2] for row in cut], dtype="uint64"))
