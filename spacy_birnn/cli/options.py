"""Arguments and options that several commands share."""

from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Container, Dict, Iterable, Optional

import typer

from ..data.arguments import (
    ALIGNMENT_MODES,
    DOCS,
    EMPTY_WORDS,
    SCHEME_CHOICES,
    SEPARATORS,
    UNMARKED,
    check_target,
)
from ..errors import BirnnError, Errors


class Format(str, Enum):
    """Formats of annotated files."""

    conll = "conll"
    conllu = "conllu"
    spans = "spans"
    datasets = "datasets"


# mypy understands only enums whose members are spelled out.
Scheme = Enum("Scheme", {v: v for v in SCHEME_CHOICES}, type=str)  # type: ignore[misc]
Docs = Enum("Docs", {v: v for v in DOCS}, type=str)  # type: ignore[misc]
Separator = Enum("Separator", {v: v for v in SEPARATORS}, type=str)  # type: ignore[misc]
EmptyWords = Enum("EmptyWords", {v: v for v in EMPTY_WORDS}, type=str)  # type: ignore[misc]
Alignment = Enum("Alignment", {v: v for v in ALIGNMENT_MODES}, type=str)  # type: ignore[misc]
Unmarked = Enum("Unmarked", {v: v for v in UNMARKED}, type=str)  # type: ignore[misc]


def parse_target(value: str) -> str:
    """Parse the name of a target.

    Raises:
        typer.BadParameter: It is unknown.
    """
    try:
        check_target(value)
    except BirnnError as error:
        # The line will begin with the code of wrong usage.
        raise typer.BadParameter(str(error).partition("] ")[2]) from error
    return value


