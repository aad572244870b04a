"""Figures of an evaluation in plain words."""

from pathlib import Path
from typing import Dict, List, Optional

from .bootstrap import Interval
from .reliability import Reliability
from .span_analysis import SEEN
from .tables import Row, Table
from .training_log import LoggedStep, best_step

KIND_NAMES = {
    "type": ("type", "the right words, another type"),
    "boundary": ("boundary", "the right type, too many or too few words"),
    "both": ("type and boundary", "overlaps a span of another type"),
    "missed": ("missed", "nothing was predicted there"),
    "spurious": ("spurious", "nothing is annotated there"),
}

SURE = 0.05
"""A p-value below this is called no chance."""


def short_name(path: str) -> str:
    """A name for a heading: the last two parts of a path."""
    return "/".join(Path(path).parts[-2:])


def percent(value: Optional[float], digits: int = 1) -> str:
    """A share in per cent, such as 94.3; a dash where there is none."""
    return "–" if value is None else f"{100 * value:.{digits}f}"


def percent_range(interval: Interval) -> str:
    """An interval of shares, such as 93.1 to 95.2."""
    low, high = interval
    return "–" if low != low else f"{100 * low:.1f} to {100 * high:.1f}"


def points(value: float) -> str:
    """A distance between shares, such as `1.2 points`."""
    shown = f"{100 * abs(value):.1f}"
    return f"{shown} point{'' if shown == '1.0' else 's'}"


def say_total(row: Row) -> List[str]:
    """Say what F1 is made of."""
    score = row.model
    if score.recall is None or score.precision is None:
        return []
    return [
        f"Of {score.gold:,} annotated spans {percent(score.recall)} % are found "
        f"(recall), and of {score.predicted:,} predicted ones "
        f"{percent(score.precision)} % are right (precision)."
    ]


def say_difference(row: Row, measure: str) -> List[str]:
    """Say how the two pipelines compare."""
    if row.difference is None or row.p_value is None:
        return []
    if abs(row.difference) < 0.0005:
        distance = f"is the same as the baseline's to {points(0.001)}"
    else:
        way = "higher" if row.difference > 0 else "lower"
        distance = f"is {points(row.difference)} {way} than the baseline's"
    verdict = (
        "which is hardly chance" if row.p_value < SURE else "which may well be chance"
    )
    low, high = (f"{100 * end:+.1f}" for end in row.difference_interval or (0.0, 0.0))
    return [
        f"{measure[:1].upper()}{measure[1:]} {distance} (95 % interval {low} to "
        f"{high}, p = {row.p_value:.3f}), {verdict}."
    ]


def say_kinds(kinds: Dict[str, int]) -> List[str]:
    """Say which kind of error comes first."""
    errors = {kind: count for kind, count in kinds.items() if kind in KIND_NAMES}
    total = sum(errors.values())
    if not total:
        return ["There are no errors."]
    first, second, *_ = sorted(errors, key=lambda kind: -errors[kind])
    said = f"Of {total:,} errors {_share(errors[first], total)} are {_kind(first)}"
    if errors[second]:
        said += f", and {_share(errors[second], total)} are {_kind(second)}"
    return [said + "."]


def _share(count: int, total: int) -> str:
    return f"{100 * count / total:.0f} %"


def _kind(kind: str) -> str:
    return {
        "type": "of the type alone",
        "boundary": "of the boundaries alone",
        "both": "of both type and boundaries",
        "missed": "spans that were missed",
        "spurious": "spurious spans",
    }[kind]


def say_groups(tables: List[Table]) -> List[str]:
    """Say what being unseen costs, where training data are known."""
    scores = {row.name: row.model for table in tables for row in table.rows}
    seen, new = scores.get(SEEN["same"]), scores.get(SEEN["new"])
    if seen is None or new is None or seen.value is None or new.value is None:
        return []
    share = 100 * new.gold / max(sum(s.gold for s in _of_first(tables)), 1)
    distance = new.value - seen.value
    if abs(distance) < 0.0005:
        compared = "as much as"
    else:
        compared = f"{points(distance)} {'less' if distance < 0 else 'more'} than"
    return [
        f"{share:.0f} % of the annotated spans never occur in the training data. On "
        f"them F1 is {percent(new.value)}, {compared} on those seen with the same type."
    ]


def _of_first(tables: List[Table]):
    return [row.model for row in tables[0].rows]


def say_reliability(found: Reliability) -> List[str]:
    """Say whether confidences can be believed."""
    gap = found.confidence - found.accuracy
    if abs(gap) < 0.005:
        verdict = "on the whole the confidences say what is true"
    elif gap > 0:
        verdict = f"the pipeline is too sure of itself, by {points(gap)}"
    else:
        verdict = f"the pipeline is less sure than it could be, by {points(gap)}"
    low, high = found.interval
    return [
        f"The mean confidence of {found.count:,} predictions is "
        f"{percent(found.confidence)} %, and {percent(found.accuracy)} % of them are "
        f"right: {verdict}.",
        f"The expected calibration error is {found.error:.3f} (95 % interval "
        f"{low:.3f} to {high:.3f}). It is the mean distance of the points from the "
        "dotted line, each weighted by the predictions that it stands for.",
    ]


def say_training(log: List[LoggedStep]) -> List[str]:
    """Say when training was at its best."""
    best, last = best_step(log), log[-1]
    if best is None or best.score is None:
        return [
            f"Training went on for {last.step:,} steps, without a development set: it "
            "has no scores."
        ]
    said = (
        f"The best score on the development set was {percent(best.score)}, in step "
        f"{best.step:,} of {last.step:,}."
    )
    if best.step == last.step:
        said += " It was still rising when training ended: longer may be better."
    return [said]
