"""The arguments of readers: what columns can hold, and the checks on all of them."""

from pathlib import Path
from typing import Any

from ..errors import BirnnError, Errors
from ..schemes import RAW, SCHEMES

SPAN_TARGETS = ("ents", "chunks")
TARGETS = (*SPAN_TARGETS, "tag", "pos")
CUSTOM = "_."


def check_path(path: Any) -> None:
    """Refuse what cannot name a file or a dataset."""
    if path is None:
        raise BirnnError(Errors.B104)
    if not isinstance(path, (str, Path)):
        raise BirnnError(Errors.B135.format(path=path))


def check_columns(columns: Any) -> None:
    """Refuse what does not say for known names which column holds them."""
    if not isinstance(columns, dict):
        raise BirnnError(Errors.B136.format(columns=columns))
    for target, index in columns.items():
        if target != "word":
            check_target(target)
        if not _is_whole(index):
            raise BirnnError(Errors.B137.format(target=target, index=index))


def check_target(target: Any) -> None:
    """Refuse a target that no component reads."""
    if target not in TARGETS and not _is_custom(target):
        raise BirnnError(Errors.B111.format(target=target, targets=", ".join(TARGETS)))


def check_scheme(scheme: str) -> None:
    """Refuse a scheme that readers do not know."""
    known = ("auto", *SCHEMES, RAW)
    if scheme not in known:
        raise BirnnError(Errors.B103.format(scheme=scheme, schemes=", ".join(known)))


def check_limit(limit: Any) -> None:
    """Refuse what is no number of Docs."""
    if not _is_whole(limit) or limit < 0:
        raise BirnnError(Errors.B138.format(limit=limit))


def _is_custom(target: Any) -> bool:
    return (
        isinstance(target, str)
        and target.startswith(CUSTOM)
        and target.removeprefix(CUSTOM).isidentifier()
    )


def _is_whole(value: Any) -> bool:
    # thinc lets "12" in a config pass for a number, and a bool is an int in Python.
    return isinstance(value, int) and not isinstance(value, bool)
