"""Files by address: a local path, or a URL that fsspec knows (`s3://`, `gs://`, …)."""

import glob
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Iterator, List, Optional, Sequence, Tuple, cast
from urllib.parse import unquote

from ..errors import BirnnError, Errors, one_line
from ..files import reason_of, replacing

HUB = "hf:"
"""The beginning of the address of a dataset: `hf:ID` or `hf:ID:SPLIT`."""

_BLOCK = 1 << 20


def is_url(address: str) -> bool:
    """Whether an address is a URL rather than a path."""
    return "://" in address


def open_input(address: str) -> BinaryIO:
    """Open a file for reading, as it lies there.

    Raises:
        BirnnError: It cannot be opened.
    """
    if is_url(address):
        with _remote_errors(Errors.B107, address):
            filesystem, path = _filesystem(address)
            return cast(BinaryIO, filesystem.open(path, "rb"))
    try:
        return open(address, "rb")
    except OSError as error:
        message = Errors.B107.format(path=address, reason=reason_of(error))
        raise BirnnError(message) from error


def size_of(address: str) -> int:
    """The number of bytes of a file; 0 for pipes."""
    if is_url(address):
        with _remote_errors(Errors.B107, address):
            filesystem, path = _filesystem(address)
            return int(filesystem.size(path) or 0)
    return os.stat(address).st_size


def is_file(address: str) -> bool:
    """Whether there is a file, or a pipe, under an address."""
    if is_url(address):
        with _remote_errors(Errors.B107, address):
            filesystem, path = _filesystem(address)
            return bool(filesystem.isfile(path))
    return os.path.exists(address) and not os.path.isdir(address)


def is_regular(path: str) -> bool:
    """Whether a local path is a file that can be read more than once."""
    return os.path.isfile(path)


def is_device(address: str) -> bool:
    """Whether a path is a pipe or a device, which is written to directly."""
    if is_url(address):
        return False
    return os.path.exists(address) and not (is_regular(address) or is_folder(address))


def has_parent(address: str) -> bool:
    """Whether the folder of a file is there; stores have no folders."""
    return is_url(address) or os.path.isdir(os.path.dirname(os.path.abspath(address)))


def is_same(read: str, written: str, is_folder: bool) -> bool:
    """Whether a file that is read is written too, or lies where folders are written."""
    read, written = _local(read), _local(written)
    if is_folder:
        if is_url(written):
            return read.startswith(written.rstrip("/") + "/")
        target = Path(written).resolve()
        return os.path.exists(read) and target in Path(read).resolve().parents
    if is_url(read) or is_url(written):
        return read == written
    both = os.path.exists(read) and os.path.exists(written)
    return both and is_regular(read) and os.path.samefile(read, written)


def _local(address: str) -> str:
    """The path of a URL that names a local one; other addresses as they are."""
    scheme, sign, path = address.partition("://")
    return unquote(path) if sign and scheme in ("file", "local") else address


def is_folder(address: str) -> bool:
    """Whether there is a folder under an address."""
    if is_url(address):
        with _remote_errors(Errors.B107, address):
            filesystem, path = _filesystem(address)
            return bool(filesystem.isdir(path))
    return os.path.isdir(address)


def followed(address: str) -> str:
    """Where the file of an address lies: if that is a link, where it leads."""
    is_link = not is_url(address) and os.path.islink(address)
    return os.path.realpath(address) if is_link else address


def list_files(address: str) -> List[str]:
    """All files below a folder, sorted; no hidden ones (`.name`, `_name`)."""
    if not is_url(address):
        files = [path for path in Path(address).rglob("*") if path.is_file()]
        return sorted(
            str(path)
            for path in files
            if not _is_hidden(path.relative_to(address).parts)
        )
    with _remote_errors(Errors.B107, address):
        filesystem, root = _filesystem(address)
        found = [filesystem.unstrip_protocol(path) for path in filesystem.find(root)]
        inside = len(filesystem.unstrip_protocol(root).rstrip("/")) + 1
    return sorted(path for path in found if not _is_hidden(path[inside:].split("/")))


def _is_hidden(parts: Sequence[str]) -> bool:
    return any(part.startswith((".", "_")) for part in parts)


def match(pattern: str) -> List[str]:
    """The files that a glob means, sorted."""
    if is_url(pattern):
        with _remote_errors(Errors.B107, pattern):
            filesystem, path = _filesystem(pattern)
            return sorted(filesystem.unstrip_protocol(p) for p in filesystem.glob(path))
    return sorted(glob.glob(pattern, recursive=True))


def join(address: str, name: str) -> str:
    """The address of a file in a folder."""
    return (
        f"{address.rstrip('/')}/{name}" if is_url(address) else f"{Path(address, name)}"
    )


