"""The batches of training, in spaCy's order, from any position."""

import random
from itertools import islice
from typing import Any, Callable, Iterable, Iterator, List, Optional, Sequence, Tuple

import numpy
from numpy import ndarray
from spacy.training import Example

from ..errors import BirnnError, Errors
from .progress import Progress
from .randomness import States, get_states, set_states

Batch = List[Example]


def has_schedule(batcher: Any, block: Any) -> bool:
    """Whether the batches of an epoch depend on how many there were before.

    Args:
        batcher: of the config; ours says so of itself.
        block: what the config says of it.
    """
    return "@schedules" in str(block) or getattr(batcher, "has_schedule", False)


class Batches:
    """Batches as `spacy train` makes them, whose position a checkpoint can hold.

    To go on from the middle of an epoch, its beginning is restored (the order of the
    examples and the random states), and the batches that are done are made once more.
    A batcher with a schedule has a state of its own, which goes on over the epochs:
    there the epochs that are done are batched once more, too.

    Args:
        examples: all training examples, or None where they are streamed.
        stream: reads them, for `max_epochs = -1`.
        batcher: of the config.
        max_epochs: 0 for no end, -1 for streaming without one.
        progress: where training is; epochs and batches are counted there.
        has_schedule: whether the batcher has a schedule.
        of_epoch: the examples of an epoch, where each has its own, always as many as
            `examples`; None where all have the same.

    Attributes:
        n_words: the words of an epoch, at least 1.
        order: the positions of the examples in this epoch, shape (E,).
        states: random states at the beginning of this epoch.
        past: the same of earlier epochs, where they have to be made once more.
    """

    def __init__(
        self,
        examples: Optional[Sequence[Example]],
        stream: Callable[[], Iterable[Example]],
        batcher: Callable[[Any], Iterable[Any]],
        max_epochs: int,
        progress: Progress,
        has_schedule: bool = False,
        of_epoch: Optional[Callable[[int], Sequence[Example]]] = None,
    ) -> None:
        self.examples = examples
        self.stream = stream
        self.batcher = batcher
        self.max_epochs = max_epochs
        self.progress = progress
        self.order = numpy.arange(len(examples or ()))
        self.n_words = max(sum(map(len, examples or ())), 1)
        self.states: States = {}
        self.has_schedule = has_schedule
        self.of_epoch = of_epoch
        self.past: List[Tuple[ndarray, States]] = []

    def __iter__(self) -> Iterator[Tuple[int, Batch]]:
        """Yield the epoch and the next batch.

        Raises:
            BirnnError: the data yields other batches than before.
        """
        progress = self.progress
        self._repeat_past()
        while not self.is_over:
            now = get_states()
            if self.states:  # in the middle of an epoch
                set_states(self.states)
            elif self.examples is not None:
                order = self.order.tolist()
                random.shuffle(order)
                self.order = numpy.array(order)
                self.states = get_states()
            else:
                self.states = now
            batches = iter(self.batcher(self._in(self.order, progress.epoch)))
            if progress.n_batches:
                self._skip(batches)
                set_states(now)
            for batch in batches:
                batch = list(batch)
                yield progress.epoch, batch
            progress.epoch += 1
            progress.n_batches = progress.n_examples = 0
            if self.has_schedule:
                self.past.append((self.order, self.states))
            self.states = {}

    @property
    def is_over(self) -> bool:
        return 1 <= self.max_epochs <= self.progress.epoch

    @property
    def share_done(self) -> Optional[float]:
        """Of all epochs, None where there is no end."""
        if self.max_epochs < 1:
            return None
        # In words, since a batcher may join the examples.
        return min(self.progress.words / (self.n_words * self.max_epochs), 1.0)

    def _in(self, order: ndarray, epoch: int) -> Iterable[Example]:
        if self.examples is None:
            return self.stream()
        examples = self.examples if self.of_epoch is None else self.of_epoch(epoch)
        return [examples[i] for i in order.tolist()]

    def _repeat_past(self) -> None:
        """Bring the batcher, which is new, to where it was."""
        now = get_states()
        for epoch, (order, states) in enumerate(self.past):
            set_states(states)
            for _ in self.batcher(self._in(order, epoch)):
                pass
        set_states(now)

    def _skip(self, batches: Iterator[Any]) -> None:
        done = self.progress.n_batches
        seen = sum(len(list(batch)) for batch in islice(batches, done))
        if seen != self.progress.n_examples:
            raise BirnnError(
                Errors.B065.format(
                    batches=done, found=seen, expected=self.progress.n_examples
                )
            )
