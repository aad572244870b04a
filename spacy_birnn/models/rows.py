"""Row-sparse updates: thinc's optimizer on the rows of a table that have a gradient."""

from typing import Any, Dict, Tuple

from thinc.api import Optimizer, torch2xp, xp2torch
from thinc.backends import get_array_ops
from torch import nn

MOMENTS = ("mom1", "mom2")


def update_rows(
    optimizer: Optimizer, key: Tuple[int, str], param: nn.Parameter
) -> None:
    """Update the touched rows alone, whatever the optimizer is (as torch's SparseAdam).

    The optimizer goes on keeping its moments and averages for all rows under the
    parameter's key; they are narrowed to the touched rows for the call, and they grow
    with the table.

    Args:
        optimizer: thinc's optimizer.
        key: the parameter's key there.
        param: the table, shape (R, D), with a sparse gradient.
    """
    assert param.grad is not None
    grad = param.grad.coalesce()
    # Arrays of numpy or cupy: thinc's types do not know that they can be indexed.
    table: Any = torch2xp(param.data)
    rows: Any = torch2xp(grad.indices()[0])
    values: Any = torch2xp(grad.values())
    averages, optimizer.averages = optimizer.averages, None
    full = _narrow_moments(optimizer, key, table, rows)
    try:
        table[rows], _ = optimizer(key, table[rows], values)
    finally:
        optimizer.averages = averages
    _widen_moments(optimizer, key, table, rows, full)
    if averages is not None:
        averages[key] = averaged_rows(averages.get(key, table[:0]), table, rows)
        step = optimizer.nr_update[key]
        get_array_ops(table).update_averages(averages[key], table, step)
    updated = xp2torch(table, device=param.device)
    if updated.data_ptr() != param.data_ptr():
        param.data.copy_(updated)


def averaged_rows(averages: Any, table: Any, touched: Any = slice(None)) -> Any:
    """The averages of a table that may have grown since they were taken.

    A new row, which is missing there or still zero, starts from the table: from zero it
    would take thousands of steps to arrive.

    Args:
        averages: shape (R', D), R' ≤ R.
        table: shape (R, D).
        touched: the only rows of the R' that can be new.

    Returns:
        Averages of all rows, shape (R, D).
    """
    if len(averages) < len(table):
        grown = table.copy()
        grown[: len(averages)] = averages
        averages = grown
    held = averages[touched]
    averages[touched] = get_array_ops(table).xp.where(
        held.any(axis=1, keepdims=True), held, table[touched]
    )
    return averages


def _narrow_moments(optimizer: Optimizer, key, table, rows) -> Dict[str, Any]:
    full = {}
    for name in MOMENTS:
        moments = getattr(optimizer, name)
        if key in moments:
            full[name] = _resized(moments[key].reshape(-1, table.shape[1]), table)
            moments[key] = full[name][rows].ravel()
    return full


def _widen_moments(
    optimizer: Optimizer, key, table, rows, full: Dict[str, Any]
) -> None:
    for name in MOMENTS:
        moments = getattr(optimizer, name)
        if key in moments:
            whole = full[name] if name in full else _resized(table[:0], table)
            whole[rows] = moments[key].reshape(-1, table.shape[1])
            moments[key] = whole.ravel()


def _resized(rows: Any, table: Any) -> Any:
    """As many rows as the table has now: new ones are zero."""
    if rows.shape == table.shape:
        return rows
    whole = get_array_ops(table).alloc2f(*table.shape)
    whole[: len(rows)] = rows
    return whole