@contextmanager
def writing(address: str, workplace: Optional[str] = None) -> Iterator[BinaryIO]:
    """Open a file that stands at its address, whole, when the block ends well.

    A local file is written beside its place, brought to the disk and renamed; a remote
    one is written locally and put in one piece.

    Args:
        address: Of the file.
        workplace: A folder of the same file system, where a local file is written
            instead. A process that is killed leaves there what it was writing.

    Raises:
        BirnnError: It cannot be written.
    """
    if is_url(address):
        with tempfile.TemporaryDirectory() as folder:
            local = os.path.join(folder, "file")
            with open(local, "wb") as file:
                yield file
            with _remote_errors(Errors.B203, address):
                filesystem, path = _filesystem(address)
                filesystem.makedirs(path.rpartition("/")[0], exist_ok=True)
                filesystem.put_file(local, path)
        return
    with replacing(Path(address), workplace) as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(os.path.dirname(os.path.realpath(address)))


def write(address: str, data: bytes, workplace: Optional[str] = None) -> None:
    """Write a whole file; see `writing`."""
    with writing(address, workplace) as file:
        file.write(data)


def note(address: str, data: bytes, workplace: Optional[str] = None) -> None:
    """Write a small file that a failure of power may undo or empty.

    It does not wait for the disk, as `write` does; a crash does it no harm.
    """
    if is_url(address):
        write(address, data)
        return
    with replacing(Path(address), workplace) as file:
        file.write(data)


def cannot_write(address: str, error: OSError) -> BirnnError:
    """Make the error of a file that cannot be written."""
    return BirnnError(Errors.B203.format(path=address, reason=reason_of(error)))


def move(source: str, target: str) -> None:
    """Rename a file within its file system.

    Raises:
        BirnnError: It cannot be renamed.
    """
    if is_url(source):
        with _remote_errors(Errors.B203, target):
            filesystem, path = _filesystem(source)
            filesystem.mv(path, _filesystem(target)[1])
        return
    try:
        real = os.path.realpath(target)
        if os.path.exists(real):
            shutil.copymode(real, source)
        os.replace(source, real)
        _sync_folder(os.path.dirname(real))
    except OSError as error:
        raise cannot_write(target, error) from error


def make_folder(address: str) -> None:
    """Make a folder, and those above it, unless it is there.

    Raises:
        BirnnError: It cannot be made.
    """
    if is_url(address):
        with _remote_errors(Errors.B203, address):
            filesystem, path = _filesystem(address)
            filesystem.makedirs(path, exist_ok=True)
        return
    try:
        os.makedirs(address, exist_ok=True)
    except OSError as error:
        raise cannot_write(address, error) from error


def names(address: str) -> List[str]:
    """The names in a folder; none where there is no folder."""
    if is_url(address):
        with _remote_errors(Errors.B107, address):
            filesystem, path = _filesystem(address)
            if not filesystem.isdir(path):
                return []
            filesystem.invalidate_cache()
            listed = filesystem.ls(path, detail=False)
            return sorted(p.rstrip("/").rpartition("/")[2] for p in listed)
    return sorted(os.listdir(address)) if os.path.isdir(address) else []


def read(address: str) -> bytes:
    """The content of a file."""
    with open_input(address) as file:
        return file.read()


def remove(address: str) -> None:
    """Remove a file, or a folder with all that is in it, if it is there.

    Raises:
        BirnnError: It cannot be removed.
    """
    if is_url(address):
        with _remote_errors(Errors.B203, address):
            filesystem, path = _filesystem(address)
            if filesystem.exists(path):
                filesystem.rm(path, recursive=True)
        return
    try:
        if os.path.isdir(address) and not os.path.islink(address):
            # A process that still writes there can be in the way once.
            shutil.rmtree(address, ignore_errors=True)
            if os.path.isdir(address):
                shutil.rmtree(address)
        else:
            os.unlink(address)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise cannot_write(address, error) from error


def copy(source: BinaryIO, target: BinaryIO) -> None:
    """Copy the rest of an open file into another."""
    shutil.copyfileobj(source, target, _BLOCK)


def _sync_folder(folder: str) -> None:
    """Bring a rename to the disk, where folders can be synced."""
    if os.name == "nt":
        return
    descriptor = os.open(folder or ".", os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems refuse
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _filesystem(address: str) -> Tuple[Any, str]:
    from fsspec.core import url_to_fs

    return url_to_fs(address)


@contextmanager
def _remote_errors(message: str, address: str) -> Iterator[None]:
    """Turn what a remote file system raises into one line."""
    try:
        yield
    except BirnnError:
        raise
    except ImportError as error:
        protocol = address.partition("://")[0]
        reason = one_line(error)
        raise BirnnError(
            Errors.B250.format(path=address, protocol=protocol, reason=reason)
        ) from error
    except Exception as error:
        # Each store has exceptions of its own.
        lines = str(error).strip().splitlines() or [type(error).__name__]
        reason = getattr(error, "strerror", None) or lines[0].rstrip(".")
        raise BirnnError(message.format(path=address, reason=reason)) from error
