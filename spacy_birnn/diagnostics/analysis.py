"""The common part of what an evaluation says of spans and of tags."""

from abc import ABC, abstractmethod
from collections import Counter
from typing import (
    Any,
    Callable,
    ClassVar,
    Dict,
    Generic,
    Iterable,
    Iterator,
    List,
    Optional,
    Sequence,
    Tuple,
    TypeVar,
)

from .bootstrap import Bootstrap
from .reliability import Reliability, reliability
from .tables import ALL, NONE, Row, Table, make_rows, tally
from .training_words import TrainingWords

S = TypeVar("S")
"""A sentence as it was annotated and as it was predicted."""

Counted = Iterable[Tuple[str, int]]
"""Group and column of each one that counts: see `tables.tally`."""


class Analysis(ABC, Generic[S]):
    """An evaluation of one pipeline, or of two on the same sentences.

    Args:
        sentences: of the pipeline.
        other: the same sentences, predicted by another pipeline.
        training: what the training data had.
        bootstrap: made for a number of sentences.

    Attributes:
        measure: what is scored, in a word.
        sentences, other, training: as given.
        labels: all that occur, gold or predicted, by frequency in the gold annotation.
    """

    measure: ClassVar[str]

    def __init__(
        self,
        sentences: List[S],
        other: Optional[List[S]],
        training: Optional[TrainingWords],
        bootstrap: Callable[[int], Bootstrap],
    ) -> None:
        self.sentences = sentences
        self.other = other
        self.training = training
        self.bootstrap = bootstrap(len(sentences))
        gold: Counter[str] = Counter()
        predicted = {NONE}
        for sentence in sentences:
            gold.update(self.labels_of(sentence)[0])
        for sentence in [*sentences, *(other or [])]:
            predicted.update(self.labels_of(sentence)[1])
        self.labels = [
            *sorted(gold, key=lambda label: (-gold[label], label)),
            *sorted(predicted - gold.keys() - {NONE}),
        ]

    # --- what a subclass says ---------------------------------------------------------

    @abstractmethod
    def labels_of(self, sentence: S) -> Tuple[Iterable[str], Iterable[str]]:
        """Gold and predicted labels of a sentence."""

    @abstractmethod
    def scores(self) -> List[Row]:
        """Score each label."""

    @abstractmethod
    def groups(self) -> List[Table]:
        """Score groups: by what training had, by length."""

    @abstractmethod
    def confusion(self) -> Dict[Tuple[str, str], int]:
        """Count pairs of a gold and a predicted label, right ones too; `NONE` where
        there is none."""

    @abstractmethod
    def errors(self) -> List[Any]:
        """List what is wrong, most confident first, then in the order of the text."""

    @abstractmethod
    def in_one_group(self, sentence: S) -> Counted:
        """Count everything in the group `ALL`."""

    @abstractmethod
    def confidences(self, sentence: S) -> Iterable[Tuple[float, bool]]:
        """Confidences of predictions, each with whether it is right."""

    # --- what follows -----------------------------------------------------------------

    def total(self) -> Optional[Row]:
        """Score all labels together; None where there is nothing to score."""
        rows = self.rows([ALL], self.in_one_group)
        return rows[0] if rows else None

    def rows(self, names: Sequence[str], count: Callable[[S], Counted]) -> List[Row]:
        """Score groups.

        Args:
            names: of the groups.
            count: what counts in a sentence.
        """
        sides = [self.sentences, *([] if self.other is None else [self.other])]
        counts = [
            tally(
                len(side),
                names,
                (
                    (number, name, column)
                    for number, sentence in enumerate(side)
                    for name, column in count(sentence)
                ),
            )
            for side in sides
        ]
        return make_rows(names, counts[0], self.bootstrap, *counts[1:])

    def records(self) -> Iterator[Dict[str, Any]]:
        """Give the errors as they are written to `errors.jsonl`."""
        for error in self.errors():
            yield error.as_record(self.sentences[error.sentence])

    def reliability(self) -> Optional[Reliability]:
        """Compare confidences with how often they are right; None without any."""
        return self._reliability(self.sentences)

    def baseline_reliability(self) -> Optional[Reliability]:
        """As `reliability`, of the other pipeline."""
        return None if self.other is None else self._reliability(self.other)

    def _reliability(self, side: Iterable[S]) -> Optional[Reliability]:
        found = [pair for sentence in side for pair in self.confidences(sentence)]
        if not found:
            return None
        confidences, correct = zip(*found, strict=True)
        return reliability(confidences, correct)
