"""Train a pipeline from a config, into a folder."""

import gc
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Optional, Tuple

from spacy.language import Language
from thinc.api import Config

from .checkpoint import read_checkpoint
from .dev_use import DevUse
from .evaluation import EvaluationPlan
from .loop import Loop
from .outputs import Outputs
from .progress import Progress
from .setup import EpochCorpus, set_up


def train(
    config: Config,
    output: Optional[Path] = None,
    *,
    resume: bool = False,
    force: bool = False,
    use_gpu: int = -1,
    eval_frequency: Optional[int] = None,
    dev_use: DevUse = DevUse.choose,
    corpus: Optional[EpochCorpus] = None,
    stdout: Optional[IO] = None,
    stderr: Optional[IO] = None,
) -> Tuple[Language, Progress, Optional[int]]:
    """Train a pipeline.

    Args:
        config: spaCy's, not interpolated.
        output: the folder of the outputs and of the checkpoint; None to write nothing.
        resume: go on from the checkpoint in `output`, if there is one.
        force: train anew over an older training in `output`.
        use_gpu: id of an activated GPU, -1 for none.
        eval_frequency: steps between evaluations; None to evaluate as often as it is
            worth its time.
        dev_use: what the development corpus is for.
        corpus: is trained on instead of what the config names.
        stdout: where the logger writes; None for the standard output.
        stderr: where its progress bar is, if it has one; None for the standard error.

    Returns:
        The pipeline with its last weights, which are not averaged; where the training
        has come to; and the signal that has stopped it, None where it is at its end.

    Raises:
        BirnnError: see the message; what was saved before is untouched.
    """
    stdout, stderr = stdout or sys.stdout, stderr or sys.stderr
    outputs = Outputs(output) if output is not None else None
    is_resumed = outputs.prepare(resume, force) if outputs is not None else False
    if resume and not is_resumed:
        print("No checkpoint: training starts from the beginning.", file=stdout)
    with outputs.attempt() if outputs is not None else nullcontext():
        return train_into(
            outputs,
            config,
            is_resumed=is_resumed,
            use_gpu=use_gpu,
            eval_frequency=eval_frequency,
            dev_use=dev_use,
            corpus=corpus,
            stdout=stdout,
            stderr=stderr,
        )


def train_into(
    outputs: Optional[Outputs],
    config: Config,
    *,
    is_resumed: bool,
    use_gpu: int,
    eval_frequency: Optional[int],
    dev_use: DevUse = DevUse.choose,
    corpus: Optional[EpochCorpus],
    stdout: IO,
    stderr: IO,
) -> Tuple[Language, Progress, Optional[int]]:
    """As `train`, into outputs that are prepared and undone by the caller.

    Args:
        is_resumed: what `Outputs.prepare` has said.
    """
    folder = None if outputs is None else outputs.folder
    print(_headline(config, use_gpu, folder), file=stdout, flush=True)
    setup = set_up(config, use_gpu, corpus, dev_use)
    loop = Loop(setup, outputs, EvaluationPlan(eval_frequency), stdout)
    if is_resumed and outputs is not None:
        loop.restore(read_checkpoint(outputs.checkpoint), outputs.checkpoint)
    elif outputs is not None:
        outputs.begin()
    # The data stay to the end: the garbage collector need not look through them.
    gc.freeze()
    try:
        stopped = loop.run(stdout, stderr)
    finally:
        gc.unfreeze()
    return setup.nlp, loop.progress, stopped


def _headline(config: Config, use_gpu: int, output: Optional[Path]) -> str:
    """The first line: reading the data and initializing take some seconds."""
    pipeline = config.get("nlp", {}).get("pipeline")
    names = ", ".join(map(str, pipeline)) if isinstance(pipeline, list) else "pipeline"
    device = "the CPU" if use_gpu < 0 else f"GPU {use_gpu}"
    where = "" if output is None else f", into {output}"
    return f"Training {names} on {device}{where}: reading the data."
