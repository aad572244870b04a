"""The commands in one app, for `spacy-birnn` and `python -m spacy birnn`."""

import typer
from typer.main import get_command

from .. import __version__
from .calibrate import calibrate_command
from .coded import CodedGroup, install_excepthook
from .convert import convert_command
from .evaluate import evaluate_command
from .explain import explain_command
from .gradients import gradients_command
from .init_config import init_config_command
from .select import select_command
from .tag import tag_command
from .train import train_command

HELP = "Train, score and use recurrent sequence taggers."

app = typer.Typer(
    name="birnn",
    cls=CodedGroup,
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


app.command("init-config")(init_config_command)
app.command("convert")(convert_command)
app.command(
    "train",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)(train_command)
app.command("evaluate")(evaluate_command)
app.command("tag")(tag_command)
app.command(
    "gradients",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)(gradients_command)
app.command("calibrate")(calibrate_command)
app.command("select")(select_command)
app.command("explain")(explain_command)


def main() -> None:
    """The console script."""
    install_excepthook()
    get_command(app)(prog_name="spacy-birnn")
