"""Options that commands share, as one argument."""

from dataclasses import dataclass
from inspect import signature
from typing import Annotated, Optional

import typer
from typer.main import get_command
from typer.testing import CliRunner

from spacy_birnn.cli.groups import with_groups


@dataclass(frozen=True, kw_only=True)
class Size:
    width: Annotated[int, typer.Option("-w", help="How wide.")] = 3
    name: Optional[str] = None


@with_groups
def command(path: str, *, size: Size, force: bool = False) -> None:
    """Print what is given."""
    print(path, size, force)


def test_each_field_is_an_option_in_the_place_of_the_group():
    assert list(signature(command).parameters) == ["path", "width", "name", "force"]
    assert command.__doc__ == "Print what is given."


def test_the_command_gets_an_object():
    app = typer.Typer()
    app.command()(command)
    found = CliRunner().invoke(app, ["a", "-w", "5", "--force"])
    assert found.stdout == f"a {Size(width=5)} True\n"
    assert CliRunner().invoke(app, ["a"]).stdout == f"a {Size()} False\n"
    assert "How wide." in CliRunner().invoke(app, ["--help"]).stdout
    names = [parameter.name for parameter in get_command(app).params]
    assert {"path", "width", "name", "force"} <= set(names)
