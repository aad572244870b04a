"""Everything that an evaluation says of tags: accuracy, confusions, unknown words."""

from collections import Counter
from typing import (
    Any,
    Callable,
    Dict,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

from numpy import ndarray
from spacy.training import Example

from .bootstrap import Bootstrap
from .reliability import Reliability, reliability
from .span_errors import BASELINE, BOTH, MODEL
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
    make_rows,
    step_names,
    tally,
)
from .tagged import Tagged, TaggedSentence, read_tagged, words_of
from .training_words import TrainingWords

KNOWLEDGE = (
    "known, always with this tag",
    "known, with this tag and others",
    "known, never with this tag",
    "unknown word",
)


class TagError(NamedTuple):
    """A wrong tag.

    Attributes:
        sentence: number of its sentence among all.
        word: the word with both tags.
        by: who errs, see `SpanError`.
    """

    sentence: int
    word: Tagged
    by: Optional[str] = None

    def doubt(self) -> float:
        """Least for the most confident error, greatest without a confidence."""
        return 2.0 if self.word.confidence is None else 1.0 - self.word.confidence

    def as_record(self, sentence: TaggedSentence) -> Dict[str, Any]:
        """Give a line of `errors.jsonl`."""
        word = self.word
        record: Dict[str, Any] = {
            "kind": "tag",
            "doc": sentence.doc,
            "sentence": sentence.number,
            "text": sentence.text,
            "start": word.start,
            "end": word.end,
            "word": word.word,
            "gold": word.gold,
            "predicted": word.predicted,
        }
        if word.confidence is not None:
            record["confidence"] = round(word.confidence, 6)
        if self.by is not None:
            record["by"] = self.by
        return record


