"""Neighbouring sentences joined into longer Docs, anew in every epoch of training.

Users tag running text; a network that has only seen single sentences loses accuracy
there. The joining is a batcher, because of all that a config can name a batcher alone
is called in every epoch: spaCy reads the corpus once and shuffles it in place. So the
readers number their Examples (`number`), and the batcher restores their order.
"""

import math
import random
from itertools import chain, islice, repeat
from operator import attrgetter
from typing import Callable, Iterable, Iterator, List, Optional, TypeVar, Union

from spacy.training import Example

from ..errors import BirnnError, Errors
from ..models.arguments import is_number
from .neighbours import Neighbours, Run, join

POSITION = "spacy_birnn_position"
"""Key in `Doc.user_data` of a reference: which Example of its corpus it is."""

Sizes = Union[int, Iterable[float]]

T = TypeVar("T")


def number(examples: Iterable[Example]) -> Iterator[Example]:
    """Note for each Example of a corpus where it stands, so that order is not lost."""
    for position, example in enumerate(examples):
        example.reference.user_data[POSITION] = position
        yield example


def join_by_turns(examples: Iterable[Example], size: int) -> Iterator[Example]:
    """Leave so many Examples as they are, join as many into one, and so on."""
    rest = iter(examples)
    while single := list(islice(rest, size)):
        yield from single
        if together := list(islice(rest, size)):
            yield join(together)


def create_joining_batcher(
    size: Sizes,
    share: float = 0.8,
    longest: int = 12,
    warmup: int = 0,
    min_batches: int = 1,
    buffer: int = 1,
) -> Callable[[Iterable[Example]], Iterator[List[Example]]]:
    """Batch a corpus, and join some of its Docs (`spacy-birnn.batch_joined.v1`).

    Docs that are neighbours in the corpus are joined, in its order, into one Doc that
    has no sentence starts, as a text that nobody has split. Where a reader has not
    numbered its Examples, any of them are joined. Draws from Python's `random`, which
    spaCy seeds with `[training] seed`. For components that label tokens and spans:
    what holds of a whole Doc, such as `cats`, is left out of joined ones.

    Args:
        size: How many Docs of the corpus a step has at least, a number or a schedule; a
            joined Doc counts as those that it is made of.
        share: Which share of the corpus is in joined Docs on average, from 0 to 1.
        longest: Docs are joined in numbers from 2 to this, all equally likely.
        warmup: Over how many epochs the share grows, from nothing in the first one.
            Single sentences are learned faster.
        min_batches: How many steps an epoch is meant to have at least: where `size`
            gives fewer, batches are smaller, and a joined Doc is half of one at most,
            or two Docs.
            For corpora of few Docs; a stream, whose length is not known, has batches of
            `size`. A joined Doc is never cut, so there may be somewhat fewer steps.
        buffer: How many batches are made at once, of Docs of like length each, and
            shuffled. A recurrent network takes as many steps as the longest Doc of a
            batch has tokens.

    Returns:
        A function from Examples to batches of them. A list is shuffled, as spaCy does
        with a corpus that it holds in memory; a stream keeps its order.

    Raises:
        BirnnError: An argument is out of range.
    """
    return JoiningBatcher(size, share, longest, warmup, min_batches, buffer)


