"""`init-config`: a complete config for a task."""

import re
from enum import Enum
from itertools import combinations
from pathlib import Path
from typing import Annotated, Dict, List, Optional, Sequence, Tuple

import spacy
import typer
from spacy.util import CONFIG_SECTION_ORDER, load_model_from_config
from thinc.api import Config

from ..data.arguments import SPAN_TARGETS
from ..data.conll import ConllCorpus
from ..errors import BirnnError, Errors, one_line
from ..files import check_output, replacing
from ..schemes import RAW
from .options import Columns, Force, Scheme, SchemeOption
from .recipe_config import TASKS, recipe_config


class Optimize(str, Enum):
    """The aim that matters more."""

    efficiency = "efficiency"
    accuracy = "accuracy"


def check_tasks(value: str) -> str:
    """Refuse what is not of the form `ner,pos`.

    Raises:
        typer.BadParameter: A name is unknown, or is there twice; or two tasks need the
            same component.
    """
    tasks = split_tasks(value)
    if not set(tasks) <= set(TASKS) or len(set(tasks)) < len(tasks):
        known = ", ".join(TASKS)
        raise typer.BadParameter(
            f"{value!r} is not of the form ner,pos: use {known}, each once."
        )
    for one, other in combinations(tasks, 2):
        if TASKS[one].factory == TASKS[other].factory:
            raise typer.BadParameter(
                f"{one} and {other} are both the task of a {TASKS[one].factory}: take "
                "one of them."
            )
    return value


def split_tasks(value: str) -> List[str]:
    """The names in `ner,pos`."""
    return [name.strip() for name in value.split(",")]


def init_config_command(
    output: Annotated[
        Path,
        typer.Argument(
            metavar="OUT.cfg",
            show_default=False,
            help="The new config; - for standard output.",
        ),
    ],
    task: Annotated[
        str,
        typer.Option(
            callback=check_tasks,
            metavar="ner|pos|tag|chunk[,…]",
            show_default=False,
            help="Entities, universal parts of speech (token.pos), tags of a treebank "
            "(token.tag), chunks, or several of them in one pipeline.",
        ),
    ],
    optimize: Annotated[
        Optimize, typer.Option(help="A small, fast model or the best one.")
    ] = Optimize.efficiency,
    lang: Annotated[str, typer.Option(help="The language code.")] = "en",
    columns: Columns = None,
    scheme: SchemeOption = Scheme.auto,  # type: ignore[attr-defined]
    force: Force = False,
) -> None:
    """Write a complete config that trains on CoNLL, CoNLL-U or .spacy files.

    Examples:

      spacy-birnn init-config ner.cfg --task ner --optimize accuracy

      spacy-birnn init-config chunk.cfg --task chunk --columns word=0,chunks=2

      spacy-birnn init-config all.cfg --task ner,tag,chunk

      spacy-birnn init-config - --task pos --lang de | less

      spacy-birnn train ner.cfg --paths.train a.conll --paths.dev b.conll -o model
    """
    is_printed = output == Path("-")
    if not is_printed:
        check_output(output, force)
    config = init_config(task, optimize.value, lang, columns, scheme.value)
    if is_printed:
        print(to_text(config), end="")
        return
    with replacing(output) as file:
        file.write(to_text(config).encode("utf-8"))
    if len(split_tasks(task)) > 1 and not columns:
        found = config["corpora"]["train"]["columns"].items()
        taken = ",".join(f"{name}={index}" for name, index in found)
        print(f"CoNLL files are read as --columns {taken}.")
    print(
        f"Wrote {output}. Train with:\nspacy-birnn train {output} "
        "--paths.train TRAIN --paths.dev DEV -o DIR"
    )


def init_config(
    task: str,
    optimize: str,
    lang: str = "en",
    columns: Optional[Dict[str, int]] = None,
    scheme: str = "auto",
) -> Config:
    """Make a complete config: see the command.

    Raises:
        BirnnError: An unknown language, columns that the reader refuses, or columns or
            a scheme from which the task has nothing to learn.
    """
    tasks = split_tasks(task)
    columns = columns or default_columns(tasks)
    # The reader's own checks, before anybody trains with the config.
    ConllCorpus(Path(), columns=columns, scheme=scheme)  # type: ignore[arg-type]
    for name in tasks:
        column = TASKS[name].column
        if column not in columns:
            raise BirnnError(Errors.B220.format(task=name, column=column))
        if scheme == RAW and column in SPAN_TARGETS:
            raise BirnnError(Errors.B221.format(task=name))
    try:
        spacy.blank(lang)
    except ImportError as error:
        reason = one_line(error)
        raise BirnnError(Errors.B216.format(lang=lang, reason=reason)) from error
    config = recipe_config(tasks, optimize, lang, columns, scheme)
    return load_model_from_config(config, auto_fill=True).config


def default_columns(tasks: Sequence[str]) -> Dict[str, int]:
    """The word and the last column, or for several tasks the columns of CoNLL-2003."""
    if len(tasks) == 1:
        return {"word": 0, TASKS[tasks[0]].column: -1}
    places = {TASKS[task].column: TASKS[task].position for task in tasks}
    return {"word": 0, **dict(sorted(places.items(), key=lambda item: item[1] % 9))}


def to_text(config: Config) -> str:
    """Write a config section by section, each one followed by its own subsections."""
    text = config.to_str(interpolate=False).strip()
    return "\n\n".join(sorted(re.split(r"\n\n(?=\[)", text), key=_place)) + "\n"


def _place(block: str) -> Tuple[int, List[str]]:
    path = block[1 : block.index("]")].split(".")
    return CONFIG_SECTION_ORDER.index(path[0]), path
