"""The commands in one app, for `spacy-birnn` and `python -m spacy birnn`."""

import typer
from typer.main import get_command

from .coded import CodedGroup, install_excepthook
from .convert import convert_command
from .evaluate import evaluate_command
from .init_config import init_config_command
from .tag import tag_command

HELP = "Train, score and use recurrent sequence taggers."

app = typer.Typer(
    name="birnn",
    cls=CodedGroup,
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)
app.command("init-config")(init_config_command)
app.command("convert")(convert_command)
app.command("evaluate")(evaluate_command)
app.command("tag")(tag_command)


def main() -> None:
    """The console script."""
    install_excepthook()
    get_command(app)(prog_name="spacy-birnn")
