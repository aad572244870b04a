"""A logger for spaCy's training: its console, and a clock of the training steps."""

from pathlib import Path
from time import process_time
from typing import Any, Callable, Dict, Optional, Tuple

import srsly
from spacy.training.loggers import console_logger
from spacy.util import registry

Info = Optional[Dict[str, Any]]


class StepClock:
    """Processor time of the steps after which nothing is scored and saved.

    spaCy tells the number of words only where it scores: the words of a step are the
    mean of all steps until then.
    """

    def __init__(self) -> None:
        self.steps, self.seconds, self.words_per_step = 0, 0.0, 0.0
        self.begin_step()

    def begin_step(self) -> None:
        self._began = process_time()

    def end_step(self, info: Info) -> None:
        """A step is over; with `info` it was scored."""
        if info is None:
            self.seconds += process_time() - self._began
            self.steps += 1
        else:
            self.words_per_step = info["words"] / (info["step"] + 1)

    def figures(self) -> Dict[str, float]:
        words = self.words_per_step * self.steps
        return {"steps": self.steps, "seconds": self.seconds, "words": words}


@registry.loggers("benchmarks.StepClock.v1")
def create_step_clock(path: str, progress_bar: bool = False) -> Callable:
    """Write the clock's figures to a file when training ends."""

    def setup(*streams: Any) -> Tuple[Callable[[Info], None], Callable[[], None]]:
        print_step, finalize_console = console_logger(progress_bar)(*streams)
        clock = StepClock()

        def log_step(info: Info) -> None:
            clock.end_step(info)
            print_step(info)
            clock.begin_step()

        def finalize() -> None:
            finalize_console()
            srsly.write_json(Path(path), clock.figures())

        return log_step, finalize

    return setup
