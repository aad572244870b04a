"""A page of charts with words under each: one file, no network, no script."""

from dataclasses import dataclass, field
from typing import List, NamedTuple, Optional, Sequence

from .figures import DASHES, SERIES, Chart, draw
from .rendering import render_template

WIDE, NARROW = (8.6, 3.3), (3.6, 3.1)
"""Inches of a chart on a desk and on a telephone."""

STROKES = ["none", "7 3", "9 3 2 3", "2 3", "9 2 2 2 2 2"]
"""The dashes of the charts, for the legend."""


class Entry(NamedTuple):
    """A line of the legend."""

    name: str
    series: int
    dashes: str


@dataclass
class Section:
    """A chart, what it says in plain words, and its figures.

    Attributes:
        title: the heading.
        chart: what is drawn, if anything.
        said: sentences under it.
        note: how to read it.
        header: of the table, if there is one.
        rows: of the table.
        folded: the words on which the table unfolds; empty to show it at once.
        wordy: which of its columns hold words, besides the first.
    """

    title: str
    chart: Optional[Chart] = None
    said: Sequence[str] = ()
    note: str = ""
    header: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    folded: str = ""
    wordy: Sequence[str] = ()
    wide: str = field(default="", init=False)
    narrow: str = field(default="", init=False)

    @property
    def legend(self) -> List[Entry]:
        """The names of the chart's lines, each once."""
        entries = {}
        for line in self.chart.lines if self.chart is not None else ():
            series = line.series % len(SERIES)
            dash = line.series if line.dash is None else line.dash
            entries[line.name] = Entry(line.name, series, STROKES[dash % len(DASHES)])
        return list(entries.values())


def render_page(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """Write the page.

    Raises:
        BirnnError: matplotlib is not installed.
    """
    for number, section in enumerate(sections):
        if section.chart is not None:
            for kind, size in (("wide", WIDE), ("narrow", NARROW)):
                svg = draw(section.chart, f"{kind}{number}", *size)
                setattr(section, kind, svg.replace("<svg", f'<svg class="{kind}"', 1))
    facts = {"title": title, "subtitle": subtitle, "sections": sections}
    return render_template("gradients.html", **facts)
