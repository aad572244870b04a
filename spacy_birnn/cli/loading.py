"""Load a pipeline for a command."""

from pathlib import Path
from typing import List

import spacy
from spacy.language import Language
from thinc.api import ConfigValidationError

from ..errors import BirnnError, Errors, one_line
from ..progress import show_wait
from ..tagging.targets import Target, pipeline_targets


def load_pipeline(model: str, gpu_id: int = -1) -> Language:
    """Load a pipeline by package name or directory.

    Args:
        model: What `spacy.load` takes.
        gpu_id: The GPU to use, -1 for the CPU.

    Raises:
        BirnnError: There is no such GPU or pipeline, or it is damaged.
    """
    activate_gpu(gpu_id)
    try:
        with show_wait(f"Loading {model}"):
            return spacy.load(model)
    except (BirnnError, ConfigValidationError):
        raise
    except Exception as error:
        # A directory can be damaged in any file, and each has its own reader.
        best = Path(model, "model-best")
        hint = f" Did you mean {best}?" if Path(best, "config.cfg").is_file() else ""
        raise BirnnError(
            Errors.B204.format(model=model, reason=one_line(error), hint=hint)
        ) from error


def targets_of(nlp: Language, model: str, action: str) -> List[Target]:
    """The targets of a pipeline: what it can tag and be scored on.

    Args:
        nlp: the pipeline.
        model: its name in messages.
        action: what the command does with it, such as "tag".

    Raises:
        BirnnError: It sets nothing of the kind.
    """
    targets = pipeline_targets(nlp)
    if not targets:
        names = ", ".join(nlp.pipe_names) or "none"
        raise BirnnError(
            Errors.B213.format(model=model, components=names, action=action)
        )
    return targets


def activate_gpu(gpu_id: int) -> None:
    """Use a GPU; -1 for the CPU.

    Raises:
        BirnnError: There is no such GPU.
    """
    if gpu_id < 0:
        return
    try:
        spacy.require_gpu(gpu_id)
    except Exception as error:
        # cupy and CUDA each have exceptions of their own.
        raise BirnnError(
            Errors.B205.format(gpu_id=gpu_id, reason=one_line(error))
        ) from error
