"""The plot: F1 against tokens/s, a marker a variant."""

from pathlib import Path
from statistics import stdev
from typing import Dict, List, Sequence, Tuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from matplotlib.transforms import Bbox

from spacy_birnn.files import replacing

from .grid import DEFAULT, SERIES
from .labels import Box, place
from .results import Result

# Colours that the colour-blind tell apart too.
STYLES = {
    "cell and directions": ("#0072B2", "o"),
    "depth": ("#D55E00", "s"),
    "hidden size": ("#009E73", "^"),
}
DEFAULT_STYLE = ("black", "*")
# A pixel of the canvas is a point: what is measured there can be given to matplotlib.
DPI = 72
MARKER, LABEL_SIZE = 9.0, 9.5


def draw(results: Sequence[Result], path: Path) -> None:
    """Write the picture.

    Args:
        results: Complete ones.
        path: Where to: an .svg, else PNG. Its folder is made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The same results give the same bytes.
    with matplotlib.rc_context({"svg.hashsalt": "tradeoff"}):
        figure = make_figure(results)
        with replacing(path) as file:
            if path.suffix == ".svg":
                figure.savefig(file, format="svg", metadata={"Date": None})
            else:
                figure.savefig(file, format="png", dpi=2 * DPI)


def make_figure(results: Sequence[Result]) -> Figure:
    figure = Figure(figsize=(9, 6), dpi=DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    draw_axes(axes)
    known = {result.variant: result for result in results}
    for name, variants in SERIES.items():
        draw_series(axes, name, [known[v] for v in variants if v in known])
    if DEFAULT in known:
        color, marker = DEFAULT_STYLE
        result = known[DEFAULT]
        axes.plot(*xy(result), marker, color=color, ms=15, zorder=4, label="default")
    draw_errors(axes, results)
    axes.margins(0.12, 0.12)
    legend = axes.legend(loc="best", title="changed from the default")
    figure.draw_without_rendering()
    draw_labels(axes, results, box_of(legend.get_window_extent()))
    return figure


def draw_axes(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    axes.grid(color="0.9")
    axes.set_axisbelow(True)
    axes.set_xlabel("tagging speed, tokens/s on one thread (log scale)")
    axes.set_ylabel("F1 on testa (a development set), %")
    axes.set_title(
        "CoNLL-2003: speed against accuracy\n"
        f"default: {DEFAULT.cell.upper()}, two directions, depth {DEFAULT.depth}, "
        f"hidden {DEFAULT.hidden} a direction",
        fontsize=11,
    )


def draw_series(axes: Axes, name: str, results: List[Result]) -> None:
    """Markers, and a line for each cell: what else differs is one number."""
    color, marker = STYLES[name]
    cells: Dict[str, List[Result]] = {}
    for result in results:
        cells.setdefault(result.variant.cell, []).append(result)
    for line in cells.values():
        axes.plot(*zip(*map(xy, line)), color=color, lw=1, alpha=0.5, zorder=2)
    others = [xy(result) for result in results if result.variant != DEFAULT]
    if others:
        axes.plot(*zip(*others), marker, color=color, ms=MARKER, zorder=3, label=name)


def draw_errors(axes: Axes, results: Sequence[Result]) -> None:
    """The standard deviation of F1 where there are several seeds."""
    for result in results:
        if len(result.testa) > 1:
            error = 100 * stdev(result.testa)
            axes.errorbar(*xy(result), yerr=error, color="0.5", capsize=2, zorder=1)


def draw_labels(axes: Axes, results: Sequence[Result], legend: Box) -> None:
    """The canvas must be laid out: places are found in its points."""
    points = [tuple(axes.transData.transform(xy(result))) for result in results]
    texts = [
        axes.annotate(
            result.variant.label,
            xy=xy(result),
            xytext=(0, 0),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=LABEL_SIZE,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
            zorder=5,
        )
        for result in results
    ]
    boxes = [box_of(text.get_window_extent()) for text in texts]
    sizes = [(box.right - box.left, box.top - box.bottom) for box in boxes]
    frame = box_of(axes.get_window_extent())
    places = place(points, sizes, frame, MARKER + 3, [legend])
    for text, (x, y), box in zip(texts, points, places, strict=True):
        text.set_position((box.center[0] - x, box.center[1] - y))
        text.set_in_layout(False)


def xy(result: Result) -> Tuple[float, float]:
    return result.tokens_per_second, result.points


def box_of(extent: Bbox) -> Box:
    return Box(extent.x0, extent.y0, extent.x1, extent.y1)
