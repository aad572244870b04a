"""`gradients`: how far the loss of models reaches, as pictures with words."""

import json
from pathlib import Path
from typing import Annotated, Any, Dict, List, Optional, Sequence, Tuple

import typer
from spacy.language import Language
from spacy.training import Example

from ..data.text import list_files
from ..diagnostics.page import Section, render_page
from ..diagnostics.reach import LONGEST, Reach, measure_reach
from ..diagnostics.reach_page import reach_sections
from ..diagnostics.untrained import build_untrained
from ..diagnostics.wording import describe, say_reach
from ..errors import BirnnError, Errors
from ..files import check_output, replacing
from ..tagging.targets import pipeline_targets
from . import options as shared
from .evaluate import read_gold
from .loading import load_pipeline
from .options import Scheme, check_not_input, value_of
from .train import parse_overrides, read_config

PAGE, FIGURES = ".html", ".json"


def gradients_command(
    context: typer.Context,
    models: Annotated[
        List[str],
        typer.Argument(
            metavar="MODEL_OR_CONFIG...",
            show_default=False,
            help="Trained pipelines, and training configs for networks that are not "
            "trained yet. NAME=PATH says what the pictures call one.",
        ),
    ],
    data: Annotated[
        Path,
        typer.Option(
            "--data",
            metavar="DATA",
            show_default=False,
            help="Annotated files, as for evaluate; 200 tokens at least.",
        ),
    ],
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
    tokens: Annotated[
        int, typer.Option(min=1, help="Tokens whose loss is derived.")
    ] = 400,
    texts: Annotated[
        int, typer.Option(min=1, help="Texts of 200 tokens that they are drawn from.")
    ] = 40,
    seed: Annotated[
        int, typer.Option(help="Of the draw, and of the weights of a config.")
    ] = 0,
    force: shared.Force = False,
    format: shared.FormatOption = None,
    scheme: shared.SchemeOption = Scheme.auto,  # type: ignore[attr-defined]
    columns: shared.Columns = None,
    separator: shared.SeparatorOption = None,
    header: shared.Header = None,
    label: shared.Label = None,
    target: shared.TargetOption = None,
    encoding: shared.Encoding = None,
) -> None:
    """Show how far the loss of a model reaches: its gradient by distance.

    Settings of configs can be given as options, --section.key VALUE.

    Examples:

      spacy-birnn gradients training/model-best --data dev.conll -o gradients.html

      spacy-birnn gradients RNN=rnn.cfg LSTM=lstm.cfg --data dev.conll
      --paths.vectors vectors -o untrained.html

      spacy-birnn gradients before=ner.cfg after=training/model-best --data dev.conll
      -o figures.json
    """
    if output is not None:
        check_gradients_output(output, list_files(data), force)
    models, settings = split_settings([*models, *context.args])
    overrides = parse_overrides(settings)
    options = {
        "format": value_of(format),
        "scheme": scheme.value if scheme.value != "auto" else None,
        "columns": columns,
        "separator": value_of(separator),
        "header": header,
        "label": label,
        "target": value_of(target),
        "encoding": encoding,
    }
    reaches = []
    for name, path in name_models(models):
        nlp, examples = _open(path, data, options, overrides, seed)
        reach = measure_reach(
            nlp,
            examples,
            component=component,
            name=name,
            n_texts=texts,
            n_tokens=tokens,
            seed=seed,
        )
        print(f"{describe(reach)}\n" + "\n".join(f"  {s}" for s in say_reach(reach)))
        reaches.append(reach)
    if output is not None:
        write_gradients(output, reaches, str(data))


def check_gradients_output(output: Path, inputs: Sequence[Path], force: bool) -> None:
    """Refuse an output before any work is done for it.

    Raises:
        BirnnError: its name promises no format, it exists, or it is an input.
    """
    if output.suffix not in (PAGE, FIGURES):
        raise BirnnError(Errors.B411.format(path=output))
    check_not_input(output, inputs)
    check_output(output, force)


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
    if not models:
        raise BirnnError(Errors.B409)
    return models, settings


def name_models(models: Sequence[str]) -> List[Tuple[str, str]]:
    """Names and paths of `NAME=PATH` or `PATH`; a path alone is named by its last part,
    or, where several end the same, by as many parts as tell them apart.

    Raises:
        BirnnError: two have the same name.
    """
    named: List[Tuple[str, str]] = []
    for model in models:
        name, has_name, path = model.partition("=")
        is_plain = not has_name or not name or Path(model).exists()
        named.append(("", model) if is_plain else (name, path))
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
        targets = pipeline_targets(nlp)
        if not targets:
            names = ", ".join(nlp.pipe_names) or "none"
            raise BirnnError(Errors.B402.format(known="none", components=names))
        return read_gold(nlp, data, targets, **options)

    if Path(path).is_file():
        config = read_config(Path(path), overrides)
        nlp = build_untrained(config, read, seed, Path(path))
    else:
        nlp = load_pipeline(path)
    return nlp, read(nlp)


def write_gradients(output: Path, reaches: Sequence[Reach], data: str) -> None:
    """Write a page or JSON, by the ending of the name."""
    if output.suffix == FIGURES:
        models = [reach.to_dict() for reach in reaches]
        facts = {"data": data, "longest": LONGEST, "models": models}
        text = json.dumps(facts, indent=1) + "\n"
    else:
        sections: List[Section] = reach_sections(reaches)
        names = ", ".join(reach.name for reach in reaches)
        text = render_page(f"Gradients: {names}", f"Measured on {data}.", sections)
    with replacing(output) as file:
        file.write(text.encode("utf8"))
