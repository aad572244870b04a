"""Learning-rate schedules beside thinc's.

A schedule yields one rate for each step. Linear warm-up with linear decay, constant
rates and others are thinc's own (`warmup_linear.v1`, `constant_then.v1`, …).
"""

import math
from abc import ABC, abstractmethod
from typing import Any, Dict, Iterator, Optional

from ..errors import BirnnError, Errors
from ..models.arguments import is_number

COSINE = "spacy-birnn.warmup_cosine.v1"
EPOCHS = "spacy-birnn.epoch_decay.v1"
PLATEAU = "spacy-birnn.plateau.v1"


def warmup_cosine(
    learn_rate: float, warmup_steps: int, total_steps: int, final_rate: float = 0.0
) -> Iterator[float]:
    """Rise linearly, then fall along half a cosine (`spacy-birnn.warmup_cosine.v1`).

    Loshchilov & Hutter (2017), without restarts.

    Args:
        learn_rate: the highest rate, in the step `warmup_steps`.
        warmup_steps: steps up to there, of which the first has
            `learn_rate / (warmup_steps + 1)`.
        total_steps: steps after which the rate stays at `final_rate`.
        final_rate: the lowest rate.

    Raises:
        BirnnError: a value is out of range.
    """
    check_not_negative(COSINE, learn_rate=learn_rate)
    if not 0 <= final_rate <= learn_rate:
        raise BirnnError(
            Errors.B054.format(
                where=COSINE, key="final_rate", value=final_rate, limit=learn_rate
            )
        )
    if not 0 <= warmup_steps < total_steps:
        raise BirnnError(
            Errors.B055.format(where=COSINE, warmup=warmup_steps, total=total_steps)
        )
    return _cosine(learn_rate, warmup_steps, total_steps, final_rate)


def _cosine(rate: float, warmup: int, total: int, final: float) -> Iterator[float]:
    for step in range(warmup):
        yield rate * (step + 1) / (warmup + 1)
    for step in range(total - warmup):
        share = (1 + math.cos(math.pi * step / (total - warmup))) / 2
        yield final + (rate - final) * share
    while True:
        yield final


