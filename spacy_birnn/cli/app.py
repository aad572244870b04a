"""The commands in one app, for `spacy-birnn` and `python -m spacy birnn`.

A command is imported when it is asked for: what all of them need together, spaCy and
torch first, takes longer to import than to show a page of help.
"""

import atexit
import gc
import os
import sys
from importlib import import_module
from typing import Any, Dict, List

import typer
from typer.main import get_command

from .. import __version__
from ..garbage import no_collections
from ..progress import show_wait
from .coded import CodedGroup, install_excepthook

HELP = "Train, score and use recurrent sequence taggers."

COMMANDS: Dict[str, str] = {
    "init-config": "Write a complete config that trains on CoNLL, CoNLL-U or .spacy "
    "files.",
    "convert": "Convert annotated files to .spacy: columns, CoNLL-U, exports of "
    "annotation tools.",
    "train": "Train a pipeline, as spacy train does, in checkpoints that can be "
    "resumed.",
    "distil": "Train a pipeline on what other pipelines say of raw text.",
    "evaluate": "Score a pipeline: seqeval's table for spans, accuracy and a table "
    "for tags.",
    "tag": "Tag text, JSON lines, CSV, CoNLL, CoNLL-U, .spacy, Parquet and Arrow, in "
    "order.",
    "gradients": "Show how far the loss of models reaches, and how gradients went in "
    "training.",
    "calibrate": "Fit one temperature per component, and write the pipeline that has "
    "it.",
    "select": "Choose the texts that a pipeline is least sure of, to be annotated "
    "next.",
    "explain": "Explain each entity, chunk or tag of a text: how sure, what else, and "
    "why.",
}
"""The first line of each command's help. The command `a-b` is `a_b.a_b_command`."""

# Settings of a config can be given as options.
_OPEN = {"allow_extra_args": True, "ignore_unknown_options": True}
_SETTINGS: Dict[str, Dict[str, Any]] = dict.fromkeys(
    ("train", "distil", "gradients"), _OPEN
)


class Commands(CodedGroup):
    """The group of commands, which imports each when it is asked for."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # The names alone, from which a typo is told: `get_command` has the commands.
        self.commands = dict.fromkeys(COMMANDS)  # type: ignore[assignment]

    def list_commands(self, ctx: Any) -> List[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return load_command(cmd_name) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def load_command(name: str) -> Any:
    """Import one of `COMMANDS`, as click runs it."""
    module = name.replace("-", "_")
    with show_wait("Starting"), no_collections():
        found = import_module(f".{module}", __package__)
    function = getattr(found, f"{module}_command")
    alone = typer.Typer(rich_markup_mode=None, add_completion=False)
    alone.command(name, context_settings=_SETTINGS.get(name))(function)
    return get_command(alone)


app = typer.Typer(
    name="birnn",
    cls=Commands,
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"spacy-birnn {__version__}")
        raise typer.Exit()


@app.callback()
def _options(
    version: bool = typer.Option(
        False,
        "--version",
        callback=_show_version,
        is_eager=True,
        help="Show the version and exit.",
    ),
) -> None:
    """Handle the options that all commands share."""


def main() -> None:
    """The console script."""
    install_excepthook()
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller, as with `>&-`
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
    # The collections at exit would look through all that is alive, to no end.
    atexit.register(gc.freeze)
    get_command(app)(prog_name="spacy-birnn")
