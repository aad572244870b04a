"""The progress of `tag` on a terminal."""

from contextlib import contextmanager
from time import perf_counter
from typing import Iterator, Optional

from ..tagging.execute import Status, Watch


@contextmanager
def shown(is_seen: bool, is_verbose: bool) -> Iterator[Optional[Watch]]:
    """Show how far a run is, for the time of a block, if there is a terminal.

    Args:
        is_seen: Whether there is.
        is_verbose: Whether each worker has a line of its own.
    """
    if not is_seen:
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(bar_width=20),
        TaskProgressColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("reading", total=None)

        def watch(status: Status) -> None:
            progress.update(
                task,
                description=describe(status, is_verbose),
                total=status.total or None,
                completed=status.bytes,
            )

        yield watch


def describe(status: Status, is_verbose: bool = False) -> str:
    """The text beside the bar."""
    seconds = max(perf_counter() - status.started, 1e-9)
    text = (
        f"{status.documents:,} documents ({status.documents / seconds:,.0f}/s), "
        f"{status.tokens:,} words ({status.tokens / seconds:,.0f}/s)"
    )
    if status.skipped:
        text += f", {status.skipped:,} skipped"
    if is_verbose:
        for worker, tokens in sorted(status.workers.items()):
            text += f"\n  worker {worker}: {tokens / seconds:,.0f} words/s"
    return text
