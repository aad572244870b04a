"""The table in Markdown, and its place in a page."""

from statistics import mean
from typing import Iterable, Iterator, List, Set

from report import spread

from .grid import DEFAULT
from .results import Entry, Result, results_of

HEADER = """\
| cell | directions | depth | hidden | testa F1 (a dev score) | dev F1 \
| tagging, tokens/s | × default | training, tokens/s |
|---|---|---|---|---|---|---|---|---|"""
BEGIN, END = "<!-- TRADEOFF -->", "<!-- TRADEOFF END -->"


def table(entries: List[Entry]) -> Iterator[str]:
    """Its lines, a variant a row, and a line that says how they came about."""
    yield HEADER
    for result in results_of(entries):
        cells = cells_of(result)
        if result.variant == DEFAULT:
            cells = [f"**{cell}**" for cell in cells]
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield conditions(entries)


def cells_of(result: Result) -> List[str]:
    variant, speed = result.variant, result.speed
    trained = result.train_speeds
    return [
        variant.cell.upper(),
        str(variant.directions),
        str(variant.depth),
        str(variant.hidden),
        spread(result.testa),
        spread(result.dev),
        f"{result.tokens_per_second:,.0f}" if speed else "–",
        f"{speed['over_default']['median']:.2f}" if speed else "–",
        f"{mean(trained):,.0f}" if trained else "–",
    ]


def conditions(entries: Iterable[Entry]) -> str:
    """What the figures depend on. Where runs differ in it, all values are named."""
    trained = [entry for entry in entries if entry["what"] == "training"]
    timed = [entry for entry in entries if entry["what"] == "speed"]
    seeds = sorted({run["seed"] for run in trained})
    stops = {run["max_steps"] for run in trained if run["max_steps"]}
    machines = [entry["machine"] for entry in entries]
    parts = [
        either(f"{run['epochs']} epochs" for run in trained),
        either(f"stopped after {count} steps" for count in stops),
        "seed " + ", ".join(map(str, seeds)),
        either(f"median of {entry['runs']} rounds" for entry in timed),
        "one thread",
        either(machine["cpu_capability"] for machine in machines),
        either(f"torch {machine['torch']}" for machine in machines),
    ]
    return "; ".join(part for part in parts if part) + "."


def either(values: Iterable[str]) -> str:
    distinct: Set[str] = set(values)
    return " or ".join(sorted(distinct))


def insert(page: str, lines: Iterable[str]) -> str:
    """The page with the lines in place of what is between its two markers.

    Raises:
        ValueError: The markers are missing, or in the wrong order.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the markers {BEGIN} and {END} are missing")
    return "\n".join([before + begin, *lines, end + after])
