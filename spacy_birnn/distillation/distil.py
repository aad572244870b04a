"""Distil teachers and raw text into a pipeline."""

from pathlib import Path
from typing import IO, Optional, Sequence, Tuple, Union

from spacy.language import Language
from thinc.api import Config

from ..tagging.content import Fields
from ..tagging.inputs import find_inputs
from ..training.loop import train
from ..training.progress import Progress
from .corpus import DistilledCorpus
from .make import USUAL_FIELDS, make_targets


def distil(
    config: Config,
    output: Path,
    teachers: Sequence[Language],
    texts: Sequence[Union[str, Path]],
    *,
    fields: Fields = USUAL_FIELDS,
    input_format: Optional[str] = None,
    gold_weight: float = 0.5,
    sentences: Optional[int] = None,
    resume: bool = False,
    force: bool = False,
    use_gpu: int = -1,
    eval_frequency: Optional[int] = None,
    stdout: Optional[IO] = None,
) -> Optional[Tuple[Language, Progress]]:
    """Train a student on what teachers say of raw text, and on annotated data.

    Args:
        config: of the student, not interpolated; its training corpus is the annotated
            data, unless its path is null, and its dev corpus chooses the best weights.
        output: the folder of `model-best`, `model-last`, the checkpoint and `targets`.
        teachers: pipelines that set what the student learns; several are averaged.
        texts: files, folders, globs or URLs, in any format that `tag` reads.
        fields: where in a file the documents are.
        input_format: the format of all texts; None to tell each.
        gold_weight: the share of the gold labels where they are known, 0…1.
        sentences: of the texts in each epoch; see `DistilledCorpus`.
        resume: go on with what was interrupted.
        force: begin anew over what is in `output`.
        use_gpu: id of an activated GPU, -1 for none.
        eval_frequency: steps between evaluations; None to adapt.
        stdout: where messages go; None for the standard output.

    Returns:
        As `train`; None where a signal has come before training began.

    Raises:
        BirnnError: see the message.
    """
    files = find_inputs(texts, input_format, fields.encoding)
    targets, signal = make_targets(
        config,
        output,
        teachers,
        files,
        fields,
        resume=resume,
        force=force,
        use_gpu=use_gpu,
        stdout=stdout,
    )
    if signal is not None:
        return None
    corpus = DistilledCorpus(targets, gold_weight=gold_weight, sentences=sentences)
    nlp, progress, _ = train(
        config,
        output,
        resume=resume,
        force=not resume,
        use_gpu=use_gpu,
        eval_frequency=eval_frequency,
        corpus=corpus,
        stdout=stdout,
    )
    return nlp, progress
