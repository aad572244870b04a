"""What training on dev too is worth, on test: runs beside those that dev has chosen."""

from typing import Iterable, List, Optional

from records import markdown

from .cells import Cell
from .pairs import gain
from .spreads import hours, spread

ENDING = "-with-dev"
"""How the names of such recipes end."""

HEADER = (
    "corpus",
    "recipe",
    "seeds",
    "test",
    "pairs",
    "dev chooses, test",
    "gain",
    "hours",
)


def with_dev_table(cells: Iterable[Cell]) -> str:
    """One line per recipe that was trained on dev too.

    The gain on test ± its standard error, in points, is that over runs of the same
    seeds whose checkpoint dev has chosen, where there are any.
    """
    known = {(cell.corpus, cell.recipe): cell for cell in cells}
    rows = [
        row(cell, known.get((corpus, recipe.removesuffix(ENDING))))
        for (corpus, recipe), cell in known.items()
        if cell.with_dev
    ]
    return "\n".join(markdown(HEADER, rows))


def row(cell: Cell, chosen: Optional[Cell]) -> List[str]:
    runs = [] if chosen is None else chosen.runs
    others = {run["seed"]: run["test"] for run in runs}
    pairs = [
        (run["test"], others[run["seed"]])
        for run in cell.runs
        if others.get(run["seed"]) is not None
    ]
    return [
        cell.corpus,
        cell.recipe.removesuffix(ENDING),
        str(len(cell.runs)),
        spread([run["test"] for run in cell.runs]),
        str(len(pairs)) if pairs else "–",
        spread([test for _, test in pairs]) if pairs else "–",
        gain([with_dev - test for with_dev, test in pairs]) if pairs else "–",
        hours(cell.runs),
    ]
