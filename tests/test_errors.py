"""Coded messages: each is raised, each begins with its code, and none is twice."""

import re

import pytest

from spacy_birnn.errors import Errors, Warnings

from .conftest import ROOT

SOURCE = (ROOT / "spacy_birnn" / "errors.py").read_text(encoding="utf8")
CODE = "".join(
    path.read_text(encoding="utf8")
    for folder in ("spacy_birnn", "scripts", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
)
GROUPS = [(Errors, "Errors", "B"), (Warnings, "Warnings", "W")]


@pytest.mark.parametrize(("group", "name", "letter"), GROUPS)
def test_every_code_is_used_and_every_used_code_is_there(group, name, letter):
    defined = re.findall(rf"^    ({letter}\d+) = ", SOURCE, re.MULTILINE)
    assert len(defined) == len(set(defined))
    used = set(re.findall(rf"(?<![A-Za-z]){name}\.({letter}\d+)\b", CODE))
    # Codes of spaCy's own are used under spaCy's own name.
    assert set(defined) == {code for code in used if hasattr(group, code)}
    for code in used - set(defined):
        assert f"Spacy{name}.{code}" in CODE or f"spacy.errors.{name}.{code}" in CODE


def test_every_code_is_asked_for_by_a_test():
    asked = "".join(
        path.read_text(encoding="utf8") for path in (ROOT / "tests").rglob("*.py")
    )
    defined = re.findall(r"^    ([BW]\d+) = ", SOURCE, re.MULTILINE)
    assert [code for code in defined if code not in asked] == []


@pytest.mark.parametrize(("group", "name", "letter"), GROUPS)
def test_messages_are_one_line_and_begin_with_their_code(group, name, letter):
    for code in re.findall(rf"^    ({letter}\d+) = ", SOURCE, re.MULTILINE):
        message = getattr(group, code)
        assert message.startswith(f"[{code}] ")
        assert "\n" not in message


def rows_of_the_page():
    """Code to the three cells that `docs/errors.md` has for it."""
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf8")
    rows = {}
    for line in page.splitlines():
        found = re.match(r'\| <a id="(\w+)"></a>(\w+) \| (.*) \|$', line)
        if found:
            anchor, code, cells = found.groups()
            assert anchor == code.lower()
            assert code not in rows, f"{code} is twice in docs/errors.md"
            rows[code] = cells.split(" | ")
    return rows


def test_the_page_of_errors_explains_every_code():
    rows = rows_of_the_page()
    defined = re.findall(r"^    ([BW]\d+) = ", SOURCE, re.MULTILINE)
    missing = sorted(set(defined) - set(rows))
    assert not missing, f"docs/errors.md has no row for {', '.join(missing)}"
    gone = sorted(set(rows) - set(defined))
    assert not gone, f"docs/errors.md explains {', '.join(gone)}, which are gone"


def test_the_page_of_errors_says_more_than_the_messages():
    for code, cells in rows_of_the_page().items():
        assert len(cells) == 3, code
        assert all(cell.strip() for cell in cells), code
        group = Errors if code[0] == "B" else Warnings
        message = getattr(group, code).partition("] ")[2].lower()
        meaning = cells[0].rstrip(".").lower()
        assert meaning not in message, f"{code}: '{cells[0]}' is the message again"
