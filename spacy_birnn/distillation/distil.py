"""Distil teachers and raw text into a pipeline."""

import sys
from pathlib import Path
from typing import IO, Iterable, NamedTuple, Optional, Sequence, Union

from spacy.language import Language
from thinc.api import Config

from ..tagging.content import Fields
from ..tagging.inputs import find_inputs
from ..training.dev_use import DevUse
from ..training.outputs import Outputs
from ..training.train import train_into
from .corpus import DistilledCorpus, check_shares
from .make import FOLDER, USUAL_FIELDS, read_with_teachers


class Distilled(NamedTuple):
    """The result of a distillation.

    Attributes:
        nlp: the student with its last weights, which are not averaged; None where a
            signal has come while the teachers read.
        signal: the number of the signal that has stopped it, None where it is at its
            end.
    """

    nlp: Optional[Language]
    signal: Optional[int]


def distil(
    config: Config,
    output: Path,
    teachers: Iterable[Language],
    texts: Sequence[Union[str, Path]],
    *,
    input_format: Optional[str] = None,
    fields: Fields = USUAL_FIELDS,
    gold_weight: float = 0.5,
    sentences: Optional[int] = None,
    resume: bool = False,
    force: bool = False,
    use_gpu: int = -1,
    eval_frequency: Optional[int] = None,
    dev_use: DevUse = DevUse.choose,
    stdout: Optional[IO] = None,
) -> Distilled:
    """Train a student on what teachers say of raw text, and on annotated data.

    Args:
        config: of the student, not interpolated; its training corpus is the annotated
            data, unless its path is null.
        output: the folder of `model-best`, `model-last`, the checkpoint and `targets`.
        teachers: pipelines that set what the student learns; several are averaged. If
            they come from an iterator, their memory is free once they have read.
        texts: files, folders, globs or URLs, in any format that `tag` reads.
        input_format: the format of all texts; None to tell each.
        fields: where in a file the documents are.
        gold_weight: the share of the gold labels where they are known, 0…1.
        sentences: of the texts in each epoch; see `DistilledCorpus`.
        resume: go on with what was interrupted.
        force: begin anew over what is in `output`.
        use_gpu: id of an activated GPU, -1 for none.
        eval_frequency: steps between evaluations; None to adapt.
        dev_use: what the development corpus is for.
        stdout: where messages go; None for the standard output.

    Raises:
        BirnnError: see the message.
    """
    stdout = stdout or sys.stdout
    inputs = find_inputs(texts, input_format, fields.encoding)
    check_shares(gold_weight, sentences)
    outputs = Outputs(output, FOLDER)
    is_resumed = outputs.prepare(resume, force)
    with outputs.undoing():
        targets, signal = read_with_teachers(
            outputs,
            config,
            teachers,
            inputs,
            fields,
            resume=resume,
            use_gpu=use_gpu,
            stdout=stdout,
            sentences=sentences,
            dev_use=dev_use,
        )
        if signal is not None:
            return Distilled(None, signal)
        nlp, _, signal = train_into(
            outputs,
            config,
            is_resumed=is_resumed,
            use_gpu=use_gpu,
            eval_frequency=eval_frequency,
            dev_use=dev_use,
            corpus=DistilledCorpus(
                targets, gold_weight=gold_weight, sentences=sentences, dev_use=dev_use
            ),
            stdout=stdout,
            stderr=sys.stderr,
        )
    return Distilled(nlp, signal)
