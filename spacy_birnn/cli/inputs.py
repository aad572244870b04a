"""The options of commands that read texts, as `tag` does."""

from enum import Enum
from typing import Annotated, Dict, List, Optional, Sequence

import typer

from ..data.arguments import WordFormat
from ..tagging.content import Fields
from ..tagging.formats import INPUT_FORMATS, STDIN
from ..tagging.inputs import InputFile, find_inputs
from .reading import TokenOptions

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


# The formats that each option is for.
_OWNERS: Dict[str, Sequence[str]] = {
    "columns": ("conll",),
    "separator": ("conll",),
    "header": ("conll",),
    "empty_words": ("conll", "conllu"),
    "merge_subtokens": ("conllu",),
    "encoding": ("text", "jsonl", "csv", "conll", "conllu", "spans"),
}
_NAMES = {"conll": "CoNLL columns", "conllu": "CoNLL-U"}


def open_inputs(
    inputs: List[str],
    input_format: Optional[Enum],
    columns: Optional[Dict[str, int]],
    tokens: TokenOptions,
) -> List[InputFile]:
    """Find the files that are meant.

    Raises:
        typer.BadParameter: The format of standard input is not given, or an option
            changes nothing in how the inputs are read.
        BirnnError: There is no such file, or its format cannot be told.
    """
    given = input_format.value if input_format else None
    if STDIN in inputs and given is None:
        raise typer.BadParameter(
            "standard input (-) has no name to tell its format by: give one of "
            f"{', '.join(INPUT_FORMATS)}.",
            param_hint="'--input-format'",
        )
    files = find_inputs(inputs, given, tokens.encoding or "utf-8")
    formats = {file.format for file in files}
    for name in [*tokens.given(), *(["columns"] if columns else [])]:
        owners = _OWNERS[name]
        if not formats & set(owners):
            kinds = " and ".join(_NAMES[o] for o in owners if o in _NAMES)
            kinds = "files of text" if name == "encoding" else kinds
            raise typer.BadParameter(
                f"for {kinds} only, and no input holds any: leave it out, or give "
                "--input-format if the format was not told well.",
                param_hint=f"'--{name.replace('_', '-')}'",
            )
    return files


def make_fields(
    text: Optional[str],
    tokens_field: Optional[str],
    columns: Optional[Dict[str, int]],
    whole_files: bool,
    tokens: TokenOptions,
) -> Fields:
    """The places in a file where the documents are.

    Raises:
        typer.BadParameter: Columns are named that are not read.
        BirnnError: There is no such encoding.
    """
    columns = columns or {}
    others = ", ".join(name for name in columns if name not in ("word", "sentence"))
    if others:
        raise typer.BadParameter(
            f"words alone are read, not {others}: give no more than word=N and "
            "sentence=N.",
            param_hint="'--columns'",
        )
    default_tokens = "tokens" if text is None else ""
    given = tokens.given()
    encoding = given.pop("encoding", "utf-8")
    return Fields(
        text or "text",
        default_tokens if tokens_field is None else tokens_field,
        WordFormat(columns.get("word"), columns.get("sentence"), **given),
        whole_files,
        encoding,
    )
