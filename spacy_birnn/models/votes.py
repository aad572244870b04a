"""The votes of a word's other mentions, beside a SequenceTagger's emissions."""

from typing import Any, Callable, List, NamedTuple, Optional, Sequence, Tuple

import numpy
import torch
from spacy.attrs import LOWER
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d
from torch import Tensor

from ..nn.votes import Mentions
from .sentences import DocBatch, doc_batch
from .settings import Settings

GOLDEN = 0x9E3779B97F4A7C15
"""An odd number, 2^64 divided by the golden ratio: its multiples lie far apart."""


class Encoded(NamedTuple):
    """Hidden states and mentions, for emissions to which other mentions of a word add.

    Attributes:
        states: the hidden states of each document.
        mentions: the tokens that get votes.
        kept: 1 for a token whose own emissions count, else 0, shape (N, 1); all count
            in prediction.
    """

    states: List[Floats2d]
    mentions: Mentions
    kept: Optional[Tensor]


def find_mentions(docs: Sequence[Doc]) -> Mentions:
    """Find the tokens whose word occurs again in their document, in whatever case.

    Sentence starts do not matter; white space is no word.
    """
    batch = doc_batch(docs)
    keys, rows = _keys(batch), None
    if batch.sentences.has_space:
        rows = numpy.flatnonzero(~batch.sentences.space)
        keys = keys[rows]
    # Stable: what a word's votes are does not depend on the other words of a batch.
    order = keys.argsort(kind="stable")
    keys = keys[order]
    is_last = numpy.ones(len(keys), bool)
    numpy.not_equal(keys[1:], keys[:-1], out=is_last[:-1])
    counts = is_last.nonzero()[0] + 1
    counts[1:] -= counts[:-1].copy()
    is_repeated = counts > 1
    found = order[is_repeated.repeat(counts)]
    found = found if rows is None else rows[found]
    return Mentions(torch.from_numpy(found), torch.from_numpy(counts[is_repeated]))


def _keys(batch: DocBatch) -> numpy.ndarray:
    """A number that tokens share which are the same word of a document, shape (N,)."""
    keys = batch.read(LOWER)
    if len(batch) == 1:
        return keys
    numbers = numpy.arange(len(batch), dtype="uint64") * numpy.uint64(GOLDEN)
    return keys ^ numbers.repeat([len(doc) for doc in batch])


def with_votes(
    tok2vec: Model[List[Doc], List[Floats2d]],
    emissions: Model[Any, List[Floats2d]],
    rate: float,
) -> Model[List[Doc], List[Floats2d]]:
    """Chain an encoder and emissions to which the other mentions of a word add.

    Args:
        rate: how often training takes away the own emissions of a token that has votes.
            A word that it knows by heart would teach it nothing about votes.
    """
    return Model(
        "with_votes",
        _vote,
        init=_init_parts,
        layers=[tok2vec, emissions],
        dims={"nO": None},
        attrs={"settings": Settings(vote_dropout=rate)},
    )


def has_votes(model: Model) -> bool:
    """Whether the mentions of a word vote in a SequenceTagger."""
    return bool(model.get_ref("emissions").attrs["settings"]["votes"])


def _init_parts(model: Model, X: Optional[List[Doc]] = None, Y: Any = None) -> None:
    tok2vec, emissions = model.layers
    tok2vec.initialize(X=X)
    emissions.initialize(X=None if X is None else tok2vec.predict(X))


def _vote(
    model: Model[List[Doc], List[Floats2d]], docs: List[Doc], is_train: bool
) -> Tuple[List[Floats2d], Callable]:
    tok2vec, emissions = model.layers
    docs = doc_batch(docs)  # what the parts ask of the tokens is read once
    mentions = find_mentions(docs)
    states, backprop_states = tok2vec(docs, is_train)
    n_tokens = sum(map(len, docs))
    rate = model.attrs["settings"]["vote_dropout"]
    kept = _draw_kept(mentions, n_tokens, rate) if is_train else None
    Y, backprop = emissions(Encoded(states, mentions, kept), is_train)
    return Y, lambda dY: backprop_states(backprop(dY))


def _draw_kept(mentions: Mentions, n_tokens: int, rate: float) -> Tensor:
    """Draw the tokens whose own emissions count, shape (N, 1): 1 for those, else 0."""
    kept = torch.ones(n_tokens, 1)
    kept[mentions.rows] = (torch.rand(len(mentions.rows), 1) >= rate).float()
    return kept
