"""Arguments that the architectures share: ranges, and which dropout rate runs."""

from typing import Any, Dict, Optional

from thinc.api import Model

from ..errors import BirnnError, Errors


def check_positive(where: str, **values: Any) -> None:
    """Raise unless every value is an integer of at least 1.

    thinc validates the types of a config, not its ranges, and lets "12" pass for a
    number.
    """
    for key, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise BirnnError(Errors.B007.format(where=where, key=key, value=value))


def check_dropout(where: str, **values: Optional[float]) -> None:
    """Raise unless every value is null or a rate, 0 ≤ rate < 1."""
    for key, value in values.items():
        if value is None:
            continue
        if not isinstance(value, (int, float)) or not 0.0 <= value < 1.0:
            raise BirnnError(Errors.B008.format(where=where, key=key, value=value))


def dropout_attrs(dropout: Optional[float]) -> Dict[str, float]:
    """Attributes of a node with dropout.

    thinc's `set_dropout_rate`, and so `[training] dropout`, reaches an attribute that
    is called dropout_rate and no other: a fixed rate has another name.
    """
    return {"dropout_rate": 0.0} if dropout is None else {"dropout": dropout}


def dropout_rate(model: Model, is_train: bool) -> float:
    """The rate that runs in this call.

    Raises:
        BirnnError: `[training] dropout` or `update(drop=…)` is out of range.
    """
    if not is_train:
        return 0.0
    if "dropout" in model.attrs:
        return model.attrs["dropout"]
    check_dropout("[training]", dropout=model.attrs["dropout_rate"])
    return model.attrs["dropout_rate"]
