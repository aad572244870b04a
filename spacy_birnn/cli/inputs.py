"""The options of commands that read texts, as `tag` does."""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Dict, List, Optional, Sequence

import typer

from ..data.arguments import WordFormat
from ..tagging.content import Fields
from ..tagging.formats import INPUT_FORMATS, STDIN, TABLES
from ..tagging.inputs import InputFile, find_inputs
from .options import WordColumn
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


@dataclass(frozen=True, kw_only=True)
class InputOptions:
    """How a user says where in the inputs the documents are.

    The fields are options of a command; see `groups.with_groups`.
    """

    input_format: InputFormatOption = None
    text_field: TextField = None
    tokens_field: TokensField = None
    whole_files: WholeFiles = False
    columns: WordColumn = None

    @property
    def format(self) -> Optional[str]:
        """The format that was given."""
        return self.input_format.value if self.input_format else None


# The formats that each option is for.
_OWNERS: Dict[str, Sequence[str]] = {
    "columns": ("conll",),
    "separator": ("conll",),
    "header": ("conll",),
    "empty_words": ("conll", "conllu"),
    "merge_subtokens": ("conllu",),
    "encoding": ("text", "jsonl", "csv", "conll", "conllu", "spans"),
    "text_field": ("jsonl", "csv", *TABLES),
    "tokens_field": ("jsonl", *TABLES),
    "whole_files": ("text",),
}
_NAMES = {"conll": "CoNLL columns", "conllu": "CoNLL-U"}
_KINDS = {
    "encoding": "files of text",
    "whole_files": "plain text",
    "text_field": "JSON lines, CSV and tables",
    "tokens_field": "JSON lines and tables",
}


def open_inputs(
    inputs: List[str], options: InputOptions, tokens: TokenOptions
) -> List[InputFile]:
    """Find the files that are meant.

    Raises:
        typer.BadParameter: The format of standard input is not given, or an option
            changes nothing in how the inputs are read.
        BirnnError: There is no such file, or its format cannot be told.
    """
    if STDIN in inputs and options.format is None:
        raise typer.BadParameter(
            "standard input (-) has no name to tell its format by: give one of "
            f"{', '.join(INPUT_FORMATS)}.",
            param_hint="'--input-format'",
        )
    files = find_inputs(inputs, options.format, tokens.encoding or "utf-8")
    formats = {file.format for file in files}
    own = ("columns", "text_field", "tokens_field", "whole_files")
    for name in [*tokens.given(), *(name for name in own if getattr(options, name))]:
        owners = _OWNERS[name]
        if not formats & set(owners):
            kinds = " and ".join(_NAMES[o] for o in owners if o in _NAMES)
            kinds = kinds or _KINDS[name]
            raise typer.BadParameter(
                f"for {kinds} only, and no input holds any: leave it out, or give "
                "--input-format if the format was not told well.",
                param_hint=f"'--{name.replace('_', '-')}'",
            )
    return files


def make_fields(options: InputOptions, tokens: TokenOptions) -> Fields:
    """The places in a file where the documents are.

    Raises:
        typer.BadParameter: Columns are named that are not read.
        BirnnError: There is no such encoding.
    """
    columns = options.columns or {}
    others = ", ".join(name for name in columns if name not in ("word", "sentence"))
    if others:
        raise typer.BadParameter(
            f"words alone are read, not {others}: give no more than word=N and "
            "sentence=N.",
            param_hint="'--columns'",
        )
    default_tokens = "tokens" if options.text_field is None else ""
    given = tokens.given()
    encoding = given.pop("encoding", "utf-8")
    return Fields(
        options.text_field or "text",
        default_tokens if options.tokens_field is None else options.tokens_field,
        WordFormat(columns.get("word"), columns.get("sentence"), **given),
        options.whole_files,
        encoding,
    )
