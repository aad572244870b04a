"""Auxiliary heads of a model: training reads its first layer with them."""

from contextlib import contextmanager
from typing import Iterator, Optional, Sequence, cast

import torch
from thinc.api import Model
from torch import Tensor

from ..nn.heads import Heads
from ..nn.tap import Tap
from .flat import gradient
from .shim import TorchShim


def find_encoder(model: Model) -> Optional[Model]:
    """The node of a SequenceTagger whose first layer heads can read: a BiRNNEncoder in
    a Tok2Vec of its own. None where there is none."""
    tok2vec = model.get_ref("tok2vec") if "tok2vec" in model.ref_names else model
    encoder = tok2vec.get_ref("encode") if "encode" in tok2vec.ref_names else None
    return encoder if encoder is not None and "tap" in encoder.attrs else None


def add_heads(model: Model, sizes: Sequence[int]) -> None:
    """Give an initialized model fresh heads, in the place of those that it has.

    They are part of the model: an optimizer finds them, and a checkpoint keeps them.

    Args:
        model: a SequenceTagger for which `find_encoder` finds a node.
        sizes: number of labels of each head.
    """
    encoder = cast(Model, find_encoder(model))
    shim = TorchShim(Heads)
    shim.create(n_in=encoder.get_dim("nO"), sizes=list(sizes))
    shims = model.get_ref("emissions").shims
    shims[1:] = [shim]
    cast(Tap, encoder.attrs["tap"]).is_open = True


def has_heads(model: Model) -> bool:
    """Whether a SequenceTagger has heads."""
    return len(model.get_ref("emissions").shims) > 1


@contextmanager
def without_heads(model: Model) -> Iterator[None]:
    """Take the heads off a SequenceTagger for a while."""
    shims = model.get_ref("emissions").shims
    heads = shims[1:]
    del shims[1:]
    try:
        yield
    finally:
        shims.extend(heads)


def learn_heads(model: Model, labels: Tensor, weights: Sequence[float]) -> float:
    """Accumulate the gradients of heads between a training pass and its way back.

    Args:
        model: a SequenceTagger with heads, after `begin_update`.
        labels: ids of each head, -1 where missing, shape (heads, words).
        weights: of each head's loss.

    Returns:
        The weighted loss, summed over words; 0 where the batch has none.
    """
    tap = cast(Tap, cast(Model, find_encoder(model)).attrs["tap"])
    if tap.hidden is None:
        return 0.0
    heads = cast(Heads, cast(TorchShim, model.get_ref("emissions").shims[1]).module)
    with torch.enable_grad():
        hidden = tap.hidden.requires_grad_()
        loss = heads.loss(hidden, labels.to(hidden.device), weights)
        loss.backward()
    tap.gradient = gradient(hidden)
    return loss.item()
