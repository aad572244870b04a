"""Comparisons to make, the rows of results that they give, and the table of rows."""

from statistics import median
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence

from .timing import Side, alternate

Row = Dict[str, Any]
"""A line of the table: `case`; `against`, the name of the other side; `ours`, `other`
and `value` (a ratio, if `value_unit` does not say else), of each its `spread`; `unit`
of both sides; `runs`; `target`, the least `value`, or with `at_most` the greatest;
`facts`, anything else worth keeping."""


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

    def rows(self, runs: int, ours_only: bool = False) -> Iterator[Row]:
        """Time all sides: one row per peer, or one of our side alone."""
        peers = () if ours_only else self.peers
        ours, *others = alternate([self.ours, *(p.make() for p in peers)], runs)
        if not others:
            yield speed_row(self.tokens, ours, ours, case=self.case, against="–")
        for (name, _, target), other in zip(peers, others):
            where = {"case": self.case, "against": name, "target": target}
            yield speed_row(self.tokens, ours, other, **where)


def row(
    ours: Sequence[float], other: Sequence[float], value: Sequence[float], **rest: Any
) -> Row:
    """Make a row of the figures of several runs, and the other entries of a `Row`."""
    figures = {"ours": spread(ours), "other": spread(other), "value": spread(value)}
    defaults: Row = {"value_unit": "x", "target": None, "at_most": False, "facts": {}}
    return {**figures, "runs": len(value), **defaults, **rest}


def speed_row(
    tokens: int, ours: Sequence[float], other: Sequence[float], **rest: Any
) -> Row:
    """Make a row of the seconds that each run of so many tokens took."""
    rate, others = ([tokens / s for s in seconds] for seconds in (ours, other))
    return row(rate, others, ratios(other, ours), unit="tokens/s", **rest)


def spread(values: Sequence[float]) -> Dict[str, float]:
    """The median of several runs, and how far apart they lie."""
    figures = {"median": median(values), "min": min(values), "max": max(values)}
    return {name: float(f"{figure:.4g}") for name, figure in figures.items()}


def ratios(above: Sequence[float], below: Sequence[float]) -> List[float]:
    """Divide run by run."""
    return [a / b for a, b in zip(above, below, strict=True)]


HEADER = "measure,case,against,threads,ours,other,ratio,target,,CPU".split(",")  # noqa: SIM905


def cells_of(row: Row) -> Iterator[str]:
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
    yield from (row["measure"], row["case"], row["against"], str(row["threads"]))
    for side in "ours", "other":
        figure = row[side]["median"]
        amount = f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"
        yield f"{amount} {row['unit']}"
    # Early results did not keep the model of the processor.
    machine = row["machine"]
    vectors = machine["cpu_capability"].replace("AVX512", "AVX-512")
    cpu = f"{machine['cpu']}, {vectors}" if machine.get("cpu") else vectors
    yield from (ratio, wanted, verdict, cpu)
