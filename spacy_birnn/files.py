"""Write files whole or not at all; check what is there before."""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Iterator, Union
from uuid import uuid4

from .errors import BirnnError, Errors


def check_input(path: Path) -> None:
    """Refuse a path that is no file.

    Raises:
        BirnnError: It is a directory, or there is nothing.
    """
    if not path.is_file():
        error = Errors.B217 if path.is_dir() else Errors.B105
        raise BirnnError(error.format(path=path))


def check_output(path: Path, force: bool = False) -> None:
    """Refuse to replace a file, unless told to, before any work is done for it.

    Raises:
        BirnnError: The path is taken, or there is no such directory.
    """
    if path.is_dir():
        raise BirnnError(Errors.B203.format(path=path, reason="it is a directory"))
    if path.is_file() and not force:
        raise BirnnError(Errors.B202.format(path=path))
    if not path.absolute().parent.is_dir():
        reason = f"there is no directory {path.parent}"
        raise BirnnError(Errors.B203.format(path=path, reason=reason))


def reason_of(error: OSError) -> str:
    """Say in the system's words why a file could not be read or written."""
    return error.strerror or str(error)


@contextmanager
def replacing(
    path: Path, workplace: Union[str, Path, None] = None
) -> Iterator[BinaryIO]:
    """Open a file that takes the path's place when the block ends well.

    Until then the bytes go to a file beside it, which is removed when the block ends
    with an exception of any kind. Pipes and devices are written directly.

    Args:
        path: The path.
        workplace: The folder of the other file, on the same file system, instead of
            that of the path: where it may be left when the process is killed.

    Raises:
        BirnnError: The file cannot be written.
    """
    target = path.resolve()
    direct = target.exists() and not target.is_file()
    # Processes on several machines, which may share a disk, may also share a number.
    name = f".{target.name}.{os.getpid()}-{uuid4().hex[:8]}.tmp"
    beside = Path(workplace or target.parent, name)
    try:
        with open(target if direct else beside, "wb") as file:
            yield file
        if not direct:
            if target.exists():
                shutil.copymode(target, beside)
            os.replace(beside, target)
    except OSError as error:
        # What the block itself does with other files is not about this one.
        ours = (None, str(target), str(beside))
        if isinstance(error, BrokenPipeError) or error.filename not in ours:
            raise
        message = Errors.B203.format(path=path, reason=reason_of(error))
        raise BirnnError(message) from error
    finally:
        beside.unlink(missing_ok=True)
