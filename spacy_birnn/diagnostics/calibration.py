"""Probabilities one can trust: one temperature per component, fitted on held-out data.

All scores of a label sequence, emissions and transitions alike, are divided by one
number (Guo et al. 2017, for a softmax). The order of the sequences stays, and with it
every label; how sure the model is of them is what the likelihood of annotated data says
that it should be.
"""

from copy import deepcopy
from dataclasses import dataclass
from itertools import islice
from math import exp, log
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import torch
from spacy.language import Language
from spacy.training import Example
from torch import Tensor

from ..errors import BirnnError, Errors
from ..models.sentences import portions
from ..models.sequence_tagger import get_decoder
from ..pipeline.base import BiRNNPipe
from ..progress import show_progress, show_wait
from .components import find_component, our_components
from .predictions import judge
from .reliability import Reliability, reliability

LARGEST = 20.0
"""Temperatures from 1/20 to 20 are tried."""

STEPS = 24
"""Halvings of that interval, until the temperature is known to six digits."""

FLAT = 1e-9
"""Slopes nearer to 0 are rounding errors: nothing can be gained any more."""


@dataclass(frozen=True)
class Calibration:
    """The effect of a temperature on the data that it was fitted to.

    Attributes:
        temperature: the new one.
        former: the one before, 1 of a pipeline that was not calibrated.
        words: how many have gold annotation.
        loss_before, loss_after: negative log-likelihood of the gold annotation in nats
            per word.
        before, after: confidences of predicted spans or tags against the truth; None
            where nothing is predicted.
    """

    temperature: float
    former: float
    words: int
    loss_before: float
    loss_after: float
    before: Optional[Reliability]
    after: Optional[Reliability]


def calibrate(
    nlp: Language, examples: Sequence[Example], component: Optional[str] = None
) -> Dict[str, Calibration]:
    """Fit the temperatures of a pipeline's components, which have them afterwards.

    Args:
        nlp: the pipeline.
        examples: annotated data that training has not seen; afterwards they hold what
            the components before the last one have predicted.
        component: the only one to calibrate; None for all of ours.

    Returns:
        By the name of the component.

    Raises:
        BirnnError: there is no such component, nothing is annotated for one, or the
            data does not bound its temperature. Then no temperature has changed.
    """
    if component is None:
        chosen = our_components(nlp)
    else:
        chosen = {component: find_component(nlp, component)}
    former = {name: pipe.temperature for name, pipe in chosen.items()}
    found: Dict[str, Calibration] = {}
    try:
        for name in nlp.pipe_names:
            if name in chosen:
                found[name] = _calibrate_component(chosen[name], examples)
            if len(found) == len(chosen):
                break
            _run_component(nlp, name, examples)
    except BirnnError:
        for name, pipe in chosen.items():
            pipe.temperature = former[name]
        raise
    return found


def _run_component(nlp: Language, name: str, examples: Sequence[Example]) -> None:
    """Let one component annotate the documents, as those after it find them."""
    others = [other for other in nlp.pipe_names if other != name]
    docs = nlp.pipe((example.predicted for example in examples), disable=others)
    task = f"Predicting by {name}"
    docs = show_progress(docs, task, "documents", len(examples))
    for example, doc in zip(examples, docs, strict=True):
        example.predicted = doc


def _calibrate_component(pipe: BiRNNPipe, examples: Sequence[Example]) -> Calibration:
    pipe.check_initialized()
    data = list(show_progress(_portions(pipe, examples), "Scoring", "batches"))
    words = sum(int((portion.labels >= 0).sum()) for portion in data)
    if not words:
        raise BirnnError(Errors.B445.format(name=pipe.name, target=pipe.target))
    # A copy, since the loss counts what it leaves out and has gradients.
    decoder = deepcopy(get_decoder(pipe.model)).requires_grad_(False)

    def loss(scale: Tensor) -> Tensor:
        """In nats per word, the scores being multiplied."""
        of_all = [
            decoder.calibration_loss(
                portion.emissions,
                portion.lengths,
                portion.labels,
                scale,
                portion.permitted,
            )
            for portion in data
        ]
        return torch.stack(of_all).sum() / words

    with show_wait("Calibrating"):
        temperature = fit_temperature(loss)
    if temperature is None:
        raise BirnnError(Errors.B446.format(name=pipe.name, words=f"{words:,}"))
    former = pipe.temperature
    with show_wait("Comparing confidences with the gold annotation"):
        before = _reliability(pipe, examples)
        pipe.temperature = temperature
        return Calibration(
            temperature,
            former,
            words,
            loss(_scale(former)).item(),
            loss(_scale(temperature)).item(),
            before,
            _reliability(pipe, examples),
        )


class _Portion(NamedTuple):
    """Annotated sequences with their scores.

    Attributes:
        emissions: (N, L) float64.
        lengths: of the sequences.
        labels: (N,) gold labels, -1 where missing.
        permitted: (N, L) permitted labels, None for all.
    """

    emissions: Tensor
    lengths: List[int]
    labels: Tensor
    permitted: Optional[Tensor]


def _portions(pipe: BiRNNPipe, examples: Sequence[Example]) -> Iterator[_Portion]:
    remaining = iter(examples)
    for docs in portions(example.predicted for example in examples):
        batch = list(islice(remaining, len(docs)))
        sequences, emissions = pipe.sequences(docs), pipe.emissions(docs)
        labels = torch.from_numpy(pipe.gold_labels(batch, sequences))
        yield _Portion(
            sequences.select(emissions).double(),
            sequences.lengths,
            labels.to(emissions.device),
            sequences.permitted_on(emissions.device),
        )


def fit_temperature(loss: Callable[[Tensor], Tensor]) -> Optional[float]:
    """Find the temperature at which a loss is least, by the sign of its derivative.

    The negative log-likelihood of complete annotation is convex in the scale, so there
    is no other minimum.

    Args:
        loss: of a scale () float64, the inverse of the temperature; differentiable.

    Returns:
        The temperature; None where it would lie outside of 1/20 to 20.
    """
    low, high = -log(LARGEST), log(LARGEST)  # of the scale
    if not (_slope(loss, exp(low)) < -FLAT and _slope(loss, exp(high)) > FLAT):
        return None
    halvings = _halvings(loss, low, high)
    *_, (low, high) = show_progress(halvings, "Calibrating", "steps", STEPS)
    return exp(-(low + high) / 2)


def _halvings(
    loss: Callable[[Tensor], Tensor], low: float, high: float
) -> Iterator[Tuple[float, float]]:
    """Ever smaller intervals of the log of the scale; the least loss is in each."""
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if _slope(loss, exp(middle)) < 0.0 else (low, middle)
        yield low, high


def _slope(loss: Callable[[Tensor], Tensor], at: float) -> float:
    scale = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(loss(scale), scale)
    return slope.item()


def _scale(temperature: float) -> Tensor:
    return torch.tensor(1.0 / temperature, dtype=torch.float64)


def _reliability(pipe: BiRNNPipe, examples: Sequence[Example]) -> Optional[Reliability]:
    found = judge(pipe, examples)
    if not found:
        return None
    return reliability([p.confidence for p in found], [p.is_right for p in found])
