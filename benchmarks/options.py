"""The command lines of the scripts."""

import argparse
import sys
from pathlib import Path
from typing import Callable

from spacy_birnn.errors import BirnnError


def make_parser(doc: str) -> argparse.ArgumentParser:
    """A parser whose help is the docstring of a script, as it stands there."""
    formatter = argparse.RawDescriptionHelpFormatter
    return argparse.ArgumentParser(description=doc, formatter_class=formatter)


def existing(text: str) -> Path:
    """For argparse: the absolute path of a file or a folder that is there."""
    path = Path(text).resolve()
    if not path.exists():
        raise argparse.ArgumentTypeError(f"there is no {text}")
    return path


def run_script(main: Callable[[], None]) -> None:
    """Run a script. A mistake in its files is told in one line."""
    try:
        main()
    except (BirnnError, OSError) as error:
        sys.exit(str(error))
