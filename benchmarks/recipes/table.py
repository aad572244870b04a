"""The table of all cells, in Markdown."""

from pathlib import Path
from statistics import mean, stdev
from typing import Iterable, List, Optional, Sequence

from records import markdown

from spacy_birnn.files import replacing

from .cells import Cell

BEGIN, END = "<!-- ACCURACY -->", "<!-- ACCURACY END -->"
LAYOUTS = ("sentences", "running", "newlines")
HEADER = (
    "corpus",
    "recipe",
    "seeds",
    "dev",
    "running text",
    "line breaks",
    "test",
    "hours",
)


def table(cells: Iterable[Cell]) -> str:
    """One line per cell: mean ± standard deviation over its seeds, in points.

    Running text and line breaks are layouts of dev.
    """
    return "\n".join(markdown(HEADER, map(row, cells)))


def row(cell: Cell) -> List[str]:
    runs = cell.runs
    return [
        cell.corpus,
        cell.recipe,
        str(len(runs)),
        *(spread([run["dev"].get(layout) for run in runs]) for layout in LAYOUTS),
        spread([run["test"] for run in runs]),
        f"{mean(run['seconds'] for run in runs) / 3600:.2f}",
    ]


def spread(scores: Sequence[Optional[float]]) -> str:
    """Mean and standard deviation in points; a dash where there is no score."""
    points: List[float] = [100 * score for score in scores if score is not None]
    if not points:
        return "–"
    deviation = f" ± {stdev(points):.2f}" if len(points) > 1 else ""
    return f"{mean(points):.2f}{deviation}"


def insert(text: str, path: Path) -> None:
    """Put a table between the markers of a page.

    Raises:
        ValueError: The page does not have both markers, in their order.
    """
    page = path.read_text(encoding="utf8")
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{path} has no lines {BEGIN} and {END}: add them")
    with replacing(path) as file:
        file.write(f"{before}{begin}\n{text}\n{end}{after}".encode())
