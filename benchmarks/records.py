"""Files of results, JSON lists with one entry per row, and tables in Markdown."""

import json
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Sequence

from spacy_birnn.files import replacing

Entry = Dict[str, Any]
FOLDER = Path(__file__).with_name("results")


def read_results(path: Path) -> List[Entry]:
    return json.loads(path.read_text(encoding="utf8")) if path.exists() else []


def write_results(path: Path, entries: List[Entry]) -> None:
    """Write the file whole or not at all; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(json.dumps(entries, indent=2).encode("utf8") + b"\n")


def add_result(path: Path, entry: Entry, key: Sequence[str]) -> None:
    """Add an entry to the file, in the place of an earlier one with the same key.

    Args:
        path: The file, which need not be there.
        entry: The entry to add.
        key: The names of the values that tell one row from another.
    """
    own = [entry[name] for name in key]
    others = [e for e in read_results(path) if [e[name] for name in key] != own]
    write_results(path, [*others, entry])


def markdown(header: Sequence[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """The lines of a table in Markdown."""
    yield f"| {' | '.join(header)} |".replace("|  |", "| |")
    yield "|" + "---|" * len(header)
    for cells in rows:
        yield f"| {' | '.join(cells)} |"
