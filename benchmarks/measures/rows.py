"""Comparisons to make, the rows of results that they give, and the table of rows."""

from statistics import median
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Union,
)

from .timing import Side, alternate

Row = Dict[str, Any]
"""A line of the table: `case`; `against`, the name of the other side; `ours`, `other`
and `value` (a ratio, if `value_unit` does not say else), of each its `spread`; `unit`
of both sides; `runs`; `target`, the least `value`, or with `at_most` the greatest;
`facts`, anything else worth keeping."""


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
        """Time all sides: one row per peer, or one of our side alone."""
        sides = [self.ours, *(peer.make() for peer in self.peers)]
        ours, *others = alternate(sides, runs)
        if not others:
            yield speed_row(self.case, "–", self.tokens, ours, ours)
        for (name, _, target), other in zip(self.peers, others):
            yield speed_row(self.case, name, self.tokens, ours, other, target)


Outcome = Union[Comparison, Row, Skipped]


def row(
    case: str,
    against: str,
    unit: str,
    ours: Sequence[float],
    other: Sequence[float],
    value: Sequence[float],
    **more: Any,
) -> Row:
    """Make a row of the figures of several runs, and of `more` entries of a `Row`."""
    spreads = {"ours": spread(ours), "other": spread(other), "value": spread(value)}
    rest = {"value_unit": "x", "target": None, "at_most": False, "facts": {}, **more}
    given = {"case": case, "against": against, "unit": unit}
    return {**given, **spreads, "runs": len(value), **rest}


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
    return row(case, against, "tokens/s", rate, others, value, target=target)


def spread(values: Sequence[float]) -> Dict[str, float]:
    """The median of several runs, and how far apart they lie."""
    figures = {"median": median(values), "min": min(values), "max": max(values)}
    return {name: float(f"{figure:.4g}") for name, figure in figures.items()}


def ratios(above: Sequence[float], below: Sequence[float]) -> List[float]:
    """Divide run by run."""
    return [a / b for a, b in zip(above, below, strict=True)]


HEADER = "measure,case,against,threads,ours,other,ratio,target,,CPU".split(",")  # noqa: SIM905


def cells_of(row: Row) -> Iterable[str]:
    """The cells under `HEADER` of a row, with the entries that speed.py adds."""
    unit, value, target = row["value_unit"], row["value"], row["target"]
    ratio, wanted, verdict = f"{value['median']:.2f} {unit}", "–", ""
    if value["min"] != value["max"]:
        ratio += f" ({value['min']:.2f}–{value['max']:.2f})"
    if target is not None:
        wanted = f"{'≤' if row['at_most'] else '≥'} {target:g} {unit}"
        middle = value["median"]
        is_met = middle <= target if row["at_most"] else middle >= target
        verdict = "met" if is_met else "**missed**"
    yield from (row["measure"], row["case"], row["against"])
    yield str(row["threads"]) if row["device"] == "cpu" else row["device"]
    for side in "ours", "other":
        figure = row[side]["median"]
        amount = f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"
        yield f"{amount} {row['unit']}"
    yield from (ratio, wanted, verdict, processor(row["machine"]))


def processor(machine: Dict[str, Any]) -> str:
    """Model and vector instructions; early results did not keep the model."""
    vectors = machine["cpu_capability"].replace("AVX512", "AVX-512")
    return ", ".join(filter(None, (machine.get("cpu"), vectors)))
