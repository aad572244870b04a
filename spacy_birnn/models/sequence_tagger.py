"""`spacy-birnn.SequenceTagger.v1`: the model of our components."""

from typing import Any, Callable, List, Literal, Optional, Sequence, Tuple, Union, cast

import torch
from numpy import ndarray
from spacy.tokens import Doc
from thinc.api import Model, chain
from thinc.types import Floats2d

from ..errors import BirnnError, Errors
from ..nn.decoder import PreparedDecoder, SequenceDecoder
from ..schemes import transition_constraints
from .arguments import check_dropout, check_rate, dropout_attrs, dropout_rate
from .empty import empty_batch
from .flat import join, run_rows, split
from .settings import Settings
from .shim import TorchShim, is_on_gpu, no_backprop, shim_of
from .votes import Encoded, with_votes


def build_sequence_tagger(
    tok2vec: Model[List[Doc], List[Floats2d]],
    decoder: Literal["crf", "constrained", "softmax"] = "crf",
    scheme: Literal["bioes", "iob2"] = "bioes",
    dropout: Optional[float] = None,
    votes: float = 0.0,
) -> Model[List[Doc], List[Floats2d]]:
    """Emission scores of each token's labels, and the decoder that reads them.

    Args:
        tok2vec: encodes documents; ours, spaCy's, or a listener.
        decoder: "crf" (best for entities and chunks), "constrained" (trained as a
            softmax, decoded under the tag scheme) or "softmax" (best for tags).
        scheme: tag scheme of entities and chunks; without an effect on tags.
        dropout: of the encoded tokens. A number is fixed; null follows `[training]
            dropout`. Set it to 0 over a BiRNNEncoder, which drops its own output.
        votes: how often training takes away what a token says of its own label, so
            that it learns from the votes of the word's other mentions in the document,
            in whatever case: see `spacy_birnn.nn.votes.Votes`. 0 for no votes.

    Returns:
        A model whose output has one row per token and one column per label. Its node
        "emissions" carries the decoder: see `get_decoder`.

    Raises:
        BirnnError: an argument is out of range.
    """
    check_dropout("spacy-birnn.SequenceTagger.v1", dropout=dropout)
    check_rate("spacy-birnn.SequenceTagger.v1", votes=votes)
    emissions: Model[Any, List[Floats2d]] = Model(
        "birnn_emissions",
        forward,
        init=init,
        dims={"nI": None, "nO": None},
        attrs={
            "settings": Settings(
                decoder=decoder, scheme=scheme, dropout=dropout, votes=bool(votes)
            ),
            "labels": [],
            **dropout_attrs(dropout),
        },
        shims=[TorchShim(_build_decoder)],
    )
    model: Model[List[Doc], List[Floats2d]]
    if votes:
        model = with_votes(tok2vec, emissions, votes)
    else:
        model = chain(tok2vec, emissions)
    model.name = "birnn_sequence_tagger"
    model.set_ref("tok2vec", tok2vec)
    model.set_ref("emissions", emissions)
    return model


def set_labels(model: Model, labels: Sequence[str], scheme: str) -> None:
    """Fix the labels before `initialize`.

    Args:
        model: a SequenceTagger.
        labels: what the decoder tells apart, such as B-PER or NOUN.
        scheme: whose constraints hold between them; "raw" for none.
    """
    node = model.get_ref("emissions")
    node.attrs["labels"] = list(labels)
    node.attrs["constraints"] = scheme
    for part in (node, model):
        part.set_dim("nO", len(labels), force=True)


def add_labels(model: Model, labels: Sequence[str], scheme: str) -> None:
    """Grow an initialized model: what it has learned stays, the rest is fresh.

    Args:
        model: a SequenceTagger.
        labels: those that it has, in their order, and new ones after them.
        scheme: whose constraints hold between them; "raw" for none.
    """
    set_labels(model, labels, scheme)
    shim_of(model.get_ref("emissions")).grow(labels=list(labels))


def get_decoder(model: Model) -> SequenceDecoder:
    """The torch module with the emission layer and the CRF.

    Raises:
        BirnnError: the model is not initialized.
    """
    return cast(SequenceDecoder, shim_of(model.get_ref("emissions")).module)


def get_prepared_decoder(model: Model) -> PreparedDecoder:
    """The same, as prediction runs it.

    Raises:
        BirnnError: the model is not initialized.
    """
    return prepared_decoder(model.get_ref("emissions"))


def prepared_decoder(node: Model) -> PreparedDecoder:
    """The same object as long as the weights of the emissions' node stay the same."""
    return shim_of(node).prepared(PreparedDecoder)


def _build_decoder(
    n_in: int, labels: List[str], decoder: str, constraints: str, votes: bool = False
) -> SequenceDecoder:
    allowed = transition_constraints(labels, constraints)
    start, pairs, end = (torch.from_numpy(array) for array in allowed)
    return SequenceDecoder(n_in, len(labels), decoder, start, pairs, end, votes)


def init(model: Model, X: Optional[List[Floats2d]] = None, Y=None) -> None:
    if not X or not model.attrs["labels"]:
        raise BirnnError(Errors.B004.format(what="SequenceTagger.v1"))
    model.set_dim("nI", X[0].shape[1], force=True)
    settings: Settings = model.attrs["settings"]
    shim_of(model).create(
        n_in=X[0].shape[1],
        labels=model.attrs["labels"],
        decoder=settings["decoder"],
        constraints=model.attrs["constraints"],
        votes=settings["votes"],
    )


def forward(
    model: Model[Any, List[Floats2d]], X: Union[List[Floats2d], Encoded], is_train: bool
) -> Tuple[List[Floats2d], Callable]:
    states, mentions, kept = X if isinstance(X, Encoded) else (X, None, None)
    if not any(len(x) for x in states):
        return empty_batch(model, states)
    if is_train or is_on_gpu(model):
        device = shim_of(model).device
        mentions = None if mentions is None else mentions.to(device)
        kept = None if kept is None else kept.to(device)
        rate = dropout_rate(model, is_train)
        return run_rows(model, states, is_train, rate, mentions, kept)
    rows = cast(ndarray, join(model.ops, states))
    scores = cast(Floats2d, prepared_decoder(model).emissions(rows, mentions))
    return split(scores, [len(x) for x in states]), no_backprop
