"""A signal ends training after the step at hand: a checkpoint can still be written."""

import signal
import threading
from contextlib import contextmanager
from typing import Any, Iterator, Optional


class StopRequest:
    """Ends the loop after the step during which a signal came; a second one at once.

    Attributes:
        signal: the number of the signal, None before it.
    """

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self.signal: Optional[int] = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in self.SIGNALS}

        def handle(number: int, frame: Any) -> None:
            self.signal = number
            for each, handler in before.items():
                signal.signal(each, handler)

        for number in self.SIGNALS:
            signal.signal(number, handle)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
