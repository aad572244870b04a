"""One step of training: gradients of a batch, an update, the schedules."""

import math
from timeit import default_timer as timer
from typing import Any, Dict

from spacy.language import Language
from spacy.training.loop import subdivide_batch
from thinc.api import Optimizer

from ..errors import BirnnError, Errors, NotFiniteError
from .batches import Batch
from .gradient_log import GradientLog
from .progress import Progress
from .schedules import LoopSchedule
from .weights import trained_models


class Step:
    """Takes the steps of a training.

    Args:
        nlp: the pipeline.
        settings: the section `[training]`, resolved to objects.
        schedules: those of the optimizer that see epochs or scores.
        progress: where the training is; losses and seconds are added to it.

    Attributes:
        gradient_log: notes of the gradients since the last evaluation.
    """

    def __init__(
        self,
        nlp: Language,
        settings: Dict[str, Any],
        schedules: Dict[str, LoopSchedule],
        progress: Progress,
    ) -> None:
        self.nlp = nlp
        self.settings = settings
        self.optimizer: Optimizer = settings["optimizer"]
        self.schedules = schedules
        self.progress = progress
        self.gradient_log = GradientLog(nlp, settings["frozen_components"])

    def begin_epoch(self, epoch: int) -> None:
        """Tell the schedules which epoch it is, from 0."""
        for name, schedule in self.schedules.items():
            if schedule.epoch != epoch:
                schedule.epoch = epoch
                setattr(self.optimizer, name, schedule.rate)

    def update(self, epoch: int, batch: Batch) -> None:
        """Update the weights once, as spaCy does.

        Raises:
            BirnnError: a loss, a gradient or the learning rate is not finite.
        """
        began, settings, progress = timer(), self.settings, self.progress
        excluded = settings["frozen_components"]
        if settings["before_update"]:
            settings["before_update"](self.nlp, {"step": progress.step, "epoch": epoch})
        try:
            with self.gradient_log.recording(progress.step):
                for part in subdivide_batch(batch, settings["accumulate_gradient"]):
                    self.nlp.update(
                        part,
                        drop=settings["dropout"],
                        losses=progress.losses,
                        sgd=False,  # type: ignore[arg-type]
                        exclude=excluded,
                        annotates=settings["annotating_components"],
                    )
            self._check_losses()
        except NotFiniteError as error:
            raise self._not_finite(epoch, str(error)) from error
        check_learn_rate(self.optimizer.learn_rate, progress.step)
        with self.gradient_log.updating():
            for name, component in self.nlp.pipeline:
                if name in excluded or name not in trained_models(self.nlp):
                    continue
                component.finish_update(self.optimizer)  # type: ignore[attr-defined]
        self._step_schedules()
        progress.seconds_in_updates += timer() - began

    def _step_schedules(self) -> None:
        try:
            self.optimizer.step_schedules()
        except ArithmeticError as error:
            step = self.progress.step + 1
            raise BirnnError(Errors.B089.format(found=error, step=step)) from error

    def _check_losses(self) -> None:
        for name, loss in self.progress.losses.items():
            if not math.isfinite(loss):
                raise NotFiniteError(Errors.B059.format(name=name, loss=loss))

    def _not_finite(self, epoch: int, reason: str) -> BirnnError:
        return BirnnError(
            Errors.B058.format(
                step=self.progress.step,
                epoch=epoch,
                reason=reason,
                rate=self.optimizer.learn_rate,
                norm=self.gradient_norm,
            )
        )

    @property
    def gradient_norm(self) -> float:
        """Of the last step, the largest of our components."""
        norms = (getattr(pipe, "gradient_norm", 0.0) for _, pipe in self.nlp.pipeline)
        return max(norms, default=0.0)


def check_learn_rate(rate: float, step: int) -> None:
    """Check the learning rate of a step.

    Raises:
        BirnnError: it is no rate.
    """
    if not 0 <= rate < math.inf:
        raise BirnnError(Errors.B089.format(found=f"{rate:g}", step=step))
