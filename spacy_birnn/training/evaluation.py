"""The development set: when to evaluate, and how at little cost."""

import math
import warnings
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Tuple

from spacy.language import Language
from spacy.scorer import Scorer
from spacy.training import Example

from ..data.kept import MAX_TOKENS, anew
from ..errors import BirnnError, Errors, Warnings, some_names
from ..garbage import no_collections
from ..pipeline.labels import LabelledPipe
from .config_keys import spelling_hint
from .progress import Progress

SPACY_FREQUENCY = 200
"""spaCy's default of `eval_frequency`, which stands for "not set"."""

WORDS_RATIO = 6.0
"""Words of training for each word of the development set between two evaluations. A
word costs some five times as much in an update as in an evaluation, so that these take
some 3 % of the time, and saving the best pipeline 1 %."""

FIRST_RATIO = 0.5
"""The same ratio at first: early on the score rises fast."""

MIN_STEPS = 20
"""Updates between two evaluations, at least."""


class DevSet:
    """The development set, read once.

    Args:
        nlp: the pipeline.
        read: reads the examples.
        weights: `[training] score_weights`.
    """

    def __init__(
        self,
        nlp: Language,
        read: Callable[[], Iterable[Example]],
        weights: Dict[str, Optional[float]],
    ) -> None:
        self.nlp = nlp
        self.read = read
        self.weights = {key: value for key, value in weights.items() if value}
        self._unchecked = list(self.weights)
        self._is_first = True
        self._examples: Optional[List[Example]] = None
        self.n_words = 0

    def evaluate(self) -> Tuple[Optional[float], Dict[str, Any]]:
        """Predict and score.

        Returns:
            The weighted score, and all scores, as `nlp.evaluate` returns them but for
            the speed.

        Raises:
            BirnnError: nothing that counts is annotated or known, or a score that
                counts is no number.
        """
        examples = self.examples()
        if self._is_first:
            warn_of_other_labels(self.nlp, examples)
            self._is_first = False
        # Documents of one length make the batches that are tagged fastest.
        by_length = sorted(examples, key=len)
        docs = self.nlp.pipe(example.predicted for example in by_length)
        for example, doc in zip(by_length, docs):
            if doc is not example.predicted:
                example.predicted = doc
        scores = Scorer(self.nlp).score(examples)
        self._check_names(scores)
        known = {key: value for key, value in scores.items() if value is not None}
        counted = {key: known[key] for key in self.weights if key in known}
        for key, value in counted.items():
            if not isinstance(value, (int, float)):
                kind = type(value).__name__
                raise BirnnError(Errors.B090.format(key=key, kind=kind))
        if self.weights and not counted:
            raise BirnnError(Errors.B066.format(keys=", ".join(self.weights)))
        total = sum(
            value * (self.weights[key] or 0.0) for key, value in counted.items()
        )
        return float(total), plain(known)

    def _check_names(self, scores: Dict[str, Any]) -> None:
        """Say once which weights belong to no score: they count as 0."""
        unknown = [key for key in self._unchecked if key not in scores]
        # The tokenizer's are always there and seldom meant.
        named = [key for key in scores if not key.startswith("token_")]
        if unknown and len(unknown) == len(self.weights):
            listed = ", ".join(named) or "nothing"
            raise BirnnError(Errors.B071.format(keys=", ".join(unknown), named=listed))
        for key in unknown:
            line = Warnings.W494.format(key=key, hint=spelling_hint(key, named))
            warnings.warn(line, stacklevel=2)
        self._unchecked = []

    def examples(self) -> List[Example]:
        """Examples without predictions."""
        if self._examples is None:
            with no_collections():
                examples = list(self.read())
            self.n_words = sum(map(len, examples))
            if self.n_words > MAX_TOKENS:
                return examples
            self._examples = examples
        return [anew(example) for example in self._examples]


class NoDevSet(DevSet):
    """Takes the place of a development set that training does without.

    What the logger shows at an evaluation it shows without a score: often at first,
    then after each epoch.

    Args:
        nlp: the pipeline.
        epoch_words: words of the training corpus.
    """

    def __init__(self, nlp: Language, epoch_words: int) -> None:
        super().__init__(nlp, list, {})
        self.n_words = math.ceil(epoch_words / WORDS_RATIO)

    def evaluate(self) -> Tuple[Optional[float], Dict[str, Any]]:
        """Score nothing."""
        return None, {}

    def examples(self) -> List[Example]:
        """Return no examples."""
        return []


def warn_of_other_labels(nlp: Language, examples: Sequence[Example]) -> None:
    """Warn where a component of ours has none of the labels of the development set: all
    that it can predict is wrong."""
    for name, pipe in nlp.pipeline:
        if not isinstance(pipe, LabelledPipe):
            continue
        gold = {label for example in examples for label in pipe.collect_labels(example)}
        if gold and gold.isdisjoint(pipe.labels):
            line = Warnings.W497.format(
                name=name, gold=some_names(gold), known=some_names(pipe.labels)
            )
            warnings.warn(line, stacklevel=2)


class EvaluationPlan:
    """When to evaluate: at fixed steps, or as often as it is worth its time.

    The choice depends on words, not on a clock, so that the same training evaluates at
    the same steps.

    Args:
        frequency: steps between evaluations; None to adapt.
    """

    def __init__(self, frequency: Optional[int]) -> None:
        self.frequency = frequency

    def is_due(self, progress: Progress, dev_words: int) -> bool:
        """Whether to evaluate after the step that is done, the last of `progress`.

        Args:
            progress: its `step` is still the step that is done.
            dev_words: words of the development set, 0 where it has not been read.
        """
        step = progress.step
        if self.frequency is not None:
            return step % self.frequency == 0
        if not progress.results:
            return True
        ratio = min(FIRST_RATIO * len(progress.results), WORDS_RATIO)
        words = progress.words - progress.words_evaluated
        return (
            words >= ratio * dev_words and step - progress.results[-1][1] >= MIN_STEPS
        )

    def is_due_at_end(self, progress: Progress) -> bool:
        """Whether the last step is evaluated too: where evaluation adapts."""
        last = progress.step - 1
        is_done = bool(progress.results) and progress.results[-1][1] == last
        return self.frequency is None and last >= 0 and not is_done


def plain(scores: Any) -> Any:
    """Scores with plain numbers, which JSON and msgpack know, in the place of numpy's:
    those spaCy's parser and `ner` leave."""
    if isinstance(scores, dict):
        return {key: plain(value) for key, value in scores.items()}
    return scores.item() if hasattr(scores, "item") else scores
