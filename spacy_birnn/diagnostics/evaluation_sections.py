"""The sections of a report on one target, as the page's template takes them."""

from collections import Counter
from math import floor, sqrt
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

from ..tagging.targets import Target
from . import evaluation_words as words
from .explorer import explorer_data, hues
from .figures import Chart, Line, draw
from .outcomes import CORRECT, KINDS
from .reliability import Reliability
from .span_analysis import SpanAnalysis
from .tables import ALL, NONE, Row, Score, Table
from .tag_analysis import TagAnalysis

View = Dict[str, Any]
Confusion = Dict[Tuple[str, str], int]

MAX_MATRIX = 20
"""Labels in the confusion matrix, at most; those with most errors stay."""

MAX_CONFUSIONS = 12
EXAMPLES_PER_CONFUSION = 3
CONTEXT = 70
"""Characters shown on either side of a confused word."""

SQUARE = (4.6, 3.7)
"""Inches of a chart that may stand beside another one."""


def part_of(target: Target, analysis: Any, names: Sequence[str]) -> View:
    """Everything of one target.

    Args:
        target: the target.
        analysis: of it.
        names: of the pipeline and, if there is one, of the baseline.
    """
    make = _span_part if isinstance(analysis, SpanAnalysis) else _tag_part
    part = make(analysis)
    part["id"] = f"part-{target.spans_key or target.name.removeprefix('_.')}"
    part["name"] = str(target)
    sides = [analysis.reliability(), analysis.baseline_reliability()]
    found = [(name, side) for name, side in zip(names, sides) if side is not None]
    if found:
        part["sections"].append(_reliability_section(found, part["id"]))
    part["sections"].append(_explorer_section(analysis))
    return part


def _span_part(analysis: SpanAnalysis) -> View:
    rows, strict = analysis.scores(), analysis.scores(strict=True)
    kinds = analysis.kinds()
    total = analysis.total()
    colours = dict(zip(analysis.labels, hues(analysis.labels)))
    said = []
    if total is not None:
        said = [*words.say_total(total), *words.say_difference(total, "F1")]
    by_type = _score_view(
        Table("", "", rows), "type", "F1", colours, strict={r.name: r for r in strict}
    )
    groups = analysis.groups()
    return {
        "title": "Spans",
        "tiles": _span_tiles(total, strict, kinds[ALL], len(analysis.sentences)),
        "said": said,
        "sections": [
            {
                "id": "types",
                "short": "By type",
                "title": "Scores by type",
                "said": [
                    "As seqeval counts them: a span is right when its boundaries and "
                    "its type are. Strict F1 counts a span that crosses a sentence by "
                    "its beginning alone. Intervals are of 1,000 bootstrap draws of "
                    "sentences."
                ],
                "kind": "tables",
                "tables": [by_type],
            },
            {
                "id": "kinds",
                "short": "Kinds of errors",
                "title": "Kinds of errors",
                "said": words.say_kinds(kinds[ALL]),
                "kind": "errors",
                "kinds": _kinds_view(kinds, colours),
                "matrix": _matrix(
                    analysis.confusion(),
                    analysis.labels,
                    "Rows are annotated types, columns predicted ones; the last column "
                    "holds spans that were missed, the last row spurious ones.",
                ),
                "confusions": [],
            },
            {
                "id": "groups",
                "short": "Groups",
                "title": "Where it is good, and where not",
                "said": words.say_groups(groups),
                "kind": "tables",
                "tables": [_score_view(table, "", "F1") for table in groups],
            },
        ],
    }


def _span_tiles(
    total: Optional[Row], strict: List[Row], kinds: Dict[str, int], n_sentences: int
) -> List[View]:
    if total is None:
        return []
    score = total.model
    n_errors = sum(kinds[kind] for kind in KINDS)
    tiles = [
        _tile("F1", score.value, words.percent_range(score.interval)),
        _tile("F1, strict", strict[-1].model.value if strict else None, "IOB2"),
        _tile("Precision", score.precision, f"of {score.predicted:,} predicted"),
        _tile("Recall", score.recall, f"of {score.gold:,} annotated"),
        {
            "name": "Errors",
            "value": f"{n_errors:,}",
            "detail": f"in {n_sentences:,} sentences",
        },
    ]
    return [*tiles, *_comparison_tiles(total)]


def _comparison_tiles(row: Row) -> List[View]:
    if row.difference is None or row.baseline is None or row.p_value is None:
        return []
    return [
        {
            "name": "Against the baseline",
            "value": f"{100 * row.difference:+.1f}",
            "detail": f"of {words.percent(row.baseline.value)}, p = {row.p_value:.3f}",
        }
    ]


