"""Coded messages: each is raised, each begins with its code, and none is twice."""

import re
from pathlib import Path

import pytest

from spacy_birnn.errors import Errors, Warnings

ROOT = Path(__file__).parents[1]
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


@pytest.mark.parametrize(("group", "name", "letter"), GROUPS)
def test_messages_are_one_line_and_begin_with_their_code(group, name, letter):
    for code in re.findall(rf"^    ({letter}\d+) = ", SOURCE, re.MULTILINE):
        message = getattr(group, code)
        assert message.startswith(f"[{code}] ")
        assert "\n" not in message
