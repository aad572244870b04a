"""Imports follow the arrows that docs/architecture.md draws."""

import ast
import re
from collections import defaultdict
from pathlib import Path
from typing import Dict, Iterator, Set, Tuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "spacy_birnn"
PAGE = ROOT / "docs" / "architecture.md"
ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))


def drawn() -> Dict[str, Set[str]]:
    """The rooms that each room has an arrow to."""
    text = re.sub(r"\[.*?\]", "", PAGE.read_text(encoding="utf8"))
    arrows: Dict[str, Set[str]] = defaultdict(set)
    for start, end in re.findall(r"^ {4}(\w+) --> (\w+)$", text, re.MULTILINE):
        arrows[start].add(end)
    return arrows


def within_reach(room: str) -> Set[str]:
    """The rooms that arrows lead to, directly or by way of others."""
    arrows, found, waiting = drawn(), {room}, [room]
    while waiting:
        for other in arrows[waiting.pop()] - found:
            found.add(other)
            waiting.append(other)
    return found


def imported(path: Path) -> Iterator[Tuple[int, str]]:
    """Line and dotted name of each import of a file, wherever it is."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else ()
            module = (*base, *(node.module.split(".") if node.module else ()))
            for alias in node.names:
                yield node.lineno, ".".join((*module, alias.name))
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name


def test_every_room_is_drawn():
    arrows = drawn()
    assert set(ROOMS) == set(arrows) | set().union(*arrows.values())


@pytest.mark.parametrize("room", ROOMS)
def test_imports_follow_the_arrows(room):
    others = set(ROOMS) - within_reach(room)
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in sorted((PACKAGE / room).rglob("*.py"))
        for line, name in imported(path)
        if name.startswith("spacy_birnn.") and name.split(".")[1] in others
    ]
    assert not wrong


@pytest.mark.parametrize("room", ROOMS)
def test_arrows_do_not_go_back(room):
    assert not [other for other in drawn()[room] if room in within_reach(other)]
