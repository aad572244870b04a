"""Python's garbage collector, while much is made that stays."""

import gc
from contextlib import contextmanager
from typing import Iterator


@contextmanager
def no_collections() -> Iterator[None]:
    """Let the collector rest until the block ends.

    For blocks that make many objects and throw few away, as imports and the reading of
    a corpus: each collection would look through all that is there, and find nothing.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
