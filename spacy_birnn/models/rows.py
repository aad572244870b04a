"""Row-sparse updates: thinc's optimizer on the rows of a table that have a gradient."""

from typing import Any, Dict, Tuple

from thinc.api import Optimizer, torch2xp, xp2torch
from thinc.backends import get_array_ops
from torch import nn

from .averages import averaging, decay_between

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
    before = table[rows]
    try:
        table[rows], _ = optimizer(key, table[rows], values)
    finally:
        optimizer.averages = averages
    _widen_moments(optimizer, key, table, rows, full)
    if averages is not None:
        step = averaging(averages).steps(optimizer.nr_update[key])
        if step:
            _average_rows(averages, key, table, rows, before, step)
    updated = xp2torch(table, device=param.device)
    if updated.data_ptr() != param.data_ptr():
        param.data.copy_(updated)


def averaged_rows(averages: Dict[Any, Any], key: Tuple[int, str], table: Any) -> Any:
    """The averages of all rows, as they stand after the last step; shape (R, D).

    Args:
        averages: of the optimizer.
        key: of a parameter that `update_rows` updates; it may have grown since.
        table: its weights, shape (R, D).
    """
    xp = get_array_ops(table).xp
    held, steps = averages[key], averages[steps_key(key)]
    now = table.copy()
    # A table that was loaded since may have fewer rows.
    touched = xp.flatnonzero(steps[: len(table)])
    decay = averaging(averages).decay
    share = decay_between(steps[touched], int(steps.max()), xp, decay)
    now[touched] += (held[touched] - now[touched]) * share
    return now


def is_row_sparse(averages: Dict[Any, Any], key: Tuple[int, str]) -> bool:
    """Whether `update_rows` keeps the averages of a parameter."""
    return steps_key(key) in averages


def _average_rows(
    averages: Dict[Any, Any],
    key: Tuple[int, str],
    table: Any,
    rows: Any,
    before: Any,
    step: int,
) -> None:
    """Bring the averages of the touched rows up to date, and no others.

    A row that is touched for the first time starts its average from itself: from zero
    it would take thousands of steps to arrive.
    """
    ops = get_array_ops(table)
    empty = table[:0], ops.xp.zeros(0, dtype="int64")
    held = _resized(averages.get(key, empty[0]), table)
    steps = averages.get(steps_key(key), empty[1])
    if len(steps) < len(table):
        new = ops.xp.zeros(len(table) - len(steps), dtype="int64")
        steps = ops.xp.concatenate([steps, new])
    is_new = (steps[rows] == 0).reshape(-1, 1)
    decay = averaging(averages).decay
    left = decay_between(steps[rows], step - 1, ops.xp, decay)
    caught_up = before + (held[rows] - before) * left
    mean = ops.xp.where(is_new, table[rows], caught_up)
    ops.update_averages(mean, table[rows], step, max_decay=decay)
    held[rows], steps[rows] = mean, step
    averages[key], averages[steps_key(key)] = held, steps


def steps_key(key: Tuple[int, str]) -> Tuple[int, str]:
    """Where the optimizer's averages hold the step at which each row was touched last;
    0 for never."""
    return key[0], f"{key[1]} steps"


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
    n_rows = min(len(rows), len(table))  # a table that was saved has no spare rows
    whole[:n_rows] = rows[:n_rows]
    return whole
