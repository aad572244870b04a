"""The state of a stream as bytes: safetensors, with all else as JSON in their header.

A checksum over both is in the header too, and that of the component: a state says
nothing to another model.
"""

import hashlib
import json
from typing import Any, Dict, Tuple

import numpy
from numpy import ndarray
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

_HEADER = "spacy-birnn stream"


class DamagedState(ValueError):
    """Bytes that are cut or altered."""


def pack(facts: Dict[str, Any], arrays: Dict[str, Any]) -> bytes:
    """Facts that JSON can hold, and arrays, to bytes."""
    found = {name: numpy.array(array, order="C") for name, array in arrays.items()}
    text = json.dumps(facts, sort_keys=True)
    metadata = {_HEADER: text, "checksum": _checksum(text, found)}
    return save_arrays(found, metadata=metadata)


def unpack(data: bytes) -> Tuple[Dict[str, Any], Dict[str, ndarray]]:
    """The way back.

    Raises:
        DamagedState: the bytes are not what `pack` gave.
    """
    try:
        size = int.from_bytes(data[:8], "little")
        metadata = json.loads(data[8 : 8 + size])["__metadata__"]
        arrays, text = load_arrays(data), metadata[_HEADER]
        facts, checksum = json.loads(text), metadata["checksum"]
    except Exception as error:
        raise DamagedState from error
    if checksum != _checksum(text, arrays):
        raise DamagedState
    return facts, arrays


def _checksum(text: str, arrays: Dict[str, ndarray]) -> str:
    digest = hashlib.sha256(text.encode("utf8"))
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name}{array.dtype.str}{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
