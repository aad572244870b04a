"""`train`: spaCy's training, in checkpoints that can be resumed."""

import json
import os
import runpy
import shlex
import traceback
from pathlib import Path
from typing import Annotated, Any, Dict, List, Optional

import typer
from spacy.util import load_config
from thinc.api import Config, ConfigValidationError

from ..data.text import list_files
from ..errors import BirnnError, Errors, describe_error, one_line
from ..training.config_keys import check_overrides
from ..training.config_values import coded
from ..training.dev_use import DevUse
from ..training.evaluation import SPACY_FREQUENCY
from ..training.train import train
from .loading import activate_gpu
from .options import Code, GpuId

FREQUENCY = "training.eval_frequency"
ENVIRONMENT = "SPACY_CONFIG_OVERRIDES"
"""Where spaCy takes settings from too; those of the command line win."""

Dev = Annotated[
    DevUse,
    typer.Option(
        help="What the dev corpus is for: to choose model-best; to train on too; or "
        "none is there. Without a choice training goes on to the last step, and "
        "model-last is the result."
    ),
]


def train_command(
    context: typer.Context,
    config: Annotated[
        Path,
        typer.Argument(
            metavar="CONFIG", show_default=False, help="A config, as for spacy train."
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            show_default=False,
            help="The folder for model-best, model-last and the checkpoint.",
        ),
    ],
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on from the checkpoint in OUT, if there is one."
        ),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Train anew over what is in OUT.")
    ] = False,
    dev: Dev = DevUse.choose,
    code: Code = None,
    gpu_id: GpuId = -1,
) -> None:
    """Train a pipeline, as spacy train does, in checkpoints that can be resumed.

    Settings of the config can be given as options, --section.key VALUE. Where
    training.eval_frequency is left at spaCy's default of 200, evaluation adapts: often
    at first, then as often as it is worth its time.

    Examples:

      spacy-birnn train ner.cfg -o model --paths.train a.conll --paths.dev b.conll

      spacy-birnn train ner.cfg -o model --paths.train a.conll --paths.dev b.conll
      --resume

      spacy-birnn train ner.cfg -o model --training.max_epochs 10 --system.seed 1

      spacy-birnn train ner.cfg -o final --paths.train a.conll --paths.dev b.conll
      --dev train
    """
    overrides = parse_overrides(context.args)
    read = read_config(config, overrides)
    if code is not None:
        run_code(code)
    activate_gpu(gpu_id)
    *_, stopped = train(
        read,
        output,
        resume=resume,
        force=force,
        use_gpu=gpu_id,
        dev_use=dev,
        eval_frequency=eval_frequency(read, overrides),
    )
    if stopped is not None:
        raise typer.Exit(128 + stopped)


def parse_overrides(arguments: List[str]) -> Dict[str, Any]:
    """Parse `--section.key VALUE`, as for `spacy train`.

    Raises:
        typer.BadParameter: an argument is of another form.
        BirnnError: a value is missing, or the variable of the environment is no list of
            settings.
    """
    overrides: Dict[str, Any] = {}
    try:
        rest = [*shlex.split(os.environ.get(ENVIRONMENT, "")), *arguments]
    except ValueError as error:
        reason = str(error).rstrip(".").lower()
        raise BirnnError(
            Errors.B222.format(variable=ENVIRONMENT, reason=reason)
        ) from error
    while rest:
        argument = rest.pop(0)
        name, has_value, value = argument.removeprefix("--").partition("=")
        if not argument.startswith("--") or "." not in name:
            raise typer.BadParameter(f"No such option or argument: {argument}")
        if not has_value:
            if not rest or rest[0].startswith("--"):
                raise BirnnError(Errors.B237.format(name=name))
            value = rest.pop(0)
        overrides[name] = _parse_value(value)
    return overrides


def _parse_value(value: str) -> Any:
    """JSON where it is some, else the text; NaN and Infinity are none in a config."""
    try:
        return json.loads(value, parse_constant=_no_number)
    except ValueError:
        return value


def _no_number(name: str) -> None:
    raise ValueError(name)


def read_config(path: Path, overrides: Dict[str, Any]) -> Config:
    """Read a config, not interpolated.

    Raises:
        BirnnError: there is no such file, it is no config, or a setting is misspelled.
        ConfigValidationError: spaCy finds it wrong.
    """
    list_files(path)
    try:
        check_overrides(load_config(path, interpolate=False), overrides)
        return load_config(path, overrides=overrides, interpolate=False)
    except (BirnnError, ConfigValidationError):
        raise
    except Exception as error:
        # configparser, confection and JSON each have exceptions of their own.
        raise BirnnError(
            Errors.B236.format(path=path, reason=one_line(error))
        ) from error


def run_code(path: Path) -> None:
    """Run a file of the user's, which registers functions.

    Raises:
        BirnnError: there is no such file, or it fails.
    """
    list_files(path)
    try:
        runpy.run_path(str(path))
    except Exception as error:
        if isinstance(error, SyntaxError):
            lines = [error.lineno]
        else:
            frames = traceback.extract_tb(error.__traceback__)
            lines = [frame.lineno for frame in frames if frame.filename == str(path)]
        where = f"{path}:{lines[-1]}" if lines else str(path)
        reason = describe_error(error)
        raise BirnnError(Errors.B238.format(where=where, reason=reason)) from error


def eval_frequency(config: Config, overrides: Dict[str, Any]) -> Optional[int]:
    """The steps between evaluations that somebody has chosen, None for nobody."""
    if FREQUENCY in overrides:
        return overrides[FREQUENCY]
    section = config.get("training", {})
    frequency = section.get("eval_frequency", SPACY_FREQUENCY)
    if isinstance(frequency, str):  # a variable
        with coded(config):
            frequency = config.interpolate()["training"]["eval_frequency"]
    return None if frequency == SPACY_FREQUENCY else frequency