def _tag_part(analysis: TagAnalysis) -> View:
    total, rows = analysis.total(), analysis.scores()
    assert total is not None  # a word whose tag is known is why there is an analysis
    errors = analysis.errors()
    groups = analysis.groups()
    colours = dict(zip(analysis.labels, hues(analysis.labels)))
    confusion = analysis.confusion()
    n_errors = total.model.gold - total.model.right
    tiles = [
        _tile("Accuracy", total.model.value, words.percent_range(total.model.interval)),
        {
            "name": "Errors",
            "value": f"{n_errors:,}",
            "detail": f"of {total.model.gold:,} words",
        },
        *_comparison_tiles(total),
    ]
    for row in groups[0].rows if analysis.training is not None else []:
        if row.name == "unknown word":
            detail = f"of {row.model.gold:,} not in training"
            tiles.append(_tile("Unknown words", row.model.value, detail))
    return {
        "title": "Tags",
        "tiles": tiles,
        "said": words.say_difference(total, "accuracy"),
        "sections": [
            {
                "id": "types",
                "short": "By tag",
                "title": "Scores by tag",
                "said": [],
                "kind": "tables",
                "tables": [_score_view(Table("", "", rows), "tag", "F1", colours)],
            },
            {
                "id": "kinds",
                "short": "Confusions",
                "title": "Confusions",
                "said": [],
                "kind": "errors",
                "kinds": None,
                "matrix": _matrix(
                    confusion,
                    analysis.labels,
                    "Rows are annotated tags, columns predicted ones.",
                ),
                "confusions": _frequent(analysis, errors),
            },
            {
                "id": "groups",
                "short": "Groups",
                "title": "Where it is good, and where not",
                "said": [],
                "kind": "tables",
                "tables": [_score_view(table, "", "accuracy") for table in groups],
            },
        ],
    }


def _tile(name: str, value: Optional[float], detail: str) -> View:
    return {"name": name, "value": words.percent(value), "detail": detail}


# --- tables ---------------------------------------------------------------------------


def _score_view(
    table: Table,
    group: str,
    measure: str,
    colours: Optional[Dict[str, int]] = None,
    strict: Optional[Dict[str, Row]] = None,
) -> View:
    lowest = _floor(table.rows)
    return {
        "title": table.title,
        "note": table.note,
        "group": group,
        "measure": measure,
        "floor": lowest,
        "with_parts": measure == "F1" and colours is not None,
        "strict": strict is not None,
        "is_compared": any(row.baseline is not None for row in table.rows),
        "counted": "words" if measure == "accuracy" else "annotated",
        "rows": [
            _row_view(row, lowest, (colours or {}).get(row.name), strict)
            for row in table.rows
        ],
    }


def _row_view(
    row: Row, lowest: int, hue: Optional[int], strict: Optional[Dict[str, Row]]
) -> View:
    in_strict = None
    if strict is not None and row.name in strict:
        in_strict = strict[row.name].model.value
    other, difference = row.baseline, row.difference
    return {
        "name": row.name,
        "is_total": row.name == ALL,
        "hue": hue,
        "value": words.percent(row.model.value),
        "interval": words.percent_range(row.model.interval),
        "bar": _bar(row.model, lowest),
        "precision": words.percent(row.model.precision),
        "recall": words.percent(row.model.recall),
        "strict": words.percent(in_strict),
        "count": f"{row.model.gold:,}",
        "base": words.percent(None if other is None else other.value),
        "base_bar": None if other is None else _bar(other, lowest),
        "difference": "–" if difference is None else f"{100 * difference:+.1f}",
        "p_value": "–" if row.p_value is None else f"{row.p_value:.3f}",
    }


def _floor(rows: Sequence[Row]) -> int:
    """Where the axis of a table begins, in per cent: ten steps, below all scores."""
    scores = [row.model for row in rows] + [
        row.baseline for row in rows if row.baseline
    ]
    values = [score.value for score in scores if score.value is not None]
    return max(0, 10 * floor((100 * min(values, default=0.0) - 4) / 10))


def _bar(score: Score, lowest: int) -> Optional[View]:
    if score.value is None:
        return None

    def place(value: float) -> float:
        return round(100 * max(0.0, 100 * value - lowest) / (100 - lowest), 2)

    low, high = map(place, score.interval)
    return {"at": place(score.value), "left": low, "width": round(high - low, 2)}


def _kinds_view(kinds: Dict[str, Dict[str, int]], colours: Dict[str, int]) -> View:
    rows = []
    for label, counts in kinds.items():
        of_kinds = [(kind, counts[kind]) for kind in KINDS]
        rows.append(
            {
                "name": label,
                "is_total": label == ALL,
                "hue": colours.get(label),
                "errors": sum(count for _, count in of_kinds),
                "counts": of_kinds,
                "correct": f"{counts[CORRECT]:,}",
            }
        )
    legend = [
        {"id": kind, "name": name, "meaning": meaning}
        for kind, (name, meaning) in words.KIND_NAMES.items()
    ]
    return {"rows": rows, "legend": legend}


