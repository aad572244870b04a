"""The tables of a report, as the page's template takes them."""

from collections import Counter
from math import floor, sqrt
from typing import Any, Dict, List, Optional, Sequence, Tuple

from . import evaluation_words as words
from .explorer import hues
from .outcomes import CORRECT, KINDS
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


def score_view(
    table: Table,
    group: str,
    measure: str,
    colours: Optional[Dict[str, int]] = None,
    strict: Optional[Dict[str, Row]] = None,
) -> View:
    """A table of scores.

    Args:
        table: its title, note and rows.
        group: heading of the first column.
        measure: `F1`, or `accuracy`.
        colours: the hue of each row, where rows are labels.
        strict: the same rows in strict mode, if that is to be shown.
    """
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


def kinds_view(kinds: Dict[str, Dict[str, int]], colours: Dict[str, int]) -> View:
    """How many errors of each kind there are, by type, and what the kinds mean."""
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


def matrix_view(confusion: Confusion, labels: Sequence[str], note: str) -> View:
    """The confusion matrix, of the labels with most errors if there are many."""
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


def frequent_confusions(analysis: TagAnalysis, errors: Sequence[Any]) -> List[View]:
    """List the most frequent confusions of a pipeline, each with some of its words."""
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
