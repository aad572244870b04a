"""What the pages show can be used: code compiles, configs parse, commands exist."""

import re
import shlex

import pytest
import typer
from spacy.cli import app
from spacy.util import load_config_from_str

from spacy_birnn.cli.app import app as our_app

from .conftest import ROOT

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
]
SPACY = ["python", "-m", "spacy"]


def blocks(page, *languages):
    """The blocks of code of a page that are in one of the languages."""
    text = page.read_text(encoding="utf8")
    # All blocks in turn, so that the end of one is not taken for the start of another.
    found = re.findall(r"^```(.*)\n((?:.*\n)*?)```$", text, re.MULTILINE)
    return [block for language, block in found if language in languages]


def name_of(page):
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_python_compiles(page):
    for block in blocks(page, "python"):
        compile(block, name_of(page), "exec")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_configs_parse(page):
    for block in blocks(page, "ini"):
        sections = re.findall(r"^\[([\w.]+)\]", block, re.MULTILINE)
        parents = []
        for section in sections:
            names = section.split(".")
            for depth in range(1, len(names)):
                parent = ".".join(names[:depth])
                if parent not in sections and parent not in parents:
                    parents.append(parent)
        text = "\n".join([*(f"[{parent}]" for parent in parents), block])
        assert load_config_from_str(text, interpolate=False)


def command_lines():
    for page in PAGES:
        for block in blocks(page, "", "bash"):
            for line in block.replace("\\\n", " ").splitlines():
                for part in line.removeprefix("$ ").split(" | "):
                    words = part.split()
                    if words[:1] == ["spacy-birnn"] or words[:3] == SPACY:
                        yield name_of(page), part


@pytest.mark.parametrize(("page", "line"), command_lines())
def test_commands_and_options_exist(page, line):
    words = [word for word in shlex.split(line, comments=True) if word != "…"]
    if words[0] == "spacy-birnn" or words[3] == "birnn":
        command = typer.main.get_command(our_app)
        words = words[1:] if words[0] == "spacy-birnn" else words[4:]
    else:
        command, words = typer.main.get_command(app), words[3:]
    while words and words[0] in getattr(command, "commands", {}):
        command = command.get_command(None, words.pop(0))
    assert not hasattr(command, "commands") or words[:1] == ["…"], words
    known = {option for part in command.params for option in part.opts}
    for word in words:
        option = word.partition("=")[0]
        if re.match(r"--?[a-zA-Z]", option) and "." not in option:
            assert option in known, option
        # `--paths.train` and `--vars.lang` are settings of a config or a project.
        elif option.startswith("--"):
            assert command.context_settings["ignore_unknown_options"], option
