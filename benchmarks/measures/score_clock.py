"""A logger for `train --code`: when which score on dev was reached, and by what work.

Processor time counts, from the start of Python on: on one thread it is the wall time of
an idle machine.
"""

import importlib
import json
from time import process_time
from typing import IO, Any, Callable, Dict, List, Optional, Tuple

from spacy.language import Language
from spacy.scorer import Scorer
from spacy.util import registry
from thinc.api import Model

from spacy_birnn.pipeline.base import BiRNNPipe
from spacy_birnn.pipeline.ner import BiRNNEntityRecognizer

START, UPDATES, REST = "start", "updates", "batches and the rest"

WORK = [
    (UPDATES, Language, "update"),
    (UPDATES, Model, "finish_update"),
    (UPDATES, BiRNNPipe, "finish_update"),
    ("dev examples", Language, "evaluate"),
    ("tagging dev", BiRNNPipe, "predict"),
    ("tagging dev", BiRNNEntityRecognizer, "set_annotations"),
    ("scoring", Scorer, "score"),
    ("saving pipelines", Language, "to_disk"),
]
"""By stage, the methods whose time is its own, less that of others called in them."""

OF_OUR_LOOP = [
    ("dev examples", "spacy_birnn.training.evaluation", "DevSet", "evaluate"),
    ("checkpoints", "spacy_birnn.training.loop", "Loop", "save_checkpoint"),
]
"""The same, where a state of this project has them."""


class StageClock:
    """The processor time of each stage of a training; what is in no other is the rest.

    Attributes:
        seconds: by stage, up to the last change from one to another.
    """

    def __init__(self) -> None:
        self.seconds: Dict[str, float] = {}
        self._stages: List[str] = [START]
        self._since = 0.0

    def charge(self) -> None:
        """Count the time since the last call to the stage that is on."""
        now, stage = process_time(), self._stages[-1]
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._since
        self._since = now

    def time(self, stage: str, owner: Any, name: str) -> None:
        """Let the time of a method count as that of a stage."""
        method: Callable = getattr(owner, name)

        def timed(*args: Any, **kwargs: Any) -> Any:
            self.charge()
            if stage == UPDATES:
                self._stages[0] = REST
            self._stages.append(stage)
            try:
                return method(*args, **kwargs)
            finally:
                self.charge()
                self._stages.pop()

        setattr(owner, name, timed)


def time_stages() -> StageClock:
    """Measure the stages of the trainings of this process."""
    clock = StageClock()
    for stage, owner, name in WORK:
        clock.time(stage, owner, name)
    for stage, module, owner_name, name in OF_OUR_LOOP:
        try:
            owner = getattr(importlib.import_module(module), owner_name)
        except ImportError:
            continue
        clock.time(stage, owner, name)
    return clock


@registry.loggers("benchmarks.ScoreClock.v1")
def create_score_clock(path: str, stop_at: float = 2.0) -> Callable:
    """Write a line of JSON for each evaluation; end at a score.

    Args:
        path: of the file.
        stop_at: end the process when dev is scored so, from 0 to 1.
    """
    clock = time_stages()

    def setup(nlp: Language, stdout: IO, stderr: IO) -> Tuple[Callable, Callable]:
        file = open(path, "w", encoding="utf8")  # noqa: SIM115 (closed by finalize)

        def log_step(info: Optional[Dict[str, Any]]) -> None:
            if info is None:
                return
            clock.charge()
            row = {
                "seconds": process_time(),
                "stages": clock.seconds,
                "epoch": info["epoch"],
                "step": info["step"],
                "score": info["score"],
            }
            file.write(json.dumps(row) + "\n")
            file.flush()
            if info["score"] >= stop_at:
                raise SystemExit(0)

        return log_step, file.close

    return setup
