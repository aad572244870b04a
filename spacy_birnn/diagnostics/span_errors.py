"""The wrong spans of an evaluation, one by one, of one pipeline or of two."""

from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence

from .mentions import Mention, Sentence
from .outcomes import CORRECT, Outcome, outcomes_of

MODEL, BASELINE, BOTH = "model", "baseline", "both"


class SpanError(NamedTuple):
    """A wrong decision, of the pipeline or of the one that it is compared with.

    Attributes:
        sentence: number of its sentence among all.
        outcome: the spans, and what is wrong with them.
        by: who errs: `MODEL`, `BASELINE`, or `BOTH` (the outcome is the model's then);
            None where there is one pipeline.
        seen: how training met the span, a key of `span_analysis.SEEN`; None without
            training data.
    """

    sentence: int
    outcome: Outcome
    by: Optional[str] = None
    seen: Optional[str] = None

    @property
    def confidence(self) -> Optional[float]:
        """Of the predicted span; None where there is none."""
        predicted = self.outcome.predicted
        return None if predicted is None else predicted.confidence

    def doubt(self) -> float:
        """Least for the most confident error, greatest without a confidence."""
        return 2.0 if self.confidence is None else 1.0 - self.confidence

    def as_record(self, sentence: Sentence) -> Dict[str, Any]:
        """Give a line of `errors.jsonl`."""
        record: Dict[str, Any] = {
            "kind": self.outcome.kind,
            "doc": sentence.doc,
            "sentence": sentence.number,
            "text": sentence.text,
            "gold": _mention_record(sentence, self.outcome.gold),
            "predicted": _mention_record(sentence, self.outcome.predicted),
        }
        optional = {"by": self.by, "seen": self.seen}
        record.update({k: v for k, v in optional.items() if v is not None})
        return record


def find_errors(outcomes: Sequence[Sequence[Outcome]]) -> List[SpanError]:
    """List the errors of one pipeline, from the outcomes of each sentence."""
    return [
        SpanError(number, outcome)
        for number, found in enumerate(outcomes)
        for outcome in found
        if outcome.kind != CORRECT
    ]


def compare(
    errors: Sequence[SpanError],
    sentences: Sequence[Sentence],
    other: Sequence[Sentence],
) -> List[SpanError]:
    """Tell what one pipeline alone gets wrong, the other one alone, and both.

    Args:
        errors: of the pipeline.
        sentences: as it has predicted them.
        other: as the other pipeline has predicted them.
    """
    return [
        *_with_author(errors, other),
        *_errors_of_other(sentences, other),
    ]


def _with_author(
    errors: Sequence[SpanError], other: Sequence[Sentence]
) -> Iterator[SpanError]:
    for error in errors:
        is_right = _does_right(other[error.sentence], error.outcome)
        yield error._replace(by=MODEL if is_right else BOTH)


def _errors_of_other(
    sentences: Sequence[Sentence], other: Sequence[Sentence]
) -> Iterator[SpanError]:
    for number, (ours, theirs) in enumerate(zip(sentences, other, strict=True)):
        for outcome in outcomes_of(theirs):
            if outcome.kind != CORRECT and _does_right(ours, outcome):
                yield SpanError(number, outcome, BASELINE)


def _does_right(sentence: Sentence, outcome: Outcome) -> bool:
    """Whether a pipeline does right what another one does wrong: it finds the gold
    span, or does not find the spurious one."""
    predicted = {mention.key for mention in sentence.predicted}
    if outcome.gold is not None:
        return outcome.gold.key in predicted
    assert outcome.predicted is not None
    return outcome.predicted.key not in predicted


def _mention_record(
    sentence: Sentence, mention: Optional[Mention]
) -> Optional[Dict[str, Any]]:
    if mention is None:
        return None
    record: Dict[str, Any] = {
        "start": mention.start,
        "end": mention.end,
        "label": mention.label,
        "text": sentence.surface(mention),
    }
    if mention.confidence is not None:
        record["confidence"] = round(mention.confidence, 6)
    return record
