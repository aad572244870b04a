"""A logger for `train --code`: when which score on dev was reached, and by what work.

Processor time counts, from the start of Python on: on one thread it is the wall time of
an idle machine.
"""

import json
from time import process_time
from typing import IO, Any, Callable, Dict, Optional, Tuple

from spacy.language import Language
from spacy.util import registry

from spacy_birnn.pipeline.base import BiRNNPipe

in_updates = 0.0


def timed(function: Callable) -> Callable:
    """The same function, whose time counts as that of an update."""

    def call(*args: Any, **kwargs: Any) -> Any:
        global in_updates
        began = process_time()
        try:
            return function(*args, **kwargs)
        finally:
            in_updates += process_time() - began

    return call


Language.update = timed(Language.update)  # type: ignore[method-assign]
BiRNNPipe.finish_update = timed(BiRNNPipe.finish_update)  # type: ignore[method-assign]


@registry.loggers("benchmarks.ScoreClock.v1")
def create_score_clock(path: str, stop_at: float = 2.0) -> Callable:
    """Write a line of JSON for each evaluation; end at a score.

    Args:
        path: of the file.
        stop_at: end the process when dev is scored so, from 0 to 1.
    """

    def setup(nlp: Language, stdout: IO, stderr: IO) -> Tuple[Callable, Callable]:
        file = open(path, "w", encoding="utf8")  # noqa: SIM115 (closed by finalize)

        def log_step(info: Optional[Dict[str, Any]]) -> None:
            if info is None:
                return
            row = {
                "seconds": process_time(),
                "in_updates": in_updates,
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
