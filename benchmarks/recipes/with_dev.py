"""What training on dev too is worth, on test: runs beside those that dev has chosen."""

from typing import Iterable, List

from records import markdown

from .cells import Cell
from .pairs import gain
from .spreads import hours, spread

ENDING = "-with-dev"
"""How the names of such recipes end."""

HEADER = ("corpus", "recipe", "seeds", "test", "dev chooses, test", "gain", "hours")


def with_dev_table(cells: Iterable[Cell]) -> str:
    """One line per recipe that was trained on dev too.

    Mean ± standard deviation over its seeds, in points, beside runs of the same seeds
    whose checkpoint dev has chosen; the gain ± its standard error.
    """
    known = {(cell.corpus, cell.recipe): cell for cell in cells}
    rows = []
    for (corpus, recipe), cell in known.items():
        chosen = known.get((corpus, recipe.removesuffix(ENDING)))
        if cell.with_dev and chosen is not None:
            rows.append(row(cell, chosen))
    return "\n".join(markdown(HEADER, rows))


def row(cell: Cell, chosen: Cell) -> List[str]:
    others = [chosen.run_of(run["seed"]) for run in cell.runs]
    pairs = [
        (run["test"], other["test"])
        for run, other in zip(cell.runs, others)
        if other is not None
    ]
    return [
        cell.corpus,
        chosen.recipe,
        str(len(cell.runs)),
        spread([run["test"] for run in cell.runs]),
        spread([test for _, test in pairs]),
        gain([with_dev - test for with_dev, test in pairs]),
        hours(cell.runs),
    ]
