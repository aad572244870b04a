"""Batch tagging: files, streams, data frames and datasets through a pipeline.

What is here is loaded when it is asked for: Arrow alone takes a tenth of a second.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..data.arguments import WordFormat
    from .frames import (
        table_schema,
        tag_dataset,
        tag_frame,
        tag_partition,
        tag_stream,
        tag_table,
    )
    from .run import tag

_MODULES = {
    "WordFormat": "content",
    "tag": "run",
    "tag_stream": "frames",
    "tag_table": "frames",
    "tag_frame": "frames",
    "tag_partition": "frames",
    "tag_dataset": "frames",
    "table_schema": "frames",
}

__all__ = [
    "WordFormat",
    "table_schema",
    "tag",
    "tag_dataset",
    "tag_frame",
    "tag_partition",
    "tag_stream",
    "tag_table",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)
