"""The language model of a model: training reads its first layer with it."""

from contextlib import contextmanager
from typing import Iterator, Optional, Sequence, cast

import torch
from thinc.api import Model
from torch import Tensor

from ..nn.language_model import LanguageModel
from ..nn.tap import Tap
from .flat import gradient
from .shim import TorchShim


def find_encoder(model: Model) -> Optional[Model]:
    """The node of a SequenceTagger whose first layer can be read: a BiRNNEncoder in a
    Tok2Vec of its own. None where there is none."""
    tok2vec = model.get_ref("tok2vec") if "tok2vec" in model.ref_names else model
    encoder = tok2vec.get_ref("encode") if "encode" in tok2vec.ref_names else None
    return encoder if encoder is not None and "tap" in encoder.attrs else None


def add_language_model(model: Model, n_words: int) -> None:
    """Give an initialized model a fresh language model, in the place of one that it
    has.

    It is part of the model: an optimizer finds it, and a checkpoint keeps it.

    Args:
        model: a SequenceTagger for which `find_encoder` finds a node.
        n_words: words that are told apart.
    """
    encoder = cast(Model, find_encoder(model))
    n_directions = 2 if encoder.attrs["settings"]["bidirectional"] else 1
    shim = TorchShim(LanguageModel)
    shim.create(n_in=encoder.get_dim("nO"), n_directions=n_directions, n_words=n_words)
    model.get_ref("emissions").shims[1:] = [shim]
    cast(Tap, encoder.attrs["tap"]).is_open = True


def has_language_model(model: Model) -> bool:
    """Whether a SequenceTagger has one."""
    return len(model.get_ref("emissions").shims) > 1


@contextmanager
def without_language_model(model: Model) -> Iterator[None]:
    """Take the language model off a SequenceTagger for a while."""
    shims = model.get_ref("emissions").shims
    taken = shims[1:]
    del shims[1:]
    try:
        yield
    finally:
        shims.extend(taken)


def learn_words(
    model: Model, ids: Tensor, lengths: Sequence[int], weight: float
) -> float:
    """Accumulate the gradients of the language model between a training pass and its
    way back.

    Args:
        model: a SequenceTagger with one, after `begin_update`.
        ids: of the words, shape (N,).
        lengths: words per sequence.
        weight: of the loss.

    Returns:
        The weighted loss, summed over words; 0 where the batch has none.
    """
    tap = cast(Tap, cast(Model, find_encoder(model)).attrs["tap"])
    if tap.hidden is None:
        return 0.0
    shim = cast(TorchShim, model.get_ref("emissions").shims[1])
    with torch.enable_grad():
        # They have fewer bits on a GPU with mixed precision.
        hidden = tap.hidden.float().requires_grad_()
        language_model = cast(LanguageModel, shim.module)
        loss = weight * language_model.loss(hidden, ids.to(hidden.device), lengths)
        loss.backward()
    tap.gradient = gradient(hidden).to(tap.hidden.dtype)
    return loss.item()
