"""The state of a training, and how a checkpoint holds it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List

from spacy.language import Language
from thinc.api import Optimizer

from ..errors import BirnnError, Errors
from .batches import Batches
from .checkpoint import Checkpoint
from .evaluation import plain
from .identity import differences
from .progress import Progress
from .randomness import States, get_states
from .schedules import LoopSchedule
from .weights import (
    component_settings,
    load_models,
    load_optimizer,
    load_settings,
    model_bytes,
    optimizer_arrays,
)

MODELS, BEST_MODELS, OPTIMIZER = "models", "best models", "optimizer"
RANDOM, EPOCH_RANDOM, ORDER = "random", "random at epoch", "order"
PAST = "epoch"
PERFORMANCE = "performance"
"""Where `nlp.meta` holds the scores of the last evaluation."""


@dataclass
class TrainingState:
    """All that decides how a training goes on.

    Attributes:
        nlp: the pipeline, with its weights.
        optimizer: with its moments and averages.
        schedules: those of the optimizer that see epochs or scores.
        batches: with the order of the examples.
        progress: the position in the data, and what was found so far.
        identity: describes config and data.
        best_models: the weights that were evaluated best, where a schedule goes back
            to them.
        random: the states of the random generators to go on from; empty at the start.
    """

    nlp: Language
    optimizer: Optimizer
    schedules: Dict[str, LoopSchedule]
    batches: Batches
    progress: Progress
    identity: Dict[str, Any]
    best_models: Dict[str, Any] = field(default_factory=dict)
    random: States = field(default_factory=dict)

    def to_checkpoint(self, seconds: float) -> Checkpoint:
        """Copy everything.

        Args:
            seconds: of wall time, over all runs.
        """
        rates = {name: getattr(self.optimizer, name) for name in self._rates()}
        facts = {
            "identity": self.identity,
            "settings": component_settings(self.nlp),
            "progress": {**self.progress.to_dict(), "seconds": seconds},
            "schedules": {name: s.state() for name, s in self.schedules.items()},
            "rates": rates,
            "performance": plain(self.nlp.meta.get(PERFORMANCE)),
        }
        arrays = {
            MODELS: model_bytes(self.nlp),
            BEST_MODELS: self.best_models,
            OPTIMIZER: optimizer_arrays(self.nlp, self.optimizer),
            RANDOM: get_states(),
            EPOCH_RANDOM: self.batches.states,
            ORDER: {ORDER: self.batches.order},
        }
        for i, (order, states) in enumerate(self.batches.past):
            arrays[f"{PAST} {i}"] = {ORDER: order, **states}
        return Checkpoint(facts, arrays)

    def restore(self, checkpoint: Checkpoint, path: Path) -> None:
        """Become what a checkpoint holds.

        Args:
            checkpoint: of the same config and data.
            path: its file, for messages.

        Raises:
            BirnnError: it belongs to another config or to other data.
        """
        facts, arrays = checkpoint.facts, checkpoint.arrays
        found = differences(facts["identity"], self.identity)
        if found:
            text = "; ".join(found)
            raise BirnnError(Errors.B064.format(path=path, differences=text))
        vars(self.progress).update(vars(Progress.from_dict(facts["progress"])))
        for _ in range(self.progress.step):
            self.optimizer.step_schedules()
        for name, state in facts["schedules"].items():
            self.schedules[name].restore(state)
        for name, rate in facts["rates"].items():
            setattr(self.optimizer, name, rate)
        if facts["performance"] is not None:
            self.nlp.meta[PERFORMANCE] = facts["performance"]
        load_settings(self.nlp, facts["settings"])
        load_models(self.nlp, arrays[MODELS])
        load_optimizer(self.nlp, self.optimizer, arrays.get(OPTIMIZER, {}))
        self.best_models = arrays.get(BEST_MODELS, {})
        self.batches.order = arrays[ORDER][ORDER]
        self.batches.states = arrays.get(EPOCH_RANDOM, {})
        while past := arrays.get(f"{PAST} {len(self.batches.past)}"):
            self.batches.past.append((past.pop(ORDER), past))
        self.random = arrays[RANDOM]

    def _rates(self) -> List[str]:
        return list(self.optimizer.schedules)
