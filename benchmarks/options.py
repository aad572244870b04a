"""The command lines of the scripts."""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Callable, Optional, Sequence, Tuple

from spacy_birnn.errors import BirnnError

Action = Callable[[argparse.Namespace], None]


def make_parser(doc: str) -> argparse.ArgumentParser:
    """A parser whose help is the docstring of a script, as it stands there."""
    formatter = argparse.RawDescriptionHelpFormatter
    return argparse.ArgumentParser(description=doc, formatter_class=formatter)


def run_or_report(
    doc: str, run: Action, report: Action
) -> Tuple[argparse.ArgumentParser, argparse.ArgumentParser, argparse.ArgumentParser]:
    """The parser of a script that first trains and scores, then reports.

    Returns:
        The parser of the script, and those of its actions `run` and `report`, for the
        options of each.
    """
    parser = make_parser(doc)
    actions = parser.add_subparsers(required=True)
    runs = actions.add_parser("run", help="train and score what is not known yet")
    runs.set_defaults(action=run)
    reports = actions.add_parser("report", help="print the table")
    reports.set_defaults(action=report)
    return parser, runs, reports


def add_training(parser: argparse.ArgumentParser) -> None:
    """Add the options of all that trains."""
    option = parser.add_argument
    option("--vectors", type=existing, required=True, help="of make_vectors.py")
    option("--models", type=Path, required=True, help="folder of what is trained")


def existing(text: str) -> Path:
    """For argparse: the absolute path of a file or a folder that is there."""
    path = Path(text).resolve()
    if not path.exists():
        raise argparse.ArgumentTypeError(f"there is no {text}")
    return path


def run_action(
    parser: argparse.ArgumentParser, arguments: Optional[Sequence[str]]
) -> None:
    """Run the action that the arguments ask for. Mistakes are told in one line."""
    args = parser.parse_args(arguments)
    try:
        args.action(args)
    except (OSError, ValueError) as error:
        parser.exit(1, f"{error}\n")
    except subprocess.CalledProcessError as error:
        parser.exit(1, f"{error}\nSee the train.log in {args.models}.\n")


def run_script(main: Callable[[], None]) -> None:
    """Run a script. A mistake in its files is told in one line."""
    try:
        main()
    except (BirnnError, OSError) as error:
        sys.exit(str(error))