class LoopSchedule(ABC):
    """A schedule that sees more than steps: `spacy-birnn train` tells it.

    `spacy train` does not, so a step after the first one is an error there.

    Attributes:
        in_loop: whether a training loop tells it of epochs and scores.
        epoch: of the training data, from 0.
        needs_score: whether it follows the score of the development set.
        restarts: whether it may ask to go on from the best weights.
    """

    name: str
    needs_score = False
    restarts = False

    def __init__(self) -> None:
        self.in_loop = False
        self.epoch = 0
        self._n_rates = 0

    def __iter__(self) -> Iterator[float]:
        return self

    def __next__(self) -> float:
        # An optimizer takes the first rate when it is made, by whatever command.
        if self._n_rates and not self.in_loop:
            raise BirnnError(Errors.B056.format(name=self.name))
        self._n_rates += 1
        return self.rate

    @property
    @abstractmethod
    def rate(self) -> float:
        """The learning rate as it is now."""

    def judge(self, score: float) -> bool:
        """The development set has been scored.

        Returns:
            Whether training should go on from the best weights so far.
        """
        return False

    def state(self) -> Dict[str, Any]:
        """The state that a checkpoint holds, as JSON can."""
        return {"epoch": self.epoch}

    def restore(self, state: Dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.epoch = state["epoch"]


def epoch_decay(
    learn_rate: float, decay: float, steps_per_epoch: Optional[int] = None
) -> Iterator[float]:
    """`learn_rate / (1 + decay * epoch)` (`spacy-birnn.epoch_decay.v1`).

    The schedule of Lample et al. (2016) and Ma & Hovy (2016).

    Args:
        learn_rate: in the first epoch.
        decay: how fast it falls.
        steps_per_epoch: batches in a pass over the training data. With null the epoch
            comes from the training loop, which needs `spacy-birnn train`.

    Raises:
        BirnnError: a value is out of range.
    """
    check_not_negative(EPOCHS, learn_rate=learn_rate, decay=decay)
    if steps_per_epoch is None:
        return EpochDecay(learn_rate, decay)
    if steps_per_epoch < 1:
        raise BirnnError(
            Errors.B053.format(
                where=EPOCHS, key="steps_per_epoch", value=steps_per_epoch
            )
        )
    return _decay_by_steps(learn_rate, decay, steps_per_epoch)


def _decay_by_steps(rate: float, decay: float, steps: int) -> Iterator[float]:
    epoch = 0
    while True:
        for _ in range(steps):
            yield rate / (1 + decay * epoch)
        epoch += 1


class EpochDecay(LoopSchedule):
    """See `epoch_decay`."""

    name = EPOCHS

    def __init__(self, learn_rate: float, decay: float) -> None:
        super().__init__()
        self.learn_rate = learn_rate
        self.decay = decay

    @property
    def rate(self) -> float:
        return self.learn_rate / (1 + self.decay * self.epoch)


def plateau(
    learn_rate: float,
    factor: float = 0.5,
    patience: int = 3,
    min_rate: float = 0.0,
    restart: bool = True,
) -> "Plateau":
    """Lower the rate when the score on dev stops rising (`spacy-birnn.plateau.v1`).

    It needs `spacy-birnn train`.

    Args:
        learn_rate: at first.
        factor: what the rate is multiplied by.
        patience: evaluations without a better score before it is.
        min_rate: the rate falls no further.
        restart: go on from the best weights so far when the rate falls.

    Raises:
        BirnnError: a value is out of range.
    """
    check_not_negative(PLATEAU, learn_rate=learn_rate)
    if not 0 < factor < 1:
        raise BirnnError(Errors.B057.format(where=PLATEAU, value=factor))
    if patience < 1:
        raise BirnnError(
            Errors.B053.format(where=PLATEAU, key="patience", value=patience)
        )
    if not 0 <= min_rate <= learn_rate:
        raise BirnnError(
            Errors.B054.format(
                where=PLATEAU, key="min_rate", value=min_rate, limit=learn_rate
            )
        )
    return Plateau(learn_rate, factor, patience, min_rate, restart)


class Plateau(LoopSchedule):
    """See `plateau`."""

    name = PLATEAU
    needs_score = True

    def __init__(
        self,
        learn_rate: float,
        factor: float,
        patience: int,
        min_rate: float,
        restart: bool,
    ) -> None:
        super().__init__()
        self.factor = factor
        self.patience = patience
        self.min_rate = min_rate
        self.restarts = restart
        self._rate = learn_rate
        self._best = -math.inf
        self._n_worse = 0

    @property
    def rate(self) -> float:
        return self._rate

    def judge(self, score: float) -> bool:
        if score > self._best:
            self._best, self._n_worse = score, 0
            return False
        self._n_worse += 1
        if self._n_worse < self.patience or self._rate <= self.min_rate:
            return False
        self._n_worse = 0
        self._rate = max(self._rate * self.factor, self.min_rate)
        return self.restarts

    def state(self) -> Dict[str, Any]:
        best = None if self._best == -math.inf else self._best
        own = {"rate": self._rate, "best": best, "n_worse": self._n_worse}
        return {**super().state(), **own}

    def restore(self, state: Dict[str, Any]) -> None:
        super().restore(state)
        self._rate, self._n_worse = state["rate"], state["n_worse"]
        self._best = -math.inf if state["best"] is None else state["best"]


def check_not_negative(place: str, **values: Any) -> None:
    """Raise unless every value is a finite number of at least 0."""
    for key, value in values.items():
        if not is_number(value, 0.0):
            raise BirnnError(Errors.B052.format(where=place, key=key, value=value))
