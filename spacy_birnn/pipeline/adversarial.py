"""Adversarial training: learn a batch again where it is hardest."""

from typing import Any, Callable, Sequence, Tuple

from thinc.api import Model
from thinc.types import Floats2d

from ..errors import BirnnError, Errors
from ..models.perturbation import Perturbation

SHARE = 0.5
"""Of the loss, that of the embeddings as they are; the rest is of the moved ones."""


def find_perturbation(model: Model, name: str) -> Perturbation:
    """Find the part of a component's model that moves its embeddings.

    Raises:
        BirnnError: its tok2vec is another component's, or not one of ours.
    """
    tok2vec = model.get_ref("tok2vec") if "tok2vec" in model.ref_names else model
    if "perturbation" not in tok2vec.attrs:
        raise BirnnError(Errors.B085.format(name=name, found=tok2vec.name))
    return tok2vec.attrs["perturbation"]


def learn_twice(
    perturbation: Perturbation,
    first: Callable[[float], float],
    again: Callable[[float], float],
    lengths: Sequence[int],
    epsilon: float,
) -> Tuple[float, float]:
    """Learn a batch as it is, and once more with its embeddings moved.

    The fast gradient method of Miyato, Dai & Goodfellow (2017), on words and characters
    as Yasunaga, Kasai & Radev (2018) have it for tagging. The two losses have a half
    each.

    Args:
        perturbation: of the model that learns.
        first, again: run a pass forth and back with a weight of its loss, and return
            the loss without it.
        lengths: tokens of each document.
        epsilon: see `worst_shift`.

    Returns:
        The loss as it is, and that with moved embeddings.
    """
    with perturbation.kept():
        loss = first(SHARE)
    embeddings, gradient = perturbation.embeddings, perturbation.gradient
    if embeddings is None or gradient is None:  # nothing but white space
        return loss, loss
    with perturbation.shifted(worst_shift(embeddings, gradient, lengths, epsilon)):
        return loss, again(1.0 - SHARE)


def worst_shift(
    embeddings: Floats2d, gradient: Floats2d, lengths: Sequence[int], epsilon: float
) -> Floats2d:
    """The shift of a given size that raises the loss most, to first order.

    That of a document is ε ‖E‖ G / ‖G‖, with its embeddings E and the gradient G of the
    loss for them, so that ε does not depend on the scale of embeddings.

    Args:
        embeddings: of all tokens, shape (N, D).
        gradient: of the loss for them, shape (N, D).
        lengths: tokens of each document, N in all.
        epsilon: size of the shift, as a share of the embeddings' L2 norm.

    Returns:
        Shape (N, D); zeros for a document without a gradient.
    """
    shift, first = gradient.copy(), 0
    for length in lengths:
        rows = slice(first, first + length)
        first += length
        size = norm(gradient[rows])
        shift[rows] *= epsilon * norm(embeddings[rows]) / size if size else 0.0
    return shift


def norm(rows: Any) -> float:
    """The L2 norm of an array, as one vector."""
    return float((rows**2).sum()) ** 0.5