class JoiningBatcher:
    """See `create_joining_batcher`.

    Attributes:
        has_schedule: Whether an epoch depends on how many were batched before.
    """

    def __init__(
        self,
        size: Sizes,
        share: float,
        longest: int,
        warmup: int,
        min_batches: int,
        buffer: int,
    ) -> None:
        if isinstance(size, bool) or (isinstance(size, int) and size < 1):
            raise BirnnError(Errors.B080.format(size=size))
        if not is_number(share, 0, 1):
            raise BirnnError(Errors.B081.format(share=share))
        if not is_number(longest, 2):
            raise BirnnError(Errors.B082.format(longest=longest))
        if not is_number(warmup, 0):
            raise BirnnError(Errors.B083.format(warmup=warmup))
        if not is_number(min_batches, 1):
            raise BirnnError(Errors.B084.format(min_batches=min_batches))
        if not is_number(buffer, 1):
            raise BirnnError(Errors.B087.format(buffer=buffer))
        # A schedule goes on over the epochs, as with spaCy's batchers.
        self.sizes = repeat(size) if isinstance(size, int) else iter(size)
        self.size = next(self.sizes)
        self.share, self.longest, self.warmup = share, longest, warmup
        self.epoch = 0
        self.min_batches, self.buffer = min_batches, buffer
        self.has_schedule = warmup > 0
        self._corpus: Optional[Neighbours] = None

    def __call__(self, examples: Iterable[Example]) -> Iterator[List[Example]]:
        share = self.share * min(1.0, self.epoch / self.warmup if self.warmup else 1.0)
        self.epoch += 1
        if isinstance(examples, list):
            largest = len(examples) / self.min_batches
            # Two sequences at least in a batch that is smaller than `size`.
            longest = min(self.longest, max(2, int(largest / 2)))
            runs = list(runs_of(self._in_order(examples), share, longest))
            random.shuffle(runs)
            batches = self._batches(runs, largest)
        else:
            batches = self._batches(runs_of_stream(examples, share, self.longest))
        groups = of_like_length(batches, self.buffer)
        return ([run.join() for run in runs] for runs in groups)

    def _in_order(self, examples: List[Example]) -> Neighbours:
        """A corpus in its order, the same object as long as its Examples are."""
        ordered = sorted(examples, key=position)
        if self._corpus is None or self._corpus.examples != ordered:
            self._corpus = Neighbours(ordered)
        return self._corpus

    def _batches(
        self, runs: Iterable[Run], largest: float = math.inf
    ) -> Iterator[List[Run]]:
        """Batches of the size that is set, but of no more Docs than `largest`."""
        batch: List[Run] = []
        n_docs = 0
        for run in runs:
            batch.append(run)
            n_docs += run.n_docs
            if n_docs >= min(self.size, largest):
                yield batch
                batch, n_docs = [], 0
                self.size = next(self.sizes, self.size)
        if batch:
            yield batch


def of_like_length(batches: Iterable[List[Run]], buffer: int) -> Iterator[List[Run]]:
    """Exchange runs between so many batches in turn, so that those of a batch are of
    like length. A batch keeps its number of Docs, but for runs that are never cut."""
    rest = iter(batches)
    while group := list(islice(rest, buffer)):
        if len(group) > 1:
            runs = iter(sorted(chain.from_iterable(group), key=attrgetter("n_tokens")))
            group = [take(runs, sum(run.n_docs for run in batch)) for batch in group]
            random.shuffle(group)
        yield from filter(None, group)


def take(runs: Iterator[Run], n_docs: int) -> List[Run]:
    """The next runs, which have so many Docs at least, or all that are left."""
    taken: List[Run] = []
    while n_docs > 0 and (run := next(runs, None)) is not None:
        taken.append(run)
        n_docs -= run.n_docs
    return taken


def runs_of(corpus: Neighbours, share: float, longest: int) -> Iterator[Run]:
    """Cut a corpus that is in memory."""
    for run in cut(range(len(corpus.examples)), share, longest):
        yield Run(corpus, run[0], run[-1] + 1)


def runs_of_stream(
    examples: Iterable[Example], share: float, longest: int
) -> Iterator[Run]:
    """Cut a corpus as it comes."""
    for run in cut(examples, share, longest):
        yield Run(Neighbours(run), 0, len(run))


def cut(docs: Iterable[T], share: float, longest: int) -> Iterator[List[T]]:
    """Cut a corpus, in its order, into what becomes one Doc each."""
    # A run of n Docs begins at a Doc with probability p; n is m on average. Of the
    # Docs, p * m / (p * m + 1 - p) are then in runs, which is to be the share.
    mean = (2 + longest) / 2
    probability = share / (share + mean * (1 - share))

    def draw() -> int:
        return random.randint(2, longest) if random.random() < probability else 1

    rest = iter(docs)
    while run := list(islice(rest, draw())):
        yield run


def position(example: Example) -> int:
    """The number that a reader has given; 0 for all where it has given none."""
    return example.reference.user_data.get(POSITION, 0)
