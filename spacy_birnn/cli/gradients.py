"""`gradients`: how far the loss of models reaches, as pictures with words."""

import json
from pathlib import Path
from typing import Annotated, Any, Dict, List, Optional, Sequence, Tuple

import typer
from spacy.language import Language
from spacy.training import Example

from ..data.text import list_files
from ..diagnostics.components import our_components
from ..diagnostics.figures import check_matplotlib
from ..diagnostics.gradients import Training, gradient_figures, render_gradients
from ..diagnostics.reach import Reach, measure_reach
from ..diagnostics.training_log import LoggedStep, read_log
from ..diagnostics.training_page import has_gradients, say_training
from ..diagnostics.untrained import build_untrained
from ..diagnostics.wording import describe, say_reach
from ..errors import BirnnError, Errors
from ..files import check_output, replacing
from ..tagging.targets import pipeline_targets
from . import options as shared
from .groups import with_groups
from .loading import load_pipeline
from .options import check_not_input, refuse_others
from .reading import ReadOptions, files_of, read_gold
from .train import parse_overrides, read_config

PAGE, FIGURES = ".html", ".json"

TAKEN = {"models", "logs", "output", "force"}
"""The arguments of `gradients` that say something about logs alone."""


@with_groups
def gradients_command(
    context: typer.Context,
    models: Annotated[
        Optional[List[str]],
        typer.Argument(
            metavar="[MODEL_OR_CONFIG]...",
            show_default=False,
            help="Trained pipelines, and training configs for networks that are not "
            "trained yet. NAME=PATH says what the pictures call one.",
        ),
    ] = None,
    data: Annotated[
        Optional[Path],
        typer.Option(
            "--data",
            metavar="DATA",
            show_default=False,
            help="Annotated files, as for evaluate; 200 tokens at least.",
        ),
    ] = None,
    logs: Annotated[
        Optional[List[str]],
        typer.Option(
            "--log",
            metavar="LOG",
            show_default=False,
            help="The log_file of a training by spacy-birnn train, to show how its "
            "gradients went. Can be given several times; NAME=LOG names one.",
        ),
    ] = None,
    output: Annotated[
        Optional[Path],
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            show_default=False,
            help="A page (.html), or all figures (.json). Without it only words.",
        ),
    ] = None,
    component: Annotated[
        Optional[str],
        typer.Option(
            metavar="NAME",
            show_default=False,
            help="Whose loss, where a pipeline has several components of ours.",
        ),
    ] = None,
    n_tokens: Annotated[
        int, typer.Option(min=1, help="Tokens whose loss is derived.")
    ] = 400,
    n_texts: Annotated[
        int, typer.Option(min=1, help="Texts of 200 tokens that they are drawn from.")
    ] = 40,
    seed: Annotated[
        int, typer.Option(help="Of the draw, and of the weights of a config.")
    ] = 0,
    force: shared.Force = False,
    *,
    reading: ReadOptions,
) -> None:
    """Show how far the loss of models reaches, and how gradients went in training.

    Settings of configs can be given as options, --section.key VALUE.

    Examples:

      spacy-birnn gradients training/model-best --data dev.conll -o gradients.html

      spacy-birnn gradients RNN=rnn.cfg LSTM=lstm.cfg --data dev.conll
      --paths.vectors vectors -o untrained.html

      spacy-birnn gradients before=ner.cfg after=training/model-best --data dev.conll
      -o figures.json

      spacy-birnn gradients --log training/log.jsonl -o training.html
    """
    paths, settings = split_settings([*(models or []), *context.args])
    overrides = parse_overrides(settings)
    named_models, named = name_inputs(paths), name_inputs(logs or [])
    if not named_models and not named:
        raise BirnnError(Errors.B409)
    if named_models and data is None:
        raise BirnnError(Errors.B410)
    if not named_models:
        refuse_others(context, TAKEN, "for pipelines and configs only: give one.")
    if settings and not any(path.endswith(".cfg") for _, path in named_models):
        raise typer.BadParameter(
            f"{settings[0]} is for configs, which end in .cfg: a trained pipeline has "
            "its settings."
        )
    options = reading.given()
    if output is not None:
        inputs = files_of(data, options) if data else []
        inputs += [Path(path) for _, path in named]
        check_gradients_output(output, inputs, force)
    trainings = [(name, read_training(Path(path))) for name, path in named]
    reaches = []
    for name, path in named_models:
        assert data is not None
        nlp, examples = _open(path, data, options, overrides, seed)
        reach = measure_reach(
            nlp,
            examples,
            component=component,
            name=name,
            n_texts=n_texts,
            n_tokens=n_tokens,
            seed=seed,
        )
        reaches.append(reach)
    # Written first: a reader of the text that closes early must not cost the file.
    if output is not None:
        write_gradients(output, reaches, trainings, str(data) if data else "")
    for reach in reaches:
        print(f"{describe(reach)}\n" + "\n".join(f"  {s}" for s in say_reach(reach)))
    for name, steps in trainings:
        print("\n".join(say_training(name, steps)))
    if output is not None:
        print(f"Wrote {output}.")


