"""Arguments and options that several commands share."""

from enum import Enum
from typing import Annotated, Dict, Optional

import typer

from ..data.base import check_target
from ..errors import BirnnError
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
                raise typer.BadParameter(str(error)) from error
        columns[name] = int(index)
    return columns


Columns = Annotated[
    Optional[Dict[str, int]],
    typer.Option(
        parser=parse_columns,
        metavar="NAME=N,…",
        show_default=False,
        help="Which column of a CoNLL file holds what, 0-based, negative from the end: "
        "word, ents, chunks, tag, pos or _.name, as in word=0,ents=3. By default the "
        "word comes first, and the last column is for the target.",
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