def parse_columns(value: str) -> Dict[str, int]:
    """Parse `word=0,ents=3`.

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
        if name not in ("word", "sentence"):
            parse_target(name)
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


def check_ending(output: Path, ending: str, content: str) -> None:
    """Refuse a name that promises another format than what is written.

    Args:
        output: The file to be written; a name without ending promises nothing.
        ending: The ending of the format, such as `.json`.
        content: What the format is called.

    Raises:
        BirnnError: The name ends in something else.
    """
    if output.suffix not in ("", ending):
        raise BirnnError(
            Errors.B227.format(path=output, content=content, ending=ending)
        )


# Names that promise something that is not written, or not without --output-format.
_PROMISES = (
    *(".csv", ".tsv", ".json", ".txt", ".ann", ".html", ".xml", ".md", ".yaml"),
    *(".xls", ".xlsx", ".ods", ".doc", ".docx", ".odt", ".rtf", ".pdf"),
    *(".arrow", ".zst", ".bz2", ".xz", ".zip"),
)


def check_promise(output: str) -> None:
    """Refuse a name that promises another format, where JSON lines are the default.

    Raises:
        BirnnError: It does.
    """
    if output.removesuffix(".gz").lower().endswith(_PROMISES):
        ending = ".jsonl, or choose with --output-format"
        raise BirnnError(
            Errors.B227.format(path=output, content="JSON lines", ending=ending)
        )


def refuse_others(ctx: typer.Context, taken: Container[str], why: str) -> None:
    """Refuse an option that was given and has no effect beside the others.

    Args:
        ctx: of the command, which knows what was given.
        taken: the parameters that have one.
        why: what the user is told.

    Raises:
        typer.BadParameter: there is such an option.
    """
    for param in ctx.command.params:
        # Compared by name: newer versions of typer carry their own click.
        source = ctx.get_parameter_source(param.name or "")
        is_given = source is not None and source.name == "COMMANDLINE"
        if is_given and param.name not in taken:
            raise typer.BadParameter(why, param_hint=f"'{max(param.opts, key=len)}'")


def value_of(option: Any) -> Any:
    """Give the string that an option of several choices stands for."""
    return option.value if isinstance(option, Enum) else option


def _columns_option(metavar: str, help: str) -> Any:
    return typer.Option(
        parser=parse_columns, metavar=metavar, show_default=False, help=help
    )


Columns = Annotated[
    Optional[Dict[str, int]],
    _columns_option(
        "NAME=N,…",
        "Which column of a CoNLL file holds what, 0-based, negative from the end: "
        "word, ents, chunks, tag, pos or _.name, as in word=0,ents=3; sentence for one "
        "in which a new value begins a sentence. By default the word comes first, and "
        "the last column is for the target; a pipeline of several targets reads those "
        "that it was trained on.",
    ),
]
WordColumn = Annotated[
    Optional[Dict[str, int]],
    _columns_option(
        "word=N",
        "Which column of CoNLL files holds the words, 0-based, negative from the end; "
        "sentence=N for one in which a new value begins a sentence. No other is read. "
        "By default the words come first.",
    ),
]


def _choice(help: str, *names: str, **settings: Any) -> Any:
    return typer.Option(*names, help=help, show_default=False, **settings)


FormatOption = Annotated[
    Optional[Format],
    _choice(
        "How the data is written: columns, CoNLL-U, spans as annotation tools export "
        "them, or a dataset of Hugging Face, by its id or on disk. By default the "
        "content tells; an id has none."
    ),
]
DocsOption = Annotated[
    Optional[Docs],
    _choice("What a document is, for columns and CoNLL-U. By default a sentence."),
]
SeparatorOption = Annotated[
    Optional[Separator],
    _choice("What stands between columns. By default tabs or blanks; CSV is seen."),
]
Header = Annotated[
    Optional[bool],
    _choice(
        "The first row of columns holds their names, or not. By default the "
        "content tells.",
        "--header/--no-header",
    ),
]
Label = Annotated[
    Optional[str],
    _choice(
        "The type of spans whose tags have none, such as B and I alone.", metavar="TYPE"
    ),
]
EmptyWordsOption = Annotated[
    Optional[EmptyWords],
    _choice(
        "Words that are empty or white space: refuse the empty ones (the default), "
        "leave both out, or put U+FFFD in their place."
    ),
]
EntsKey = Annotated[
    Optional[str],
    _choice(
        "Where CoNLL-U has entities: the key in MISC (by default name, as in "
        "name=B-PER), or the column of CoNLL-U Plus.",
        metavar="KEY",
    ),
]
MergeSubtokens = Annotated[
    bool,
    typer.Option(
        "-T",
        "--merge-subtokens",
        help="Read multi-word tokens of CoNLL-U as one token: du, not de le.",
    ),
]
TargetOption = Annotated[
    Optional[str],
    _choice(
        "What the spans of annotation tools are, ents or chunks, or the labels of a "
        "dataset: ents, chunks, tag, pos or _.name. By default what the pipeline sets, "
        "else ents.",
        parser=parse_target,
        metavar="TARGET",
    ),
]
TokensColumn = Annotated[
    Optional[str],
    _choice("The column of words of a dataset. By default tokens.", metavar="COLUMN"),
]
LabelsColumn = Annotated[
    Optional[str],
    _choice("Its column of labels. By default ner_tags.", metavar="COLUMN"),
]
SplitOption = Annotated[
    Optional[str],
    _choice("Its split, or a slice such as train[:10%].", metavar="SPLIT"),
]
NameOption = Annotated[
    Optional[str],
    _choice("The configuration of a dataset of the Hub.", metavar="NAME"),
]
Revision = Annotated[
    Optional[str],
    _choice("Its branch, tag or commit.", metavar="NAME"),
]
AlignmentOption = Annotated[
    Optional[Alignment],
    _choice(
        "What becomes of spans that begin or end inside a token: expand to it (the "
        "default), contract to leave it out, or strict to give the span up."
    ),
]
MissingLabel = Annotated[
    Optional[str],
    _choice(
        "The label of spans that mark what was not annotated, such as UNSURE.",
        metavar="LABEL",
    ),
]
UnmarkedOption = Annotated[
    Optional[Unmarked],
    _choice(
        "What the rest of an annotated text is: outside, known to be no entity (the "
        "default), or missing, where only some entities were marked."
    ),
]
Limit = Annotated[
    Optional[int],
    _choice("Read only so many documents.", metavar="N", min=1),
]
Joined = Annotated[
    Optional[int],
    _choice(
        "Join every second run of so many documents into one without sentence starts, "
        "as training scores the dev corpus.",
        metavar="N",
        min=2,
    ),
]
SpansKey = Annotated[
    Optional[str],
    _choice("Where chunks go in doc.spans. By default chunks.", metavar="KEY"),
]
Encoding = Annotated[
    Optional[str],
    _choice(
        "How bytes stand for characters, such as latin-1. By default UTF-8; files of "
        "columns are told to be UTF-16 by its mark.",
        metavar="NAME",
    ),
]
SchemeOption = Annotated[Scheme, typer.Option(help="How spans are written as tags.")]
Force = Annotated[bool, typer.Option("--force", help="Replace an existing OUT.")]
GpuId = Annotated[int, typer.Option(min=-1, help="The GPU to use; -1 for the CPU.")]
Code = Annotated[
    Optional[Path],
    typer.Option(
        "-c",
        "--code",
        metavar="FILE.py",
        help="Run this file first: it registers functions of your own.",
    ),
]
Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        show_default=False,
        help="A pipeline: its package or directory.",
    ),
]
