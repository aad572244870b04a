"""The options of commands that read texts, as `tag` does."""

from enum import Enum
from typing import Annotated, Dict, List, Optional

import typer

from ..tagging.formats import INPUT_FORMATS, STDIN
from ..tagging.inputs import InputFile, find_inputs
from ..tagging.sources import Fields

InputFormat = Enum("InputFormat", {n: n for n in INPUT_FORMATS}, type=str)  # type: ignore[misc]

Inputs = Annotated[
    List[str],
    typer.Argument(
        metavar="INPUT",
        show_default=False,
        help="Files, folders, globs or URLs; hf:ID[:SPLIT] for a dataset of Hugging "
        "Face; - for standard input.",
    ),
]
InputFormatOption = Annotated[
    Optional[InputFormat],
    typer.Option(
        show_default=False,
        help="Default: .txt is text, .jsonl JSON lines, .csv CSV, the rest by content.",
    ),
]
TextField = Annotated[
    Optional[str],
    typer.Option(
        metavar="FIELD",
        show_default=False,
        help="The key or column of the text; a.b for one inside another. Default: "
        "text.",
    ),
]
TokensField = Annotated[
    Optional[str],
    typer.Option(
        metavar="FIELD",
        show_default=False,
        help="The key or column of a list of words. Default: tokens, unless "
        "--text-field is given.",
    ),
]
WholeFiles = Annotated[
    bool,
    typer.Option("--whole-files", help="A text file is one document, not one a line."),
]


def open_inputs(
    inputs: List[str],
    input_format: Optional[Enum],
    columns: Optional[Dict[str, int]],
) -> List[InputFile]:
    """Find the files that are meant.

    Raises:
        typer.BadParameter: The format of standard input is not given, or nothing would
            read the columns.
        BirnnError: There is no such file, or its format cannot be told.
    """
    given = input_format.value if input_format else None
    if STDIN in inputs and given is None:
        raise typer.BadParameter(
            "standard input (-) has no name to tell its format by: give one of "
            f"{', '.join(INPUT_FORMATS)}.",
            param_hint="'--input-format'",
        )
    files = find_inputs(inputs, given)
    if columns is not None and all(file.format != "conll" for file in files):
        raise typer.BadParameter(
            "for CoNLL columns only, and no input holds any: leave it out, or give "
            "--input-format conll if the format was not told well.",
            param_hint="'--columns'",
        )
    return files


def make_fields(
    text: Optional[str],
    tokens: Optional[str],
    columns: Optional[Dict[str, int]],
    whole_files: bool,
) -> Fields:
    """The places in a file where the documents are.

    Raises:
        typer.BadParameter: Columns are named that are not read.
    """
    if columns is not None:
        others = ", ".join(name for name in columns if name != "word")
        if others:
            raise typer.BadParameter(
                f"words alone are read, not {others}: give no more than word=N.",
                param_hint="'--columns'",
            )
    default_tokens = "tokens" if text is None else ""
    return Fields(
        text or "text",
        default_tokens if tokens is None else tokens,
        (columns or {}).get("word"),
        whole_files,
    )
