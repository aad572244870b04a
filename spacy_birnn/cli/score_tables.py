"""The tables that `evaluate` prints."""

from typing import Any, Dict, Iterator, Sequence

from spacy.training import Example

from ..diagnostics.evaluation import is_scored
from ..diagnostics.evaluation_words import percent
from ..diagnostics.report import Report
from ..scorers import seqeval_report, span_prefix, tag_sequences
from ..tagging.targets import Target


def score_table(
    examples: Sequence[Example], scores: Dict[str, Any], target: Target
) -> str:
    """The table of a target as text, or a line where there is nothing to compare."""
    if not is_scored(scores, target):
        return f"{target}: no gold annotation"
    if target.is_spans:
        return _spans_report(examples, scores, target)
    return _tag_report(scores, target)


def _spans_report(
    examples: Sequence[Example], scores: Dict[str, Any], target: Target
) -> str:
    gold, predicted, n_split = tag_sequences(examples, target.name, target.spans_key)
    prefix = f"{span_prefix(target.name, target.spans_key)}_seqeval"
    lines = [
        f"{target}: {len(gold):,} sentences, seqeval (default mode)",
        "",
        seqeval_report(gold, predicted).rstrip("\n") or "no spans, gold or predicted",
        "",
        _prf_line("default", scores, prefix),
        _prf_line("strict", scores, f"{prefix}_strict"),
    ]
    if n_split:
        lines.append(f"{n_split:,} spans cross a sentence and were split there.")
    return "\n".join(lines)


def _prf_line(mode: str, scores: Dict[str, Any], prefix: str) -> str:
    p, r, f = (100 * scores[f"{prefix}_{key}"] for key in "prf")
    return f"{mode:<8} precision {p:6.2f}   recall {r:6.2f}   F1 {f:6.2f}"


def _tag_report(scores: Dict[str, Any], target: Target) -> str:
    name = target.name.removeprefix("_.")
    table = scores[f"{name}_per_type"]
    width = max(12, *(len(tag) for tag in table))
    lines = [
        f"{name}: accuracy {100 * scores[f'{name}_acc']:.2f}",
        "",
        f"{'':>{width}}  precision    recall  f1-score   support",
    ]
    for tag, row in table.items():
        figures = "".join(f"{row[key]:10.4f}" for key in "prf")
        lines.append(f"{tag:>{width}} {figures}{row['support']:10,}")
    return "\n".join(lines)


def comparisons(report: Report) -> Iterator[str]:
    """Compare with the baseline, one line for each target that both pipelines set."""
    for target, analysis in report.analyses.items():
        row = analysis.total()
        if row is None or row.baseline is None or row.difference is None:
            continue
        low, high = (100 * end for end in row.difference_interval or (0.0, 0.0))
        yield (
            f"{target}: {analysis.measure} of {report.baseline} "
            f"{percent(row.baseline.value, 2)}, difference "
            f"{100 * row.difference:+.2f} (95 % interval {low:+.2f} to {high:+.2f}, "
            f"p = {row.p_value:.3f})"
        )
