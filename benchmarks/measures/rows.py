"""Comparisons to make, the rows of results that they give, and their table."""

from dataclasses import asdict, dataclass
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


@dataclass(frozen=True)
class Spread:
    """The median of several runs, and how far apart they lie."""

    median: float
    min: float
    max: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        figures = (median(values), min(values), max(values))
        return cls(*(float(f"{figure:.4g}") for figure in figures))


@dataclass(frozen=True)
class Row:
    """One line of the table of results.

    Attributes:
        case: The variant of the measure.
        against: Name of the other side.
        unit: Unit of both sides.
        ours, other: Each side by itself.
        value: A ratio of both, run by run, unless `value_unit` says else.
        runs: Number of runs.
        target: `value` is to be at least this, or with `at_most` at most this.
        facts: Anything else worth keeping.
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
    facts: Optional[Dict[str, Any]] = None


class Skipped(NamedTuple):
    """A case that was not measured, and why."""

    case: str
    reason: str


class Peer(NamedTuple):
    """Another way to do the same work.

    Attributes:
        name: What the table calls it.
        make: Sets it up; not called where only our side is timed.
        target: Our side is to be at least this many times as fast.
    """

    name: str
    make: Callable[[], Side]
    target: Optional[float] = None


class Comparison(NamedTuple):
    """A comparison of our speed with that of its peers, yet to be made.

    Attributes:
        case: The variant of the measure.
        tokens: Number of tokens that each side works through in a run.
        ours: Our side.
        peers: The other sides; all run in turn with ours.
    """

    case: str
    tokens: int
    ours: Side
    peers: Sequence[Peer]

    def rows(self, runs: int) -> Iterator[Row]:
        """Time all sides: one row for each peer."""
        sides = [self.ours, *(peer.make() for peer in self.peers)]
        ours, *others = alternate(sides, runs)
        for peer, other in zip(self.peers, others, strict=True):
            yield speed_row(self.case, peer.name, self.tokens, ours, other, peer.target)

    def rows_of_ours(self, runs: int) -> Iterator[Row]:
        """Time our side alone."""
        [seconds] = alternate([self.ours], runs)
        rate = Spread.of([self.tokens / second for second in seconds])
        unit = "tokens/s"
        yield Row(self.case, "–", unit, rate, rate, rate, runs, value_unit=unit)


Outcome = Union[Comparison, Row, Skipped]


def ratios(above: Sequence[float], below: Sequence[float]) -> List[float]:
    """Divide run by run."""
    return [a / b for a, b in zip(above, below, strict=True)]


def speed_row(
    case: str,
    against: str,
    tokens: int,
    ours: Sequence[float],
    other: Sequence[float],
    target: Optional[float] = None,
) -> Row:
    """Make a row of the seconds that each run of `tokens` tokens took."""
    return Row(
        case,
        against,
        "tokens/s",
        ours=Spread.of([tokens / seconds for seconds in ours]),
        other=Spread.of([tokens / seconds for seconds in other]),
        value=Spread.of(ratios(other, ours)),
        runs=len(ours),
        target=target,
    )


Entry = Dict[str, Any]
"""A row as the file of results keeps it: see `entry_of`."""

HEADER = """\
| measure | case | against | threads | ours | other | ratio | target | | CPU |
|---|---|---|---|---|---|---|---|---|---|"""


def entry_of(
    measure: str, threads: int, device: str, row: Row, machine: Dict[str, Any]
) -> Entry:
    where = {"measure": measure, "threads": threads, "device": device}
    return {**where, **asdict(row), "machine": machine}


def table(entries: Iterable[Entry]) -> Iterator[str]:
    """The lines of the table in Markdown, one per entry."""
    yield HEADER
    for entry in entries:
        cells = (
            entry["measure"],
            entry["case"],
            entry["against"],
            str(entry["threads"]) if entry["device"] == "cpu" else entry["device"],
            amount(entry["ours"]["median"], entry["unit"]),
            amount(entry["other"]["median"], entry["unit"]),
            spread(entry["value"], entry["value_unit"]),
            target(entry),
            verdict(entry),
            processor(entry["machine"]),
        )
        yield f"| {' | '.join(cells)} |"


def amount(figure: float, unit: str) -> str:
    return f"{figure:,.0f} {unit}" if figure >= 100 else f"{figure:.3g} {unit}"


def spread(value: Dict[str, float], unit: str) -> str:
    """The median, and the range where there is one."""
    middle = f"{value['median']:.2f} {unit}"
    if value["min"] == value["max"]:
        return middle
    return f"{middle} ({value['min']:.2f}–{value['max']:.2f})"


def target(entry: Entry) -> str:
    if entry["target"] is None:
        return "–"
    sign = "≤" if entry["at_most"] else "≥"
    return f"{sign} {entry['target']:g} {entry['value_unit']}"


def verdict(entry: Entry) -> str:
    """Whether the median meets the target."""
    if entry["target"] is None:
        return ""
    median, limit = entry["value"]["median"], entry["target"]
    is_met = median <= limit if entry["at_most"] else median >= limit
    return "met" if is_met else "**missed**"


def processor(machine: Dict[str, Any]) -> str:
    """Model and vector instructions; early results did not keep the model."""
    vectors = machine["cpu_capability"].replace("AVX512", "AVX-512")
    return ", ".join(filter(None, (machine.get("cpu"), vectors)))