def _matrix(confusion: Confusion, labels: Sequence[str], note: str) -> View:
    shown, left = _most_confused(confusion, labels)
    if left:
        note += (
            f" The {len(shown)} labels with most errors are shown, of {len(labels)}."
        )
    has_none = {side: any(pair[side] == NONE for pair in confusion) for side in (0, 1)}
    columns = [*shown, *([NONE] if has_none[1] else [])]
    rows = []
    for gold in [*shown, *([NONE] if has_none[0] else [])]:
        total = sum(count for pair, count in confusion.items() if pair[0] == gold)
        cells = []
        for predicted in columns:
            count = confusion.get((gold, predicted), 0)
            share = count / max(total, 1)
            is_right = gold == predicted
            # Errors are few beside what is right: the root makes them visible.
            shade = share if is_right else sqrt(share)
            cells.append(
                {"count": count, "share": round(100 * shade), "is_right": is_right}
            )
        rows.append({"name": gold or "nothing", "cells": cells})
    return {
        "title": "Which label is taken for which",
        "note": note,
        "columns": [label or "nothing" for label in columns],
        "rows": rows,
    }


def _most_confused(
    confusion: Confusion, labels: Sequence[str]
) -> Tuple[List[str], bool]:
    if len(labels) <= MAX_MATRIX:
        return list(labels), False
    errors: Counter[str] = Counter()
    for (gold, predicted), count in confusion.items():
        if gold != predicted:
            errors[gold] += count
            errors[predicted] += count
    chosen = {label for label, _ in errors.most_common(MAX_MATRIX) if label}
    return [label for label in labels if label in chosen], True


def _frequent(analysis: TagAnalysis, errors: Sequence[Any]) -> List[View]:
    """The most frequent confusions of the pipeline, each with some of its words."""
    index = {label: i for i, label in enumerate([*analysis.labels, NONE])}
    colours = hues(list(index))
    wrong = {pair: n for pair, n in analysis.confusion().items() if pair[0] != pair[1]}
    views = []
    for gold, predicted in sorted(wrong, key=lambda pair: (-wrong[pair], pair)):
        chosen = [
            error
            for error in errors
            if (error.word.gold, error.word.predicted) == (gold, predicted)
            and error.by != "baseline"
        ]
        views.append(
            {
                "gold": gold,
                "predicted": predicted or "nothing",
                "gold_index": index[gold],
                "predicted_index": index[predicted],
                "hue": colours[index[predicted]],
                "count": f"{wrong[gold, predicted]:,}",
                "examples": [
                    _in_context(analysis.sentences[e.sentence].text, e.word)
                    for e in chosen[:EXAMPLES_PER_CONFUSION]
                ],
            }
        )
        if len(views) == MAX_CONFUSIONS:
            break
    return views


def _in_context(text: str, word: Any) -> Tuple[str, str, str]:
    before, after = text[: word.start], text[word.end :]
    if len(before) > CONTEXT:
        before = "…" + before[-CONTEXT:].partition(" ")[2]
        before = before if before != "…" else "… "
    if len(after) > CONTEXT:
        after = after[:CONTEXT].rpartition(" ")[0] + " …"
    return before, text[word.start : word.end], after


# --- confidence and errors ------------------------------------------------------------


def _reliability_section(sides: List[Tuple[str, Reliability]], part: str) -> View:
    return {
        "id": "confidence",
        "short": "Confidence",
        "title": "How far confidences can be trusted",
        "said": [
            "Predictions in 15 bins of equal size by their confidence. On the dotted "
            "line confidences are true: of all predictions made with 90 %, 90 % are "
            "right. Below it the pipeline is too sure."
        ],
        "kind": "reliability",
        "sides": [
            {
                "name": name,
                "label": f"Reliability diagram of {name}",
                "svg": draw(_reliability_chart(found), f"{part}-{i}", *SQUARE),
                "said": words.say_reliability(found),
            }
            for i, (name, found) in enumerate(sides)
        ],
    }


def _reliability_chart(found: Reliability) -> Chart:
    confidence = [b.confidence for b in found.bins]
    accuracy = [b.accuracy for b in found.bins]
    lowest = min(0.9, floor(10 * min([*confidence, *accuracy])) / 10)
    return Chart(
        "mean confidence of the bin",
        "share that is right",
        [
            Line("as it should be", [lowest, 1], [lowest, 1], series=7, dash=3),
            Line("predictions", confidence, accuracy, series=0, dots=True),
        ],
        percent=True,
        limits=(lowest, 1.01),
    )


def _explorer_section(analysis: Union[SpanAnalysis, TagAnalysis]) -> View:
    data = explorer_data(analysis)
    kinds = Counter(error[0] for error in data["errors"])
    options = [(i, label or "nothing") for i, label in enumerate(data["labels"])]
    is_spans = isinstance(analysis, SpanAnalysis)
    nothing = [(-1, "nothing")] if is_spans else []
    has_confidence = any(len(e[3] or ()) == 4 for e in data["errors"])
    said = "Errors of which the pipeline is most sure come first."
    if not has_confidence:
        said = "The pipeline has no confidences: errors are in the order of the data."
    return {
        "id": "errors",
        "short": "Errors in context",
        "title": "The errors in context",
        "said": [said],
        "kind": "explorer",
        "data": data,
        "has_right": is_spans,
        "has_confidence": has_confidence,
        "kind_options": [
            (i, name, key, kinds[i]) for i, (key, name) in enumerate(data["kinds"])
        ],
        "gold_options": [*options, *nothing],
        "predicted_options": [*options, *nothing],
        "seen_options": list(enumerate(data["seen"])),
        "by_options": list(enumerate(data["by"])),
    }
