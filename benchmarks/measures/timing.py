"""Time several sides in turn, in one process."""

import gc
import time
from contextlib import contextmanager
from typing import Any, Callable, Iterator, List, NamedTuple, Sequence

import torch
from threadpoolctl import threadpool_limits


def nothing() -> None:
    """Prepares nothing."""


class Side(NamedTuple):
    """What is timed.

    Attributes:
        run: The work; it takes what `prepare` made.
        prepare: Makes fresh input before each run, outside the clock.
    """

    run: Callable[[Any], object]
    prepare: Callable[[], Any] = nothing


def alternate(
    sides: Sequence[Side], runs: int, warm_up: bool = True
) -> List[List[float]]:
    """Run the sides in turn, A B A B …

    What slows the machine for a while slows neighbours in time alike: the ratio of two
    sides is taken run by run.

    Args:
        sides: What is timed.
        runs: How often each.
        warm_up: Run each once before, which does not count.

    Returns:
        For each side, the seconds of its runs.
    """
    if warm_up:
        for side in sides:
            seconds_of(side)
    rounds = [[seconds_of(side) for side in sides] for _ in range(runs)]
    return [list(seconds) for seconds in zip(*rounds)]


def seconds_of(side: Side) -> float:
    """Time one run. The garbage of what went before is not its own."""
    given = side.prepare()
    gc.collect()
    _await_gpu()
    began = time.perf_counter()
    side.run(given)
    _await_gpu()
    return time.perf_counter() - began


def _await_gpu() -> None:
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()


@contextmanager
def threads(count: int) -> Iterator[None]:
    """So many threads for torch and for numpy's matrix product."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        with threadpool_limits(count):
            yield
    finally:
        torch.set_num_threads(before)
