"""Everything that an evaluation says of spans: scores, kinds of errors, groups."""

from collections import Counter
from typing import Callable, Dict, Iterator, List, Optional, Sequence, Tuple

from spacy.training import Example

from .analysis import Analysis, Counted
from .bootstrap import Bootstrap
from .mentions import Mention, Sentence, read_sentences
from .outcomes import CORRECT, KINDS, Outcome, outcomes_of
from .span_errors import SpanError, compare, find_errors
from .tables import (
    ALL,
    FREQUENCY_STEPS,
    GOLD,
    NONE,
    PREDICTED,
    RIGHT,
    SENTENCE_STEPS,
    Row,
    Table,
    in_steps,
    step_names,
)
from .training_words import TrainingWords

GroupOf = Callable[[Sentence, Mention], str]

MENTION_STEPS = (1, 2, 3, 4, 6)

SEEN = {
    "same": "seen with this type",
    "other": "seen with other types only",
    "new": "never seen",
}


class SpanAnalysis(Analysis[Sentence]):
    """An evaluation of spans: seqeval's figures, and what lies behind them.

    Args:
        examples: predicted docs with their references.
        target: `ents`, or `spans` with `spans_key`.
        spans_key: the group of spans.
        baseline: the same references, predicted by another pipeline.
        training: the words of the data that the pipeline was trained on.
        bootstrap: made for a number of sentences.

    Attributes:
        outcomes: of each sentence.
    """

    measure = "F1"

    def __init__(
        self,
        examples: Sequence[Example],
        target: str,
        spans_key: str = "",
        *,
        baseline: Optional[Sequence[Example]] = None,
        training: Optional[TrainingWords] = None,
        bootstrap: Callable[[int], Bootstrap] = Bootstrap,
    ) -> None:
        which = target, spans_key
        super().__init__(
            read_sentences(examples, *which),
            None if baseline is None else read_sentences(baseline, *which),
            training,
            bootstrap,
        )
        self.outcomes = [outcomes_of(sentence) for sentence in self.sentences]

    def labels_of(self, sentence: Sentence) -> Tuple[List[str], List[str]]:
        gold, predicted = (
            [mention.label for mention in side]
            for side in (sentence.gold, sentence.predicted)
        )
        return gold, predicted

    # --- scores -----------------------------------------------------------------------

    def scores(self, strict: bool = False) -> List[Row]:
        """Score each type, and all of them together as the last row.

        The figures are seqeval's, micro-averaged.

        Args:
            strict: count a span that crosses a sentence by its beginning alone, as
                seqeval's strict mode with IOB2 does; else each piece counts.
        """
        by_type = self._rows(self.labels, lambda _, mention: mention.label, strict)
        return [*by_type, *self._rows([ALL], lambda *_: ALL, strict)]

    def in_one_group(self, sentence: Sentence) -> Counted:
        return _count(sentence, lambda *_: ALL)

    def groups(self) -> List[Table]:
        """Score groups of spans: by what training had, by length, by sentence."""
        tables = []
        if self.training is not None:
            tables += self._by_training(self.training)
        tables.append(
            self._table(
                "By length of the span",
                "Words in the span.",
                step_names(MENTION_STEPS),
                lambda sentence, mention: in_steps(
                    max(len(sentence.words(mention)), 1), MENTION_STEPS
                ),
            )
        )
        tables.append(
            self._table(
                "By length of the sentence",
                "Words in the sentence.",
                step_names(SENTENCE_STEPS),
                lambda sentence, _: in_steps(len(sentence.tokens), SENTENCE_STEPS),
            )
        )
        return tables

    def _by_training(self, training: TrainingWords) -> List[Table]:
        return [
            self._table(
                "By what training has seen",
                "Whether the very words of the span were annotated in the training "
                "data.",
                list(SEEN.values()),
                lambda sentence, mention: SEEN[self._seen(sentence, mention)],
            ),
            self._table(
                "By frequency in training",
                "How often the rarest word of the span occurs in the training data.",
                step_names(FREQUENCY_STEPS),
                lambda sentence, mention: in_steps(
                    training.rarest(sentence.words(mention)), FREQUENCY_STEPS
                ),
            ),
        ]

    def _seen(self, sentence: Sentence, mention: Mention) -> str:
        assert self.training is not None
        return self.training.seen(sentence.surface(mention), mention.label)

    def _table(
        self, title: str, note: str, names: List[str], group_of: GroupOf
    ) -> Table:
        return Table(title, note, self._rows(names, group_of))

    def _rows(
        self, names: List[str], group_of: GroupOf, strict: bool = False
    ) -> List[Row]:
        return self.rows(names, lambda sentence: _count(sentence, group_of, strict))

    # --- errors -----------------------------------------------------------------------

    def kinds(self) -> Dict[str, Dict[str, int]]:
        """Count outcomes by type and kind; under `ALL` those of all types.

        A pair counts for its gold type, a spurious span for the predicted one.
        """
        table = {
            label: dict.fromkeys((CORRECT, *KINDS), 0) for label in [*self.labels, ALL]
        }
        for outcome in self._all_outcomes():
            mention = outcome.gold or outcome.predicted
            assert mention is not None
            table[mention.label][outcome.kind] += 1
            table[ALL][outcome.kind] += 1
        return table

    def confusion(self) -> Dict[Tuple[str, str], int]:
        return Counter(
            (_label(outcome.gold), _label(outcome.predicted))
            for outcome in self._all_outcomes()
        )

    def _all_outcomes(self) -> Iterator[Outcome]:
        return (outcome for found in self.outcomes for outcome in found)

    def errors(self) -> List[SpanError]:
        errors = find_errors(self.outcomes)
        if self.other is not None:
            errors = compare(errors, self.sentences, self.other)
        if self.training is not None:
            errors = [error._replace(seen=self._seen_error(error)) for error in errors]
        return sorted(errors, key=SpanError.doubt)

    def _seen_error(self, error: SpanError) -> str:
        mention = error.outcome.gold or error.outcome.predicted
        assert mention is not None
        return self._seen(self.sentences[error.sentence], mention)

    def confidences(self, sentence: Sentence) -> Iterator[Tuple[float, bool]]:
        gold = {mention.key for mention in sentence.gold}
        for mention in sentence.predicted:
            if mention.confidence is not None and not mention.is_rest:
                yield mention.confidence, mention.key in gold


def _count(sentence: Sentence, group_of: GroupOf, strict: bool = False) -> Counted:
    """The spans of a sentence; strict without what goes on from an earlier one."""
    gold = _counting(sentence.gold, strict)
    keys = {mention.key for mention in gold}
    for mention in gold:
        yield group_of(sentence, mention), GOLD
    for mention in _counting(sentence.predicted, strict):
        group = group_of(sentence, mention)
        yield group, PREDICTED
        if mention.key in keys:
            yield group, RIGHT


def _counting(mentions: Sequence[Mention], strict: bool) -> Sequence[Mention]:
    return [m for m in mentions if not m.is_rest] if strict else mentions


def _label(mention: Optional[Mention]) -> str:
    return NONE if mention is None else mention.label
