"""The sections of a report on one target, as the page's template takes them."""

from collections import Counter
from math import floor
from typing import Dict, List, Optional, Sequence, Tuple, cast

from ..tagging.targets import Target
from . import evaluation_words as words
from .analysis import Analysis
from .evaluation_tables import (
    View,
    frequent_confusions,
    kinds_view,
    matrix_view,
    score_view,
)
from .explorer import explorer_data, hues
from .figures import Chart, Line, draw
from .outcomes import KINDS
from .reliability import Reliability
from .span_analysis import SpanAnalysis
from .tables import ALL, Row, Table
from .tag_analysis import TagAnalysis

SQUARE = (4.4, 3.6)
"""Inches of a chart that may stand beside another one."""


def part_of(
    number: int, target: Target, analysis: Analysis, names: Sequence[str]
) -> View:
    """Everything of one target.

    Args:
        number: of the part, which makes its ids unique.
        target: the target.
        analysis: of it.
        names: of the pipeline and, if there is one, of the baseline.
    """
    if isinstance(analysis, SpanAnalysis):
        part = _span_part(analysis)
    else:
        part = _tag_part(cast(TagAnalysis, analysis))
    part["id"] = f"part{number}"
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
    by_type = score_view(
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
                "kinds": kinds_view(kinds, colours),
                "matrix": matrix_view(
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
                "tables": [score_view(table, "", "F1") for table in groups],
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
                "tables": [score_view(Table("", "", rows), "tag", "F1", colours)],
            },
            {
                "id": "kinds",
                "short": "Confusions",
                "title": "Confusions",
                "said": [],
                "kind": "errors",
                "kinds": None,
                "matrix": matrix_view(
                    confusion,
                    analysis.labels,
                    "Rows are annotated tags, columns predicted ones.",
                ),
                "confusions": frequent_confusions(analysis, errors),
            },
            {
                "id": "groups",
                "short": "Groups",
                "title": "Where it is good, and where not",
                "said": [],
                "kind": "tables",
                "tables": [score_view(table, "", "accuracy") for table in groups],
            },
        ],
    }


def _tile(name: str, value: Optional[float], detail: str) -> View:
    return {"name": name, "value": words.percent(value), "detail": detail}


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


def _explorer_section(analysis: Analysis) -> View:
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
