"""Line charts as SVG that fits into a page, light or dark, or stands alone."""

import io
import re
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ..errors import BirnnError, Errors

Values = Sequence[Optional[float]]

INK, FAINT = "#010203", "#010204"
SERIES = [f"#0102{n:02x}" for n in range(16, 24)]
"""Stand-ins for the colours of a page: matplotlib knows no CSS variables."""

VARIABLES = {
    INK: "var(--ink)",
    FAINT: "var(--faint)",
    **{colour: f"var(--series-{i})" for i, colour in enumerate(SERIES, 1)},
}


def _palette(ink: str, faint: str, *series: str) -> Dict[str, str]:
    numbered = {f"series-{i}": colour for i, colour in enumerate(series, 1)}
    return {"ink": ink, "faint": faint, **numbered}


_ON_WHITE = ("#0969b5", "#c8470f", "#11845b", "#9440a8")
_MORE_ON_WHITE = ("#a86e00", "#0c7f91", "#b42a5b", "#5a6472")
_ON_BLACK = ("#58a6ff", "#ff8f5a", "#3fc493", "#d29bff")
_MORE_ON_BLACK = ("#e3b341", "#39c5cf", "#ff7eb0", "#9aa6b2")
LIGHT = _palette("#1f2328", "#d1d9e0", *_ON_WHITE, *_MORE_ON_WHITE)
DARK = _palette("#e6edf3", "#3d444d", *_ON_BLACK, *_MORE_ON_BLACK)
DASHES = ["-", "--", "-.", (0, (1, 1.5)), (0, (5, 1, 1, 1, 1, 1))]
"""So that lines can be told apart without colours, too."""


@dataclass
class Line:
    """A line of a chart.

    Attributes:
        name: for the legend.
        x: where its points are.
        y: their values; None for a gap.
        low: lower edge of a band round it, if it has one.
        high: its upper edge.
        series: which of the eight colours, from 0.
        dash: which of the dashes; None for that of the colour.
        dots: draw its points, too.
    """

    name: str
    x: Sequence[float]
    y: Values
    low: Optional[Values] = None
    high: Optional[Values] = None
    series: int = 0
    dash: Optional[int] = None
    dots: bool = False


@dataclass
class Chart:
    """A line chart.

    Attributes:
        x_label: of the axis.
        y_label: of the axis.
        lines: what is drawn.
        log: a logarithmic scale.
        limits: of the y-axis.
        percent: values are shares, shown in per cent.
        marks: heights of horizontal rules, with a word for each.
    """

    x_label: str
    y_label: str
    lines: List[Line] = field(default_factory=list)
    log: bool = False
    limits: Optional[Tuple[Optional[float], Optional[float]]] = None
    percent: bool = False
    marks: Sequence[Tuple[float, str]] = ()


def check_matplotlib() -> None:
    """Look whether charts can be drawn.

    Raises:
        BirnnError: matplotlib is not installed.
    """
    if find_spec("matplotlib") is None:
        raise BirnnError(Errors.B413)


def css_variables(colours: Dict[str, str]) -> str:
    return "".join(f"--{name}: {value}; " for name, value in colours.items())


def draw(chart: Chart, name: str, width: float = 7.6, height: float = 3.1) -> str:
    """Draw a chart as an `<svg>` element whose colours are CSS variables.

    Args:
        chart: the chart.
        name: what its ids begin with; no other chart of the page may have it.
        width: in inches of 72 pixels.
        height: likewise.

    Raises:
        BirnnError: matplotlib is not installed.
    """
    return _draw_all([("", chart)], name, width, height, has_legend=False)


def draw_alone(
    charts: Sequence[Tuple[str, Chart]], width: float = 9.5, height: float = 3.4
) -> str:
    """Draw charts side by side, with titles and one legend, as an SVG file that brings
    its colours with it and follows the reader's light or dark mode."""
    svg = _draw_all(charts, "chart", width, height, has_legend=True)
    style = (
        f"<style>svg {{ {css_variables(LIGHT)}}} @media (prefers-color-scheme: dark) "
        f"{{ svg {{ {css_variables(DARK)}}} }}</style>"
    )
    return svg.replace(">", f">{style}", 1) + "\n"


def _draw_all(
    charts: Sequence[Tuple[str, Chart]],
    name: str,
    width: float,
    height: float,
    has_legend: bool,
) -> str:
    check_matplotlib()
    import matplotlib
    from matplotlib.figure import Figure

    settings: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "spacy-birnn",
        "font.size": 9,
        "font.family": "sans-serif",
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": FAINT,
        "xtick.color": INK,
        "ytick.color": INK,
        "grid.color": FAINT,
        "axes.titlesize": 10,
    }
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(1, len(charts), sharey=len(charts) > 1, squeeze=False)
        for place, (title, chart) in zip(axes[0], charts):
            _fill(place, chart)
            place.set_title(title)
        for place in axes[0][1:]:
            place.set_ylabel("")
        if has_legend:
            handles, names = axes[0][0].get_legend_handles_labels()
            figure.legend(
                handles, names, loc="outside lower center", ncols=4, frameon=False
            )
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return _for_page(buffer.getvalue(), name)


def _fill(axes: Any, chart: Chart) -> None:
    for line in chart.lines:
        colour = SERIES[line.series % len(SERIES)]
        dash: Any = DASHES[
            (line.series if line.dash is None else line.dash) % len(DASHES)
        ]
        y = _numbers_of(line.y, chart.log)
        marker = "o" if line.dots else ""
        look = {"color": colour, "ls": dash, "lw": 1.6, "marker": marker, "ms": 4}
        axes.plot(line.x, y, label=line.name, **look)
        if line.low is not None and line.high is not None:
            low, high = (_numbers_of(edge, chart.log) for edge in (line.low, line.high))
            axes.fill_between(line.x, low, high, color=colour, alpha=0.15, lw=0)
    for height, word in chart.marks:
        axes.axhline(height, color=INK, lw=0.8, ls=":")
        axes.annotate(
            word,
            (1, height),
            xycoords=("axes fraction", "data"),
            xytext=(-2, 2),
            textcoords="offset points",
            ha="right",
        )
    if chart.log:
        axes.set_yscale("log")
    if chart.limits is not None:
        axes.set_ylim(*chart.limits)
    if chart.log:
        _mark_decades(axes)
    if chart.percent:
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    axes.grid(True, lw=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel(chart.x_label)
    axes.set_ylabel(chart.y_label)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _mark_decades(axes: Any) -> None:
    """Write 0.01, not a power of ten, whose exponent is too small on a telephone."""
    from matplotlib.ticker import LogLocator, NullFormatter

    low, high = axes.get_ylim()
    within = (1.0, 2.0, 5.0) if high < 30 * low else (1.0,)
    axes.yaxis.set_major_locator(LogLocator(subs=within))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


def _numbers_of(values: Values, log: bool) -> List[float]:
    """NaN for gaps, and for what a logarithmic scale cannot show."""
    return [
        float("nan") if value is None or (log and value <= 0) else value
        for value in values
    ]


def _for_page(svg: str, name: str) -> str:
    """Leave out what belongs to files, and make ids unique within a page."""
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    for colour, variable in VARIABLES.items():
        svg = svg.replace(colour, variable)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(url\(|href=")#', rf"\1#{name}-", svg)
    # The page says how wide it is.
    return re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
