"""The table of results in Markdown, with targets and whether they are met."""

from typing import Any, Dict, Iterable, Iterator

Entry = Dict[str, Any]

HEADER = """\
| measure | case | against | threads | ours | other | ratio | target | |
|---|---|---|---|---|---|---|---|---|"""


def table(entries: Iterable[Entry]) -> Iterator[str]:
    """The lines of the table, one for each entry of the file of results."""
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
    median = entry["value"]["median"]
    is_met = (
        median <= entry["target"] if entry["at_most"] else median >= entry["target"]
    )
    return "met" if is_met else "**missed**"
