"""Download a file whole or not at all."""

import filecmp
import http.client
import os
import shutil
import tempfile
from pathlib import Path
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
            shutil.copyfileobj(response, file)
            expected = response.headers.get("Content-Length")
        size = part.stat().st_size
        if expected is not None and int(expected) != size:
            raise BirnnError(Errors.B126.format(url=url, size=size, expected=expected))
        if not (target.exists() and filecmp.cmp(part, target, shallow=False)):
            os.replace(part, target)
    except BirnnError:
        raise
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise BirnnError(Errors.B125.format(url=url, reason=error)) from error
    finally:
        part.unlink(missing_ok=True)
