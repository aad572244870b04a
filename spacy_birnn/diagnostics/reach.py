"""How far the loss reaches: gradients by their distance in time.

The norm of the derivative of the loss at token t for the hidden state, or the input, k
tokens away shrinks or grows like a power of k: Bengio et al. (1994), Pascanu et al.
(2013). Here it is measured on a model and a sample of texts.
"""

import random
from dataclasses import asdict, dataclass
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Tuple

import numpy
import torch
from numpy import ndarray
from spacy.language import Language
from spacy.training import Example

from ..progress import show_progress
from .network import find_network
from .texts import Text, sample_texts
from .token_gradients import token_gradients

LONGEST = 100
"""The largest distance in tokens."""

QUANTILES = {"0.1": 0.1, "0.5": 0.5, "0.9": 0.9}
MEDIAN, FAR = "0.5", "0.9"
LITTLE = 0.01
"""The share of the gradient from which on the loss is said not to reach further."""

SIDES = {"back": -1, "ahead": 1}
"""Towards the beginning of the text, and towards its end."""


@dataclass(frozen=True)
class Curve:
    """The norm of a gradient by its distance k = 0 … 100 from the token of the loss.

    Attributes:
        loss: `decoder` or `emissions`, see `token_gradients`.
        of: `input`, or `layer 1` … for the hidden states of a layer, both directions
            together.
        side: `back` towards the beginning of the text, `ahead` towards its end.
        n: tokens that have another at distance k; the texts end.
        mean: L2 norm, on average over them.
        quantiles: of the norms, by their order as a string: 0.1, 0.5 and 0.9.
        left: the same quantiles of each token's norm over its own at k = 0. A loss that
            is close to 0 has small gradients everywhere, so that means are those of few
            tokens; what is left of each counts all the same.
        decay: factor per step, by least squares on the log of the median of `left` as
            far as 1 % is left; None where that is less than two steps.
        distance: for each quantile the smallest k from which on less than 1 % is left;
            None where at 100 there is still more.
    """

    loss: str
    of: str
    side: str
    n: List[int]
    mean: List[Optional[float]]
    quantiles: Dict[str, List[Optional[float]]]
    left: Dict[str, List[Optional[float]]]
    decay: Optional[float]
    distance: Dict[str, Optional[int]]


@dataclass(frozen=True)
class Reach:
    """All curves of a model.

    Attributes:
        name: of the model.
        facts: its cell, directions, depth and the like.
        n_texts: texts of the sample.
        n_tokens: tokens whose loss was derived.
        curves: for each loss, what it is derived for, and side.
    """

    name: str
    facts: Dict[str, Any]
    n_texts: int
    n_tokens: int
    curves: List[Curve]

    def curve(self, loss: str, of: str, side: str) -> Optional[Curve]:
        """One of the curves; None where the model has no such loss or layer."""
        wanted = (loss, of, side)
        return next((c for c in self.curves if (c.loss, c.of, c.side) == wanted), None)

    @property
    def losses(self) -> List[str]:
        return list(dict.fromkeys(curve.loss for curve in self.curves))

    @property
    def top(self) -> str:
        """The name of the last layer."""
        return f"layer {self.facts['depth']}"

    def to_dict(self) -> Dict[str, Any]:
        """Plain values, as for JSON."""
        return asdict(self)


def measure_reach(
    nlp: Language,
    examples: Sequence[Example],
    *,
    component: Optional[str] = None,
    name: str = "model",
    n_texts: int = 40,
    n_tokens: int = 400,
    seed: int = 0,
) -> Reach:
    """Measure how far the loss of a component reaches.

    Neighbouring documents are joined to texts of at least 200 tokens, without sentence
    starts, so that the recurrence runs over all of it.

    Args:
        nlp: the pipeline.
        examples: annotated documents, in the order of the data.
        component: of ours; may be left out where there is only one.
        name: what the model is called in pictures.
        n_texts: texts that are drawn, at most.
        n_tokens: tokens whose loss is derived, at most, as many in each text.
        seed: of the draws.

    Raises:
        BirnnError: no such component; an encoder that is not ours; data that are too
            short or without gold annotation.
    """
    network = find_network(nlp, component)
    texts = sample_texts(network, examples, n_texts, seed)
    drawn = list(_draw(texts, n_tokens, seed))
    found: Dict[Tuple[str, str], List[Tuple[ndarray, ndarray]]] = {}
    derived = (
        (text.words[torch.tensor(targets)], token_gradients(network, text, targets))
        for text, targets in drawn
    )
    task = f"Deriving the loss of {name}"
    for words, by_loss in show_progress(derived, task, "texts", len(drawn)):
        places = words.numpy()
        for loss, gradients in by_loss.items():
            for of, gradient in gradients.items():
                norms = torch.linalg.vector_norm(gradient, dim=2).numpy()
                found.setdefault((loss, of), []).append((norms, places))
    curves = []
    for (loss, of), parts in found.items():
        for side in SIDES:
            norms = numpy.concatenate([by_distance(*part, side) for part in parts])
            curves.append(make_curve(loss, of, side, norms))
    total = sum(len(targets) for _, targets in drawn)
    return Reach(name, network.facts, len(drawn), total, curves)


