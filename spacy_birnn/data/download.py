"""Download a file whole or not at all."""

import filecmp
import http.client
import os
import shutil
import sys
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError
from urllib.request import urlopen

from ..errors import BirnnError, Errors

TIMEOUT = 60.0
"""Seconds to wait for a server that says nothing."""


def is_url(path: str) -> bool:
    """Whether a path is an address to download from."""
    return path.startswith(("http://", "https://"))


def download(url: str, target: Path) -> None:
    """Download a file to a path, which is touched only if the bytes are new.

    Raises:
        BirnnError: The server refuses or does not answer, or the file arrived cut.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".download-")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file, urlopen(url, timeout=TIMEOUT) as response:
            expected = response.headers.get("Content-Length")
            with _progress(response, url, int(expected or 0)) as bytes_:
                shutil.copyfileobj(bytes_, file)
        size = part.stat().st_size
        if expected is not None and int(expected) != size:
            raise BirnnError(Errors.B126.format(url=url, size=size, expected=expected))
        if not (target.exists() and filecmp.cmp(part, target, shallow=False)):
            os.replace(part, target)
    except BirnnError:
        raise
    except HTTPError as error:
        error.close()  # it holds the connection
        raise BirnnError(Errors.B125.format(url=url, reason=error)) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise BirnnError(Errors.B125.format(url=url, reason=error)) from error
    finally:
        part.unlink(missing_ok=True)


def _progress(file: BinaryIO, url: str, size: int) -> AbstractContextManager[BinaryIO]:
    from rich.console import Console
    from rich.progress import wrap_file

    return wrap_file(
        file,
        size,
        description=url.rsplit("/", 1)[-1],
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )
