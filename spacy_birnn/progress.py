"""Show on a terminal what a long wait is for."""

import sys
from contextlib import contextmanager
from threading import Timer
from time import monotonic
from typing import Iterable, Iterator, Optional, TypeVar

T = TypeVar("T")

PATIENCE = 2.0
"""Seconds of waiting after which something is shown."""


@contextmanager
def show_wait(description: str) -> Iterator[None]:
    """Say on a terminal what is waited for, until the block ends.

    For work that cannot be counted. The line is written on stderr, and is gone when the
    block ends; nothing is written where stderr is no terminal.

    Args:
        description: The work, such as `Loading model-best`.
    """
    if not sys.stderr.isatty():
        yield
        return
    line = f"{description} …"
    # Whatever is written meanwhile begins where this line does.
    print(line, end="\r", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        print(" " * len(line), end="\r", file=sys.stderr, flush=True)


def show_progress(
    items: Iterable[T], description: str, unit: str, total: Optional[int] = None
) -> Iterator[T]:
    """Pass items on, and count them on stderr once they have been waited for.

    Nothing is shown where stderr is no terminal, nor where the time goes by between the
    items: whoever works on each of them, as training on a stream does, has a display of
    its own.

    Args:
        items: The items.
        description: The work that brings them, such as `Reading a.conll`.
        unit: Their name in the plural.
        total: Their number, where it is known.
    """
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    counted = "{task.completed:,}" + ("" if total is None else " of {task.total:,}")
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn(f"{counted} {unit}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task(description, total=total)
    waited, asked = 0.0, monotonic()
    # The first item can be long in coming: the scheme of a file is told from all of it.
    first = Timer(PATIENCE, bar.start)
    first.daemon = True
    first.start()
    try:
        for item in items:
            first.cancel()
            waited += monotonic() - asked
            bar.advance(task)
            if waited > PATIENCE:
                bar.start()
            given = monotonic()
            yield item
            asked = monotonic()
            if asked - given > PATIENCE / 2:
                waited = 0.0
                bar.stop()
    finally:
        first.cancel()
        first.join()
        bar.stop()
