"""Comparisons to make, the rows of results that they give, and their table."""

from statistics import median
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    NamedTuple,
    Optional,
    Sequence,
    Union,
)

from .timing import Side, alternate

Row = Dict[str, Any]
"""A line of the table, as the file of results keeps it: see `row`."""


class Skipped(NamedTuple):
    """A case that was not measured, and why."""

    case: str
    reason: str


class Peer(NamedTuple):
    """Another way to do the same work.

    Attributes:
        name: Its name in the table.
        make: Sets it up; not called where our side is timed alone.
        target: Our side is to be at least this many times as fast.
    """

    name: str
    make: Callable[[], Side]
    target: Optional[float] = None


class Comparison(NamedTuple):
    """A comparison of speed, yet to be made: all sides will run in turn.

    Attributes:
        case: The variant of the measure.
        tokens: Number of tokens that each side works through in a run.
        ours, peers: The sides.
    """

    case: str
    tokens: int
    ours: Side
    peers: Sequence[Peer] = ()

    def rows(self, runs: int) -> Iterator[Row]:
        """Time all sides: one row per peer."""
        sides = [self.ours, *(peer.make() for peer in self.peers)]
        ours, *others = alternate(sides, runs)
        for (name, _, target), other in zip(self.peers, others, strict=True):
            yield speed_row(self.case, name, self.tokens, ours, other, target)

    def rows_of_ours(self, runs: int) -> Iterator[Row]:
        """Time our side alone."""
        [seconds] = alternate([self.ours], runs)
        rates = [self.tokens / second for second in seconds]
        unit = "tokens/s"
        yield row(self.case, "–", unit, rates, rates, rates, value_unit=unit)


Outcome = Union[Comparison, Row, Skipped]


def row(
    case: str,
    against: str,
    unit: str,
    ours: Sequence[float],
    other: Sequence[float],
    value: Sequence[float],
    target: Optional[float] = None,
    *,
    at_most: bool = False,
    value_unit: str = "x",
    facts: Optional[Dict[str, Any]] = None,
) -> Row:
    """Make a row of the figures of several runs.

    Args:
        case: The variant of the measure.
        against: Name of the other side.
        unit: Unit of both sides.
        ours, other: Each side by itself.
        value: A ratio of both, run by run, unless `value_unit` says else.
        target: The median of `value` is to be at least this, or `at_most` this.
        at_most: See `target`.
        value_unit: Unit of `value`.
        facts: Anything else worth keeping.
    """
    spreads = {"ours": spread(ours), "other": spread(other), "value": spread(value)}
    return {
        "case": case,
        "against": against,
        "unit": unit,
        **spreads,
        "runs": len(value),
        "value_unit": value_unit,
        "target": target,
        "at_most": at_most,
        "facts": facts or {},
    }


def speed_row(
    case: str,
    against: str,
    tokens: int,
    ours: Sequence[float],
    other: Sequence[float],
    target: Optional[float] = None,
) -> Row:
    """Make a row of the seconds that each run of `tokens` tokens took."""
    rate, others = ([tokens / s for s in seconds] for seconds in (ours, other))
    value = ratios(other, ours)
    return row(case, against, "tokens/s", rate, others, value, target)


def spread(values: Sequence[float]) -> Dict[str, float]:
    """The median of several runs, and how far apart they lie."""
    figures = {"median": median(values), "min": min(values), "max": max(values)}
    return {name: float(f"{figure:.4g}") for name, figure in figures.items()}


def ratios(above: Sequence[float], below: Sequence[float]) -> Sequence[float]:
    """Divide run by run."""
    return [a / b for a, b in zip(above, below, strict=True)]


HEADER = [
    "measure",
    "case",
    "against",
    "threads",
    "ours",
    "other",
    "ratio",
    "target",
    "",
    "CPU",
]


def cells_of(row: Row) -> Iterable[str]:
    """The cells of a row under `HEADER`."""
    unit, value, target = row["value_unit"], row["value"], row["target"]
    ratio, wanted, verdict = f"{value['median']:.2f} {unit}", "–", ""
    if value["min"] != value["max"]:
        ratio += f" ({value['min']:.2f}–{value['max']:.2f})"
    if target is not None:
        wanted = f"{'≤' if row['at_most'] else '≥'} {target:g} {unit}"
        sign = -1 if row["at_most"] else 1
        met = sign * value["median"] >= sign * target
        verdict = "met" if met else "**missed**"
    return (
        row["measure"],
        row["case"],
        row["against"],
        str(row["threads"]) if row["device"] == "cpu" else row["device"],
        amount(row["ours"]["median"], row["unit"]),
        amount(row["other"]["median"], row["unit"]),
        ratio,
        wanted,
        verdict,
        processor(row["machine"]),
    )


def amount(figure: float, unit: str) -> str:
    return f"{figure:,.0f} {unit}" if figure >= 100 else f"{figure:.3g} {unit}"


def processor(machine: Dict[str, Any]) -> str:
    """Model and vector instructions; early results did not keep the model."""
    vectors = machine["cpu_capability"].replace("AVX512", "AVX-512")
    return ", ".join(filter(None, (machine.get("cpu"), vectors)))