class TagAnalysis:
    """An evaluation of tags.

    Args:
        examples: predicted docs with their references.
        target: `tag`, `pos` or `_.name`.
        baseline: the same references, predicted by another pipeline.
        training: the data that the pipeline was trained on.
        bootstrap: made for a number of sentences.

    Attributes:
        sentences: with the tags of both sides.
        labels: all tags, gold or predicted, by frequency in the gold annotation.
    """

    measure = "accuracy"

    def __init__(
        self,
        examples: Sequence[Example],
        target: str,
        *,
        baseline: Optional[Sequence[Example]] = None,
        training: Optional[Sequence[Example]] = None,
        bootstrap: Callable[[int], Bootstrap] = Bootstrap,
    ) -> None:
        self.sentences = read_tagged(examples, target)
        self.other: Optional[List[TaggedSentence]] = None
        if baseline is not None:
            self.other = read_tagged(baseline, target)
        self.training = None if training is None else TrainingWords(training, target)
        gold = Counter(word.gold for _, word in words_of(self.sentences))
        predicted = {w.predicted for side in self._sides() for _, w in words_of(side)}
        self.labels = [
            *(tag for tag, _ in sorted(gold.items(), key=lambda x: (-x[1], x[0]))),
            *sorted(predicted - gold.keys() - {NONE}),
        ]
        self._bootstrap = bootstrap(len(self.sentences))

    def _sides(self) -> List[List[TaggedSentence]]:
        return [self.sentences, *([] if self.other is None else [self.other])]

    def total(self) -> Optional[Row]:
        """Score all words; None where there are none."""
        rows = self._rows([ALL], lambda *_: ALL)
        return rows[0] if rows else None

    def scores(self) -> List[Row]:
        """Score each tag: precision, recall and F1."""
        counts = [self._counts_by_tag(side) for side in self._sides()]
        return make_rows(self.labels, counts[0], self._bootstrap, *counts[1:])

    def groups(self) -> List[Table]:
        """Accuracy by what training had, and by the length of the sentence."""
        tables = []
        if self.training is not None:
            training = self.training
            tables = [
                Table(
                    "By what training has seen",
                    "Whether the word occurs in the training data, and with which "
                    "tags.",
                    self._rows(KNOWLEDGE, self._knowledge),
                ),
                Table(
                    "By frequency in training",
                    "How often the word occurs in the training data.",
                    self._rows(
                        step_names(FREQUENCY_STEPS),
                        lambda _, word: in_steps(
                            training.counts[word.word], FREQUENCY_STEPS
                        ),
                    ),
                ),
            ]
        by_length = self._rows(
            step_names(SENTENCE_STEPS),
            lambda sentence, _: in_steps(len(sentence.words), SENTENCE_STEPS),
        )
        title = "By length of the sentence"
        return [*tables, Table(title, "Words in the sentence.", by_length)]

    def _knowledge(self, _: TaggedSentence, word: Tagged) -> str:
        assert self.training is not None
        if not self.training.counts[word.word]:
            return KNOWLEDGE[3]
        known = self.training.labels.get(word.word, set())
        if word.gold not in known:
            return KNOWLEDGE[2]
        return KNOWLEDGE[0] if len(known) == 1 else KNOWLEDGE[1]

    def confusion(self) -> Dict[Tuple[str, str], int]:
        """Count pairs of a gold and a predicted tag, right ones too."""
        return Counter((w.gold, w.predicted) for _, w in words_of(self.sentences))

    def errors(self) -> List[TagError]:
        """List wrong tags, most confident first, then in the order of the text."""
        errors = []
        if self.other is None:
            for number, word in words_of(self.sentences):
                if word.predicted != word.gold:
                    errors.append(TagError(number, word))
        else:
            for (number, ours), (_, theirs) in zip(
                words_of(self.sentences), words_of(self.other), strict=True
            ):
                if ours.predicted != ours.gold:
                    is_right = theirs.predicted == theirs.gold
                    errors.append(TagError(number, ours, MODEL if is_right else BOTH))
                elif theirs.predicted != theirs.gold:
                    errors.append(TagError(number, theirs, BASELINE))
        return sorted(errors, key=TagError.doubt)

    def records(self) -> Iterator[Dict[str, Any]]:
        """Give the errors as they are written to `errors.jsonl`."""
        for error in self.errors():
            yield error.as_record(self.sentences[error.sentence])

    def reliability(self) -> Optional[Reliability]:
        """Compare confidences with how often the tags are right; None without any."""
        return _reliability(self.sentences)

    def baseline_reliability(self) -> Optional[Reliability]:
        """As `reliability`, of the other pipeline."""
        return None if self.other is None else _reliability(self.other)

    def _rows(
        self,
        names: Sequence[str],
        group_of: Callable[[TaggedSentence, Tagged], str],
    ) -> List[Row]:
        def counted(side: List[TaggedSentence]) -> Iterator[Tuple[int, str, int]]:
            for number, word in words_of(side):
                group = group_of(side[number], word)
                yield number, group, GOLD
                if word.predicted:
                    yield number, group, PREDICTED
                if word.predicted == word.gold:
                    yield number, group, RIGHT

        counts = [tally(len(side), names, counted(side)) for side in self._sides()]
        return make_rows(names, counts[0], self._bootstrap, *counts[1:])

    def _counts_by_tag(self, side: List[TaggedSentence]) -> ndarray:
        def counted() -> Iterator[Tuple[int, str, int]]:
            for number, word in words_of(side):
                yield number, word.gold, GOLD
                if word.predicted:
                    yield number, word.predicted, PREDICTED
                if word.predicted == word.gold:
                    yield number, word.gold, RIGHT

        return tally(len(side), self.labels, counted())


def _reliability(sentences: Sequence[TaggedSentence]) -> Optional[Reliability]:
    known = [word for _, word in words_of(sentences) if word.confidence is not None]
    if not known:
        return None
    return reliability(
        [word.confidence or 0.0 for word in known],
        [word.predicted == word.gold for word in known],
    )
