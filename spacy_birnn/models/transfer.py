"""Take what another model has learned of words and their contexts."""

from typing import Any, Dict, List, Tuple

from thinc.api import Model

from ..errors import BirnnError, Errors
from .shim import TorchShim, shim_of
from .tok2vec import is_tok2vec


def take_encoder(model: Model, other: Model, where: str) -> None:
    """Give an initialized SequenceTagger the embedding and the encoder of another one.

    Its labels, emissions and transitions stay as they are.

    Args:
        model: takes the weights.
        other: has them.
        where: names the other one in messages.

    Raises:
        BirnnError: one of the two has no Tok2Vec of ours, or their sizes differ.
    """
    pairs = list(zip(_parts(model, "the config"), _parts(other, where), strict=True))
    for own, given in pairs:
        if own.args != given.args:
            found = _differences(own.args, given.args)
            raise BirnnError(Errors.B095.format(where=where, found=found))
    for own, given in pairs:
        own.from_bytes(given.to_bytes())


def _differences(own: Dict[str, Any], given: Dict[str, Any]) -> str:
    return ", ".join(
        f"{key} = {given.get(key)!r} instead of {own.get(key)!r}"
        for key in sorted({*own, *given})
        if own.get(key) != given.get(key)
    )


def _parts(model: Model, where: str) -> Tuple[TorchShim, TorchShim]:
    tok2vec = model.get_ref("tok2vec")
    layers: List[Model] = list(tok2vec.layers)
    if not is_tok2vec(tok2vec) or not all(_is_ours(node) for node in layers):
        raise BirnnError(Errors.B096.format(where=where))
    embed, encode = layers
    return shim_of(embed), shim_of(encode)


def _is_ours(node: Model) -> bool:
    return bool(node.shims) and isinstance(node.shims[0], TorchShim)
