"""Errors on the command line: one coded line on stderr, and the exit status."""

import errno
import sys
import warnings
from contextlib import contextmanager
from io import TextIOWrapper
from types import TracebackType
from typing import Any, Iterator, Optional, Type

import typer
from typer.core import TyperGroup

from ..errors import BirnnError, Errors

MISTAKE, WRONG_USAGE = 1, 2

# Newer versions of typer carry their own click, so both are asked through typer.
_UsageError: Any = typer.BadParameter.__mro__[1]


class CodedGroup(TyperGroup):
    """A group of commands that reports mistakes in one line, wherever it is mounted."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        with _reported():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        _print_anything()
        with _reported():
            return super().invoke(ctx)


def _print_anything() -> None:
    """Let a terminal that is not UTF-8 show `\\u2500` for a character that it lacks, as
    Python does for stderr: otherwise a finished command would end in a traceback."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


@contextmanager
def _reported() -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            yield
    except (typer.Exit, typer.Abort):
        raise
    except _UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            raise
        message = " ".join(error.format_message().split()).rstrip(".")
        # Newer versions of typer let pydantic speak.
        message = message.replace(" Value error, ", " ")
        command = error.ctx.command_path if error.ctx else "spacy-birnn"
        _fail(Errors.B201.format(message=message, command=command), WRONG_USAGE)
    except BirnnError as error:
        _fail(str(error), MISTAKE)
    except BrokenPipeError:
        # The reader (`| head`) has enough. Python would complain at exit, when it
        # flushes what is left; there is nobody to read it.
        sys.stdout = None  # type: ignore[assignment]
        raise typer.Exit(MISTAKE) from None
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        # What is written to files has errors of its own: this is the output.
        sys.stdout = None  # type: ignore[assignment]
        _fail(Errors.B203.format(path="the output", reason=error.strerror), MISTAKE)
    except Exception as error:
        # Slow to import, and needed here alone.
        from thinc.api import ConfigValidationError

        from .config_errors import say_config_error

        if not isinstance(error, ConfigValidationError):
            raise
        _fail(say_config_error(error), MISTAKE)


def _show_warning(message: Any, *_: Any, **__: Any) -> None:
    """The text alone: where in the code it was raised says nothing to a user."""
    print(message, file=sys.stderr)


def _fail(message: str, status: int) -> None:
    print(message, file=sys.stderr)
    raise typer.Exit(status) from None


def install_excepthook() -> None:
    """Make an uncaught BirnnError end the process with one line, not a traceback.

    For processes that are a command line and nothing else: inside `spacy train` our
    errors pass through code that is not ours.
    """
    previous = sys.excepthook

    def hook(
        kind: Type[BaseException],
        error: BaseException,
        traceback: Optional[TracebackType],
    ) -> None:
        if isinstance(error, BirnnError):
            print(error, file=sys.stderr)
        else:
            previous(kind, error, traceback)

    sys.excepthook = hook
