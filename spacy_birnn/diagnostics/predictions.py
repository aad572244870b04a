"""The predictions of a component, how sure it is, and whether they are right."""

from contextlib import contextmanager
from typing import Iterator, List, NamedTuple, Sequence

import numpy
from spacy.training import Example

from ..pipeline import gold
from ..pipeline.base import BiRNNPipe
from ..pipeline.candidates import PredictedSpan
from ..pipeline.codec import BEGIN, INSIDE, MISSING
from ..pipeline.spans import SpanPipe
from ..pipeline.tagger import BiRNNTagger, Tags


class Judged(NamedTuple):
    """A predicted span or tag.

    Attributes:
        confidence: its probability, 0…1.
        is_right: whether the gold annotation has it.
    """

    confidence: float
    is_right: bool


def judge(pipe: BiRNNPipe, examples: Sequence[Example]) -> List[Judged]:
    """Predict, and compare with the gold annotation; documents stay untouched.

    Predictions where the gold annotation is missing are left out. `min_confidence`
    leaves nothing out here.

    Args:
        pipe: a `birnn_ner`, `birnn_chunker` or `birnn_tagger`.
        examples: their predicted documents as the component gets them.
    """
    with _confidences_on(pipe):
        predictions = pipe.predict([example.predicted for example in examples])
    found: List[Judged] = []
    for example, prediction in zip(examples, predictions):
        if isinstance(pipe, SpanPipe):
            found += _of_spans(pipe, example, prediction)
        elif isinstance(pipe, BiRNNTagger):
            found += _of_tags(pipe, example, prediction)
    return found


@contextmanager
def _confidences_on(pipe: BiRNNPipe) -> Iterator[None]:
    before = pipe.cfg["confidence"]
    pipe.cfg["confidence"] = True
    try:
        yield
    finally:
        pipe.cfg["confidence"] = before


def _of_spans(
    pipe: SpanPipe, example: Example, spans: List[PredictedSpan]
) -> Iterator[Judged]:
    """White space is no part of a span, on either side."""
    is_word = numpy.array([not token.is_space for token in example.predicted], "bool")
    rows = numpy.flatnonzero(is_word)
    iob, types = pipe.gold_arrays(example)
    iob, types = gold.begin_at_words(iob, rows), types[rows]
    for start, end, label, confidence in spans:
        first, last = numpy.searchsorted(rows, [start, end])
        inside, after = iob[first:last], iob[last : last + 1]
        if confidence is None or (inside == MISSING).any():
            continue
        is_right = (
            inside[0] == BEGIN
            and (inside[1:] == INSIDE).all()
            and (types[first:last] == pipe.type_index(label)).all()
            and not (after == INSIDE).any()
        )
        yield Judged(confidence, bool(is_right))


def _of_tags(pipe: BiRNNTagger, example: Example, tags: Tags) -> Iterator[Judged]:
    ids, marginals = tags
    words = [token.i for token in example.predicted if not token.is_space]
    wanted = gold.tags(example, pipe.read)
    for i, label, confidence in zip(words, ids, marginals or ()):
        if wanted[i] is not None:
            yield Judged(confidence, pipe.labels[label] == wanted[i])
