"""The group of commands: what it imports, and what it knows of them."""

import subprocess
import sys

import pytest

from spacy_birnn.cli.app import COMMANDS, load_command

LINE = """
import sys
from spacy_birnn.cli import main
sys.argv = ["spacy-birnn", *sys.argv[1:]]
try:
    main()
finally:
    slow = {"spacy", "thinc", "torch", "numpy"} & set(sys.modules)
    assert not slow, slow
"""


@pytest.mark.parametrize(
    ("argument", "status", "shown"),
    [
        ("--help", 0, "  convert      Convert annotated files"),
        ("--version", 0, "spacy-birnn 0."),
        ("tga", 2, "[B201] Wrong usage: No such command 'tga'. Did you mean 'tag'?"),
    ],
)
def test_what_no_command_is_needed_for_imports_none(argument, status, shown):
    command = [sys.executable, "-c", LINE, argument]
    result = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert result.returncode == status, result.stderr
    assert shown in result.stdout + result.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_has_the_first_line_of_their_help(name):
    command = load_command(name)
    assert command.name == name
    first = " ".join(command.help.split("\n\n")[0].split())
    assert first == COMMANDS[name]
