"""Keep cuDNN from rounding float32 to TF32, as it does by default."""

import contextlib
import threading
from typing import Iterator, List

from torch.backends import cudnn

_lock = threading.Lock()
# What the switch was before the first of those that need it off now; empty for none.
_users: List[bool] = []


@contextlib.contextmanager
def full_precision() -> Iterator[None]:
    """Run cuDNN's layers in float32 as it is.

    TF32 has 10 bits of mantissa: results would be off by thousandths, and differ with
    what else is in the batch. The switch is one for the whole process, so it stays off
    until the last of several threads is done, and then is what it was.
    """
    with _lock:
        _users.append(_users[0] if _users else cudnn.allow_tf32)
        cudnn.allow_tf32 = False
    try:
        yield
    finally:
        with _lock:
            before = _users.pop()
            if not _users:
                cudnn.allow_tf32 = before
