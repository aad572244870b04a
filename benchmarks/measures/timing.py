"""Time several sides in turn, in one process."""

import gc
import resource
import time
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Sequence

import torch
from threadpoolctl import threadpool_limits


def processor_time() -> float:
    """Seconds of processor time of this process and of its children that have ended."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


CLOCKS: Dict[str, Callable[[], float]] = {
    "wall": time.perf_counter,
    "processor": processor_time,
}
_clock = CLOCKS["wall"]


def set_clock(name: str) -> None:
    """Choose one of `CLOCKS` for everything that is timed from now on."""
    global _clock
    _clock = CLOCKS[name]


class Side(NamedTuple):
    """One of the things that are timed.

    Attributes:
        run: The work; it takes the result of `prepare`.
        prepare: Makes fresh input before each run, outside the clock.
    """

    run: Callable[[Any], object]
    prepare: Callable[[], Any] = lambda: None


def alternate(sides: Sequence[Side], runs: int) -> List[List[float]]:
    """Run the sides in turn, A B A B …

    A machine that is slow for a while slows neighbours in time alike, so the ratio of
    two sides is taken run by run.

    Args:
        sides: The things to time.
        runs: Runs of each side, after one that does not count.

    Returns:
        For each side, the seconds of its runs.
    """
    rounds = [[seconds_of(side) for side in sides] for _ in range(1 + runs)]
    return [list(seconds) for seconds in zip(*rounds[1:])]


def seconds_of(side: Side) -> float:
    """Time one run. It collects its own garbage, and does not look through what was
    there before it: a loaded pipeline has so many objects that this takes as long as
    tagging 20,000 tokens, in some runs and not in others."""
    given = side.prepare()
    gc.collect()
    gc.freeze()
    began = _clock()
    side.run(given)
    seconds = _clock() - began
    gc.unfreeze()
    return seconds


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Give torch and numpy's matrix product this many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        with threadpool_limits(count):
            yield
    finally:
        torch.set_num_threads(before)
