"""The table of all variants in Markdown, its place in a page, and the plot."""

from dataclasses import asdict
from pathlib import Path
from statistics import mean, stdev
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Tuple

from common import markdown
from report import spread

from spacy_birnn.files import replacing

from .grid import DEFAULT, GRID, SERIES, Variant

Entry = Dict[str, Any]
HEADER = ["cell", "directions", "depth", "hidden", "testa F1 (a dev score)", "dev F1"]
HEADER += ["tagging, tokens/s", "× default", "training, tokens/s"]
BEGIN, END = "<!-- TRADEOFF -->", "<!-- TRADEOFF END -->"
# Colours that the colour-blind tell apart too.
STYLES = {
    "cell and directions": ("#0072B2", "o"),
    "depth": ("#D55E00", "s"),
    "hidden size": ("#009E73", "^"),
}


class Result(NamedTuple):
    """The entries of a variant in the file of results."""

    variant: Variant
    runs: List[Entry]
    speeds: List[Entry]

    def figures(self, key: str) -> List[float]:
        return [run[key] for run in self.runs]

    @property
    def xy(self) -> Tuple[float, float]:
        """Its place in the plot: tokens/s, and the mean F1 in percent."""
        [speed] = self.speeds
        return speed["tokens_per_second"]["median"], 100 * mean(self.figures("testa_f"))


def results_of(entries: List[Entry]) -> List[Result]:
    """In the order of the grid, those of which anything is known."""
    results = []
    for variant in GRID:
        own = [entry for entry in entries if asdict(variant).items() <= entry.items()]
        runs = [entry for entry in own if entry["what"] == "training"]
        results.append(Result(variant, runs, [e for e in own if e["what"] == "speed"]))
    return [result for result in results if result.runs or result.speeds]


def table(entries: List[Entry]) -> Iterator[str]:
    """The lines of the table, one row per variant, and the conditions below it."""
    yield from markdown(HEADER, map(cells_of, results_of(entries)))
    yield ""
    yield conditions(entries)


def cells_of(result: Result) -> List[str]:
    cell, *numbers = asdict(result.variant).values()
    rates = result.figures("train_tokens_per_second")
    cells = [cell.upper(), *map(str, numbers)]
    cells += [spread(result.figures("testa_f")), spread(result.figures("dev_f"))]
    cells += ["–", "–"] if not result.speeds else []
    for speed in result.speeds:
        cells.append(f"{speed['tokens_per_second']['median']:,.0f}")
        cells.append(f"{speed['over_default']['median']:.2f}")
    cells.append(f"{mean(rates):,.0f}" if rates else "–")
    return [f"**{c}**" for c in cells] if result.variant == DEFAULT else cells


def conditions(entries: Iterable[Entry]) -> str:
    """The conditions of the figures. Where runs differ in one, all values are named."""
    trained = [entry for entry in entries if entry["what"] == "training"]
    timed = [entry for entry in entries if entry["what"] == "speed"]
    seeds = sorted({run["seed"] for run in trained})
    stops = {run["max_steps"] for run in trained} - {0}
    machines = [entry["machine"] for entry in entries]
    parts = [
        {f"{run['epochs']} epochs" for run in trained},
        {f"stopped after {count} steps" for count in stops},
        {"seed " + ", ".join(map(str, seeds))},
        {f"median of {entry['runs']} rounds" for entry in timed},
        {"one thread"},
        {machine["cpu_capability"] for machine in machines},
        {f"torch {machine['torch']}" for machine in machines},
    ]
    return "; ".join(" or ".join(sorted(part)) for part in parts if part) + "."


def insert(page: str, lines: Iterable[str]) -> str:
    """The page with the lines in place of the text between its two markers.

    Raises:
        ValueError: The markers are missing, or in the wrong order.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the markers {BEGIN} and {END} are missing")
    return "\n".join([before + begin, *lines, end + after])


def draw(results: Iterable[Result], path: Path) -> None:
    """Plot F1 against tokens/s, one marker per variant, as .svg or .png.

    Args:
        results: Those that were both trained and timed.
        path: The picture; its folder is made.
    """
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    known = {result.variant: result for result in results}
    figure = Figure(figsize=(9, 6), layout="constrained")
    axes = figure.add_subplot()
    axes.set(
        xscale="log",
        xlabel="tagging speed, tokens/s on one thread (log scale)",
        ylabel="F1 on testa (a development set), %",
        title="CoNLL-2003: speed against accuracy\ndefault: LSTM, two directions, "
        f"depth {DEFAULT.depth}, hidden {DEFAULT.hidden} per direction",
    )
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.grid(color="0.9")
    axes.margins(0.22, 0.12)
    for name, variants in SERIES.items():
        color, marker = STYLES[name]
        shown = [known[variant] for variant in variants if variant in known]
        others = [result.xy for result in shown if result.variant != DEFAULT]
        if others:
            axes.plot(*zip(*others), marker, color=color, label=name)
        # A line for each cell: all else that differs is one number.
        for cell in dict.fromkeys(result.variant.cell for result in shown):
            line = [result.xy for result in shown if result.variant.cell == cell]
            axes.plot(*zip(*line), color=color, lw=1, alpha=0.5)
    for variant, result in known.items():
        x, y = result.xy
        # The default's own cell has its labels on the left: fewer of them meet.
        side, align = (-9, "right") if variant.cell == DEFAULT.cell else (9, "left")
        if variant == DEFAULT:
            axes.plot(x, y, "*", color="black", ms=15, label="default")
        else:
            units = "offset points"
            axes.annotate(variant.label, (x, y), (side, 3), textcoords=units, ha=align)
        if len(result.runs) > 1:
            error = 100 * stdev(result.figures("testa_f"))
            axes.errorbar(x, y, yerr=error, color="0.5", capsize=2, zorder=1)
    axes.legend(title="changed from the default")
    path.parent.mkdir(parents=True, exist_ok=True)
    # The same results give the same bytes.
    with matplotlib.rc_context({"svg.hashsalt": "tradeoff"}), replacing(path) as file:
        metadata = {"Date": None} if path.suffix == ".svg" else None
        figure.savefig(file, format=path.suffix[1:], dpi=144, metadata=metadata)
