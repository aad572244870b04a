"""Teachers: pipelines that set what the student learns, as scores of its labels.

A component of ours in the student's tag scheme is a chain, and gives its exact
distribution. Of any other pipeline the labels are known, so that it is sure of each but
for a little smoothing.
"""

import math
from contextlib import ExitStack
from typing import Any, List, Protocol, Sequence

import numpy
import torch
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import filter_spans
from torch import Tensor
from torch.nn import functional as F

from ..models.sentences import portions
from ..models.sequence_tagger import get_decoder
from ..models.vocabularies import doc_in
from ..nn.crf.chain import ChainScores
from ..pipeline.base import BiRNNPipe
from ..tagging.targets import Target, component_targets, spans_of

LACKING = -20.0
"""The score of a label that a teacher lacks, against the best one of the token."""

SMOOTHING = 0.02
"""The probability that a teacher's label is wrong, where nothing but it is known. All
other labels share it."""


class Teacher(Protocol):
    """A pipeline that scores the labels of the student.

    Attributes:
        nlp: the pipeline.
        chain: scores of the L labels themselves, float32, all of them finite.
    """

    nlp: Language
    chain: ChainScores

    def emissions(self, docs: Sequence[Doc]) -> Tensor:
        """Score the labels of all tokens of documents of another vocabulary.

        Args:
            docs: they stay untouched.

        Returns:
            Shape (N, L), float32, on the CPU.
        """


def name_of(nlp: Language) -> str:
    """A name of a pipeline for messages: its folder, or its name."""
    meta = nlp.meta
    return str(nlp.path.resolve()) if nlp.path else f"{meta['lang']}_{meta['name']}"


def make_teacher(nlp: Language, student: BiRNNPipe, stack: ExitStack) -> Teacher:
    """Make a teacher of a pipeline.

    Args:
        nlp: sets what the student learns, see `labels.choose_labels`.
        student: has its labels.
        stack: until it is closed, components of the pipeline that are not needed are
            switched off.
    """
    target = Target(student.target, student.cfg.get("spans_key", ""))
    setters = setters_of(nlp, target)
    pipe: Any = nlp.get_pipe(setters[0])
    labels, scheme = student.prepare_labels()
    is_ours = len(setters) == 1 and isinstance(pipe, BiRNNPipe)
    if is_ours and pipe.prepare_labels()[1] == scheme:
        first = nlp.pipe_names.index(setters[0])
        stack.enter_context(nlp.select_pipes(disable=nlp.pipe_names[first:]))
        return ChainTeacher(nlp, pipe, labels)
    last = nlp.pipe_names.index(setters[-1]) + 1
    stack.enter_context(nlp.select_pipes(disable=nlp.pipe_names[last:]))
    return LabelTeacher(nlp, student, target)


def setters_of(nlp: Language, target: Target) -> List[str]:
    """The components that set a target."""
    return [name for name in nlp.pipe_names if target in component_targets(nlp, name)]


class ChainTeacher:
    """A component of ours with the student's tag scheme: its exact distribution.

    Args:
        nlp: the pipeline, of which the components before ours are enabled.
        pipe: the component.
        labels: those of the student's decoder.
    """

    def __init__(self, nlp: Language, pipe: BiRNNPipe, labels: Sequence[str]) -> None:
        pipe.check_initialized()
        self.nlp = nlp
        self.pipe = pipe
        own, masked = pipe.model.get_ref("emissions").attrs["labels"], pipe.masked_ids()
        index = {label: i for i, label in enumerate(own) if i not in masked}
        # One column more than there are is that of labels which it lacks.
        self.columns = torch.tensor([index.get(label, len(own)) for label in labels])
        crf = get_decoder(pipe.model).crf
        start, transitions, end = (
            F.pad(scores.detach().float().cpu() / pipe.temperature, pad)
            for scores, pad in [
                (crf.start, (0, 1)),
                (crf.transitions, (0, 1, 0, 1)),
                (crf.end, (0, 1)),
            ]
        )
        c = self.columns
        self.chain = ChainScores(start[c], transitions[c][:, c], end[c])

    def emissions(self, docs: Sequence[Doc]) -> Tensor:
        # The tokens of the student, whatever the teacher's own tokenizer does.
        own = [doc_in(self.nlp.vocab, doc) for doc in docs]
        if self.nlp.pipe_names:
            own = list(self.nlp.pipe(own))
        rows = [self.pipe.emissions(batch).float().cpu() for batch in portions(own)]
        scores = torch.cat(rows) / self.pipe.temperature
        scores = scores - scores.amax(1, keepdim=True)
        return F.pad(scores, (0, 1), value=LACKING)[:, self.columns]


class LabelTeacher:
    """Any other pipeline: the labels that it sets.

    Args:
        nlp: the pipeline.
        student: has its labels.
        target: what it learns.
    """

    def __init__(self, nlp: Language, student: BiRNNPipe, target: Target) -> None:
        self.nlp = nlp
        self.student = student
        self.target = target
        self.n_labels = size = len(student.prepare_labels()[0])
        self.known = set(student.labels)
        self.chain = ChainScores(
            torch.zeros(size), torch.zeros(size, size), torch.zeros(size)
        )

    def emissions(self, docs: Sequence[Doc]) -> Tensor:
        own = self.nlp.pipe(doc_in(self.nlp.vocab, doc) for doc in docs)
        examples = [
            Example(doc, self._with_known_labels(annotated))
            for doc, annotated in zip(docs, own, strict=True)
        ]
        sequences = self.student.find_sequences(list(docs), keep_preset=False)
        ids = self.student.gold_labels(examples, sequences)
        rows = numpy.arange(len(ids)) if sequences.rows is None else sequences.rows
        scores = torch.zeros(sum(map(len, docs)), self.n_labels)
        is_known = ids >= 0
        known, chosen = map(torch.from_numpy, (rows[is_known], ids[is_known]))
        scores[known] = math.log(SMOOTHING / max(self.n_labels - 1, 1))
        scores[known, chosen] = math.log(1 - SMOOTHING)
        return scores

    def _with_known_labels(self, doc: Doc) -> Doc:
        """Leave out labels that the student does not have, and overlapping spans."""
        if self.target.is_spans:
            spans = [s for s in spans_of(doc, self.target) if s.label_ in self.known]
            if self.target.name == "ents":
                doc.ents = spans
            elif self.target.spans_key in doc.spans:
                doc.spans[self.target.spans_key] = filter_spans(spans)
            return doc
        for token, tag in zip(doc, self.student.read(doc)):  # type: ignore[attr-defined]
            if tag and tag not in self.known and not token.is_space:
                _clear_tag(token, self.target.name)
        return doc


def _clear_tag(token, name: str) -> None:
    if name in ("tag", "pos"):
        setattr(token, f"{name}_", "")
    else:
        token._.set(name.removeprefix("_."), None)
