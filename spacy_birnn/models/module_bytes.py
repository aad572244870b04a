"""A torch module as bytes: safetensors, whose metadata rebuild it."""

import json
from typing import Any, Callable, Dict, Tuple

from safetensors.torch import load, save
from torch import nn

from ..errors import BirnnError, Errors, one_line

FORMAT_VERSION = 1
_HEADER = "spacy-birnn"


def dump_module(module: nn.Module, args: Dict[str, Any]) -> bytes:
    """Write the weights of a module, and the arguments that it was made with.

    Args:
        module: on any device.
        args: what JSON can hold.
    """
    header = {"format": FORMAT_VERSION, "args": args}
    state = {
        name: tensor.detach().cpu().clone().contiguous()
        for name, tensor in module.state_dict().items()
    }
    return save(state, metadata={_HEADER: json.dumps(header, sort_keys=True)})


def load_module(
    build: Callable[..., nn.Module], data: bytes
) -> Tuple[nn.Module, Dict[str, Any]]:
    """Make the module anew, with its weights, on the CPU.

    Args:
        build: makes a module of the arguments that are in the bytes.
        data: of `dump_module`.

    Returns:
        The module, and those arguments.

    Raises:
        BirnnError: the bytes are cut, altered or of an unknown format.
    """
    try:
        size = int.from_bytes(data[:8], "little")
        metadata = json.loads(data[8 : 8 + size])["__metadata__"]
        header = json.loads(metadata[_HEADER])
        state = load(data)
        found, args = header["format"], header["args"]
    except Exception as err:
        raise _unreadable(err) from None
    if found != FORMAT_VERSION:
        raise BirnnError(Errors.B003.format(found=found, known=FORMAT_VERSION))
    try:
        module = build(**args)
        module.load_state_dict(state)
    except Exception as err:
        raise _unreadable(err) from None
    return module, args


def _unreadable(err: Exception) -> BirnnError:
    return BirnnError(Errors.B002.format(reason=one_line(err)))
