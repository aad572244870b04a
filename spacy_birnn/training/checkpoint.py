"""Checkpoints: everything from which training goes on to the same end, in one file.

A file is a digest and a safetensors file: nothing in it is unpickled, and one that was
cut or altered is refused. It takes the place of the one before when it is whole and on
the disk.
"""

import hashlib
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterator

from numpy import ndarray
from safetensors.numpy import load, save

from .. import __version__
from ..errors import BirnnError, Errors
from ..files import reason_of

FORMAT = 1
FACTS = "spacy-birnn"
_DIGEST_SIZE = 32


@dataclass
class Checkpoint:
    """All that a training is made of at one moment.

    Attributes:
        facts: what JSON can hold: progress, schedules, config, checksums of the data.
        arrays: by kind and name: weights, optimizer state, random states, the order of
            the examples.
    """

    facts: Dict[str, Any]
    arrays: Dict[str, Dict[str, ndarray]] = field(default_factory=dict)


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint in the place of an older one.

    Raises:
        BirnnError: the file cannot be written; the older one stays.
    """
    facts = {**checkpoint.facts, "format": FORMAT, "version": __version__}
    flat = {
        json.dumps([kind, name]): array
        for kind, arrays in checkpoint.arrays.items()
        for name, array in arrays.items()
    }
    body = save(flat, metadata={FACTS: json.dumps(facts, sort_keys=True)})
    beside = path.with_name(f".{path.name}.tmp")
    with writing(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(beside, "wb") as file:
                file.write(_digest(body))
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        BirnnError: the file is cut, altered or of another version.
    """
    data = path.read_bytes()
    digest, body = data[:_DIGEST_SIZE], data[_DIGEST_SIZE:]
    if len(data) <= _DIGEST_SIZE or _digest(body) != digest:
        reason = "its checksum differs"
        raise BirnnError(Errors.B062.format(path=path, reason=reason))
    size = int.from_bytes(body[:8], "little")
    facts = json.loads(json.loads(body[8 : 8 + size])["__metadata__"][FACTS])
    found = f"{facts['version']} (format {facts['format']})"
    known = f"{__version__} (format {FORMAT})"
    if found != known:
        raise BirnnError(Errors.B063.format(path=path, found=found, known=known))
    arrays: Dict[str, Dict[str, ndarray]] = {}
    for entry, array in load(body).items():
        kind, name = json.loads(entry)
        arrays.setdefault(kind, {})[name] = array
    return Checkpoint(facts, arrays)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn a full disk and the like into one clear line.

    Raises:
        BirnnError: what is written in the block cannot be.
    """
    try:
        yield
    except OSError as error:
        message = Errors.B067.format(path=path, reason=reason_of(error))
        raise BirnnError(message) from error


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_DIGEST_SIZE).digest()