def read_training(path: Path) -> List[LoggedStep]:
    """Read the log of a training.

    Raises:
        BirnnError: it is none, or it says nothing of gradients.
    """
    list_files(path)
    steps = read_log(path)
    if not has_gradients(steps):
        raise BirnnError(Errors.B408.format(path=path))
    return steps


def check_gradients_output(output: Path, inputs: Sequence[Path], force: bool) -> None:
    """Refuse an output before any work is done for it.

    Raises:
        BirnnError: its name promises no format, it exists, or it is an input.
    """
    if output.suffix not in (PAGE, FIGURES):
        raise BirnnError(Errors.B411.format(path=output))
    check_not_input(output, inputs)
    check_output(output, force)
    if output.suffix == PAGE:
        check_matplotlib()


def split_settings(arguments: Sequence[str]) -> Tuple[List[str], List[str]]:
    """Part models from `--section.key VALUE`: an argument that takes any number of
    values takes those of unknown options, too."""
    models, settings = [], []
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        if not argument.startswith("--"):
            models.append(argument)
            continue
        settings.append(argument)
        if "=" not in argument and rest:
            settings.append(rest.pop(0))
    return models, settings


def name_inputs(arguments: Sequence[str]) -> List[Tuple[str, str]]:
    """Names and paths of `NAME=PATH` or `PATH`; a path alone is named by its last part,
    or, where several end the same, by as many parts as tell them apart.

    Raises:
        BirnnError: two have the same name.
    """
    named: List[Tuple[str, str]] = []
    for argument in arguments:
        name, has_name, path = argument.partition("=")
        is_plain = not has_name or not name or Path(argument).exists()
        named.append(("", argument) if is_plain else (name, path))
    plain = [Path(path).parts for name, path in named if not name]
    depth = 1
    while len({p[-depth:] for p in plain}) < len(set(plain)):
        depth += 1
    named = [(n or "/".join(Path(p).parts[-depth:]), p) for n, p in named]
    names = [name for name, _ in named]
    for name, path in named:
        if names.count(name) > 1:
            raise BirnnError(Errors.B412.format(name=name, path=path))
    return named


def _open(
    path: str, data: Path, options: Dict[str, Any], overrides: Dict[str, Any], seed: int
) -> Tuple[Language, List[Example]]:
    def read(nlp: Language) -> List[Example]:
        our_components(nlp)  # with none, there is nothing to read for
        return read_gold(nlp, data, pipeline_targets(nlp), **options)

    if Path(path).is_file():
        config = read_config(Path(path), overrides)
        nlp = build_untrained(config, read, seed, Path(path))
    else:
        nlp = load_pipeline(path)
    return nlp, read(nlp)


def write_gradients(
    output: Path,
    reaches: Sequence[Reach],
    trainings: Sequence[Training],
    data: str,
) -> None:
    """Write a page or JSON, by the ending of the name."""
    if output.suffix == FIGURES:
        figures = gradient_figures(reaches, trainings, data)
        text = json.dumps(figures, indent=1) + "\n"
    else:
        text = render_gradients(reaches, trainings, data)
    with replacing(output) as file:
        file.write(text.encode("utf8"))
