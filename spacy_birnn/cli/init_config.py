"""`init-config`: a complete config for a task."""

import re
from enum import Enum
from pathlib import Path
from typing import Annotated, Dict, List, Optional, Tuple

import spacy
import typer
from spacy.util import CONFIG_SECTION_ORDER, load_model_from_config
from thinc.api import Config

from ..data.arguments import SPAN_TARGETS
from ..data.conll import ConllCorpus
from ..errors import BirnnError, Errors
from ..files import check_output, replacing
from ..schemes import RAW
from .options import Columns, Force, Scheme, SchemeOption
from .recipes import TASKS, recipe_config


class TaskName(str, Enum):
    """What is trained."""

    ner = "ner"
    pos = "pos"
    chunk = "chunk"


class Optimize(str, Enum):
    """What matters more."""

    efficiency = "efficiency"
    accuracy = "accuracy"


def init_config_command(
    output: Annotated[
        Path,
        typer.Argument(metavar="OUT.cfg", show_default=False, help="The new config."),
    ],
    task: Annotated[
        TaskName,
        typer.Option(
            show_default=False,
            help="Entities, universal parts of speech (token.pos) or chunks.",
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

      python -m spacy train ner.cfg --paths.train a.conll --paths.dev b.conll -o model
    """
    check_output(output, force)
    config = init_config(task.value, optimize.value, lang, columns, scheme.value)
    with replacing(output) as file:
        file.write(to_text(config).encode("utf-8"))
    print(
        f"Wrote {output}. Train with:\npython -m spacy train {output} "
        "--paths.train TRAIN --paths.dev DEV --output DIR"
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
    target = TASKS[task].column
    columns = columns or {"word": 0, target: -1}
    # The reader's own checks, before anybody trains with the config.
    ConllCorpus(Path(), columns=columns, scheme=scheme)  # type: ignore[arg-type]
    if target not in columns:
        raise BirnnError(Errors.B220.format(task=task, column=target))
    if scheme == RAW and target in SPAN_TARGETS:
        raise BirnnError(Errors.B221.format(task=task))
    try:
        spacy.blank(lang)
    except ImportError as error:
        reason = " ".join(str(error).split())
        raise BirnnError(Errors.B216.format(lang=lang, reason=reason)) from error
    config = recipe_config(task, optimize, lang, columns, scheme)
    return load_model_from_config(config, auto_fill=True).config


def to_text(config: Config) -> str:
    """Write a config section by section, each one followed by its own subsections."""
    text = config.to_str(interpolate=False).strip()
    return "\n\n".join(sorted(re.split(r"\n\n(?=\[)", text), key=_place)) + "\n"


def _place(block: str) -> Tuple[int, List[str]]:
    path = block[1 : block.index("]")].split(".")
    return CONFIG_SECTION_ORDER.index(path[0]), path
