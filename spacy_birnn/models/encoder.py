"""`spacy-birnn.BiRNNEncoder.v1`: a recurrent `encode` for any spaCy tok2vec."""

import math
from typing import TYPE_CHECKING, Callable, List, Literal, Optional, Tuple, cast

import torch
from thinc.api import Model
from thinc.types import Floats2d

from ..errors import BirnnError, Errors
from ..nn.rnn.birnn import BiRNN
from ..nn.rnn.cells import CELLS
from ..nn.rnn.predict import PreparedBiRNN
from ..nn.tap import Tap
from .arguments import (
    check_dropout,
    check_grad_clip,
    check_positive,
    dropout_attrs,
    dropout_rate,
    is_number,
    is_whole,
)
from .clipping import clip_shim_gradients
from .empty import empty_batch
from .flat import run_rows, split, to_tensor
from .settings import Settings
from .shim import TorchShim, is_on_gpu, no_backprop, shim_of

if TYPE_CHECKING:
    CellName = str
else:  # thinc checks a config against it
    CellName = Literal[tuple(CELLS)]


def build_birnn_encoder(
    width: int,
    depth: int = 1,
    cell: CellName = "lstm",
    bidirectional: bool = True,
    dropout: Optional[float] = None,
    grad_clip: float = 5.0,
    precision: Literal["fp32", "bf16", "auto"] = "fp32",
    lookahead: Optional[int] = None,
    forget_bias: float = 1.0,
) -> Model[List[Floats2d], List[Floats2d]]:
    """Encode each sequence of vectors with a stacked recurrent network.

    Sequences are packed, so an answer does not depend on the rest of the batch. The
    width of the input is inferred when the model is initialized.

    Args:
        width: output width, both directions together; even for two directions.
            Recommended: 100 to 400.
        depth: number of stacked layers. Recommended: 1 to 3.
        cell: "lstm", "gru" or "rnn" (tanh).
        bidirectional: read each sequence from both ends.
        dropout: variational dropout on the input, between layers and on the output. A
            number is fixed; null follows `[training] dropout` and `update(drop=…)`.
        grad_clip: largest L2 norm of the encoder's own gradients, 0 for none. (A
            component of ours clips over all of its model first.)
        precision: of the matrix products when predicting on a CPU. "bf16" is faster for
            wide encoders where the CPU computes it, and rounds to 3 digits; "auto"
            takes it there and only there. On a GPU both mean mixed precision, in
            training too.
        lookahead: how many tokens the backward direction reads ahead of each one, so
            that labels can follow the words with that delay (latency-controlled: Zhang
            et al. 2016); null for the rest of the sequence. For two directions and
            depth 1. Its backward direction takes `lookahead` + 1 steps per token.
        forget_bias: what the forget gates' bias starts from (LSTM alone has such a
            gate). At 1 an untrained network remembers for longer than at 0
            (Jozefowicz et al. 2015).

    Raises:
        BirnnError: an argument is out of range.
    """
    place = "spacy-birnn.BiRNNEncoder.v1"
    check_positive(place, width=width, depth=depth)
    check_dropout(place, dropout=dropout)
    if bidirectional and width % 2:
        raise BirnnError(Errors.B005.format(width=width))
    check_grad_clip(place, grad_clip)
    if not is_number(forget_bias, -math.inf):
        raise BirnnError(
            Errors.B401.format(where=place, key="forget_bias", value=forget_bias)
        )
    if lookahead is not None:
        _check_lookahead(lookahead, depth, bidirectional)
    settings = Settings(
        width=width,
        depth=depth,
        cell=cell,
        bidirectional=bidirectional,
        dropout=dropout,
        lookahead=lookahead,
        forget_bias=float(forget_bias),
    )
    return Model(
        "birnn_encoder",
        forward,
        init=init,
        dims={"nI": None, "nO": width},
        attrs={
            "settings": settings,
            "prepared_encoder": prepared_encoder,
            "tap": Tap(),
            **dropout_attrs(dropout),
        },
        shims=[EncoderShim(BiRNN, grad_clip, precision)],
    )


def _check_lookahead(lookahead: int, depth: int, bidirectional: bool) -> None:
    if not is_whole(lookahead) or lookahead < 0:
        raise BirnnError(Errors.B460.format(value=lookahead))
    if not bidirectional or depth != 1:
        found = f"depth = {depth}" if bidirectional else "bidirectional = false"
        raise BirnnError(Errors.B461.format(value=lookahead, found=found))


class EncoderShim(TorchShim):
    """Clips its own gradients: a shared encoder has no component to do it.

    Attributes:
        precision: of the matrix products in prediction; not kept in the model's file,
            so that a trained pipeline can be loaded with another one.
    """

    def __init__(self, build, grad_clip: float, precision: str):
        super().__init__(build)
        self.grad_clip = grad_clip
        self.precision = precision

    def finish_update(self, optimizer) -> None:
        clip_shim_gradients(self, self.grad_clip)
        super().finish_update(optimizer)


def _is_reduced(precision: str) -> bool:
    if precision == "auto":
        return torch.cpu._is_avx512_bf16_supported()
    return precision == "bf16"


def _mixed_precision(shim: EncoderShim) -> torch.autocast:
    """On a GPU the layers run in bfloat16 in training too, with weights, gradients and
    results in float32 (Micikevicius et al. 2018; bfloat16 needs no scaled loss)."""
    reduced = shim.is_on_gpu and shim.precision != "fp32"
    return torch.autocast("cuda", torch.bfloat16, enabled=reduced)


def init(
    model: Model,
    X: Optional[List[Floats2d]] = None,
    Y: Optional[List[Floats2d]] = None,
) -> None:
    """Build the network, as wide as its input is."""
    if X:
        model.set_dim("nI", X[0].shape[1], force=True)
    if not model.has_dim("nI"):
        raise BirnnError(Errors.B004.format(what="BiRNNEncoder.v1"))
    sizes = {**model.attrs["settings"]}
    del sizes["dropout"]
    if sizes["lookahead"] is None:
        del sizes["lookahead"]  # it was not among them in earlier versions
    shim_of(model).create(n_in=model.get_dim("nI"), **sizes)


def forward(
    model: Model[List[Floats2d], List[Floats2d]], X: List[Floats2d], is_train: bool
) -> Tuple[List[Floats2d], Callable]:
    lengths = [len(x) for x in X]
    if sum(lengths) == 0:
        return empty_batch(model, X)
    check_width(model, X[0].shape[1])
    if is_train or is_on_gpu(model):
        with _mixed_precision(cast(EncoderShim, shim_of(model))):
            rate = dropout_rate(model, is_train)
            tap = model.attrs["tap"] if is_train else None
            return run_rows(model, X, is_train, lengths, rate, tap)
    rows = to_tensor(model.ops, X, shim_of(model).device)
    H = cast(Floats2d, prepared_encoder(model).encode(rows, lengths))
    return split(H, lengths), no_backprop


def prepared_encoder(model: Model) -> PreparedBiRNN:
    """The network as prediction runs it on a CPU; the same object as long as the
    weights of a BiRNNEncoder stay the same."""
    shim = cast(EncoderShim, shim_of(model))
    dtype = torch.bfloat16 if _is_reduced(shim.precision) else None
    return shim.prepared(PreparedBiRNN, dtype)


def check_width(model: Model, found: int) -> None:
    """Raise unless the input is as wide as the one that the network was made for."""
    trained = cast(BiRNN, shim_of(model).module).n_in
    if found != trained:
        raise BirnnError(Errors.B030.format(found=found, trained=trained))
