"""Arguments of functions in a config: ranges, and which dropout rate runs."""

import math
from numbers import Real
from typing import Any, Dict, Optional

from thinc.api import Model

from ..errors import BirnnError, Errors


def is_number(value: Any, low: float, high: float = math.inf) -> bool:
    """Whether a value is a number that is not infinite, low ≤ value ≤ high.

    thinc validates the types of a config, not its ranges, and lets "12" and "inf" pass
    for numbers.
    """
    is_one = isinstance(value, Real) and not isinstance(value, bool)
    return is_one and math.isfinite(value) and low <= value <= high


def is_whole(value: Any) -> bool:
    """Whether a value is a whole number; a bool, an int in Python, is none."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_rate(value: Any) -> bool:
    """Whether a value is a number, 0 ≤ value < 1."""
    return is_number(value, 0.0) and value < 1.0


def check_positive(where: str, **values: Any) -> None:
    """Raise unless every value is an integer of at least 1."""
    for key, value in values.items():
        if not (isinstance(value, int) and is_number(value, 1)):
            raise BirnnError(Errors.B007.format(where=where, key=key, value=value))


def check_dropout(where: str, **values: Optional[float]) -> None:
    """Raise unless every value is null or a rate, 0 ≤ rate < 1."""
    for key, value in values.items():
        if value is not None and not is_rate(value):
            raise BirnnError(Errors.B008.format(where=where, key=key, value=value))


def check_rate(where: str, **values: float) -> None:
    """Raise unless every value is a rate, 0 ≤ rate < 1."""
    for key, value in values.items():
        if not is_rate(value):
            raise BirnnError(Errors.B098.format(where=where, key=key, value=value))


def check_grad_clip(where: str, grad_clip: float) -> None:
    """Raise unless it is a norm, or 0 for no clipping."""
    if not is_number(grad_clip, 0.0):
        raise BirnnError(
            Errors.B006.format(where=where, key="grad_clip", value=grad_clip)
        )


def dropout_attrs(dropout: Optional[float]) -> Dict[str, float]:
    """Attributes of a node with dropout, beside the setting itself.

    thinc's `set_dropout_rate`, and so `[training] dropout`, reaches an attribute that
    is called dropout_rate and no other: a node whose rate is fixed has none.
    """
    return {"dropout_rate": 0.0} if dropout is None else {}


def dropout_rate(model: Model, is_train: bool) -> float:
    """The rate that runs in this call.

    Raises:
        BirnnError: `[training] dropout` or `update(drop=…)` is out of range.
    """
    if not is_train:
        return 0.0
    fixed = model.attrs["settings"]["dropout"]
    if fixed is not None:
        return fixed
    check_dropout("[training]", dropout=model.attrs["dropout_rate"])
    return model.attrs["dropout_rate"]
