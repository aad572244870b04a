"""The votes of a word's other mentions, beside a SequenceTagger's emissions."""

from typing import Any, Callable, List, Optional, Sequence, Tuple, cast

import numpy
import torch
from spacy.attrs import LOWER
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d

from ..nn.votes import Mentions, Votes
from .arguments import dropout_attrs, dropout_rate
from .flat import join, run_rows, split
from .sentences import doc_batch
from .shim import TorchShim, no_backprop, shim_of

Input = Tuple[Mentions, List[Floats2d]]
"""Which tokens get votes, and the hidden states of all tokens of each document."""

GOLDEN = 0x9E3779B97F4A7C15
"""An odd number, 2^64 divided by the golden ratio: its multiples lie far apart."""


def find_mentions(docs: Sequence[Doc]) -> Mentions:
    """Find the tokens whose word occurs again in their document, in whatever case.

    Sentence starts do not matter; white space is no word.
    """
    batch = doc_batch(docs)
    words = numpy.flatnonzero(~batch.sentences.space)
    of_docs = numpy.repeat(numpy.arange(len(docs)), [len(doc) for doc in docs])
    keys = batch.read(LOWER) ^ (of_docs.astype("uint64") * numpy.uint64(GOLDEN))
    _, inverse, counts = numpy.unique(
        keys[words], return_inverse=True, return_counts=True
    )
    is_repeated = counts > 1
    numbers = (numpy.cumsum(is_repeated) - 1)[inverse]
    found = is_repeated[inverse]
    return Mentions(torch.from_numpy(words[found]), torch.from_numpy(numbers[found]))


def build_votes(dropout: Optional[float]) -> Model[Input, List[Floats2d]]:
    """The emissions that the other mentions of a word in its document add to its own.

    Args:
        dropout: of the encoded tokens. A number is fixed; null follows `[training]
            dropout`.
    """
    return Model(
        "birnn_votes",
        forward,
        init=init,
        dims={"nI": None, "nO": None},
        attrs=dropout_attrs(dropout),
        shims=[TorchShim(Votes)],
    )


def init(model: Model, X: Optional[Input] = None, Y: Any = None) -> None:
    assert X is not None  # the emissions, before it, have looked
    _, states = X
    model.set_dim("nI", states[0].shape[1], force=True)
    shim_of(model).create(n_in=states[0].shape[1], n_labels=model.get_dim("nO"))


def forward(
    model: Model[Input, List[Floats2d]], X: Input, is_train: bool
) -> Tuple[List[Floats2d], Callable]:
    mentions, states = X
    if not len(mentions.rows):
        return _zeros(model, states, "nO"), lambda dY: _zeros(model, states, "nI")
    mentions = mentions.to(shim_of(model).device)
    rate = dropout_rate(model, is_train)
    return run_rows(model, states, is_train, mentions, rate)


def _zeros(model: Model, states: List[Floats2d], dim: str) -> List[Floats2d]:
    return [model.ops.alloc2f(len(rows), model.get_dim(dim)) for rows in states]


def with_votes(
    tok2vec: Model[List[Doc], List[Floats2d]],
    emissions: Model[List[Floats2d], List[Floats2d]],
    votes: Model[Input, List[Floats2d]],
    rate: float,
) -> Model[List[Doc], List[Floats2d]]:
    """Add the votes of other mentions to the emissions of encoded documents.

    Args:
        rate: how often training takes away the own emissions of a token that has votes.
            A word that it knows by heart would teach it nothing about votes.
    """
    return Model(
        "with_votes",
        _add_votes,
        init=_init_parts,
        layers=[tok2vec, emissions, votes],
        dims={"nO": None},
        attrs={"rate": rate},
        refs={"votes": votes},
    )


def has_votes(model: Model) -> bool:
    """Whether the mentions of a word vote in a SequenceTagger."""
    return "votes" in model.ref_names


def get_votes(model: Model) -> Optional[Votes]:
    """The torch module of a SequenceTagger's votes; None where it has none."""
    if not has_votes(model):
        return None
    return cast(Votes, shim_of(model.get_ref("votes")).module)


def _init_parts(model: Model, X: Optional[List[Doc]] = None, Y: Any = None) -> None:
    tok2vec, emissions, votes = model.layers
    tok2vec.initialize(X=X)
    states = None if X is None else tok2vec.predict(X)
    emissions.initialize(X=states)
    votes.initialize(X=(find_mentions(X or []), states))


def _add_votes(
    model: Model[List[Doc], List[Floats2d]], docs: List[Doc], is_train: bool
) -> Tuple[List[Floats2d], Callable]:
    tok2vec, emissions, votes = model.layers
    docs = doc_batch(docs)  # what the parts ask of the tokens is read once
    ops, sizes = model.ops, [len(doc) for doc in docs]
    mentions = find_mentions(docs)
    H, backprop_tok2vec = tok2vec(docs, is_train)
    own, backprop_own = emissions(H, is_train)
    others, backprop_others = votes((mentions, H), is_train)
    if not is_train:
        scores = join(ops, own) + join(ops, others)
        return split(cast(Floats2d, scores), sizes), no_backprop
    drawn = _draw_kept(mentions, sum(sizes), model.attrs["rate"])
    kept = ops.asarray2f(cast(Floats2d, drawn))
    scores = join(ops, own) * kept + join(ops, others)

    def backprop(dY: List[Floats2d]) -> Any:
        of_own = cast(Floats2d, join(ops, dY) * kept)
        parts = backprop_own(split(of_own, sizes)), backprop_others(dY)
        dH = join(ops, parts[0]) + join(ops, parts[1])
        return backprop_tok2vec(split(cast(Floats2d, dH), sizes))

    return split(cast(Floats2d, scores), sizes), backprop


def _draw_kept(mentions: Mentions, n_tokens: int, rate: float) -> numpy.ndarray:
    """Draw the tokens whose own emissions count, shape (N, 1): 1 for those, else 0."""
    kept = torch.ones(n_tokens, 1)
    kept[mentions.rows] = (torch.rand(len(mentions.rows), 1) >= rate).float()
    return kept.numpy()
