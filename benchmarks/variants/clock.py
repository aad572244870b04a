"""A logger for `spacy train --code`: its console, and a clock of the training steps."""

import json
from pathlib import Path
from time import process_time
from typing import IO, Any, Callable, Dict, Optional, Tuple

from spacy.language import Language
from spacy.training.loggers import console_logger
from spacy.util import registry

Info = Optional[Dict[str, Any]]


class StepClock:
    """Processor time of the steps after which nothing is scored and saved.

    spaCy says only where it scores how many words it has seen: the words of a step are
    the mean of all steps until then.
    """

    def __init__(self) -> None:
        self.steps = 0
        self.seconds = 0.0
        self.words_a_step = 0.0
        self._began = process_time()

    def end_step(self, info: Info) -> None:
        """A step is over; with `info` it was scored."""
        if info is None:
            self.seconds += process_time() - self._began
            self.steps += 1
        else:
            self.words_a_step = info["words"] / (info["step"] + 1)

    def begin_step(self) -> None:
        self._began = process_time()

    def figures(self) -> Dict[str, float]:
        return {
            "steps": self.steps,
            "seconds": self.seconds,
            "words": self.words_a_step * self.steps,
        }


@registry.loggers("benchmarks.StepClock.v1")
def create_step_clock(
    path: str, progress_bar: bool = False
) -> Callable[..., Tuple[Callable[[Info], None], Callable[[], None]]]:
    """Write the clock's figures to a file when training ends."""
    setup_console = console_logger(progress_bar)

    def setup(
        nlp: Language, stdout: IO, stderr: IO
    ) -> Tuple[Callable[[Info], None], Callable[[], None]]:
        print_step, finalize_console = setup_console(nlp, stdout, stderr)
        clock = StepClock()

        def log_step(info: Info) -> None:
            clock.end_step(info)
            print_step(info)
            clock.begin_step()

        def finalize() -> None:
            finalize_console()
            Path(path).write_text(json.dumps(clock.figures()), encoding="utf8")

        return log_step, finalize

    return setup
