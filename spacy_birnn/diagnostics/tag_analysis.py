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

from spacy.training import Example

from .analysis import Analysis, Counted
from .bootstrap import Bootstrap
from .span_errors import BASELINE, BOTH, MODEL
from .tables import (
    ALL,
    FREQUENCY_STEPS,
    GOLD,
    PREDICTED,
    RIGHT,
    SENTENCE_STEPS,
    Row,
    Table,
    in_steps,
    step_names,
)
from .tagged import Tagged, TaggedSentence, read_tagged, words_of
from .training_words import TrainingWords

GroupOf = Callable[[TaggedSentence, Tagged], str]

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


class TagAnalysis(Analysis[TaggedSentence]):
    """An evaluation of tags.

    Args:
        examples: predicted docs with their references.
        target: `tag`, `pos` or `_.name`.
        baseline: the same references, predicted by another pipeline.
        training: the words of the data that the pipeline was trained on.
        confidences: whether `token._.confidence` is of this target, in the examples
            and in the baseline.
        bootstrap: made for a number of sentences.
    """

    measure = "accuracy"

    def __init__(
        self,
        examples: Sequence[Example],
        target: str,
        *,
        baseline: Optional[Sequence[Example]] = None,
        training: Optional[TrainingWords] = None,
        confidences: Tuple[bool, bool] = (True, True),
        bootstrap: Callable[[int], Bootstrap] = Bootstrap,
    ) -> None:
        ours, theirs = confidences
        other = None
        if baseline is not None:
            other = read_tagged(baseline, target, confidences=theirs)
        super().__init__(
            read_tagged(examples, target, confidences=ours),
            other,
            training,
            bootstrap,
        )

    def labels_of(self, sentence: TaggedSentence) -> Tuple[List[str], List[str]]:
        words = sentence.words
        return [word.gold for word in words], [word.predicted for word in words]

    def scores(self) -> List[Row]:
        """Score each tag: precision, recall and F1."""
        return self.rows(self.labels, _count_by_tag)

    def in_one_group(self, sentence: TaggedSentence) -> Counted:
        return _count(sentence, lambda *_: ALL)

    def groups(self) -> List[Table]:
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
        return Counter((w.gold, w.predicted) for _, w in words_of(self.sentences))

    def errors(self) -> List[TagError]:
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

    def confidences(self, sentence: TaggedSentence) -> Iterator[Tuple[float, bool]]:
        for word in sentence.words:
            if word.confidence is not None:
                yield word.confidence, word.predicted == word.gold

    def _rows(self, names: Sequence[str], group_of: GroupOf) -> List[Row]:
        return self.rows(names, lambda sentence: _count(sentence, group_of))


def _count(sentence: TaggedSentence, group_of: GroupOf) -> Counted:
    """The words of a sentence, each in one group."""
    for word in sentence.words:
        group = group_of(sentence, word)
        yield group, GOLD
        if word.predicted:
            yield group, PREDICTED
        if word.predicted == word.gold:
            yield group, RIGHT


def _count_by_tag(sentence: TaggedSentence) -> Counted:
    """The words of a sentence, by their gold tag and by their predicted one."""
    for word in sentence.words:
        yield word.gold, GOLD
        if word.predicted:
            yield word.predicted, PREDICTED
        if word.predicted == word.gold:
            yield word.gold, RIGHT
