"""`calibrate`: make a pipeline's probabilities fit what it gets right."""

from pathlib import Path
from typing import Annotated, Dict, Iterable, Iterator, Optional

import typer

from ..diagnostics.calibration import Calibration, calibrate
from ..diagnostics.components import our_components
from ..errors import BirnnError, Errors
from ..tagging.targets import pipeline_targets
from ..training.outputs import Outputs
from . import options as shared
from .groups import with_groups
from .loading import load_pipeline
from .reading import ReadOptions, files_of, read_gold


@with_groups
def calibrate_command(
    model: shared.Model,
    dev: Annotated[
        Path,
        typer.Argument(
            metavar="DEV",
            show_default=False,
            help="Annotated data that training has not seen, in any format that "
            "evaluate reads; a file or a directory.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="OUT", help="The folder of the new pipeline."
        ),
    ],
    component: Annotated[
        Optional[str],
        typer.Option(
            metavar="NAME",
            show_default=False,
            help="The component to calibrate. By default all of spacy-birnn's.",
        ),
    ] = None,
    *,
    reading: ReadOptions,
    force: shared.Force = False,
    gpu_id: shared.GpuId = -1,
) -> None:
    """Fit one temperature per component, and write the pipeline that has it.

    All scores are divided by the temperature where probabilities are computed:
    confidences, min_confidence, k_best and select use it. No label changes. DEV must
    not be what the pipeline was trained on: on that it is surer than it should be.

    Examples:

      spacy-birnn calibrate training/model-best dev.conll -o calibrated

      spacy-birnn calibrate en_my_ner doccano.jsonl -o calibrated

      spacy-birnn calibrate model dev.txt -o calibrated --component birnn_chunker
      --columns word=0,chunks=2
    """
    options = reading.given()
    output = output.absolute()
    check_folder(output, [*files_of(dev, options), Path(model)], force)
    nlp = load_pipeline(model, gpu_id)
    our_components(nlp)
    gold = read_gold(nlp, dev, pipeline_targets(nlp), **options)
    found = calibrate(nlp, gold, component)
    # Written first: a reader of the table that closes early must not cost the folder.
    Outputs(output.parent).save(output, nlp.to_disk)
    print("\n".join(table(found)))
    print(f"Wrote {output}.")


PIPELINE = ("config.cfg", "meta.json", "tokenizer")
"""Names in each folder of a pipeline; a project's may have a config too."""


def check_folder(path: Path, inputs: Iterable[Path], force: bool) -> None:
    """Refuse to replace a folder, unless told to and it is a pipeline's.

    Raises:
        BirnnError: The path is taken, holds what is read or where the command runs, or
            there is no such directory.
    """
    if not path.absolute().parent.is_dir():
        reason = f"there is no directory {path.parent}"
        raise BirnnError(Errors.B203.format(path=path, reason=reason))
    if Path.cwd().is_relative_to(path.resolve()):
        reason = "the command runs in it"
        raise BirnnError(Errors.B203.format(path=path, reason=reason))
    if any(kept.resolve().is_relative_to(path.resolve()) for kept in inputs):
        raise BirnnError(Errors.B219.format(path=path))
    if path.is_dir() and not any(path.iterdir()):
        return
    if path.exists() and not force:
        raise BirnnError(Errors.B202.format(path=path))
    if path.exists() and not all((path / name).is_file() for name in PIPELINE):
        raise BirnnError(Errors.B447.format(path=path))


def table(found: Dict[str, Calibration]) -> Iterator[str]:
    """A block of lines for each component."""
    for name, result in found.items():
        yield f"{name}: temperature {result.temperature:.3f}"
        yield f"{'':24}  before   after"
        losses = f"{result.loss_before:8.4f}{result.loss_after:8.4f}"
        yield f"  NLL, nats per word     {losses}   over {result.words:,} words"
        before, after = result.before, result.after
        if before is None or after is None:
            yield "  nothing is predicted, so there is no calibration error"
            continue
        low, high = after.interval
        yield (
            f"  calibration error (ECE){before.error:8.4f}{after.error:8.4f}   over "
            f"{after.count:,} predictions; 95 % of it now: {low:.4f} to {high:.4f}"
        )
        yield (
            f"  mean confidence        {before.confidence:8.4f}{after.confidence:8.4f}"
            f"   right: {after.accuracy:.4f}"
        )
