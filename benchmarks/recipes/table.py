"""The tables of the cells, in Markdown."""

from pathlib import Path
from typing import Dict, Iterable, List

from records import markdown

from spacy_birnn.files import replacing

from .cells import SHIPPED, Cell
from .pairs import pairs_table
from .spreads import hours, spread
from .with_dev import with_dev_table

OF_CELLS = ("RECIPES", "TRIED", "FEW SENTENCES")
"""What ships, what else was tried, and what was trained on a part of train."""

PARTS = (*OF_CELLS, "PAIRS", "WITH DEV")
"""Those, options in pairs, and what was trained on dev too. On a page each has its
place between two lines, `<!-- PART -->` and `<!-- PART END -->`."""

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
        hours(runs),
    ]


def part_of(cell: Cell) -> str:
    """One of `OF_CELLS`."""
    if cell.limit:
        return "FEW SENTENCES"
    return "RECIPES" if cell.recipe in SHIPPED else "TRIED"


def tables(cells: Iterable[Cell]) -> Dict[str, str]:
    """A table for each of `PARTS`."""
    cells = list(cells)
    found = {
        part: table(
            cell for cell in cells if part_of(cell) == part and not cell.with_dev
        )
        for part in OF_CELLS
    }
    return {**found, "PAIRS": pairs_table(cells), "WITH DEV": with_dev_table(cells)}


def total(cells: Iterable[Cell]) -> str:
    """How many trainings the cells hold, and the processor time that they took."""
    runs = [run for cell in cells for run in cell.runs]
    taken = sum(run["seconds"] for run in runs) / 3600
    return f"{len(runs)} trainings, {taken:.0f} hours of processor time"


def insert(texts: Dict[str, str], path: Path) -> None:
    """Put tables between their lines of a page.

    Raises:
        ValueError: The page does not have both lines of each, in their order.
    """
    page = path.read_text(encoding="utf8")
    for part, text in texts.items():
        first, last = f"<!-- {part} -->", f"<!-- {part} END -->"
        before, begin, rest = page.partition(first)
        _, end, after = rest.partition(last)
        if not (begin and end):
            raise ValueError(f"{path} has no lines {first} and {last}: add them")
        page = f"{before}{begin}\n{text}\n{end}{after}"
    with replacing(path) as file:
        file.write(page.encode())
