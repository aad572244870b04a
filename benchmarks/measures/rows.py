"""Rows of the table of results: two sides, what is made of them, and its target."""

from dataclasses import dataclass, field
from statistics import median
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Union


@dataclass(frozen=True)
class Spread:
    """The median of several runs, and how far they lie apart."""

    median: float
    min: float
    max: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        figures = (median(values), min(values), max(values))
        return cls(*(float(f"{figure:.4g}") for figure in figures))


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
        case: What was varied within the measure.
        against: What the other side is.
        unit: Of both sides.
        ours, other: Each side by itself.
        value: What is made of both, run by run: a ratio unless `value_unit` says else.
        runs: How many there were.
        target: What `value` is to be at least, or with `at_most` at most.
        facts: What else is worth knowing.
    """

    case: str
    against: str
    unit: str
    ours: Spread
    other: Spread
    value: Spread
    runs: int
    value_unit: str = "x"
    target: Optional[float] = None
    at_most: bool = False
    facts: Dict[str, Any] = field(default_factory=dict)


class Skipped(NamedTuple):
    """A case that was not measured, and why."""

    case: str
    reason: str


Outcome = Union[Row, Skipped]


def ratios(above: Sequence[float], below: Sequence[float]) -> List[float]:
    """Run by run."""
    return [a / b for a, b in zip(above, below, strict=True)]


def speed_row(
    case: str,
    against: str,
    tokens: int,
    ours: Sequence[float],
    other: Sequence[float],
    target: Optional[float] = None,
    **facts: Any,
) -> Row:
    """How many times as fast as the other side ours is.

    Args:
        case: What was varied within the measure.
        against: What the other side is.
        tokens: How many tokens each side works through in a run.
        ours, other: Seconds a run.
        target: At least so many times as fast.
        facts: What else is worth knowing.
    """
    return Row(
        case,
        against,
        unit="tokens/s",
        ours=Spread.of([tokens / seconds for seconds in ours]),
        other=Spread.of([tokens / seconds for seconds in other]),
        value=Spread.of(ratios(other, ours)),
        runs=len(ours),
        target=target,
        facts=facts,
    )
