"""Arguments and options that several commands share."""

from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Dict, Iterable, Optional

import typer

from ..data.arguments import check_target
from ..errors import BirnnError, Errors
from ..schemes import RAW, SCHEMES

Scheme = Enum(  # type: ignore[misc]
    "Scheme", {name: name for name in ("auto", *SCHEMES, RAW)}, type=str
)


def parse_columns(value: str) -> Dict[str, int]:
    """Parse ``word=0,ents=3``.

    Raises:
        typer.BadParameter: It is not of that form, or a name is unknown.
    """
    columns: Dict[str, int] = {}
    for part in value.split(","):
        name, _, index = part.strip().partition("=")
        if not index.removeprefix("-").isdecimal() or name in columns:
            raise typer.BadParameter(
                f"{value!r} is not of the form word=0,ents=3, with each name once."
            )
        if name != "word":
            try:
                check_target(name)
            except BirnnError as error:
                # The line will begin with the code of wrong usage.
                message = str(error).partition("] ")[2]
                raise typer.BadParameter(message) from error
        columns[name] = int(index)
    return columns


def check_not_input(output: Path, inputs: Iterable[Path]) -> None:
    """Refuse to write over a file that is read, by whatever name, even with --force.

    Raises:
        BirnnError: They are the same file.
    """
    for path in inputs:
        if path.is_file() and output.is_file() and output.samefile(path):
            raise BirnnError(Errors.B219.format(path=path))


def _columns_option(metavar: str, help: str) -> Any:
    return typer.Option(
        parser=parse_columns, metavar=metavar, show_default=False, help=help
    )


Columns = Annotated[
    Optional[Dict[str, int]],
    _columns_option(
        "NAME=N,…",
        "Which column of a CoNLL file holds what, 0-based, negative from the end: "
        "word, ents, chunks, tag, pos or _.name, as in word=0,ents=3. By default the "
        "word comes first, and the last column is for the target.",
    ),
]
WordColumn = Annotated[
    Optional[Dict[str, int]],
    _columns_option(
        "word=N",
        "Which column of CoNLL files holds the words, 0-based, negative from the end; "
        "no other is read. By default the first.",
    ),
]
SchemeOption = Annotated[Scheme, typer.Option(help="How spans are written as tags.")]
Force = Annotated[bool, typer.Option("--force", help="Replace an existing OUT.")]
GpuId = Annotated[int, typer.Option(min=-1, help="The GPU to use; -1 for the CPU.")]
Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        show_default=False,
        help="A pipeline: its package or directory.",
    ),
]