def _draw(
    texts: Sequence[Text], n_tokens: int, seed: int
) -> Iterable[Tuple[Text, List[int]]]:
    """Texts with as many of their words each as make up so many tokens."""
    generator = random.Random(seed)
    each = max(n_tokens // len(texts), 1)
    for text in texts[:n_tokens]:
        known = text.known
        if known:
            yield text, sorted(generator.sample(known, min(each, len(known))))


def by_distance(norms: ndarray, places: ndarray, side: str) -> ndarray:
    """Norms (M, T) of M targets by their distance from the target, (M, 101); NaN where
    the text has ended.

    Args:
        norms: by token.
        places: (M,) the token of each target.
        side: `back` or `ahead`.
    """
    index = places[:, None] + SIDES[side] * numpy.arange(LONGEST + 1)
    inside = (index >= 0) & (index < norms.shape[1])
    rows = numpy.take_along_axis(norms, numpy.where(inside, index, 0), 1)
    return numpy.where(inside, rows, numpy.nan)


def make_curve(loss: str, of: str, side: str, norms: ndarray) -> Curve:
    """Summarize norms by distance (M, 101), NaN where there is no such token."""
    own = norms[:, :1]
    left = _quantiles(norms[own[:, 0] > 0] / own[own > 0][:, None])
    return Curve(
        loss,
        of,
        side,
        (~numpy.isnan(norms)).sum(0).tolist(),
        _plain(_over_tokens(norms, lambda column: [column.mean()])[0]),
        _by_quantile(_quantiles(norms)),
        _by_quantile(left),
        fit_decay(left[list(QUANTILES).index(MEDIAN)]),
        {name: find_distance(row) for name, row in zip(QUANTILES, left, strict=True)},
    )


def _quantiles(values: ndarray) -> ndarray:
    levels = list(QUANTILES.values())
    return _over_tokens(values, lambda column: numpy.quantile(column, levels))


def _over_tokens(
    values: ndarray, summarize: Callable[[ndarray], Sequence[float]]
) -> ndarray:
    """Summaries (S, 101) of the values (M, 101) that are there; NaN where none is."""
    columns = [column[~numpy.isnan(column)] for column in values.T]
    size = len(summarize(numpy.zeros(1)))
    nothing = [numpy.nan] * size
    return numpy.transpose([summarize(c) if len(c) else nothing for c in columns])


def _by_quantile(rows: ndarray) -> Dict[str, List[Optional[float]]]:
    return {name: _plain(row) for name, row in zip(QUANTILES, rows, strict=True)}


def _plain(values: ndarray) -> List[Optional[float]]:
    return [None if numpy.isnan(value) else value for value in values.tolist()]


def fit_decay(left: ndarray) -> Optional[float]:
    """Fit the factor per step to the shares that are left at k = 0 ….

    Least squares on the logarithm from k = 1 on, up to the first of less than 1 %.
    """
    steps = numpy.arange(len(left))[1:]
    is_fit = numpy.cumprod(left[1:] >= LITTLE).astype(bool)  # False for NaN
    if is_fit.sum() < 2:
        return None
    slope, _ = numpy.polyfit(steps[is_fit], numpy.log(left[1:][is_fit]), 1)
    return float(numpy.exp(slope))


def find_distance(left: ndarray) -> Optional[int]:
    """The smallest distance from which on less than 1 % is left, None for none."""
    measured = left[~numpy.isnan(left)]
    above = numpy.flatnonzero(measured >= LITTLE)
    last = int(above[-1]) if len(above) else -1
    return last + 1 if last + 1 < len(measured) else None
