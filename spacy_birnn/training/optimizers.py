"""Optimizers as parts of a config: SGD with momentum, AdamW, with averages.

They are thinc optimizers, so they train every component of a pipeline, ours and
spaCy's. Parameters of which only some rows have a gradient (fine-tuned words) are
updated row by row, see `models/rows.py`: a row that a batch does not touch neither
moves, nor decays, nor does its momentum.
"""

import warnings
from abc import abstractmethod
from fnmatch import fnmatchcase
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple, Union, cast

from thinc.api import Optimizer
from thinc.backends import get_array_ops
from thinc.types import FloatsXd, Generator

from ..errors import BirnnError, Errors, Warnings
from ..models.arguments import check_rate, is_number
from ..models.averages import MAX_DECAY, Averages
from .schedules import LoopSchedule, check_not_negative

Rate = Union[float, List[float], Generator]
"""A number, or a schedule that yields one for each step."""

Key = Tuple[int, str]
"""The id of a node or shim, and the name of its parameter."""


def create_sgd(
    learn_rate: Rate,
    momentum: float = 0.9,
    nesterov: bool = False,
    weight_decay: Rate = 0.0,
    grad_clip: Rate = 0.0,
    use_averages: bool = True,
    average_decay: float = MAX_DECAY,
    average_start: int = 0,
    rates: Optional[Dict[str, float]] = None,
) -> Optimizer:
    """Stochastic gradient descent with momentum (`spacy-birnn.SGD.v1`).

    As `torch.optim.SGD`, but for the weight decay, which is decoupled.

    Args:
        learn_rate: a number or a schedule.
        momentum: share of the last step's direction that is kept, 0 for none.
        nesterov: look ahead (Sutskever et al. 2013).
        weight_decay: shrinks all weights by `learn_rate * weight_decay` of themselves
            in each step (Loshchilov & Hutter 2019).
        grad_clip: largest L2 norm of each parameter's gradient, 0 for none. Our
            components clip by one norm over all of theirs first: see their `grad_clip`.
        use_averages: evaluate and save averaged weights (an exponential moving
            average), not the last ones.
        average_decay: the largest share that an average keeps of itself in a step.
        average_start: updates of a parameter before its average begins.
        rates: factors of the learning rate by patterns of parameter names, such as
            `{"words.table": 0.5}`. The first pattern that fits counts.

    Raises:
        BirnnError: a value is out of range.
    """
    place = "spacy-birnn.SGD.v1"
    check_rate(place, momentum=momentum)
    if nesterov and not momentum:
        raise BirnnError(Errors.B051)
    return SGD(
        place,
        learn_rate=learn_rate,
        beta1=momentum,
        beta2=0.0,
        nesterov=nesterov,
        weight_decay=weight_decay,
        grad_clip=grad_clip,
        averages=_averages(place, use_averages, average_decay, average_start),
        rates=rates,
    )


def create_adamw(
    learn_rate: Rate = 0.001,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: Rate = 0.01,
    grad_clip: Rate = 0.0,
    use_averages: bool = True,
    average_decay: float = MAX_DECAY,
    average_start: int = 0,
    rates: Optional[Dict[str, float]] = None,
) -> Optimizer:
    """Adam with decoupled weight decay (`spacy-birnn.AdamW.v1`).

    As `torch.optim.AdamW`: Kingma & Ba (2015), Loshchilov & Hutter (2019).

    Args:
        learn_rate: a number or a schedule.
        beta1: decay of the mean of gradients.
        beta2: decay of the mean of squared gradients.
        eps: is added to the root of the latter.
        weight_decay: shrinks all weights by `learn_rate * weight_decay` of themselves
            in each step.
        grad_clip: largest L2 norm of each parameter's gradient, 0 for none. Our
            components clip by one norm over all of theirs first: see their `grad_clip`.
        use_averages: evaluate and save averaged weights (an exponential moving
            average), not the last ones.
        average_decay: the largest share that an average keeps of itself in a step.
        average_start: updates of a parameter before its average begins.
        rates: factors of the learning rate by patterns of parameter names, such as
            `{"words.table": 0.5}`. The first pattern that fits counts.

    Raises:
        BirnnError: a value is out of range.
    """
    place = "spacy-birnn.AdamW.v1"
    check_rate(place, beta1=beta1, beta2=beta2)
    _check_positive(place, eps=eps)
    return AdamW(
        place,
        learn_rate=learn_rate,
        beta1=beta1,
        beta2=beta2,
        eps=eps,
        weight_decay=weight_decay,
        grad_clip=grad_clip,
        averages=_averages(place, use_averages, average_decay, average_start),
        rates=rates,
    )


class BirnnOptimizer(Optimizer):
    """The common part of both optimizers: everything around the step itself.

    Args:
        place: the registered name, for messages.
        averages: where averaged weights are held, None for no averages.
        rates: factors of the learning rate by patterns of parameter names.
        settings: of thinc's optimizer; numbers or schedules.
    """

    def __init__(
        self,
        place: str,
        *,
        learn_rate: Rate,
        weight_decay: Rate,
        averages: Optional[Averages],
        rates: Optional[Dict[str, float]],
        **settings: Any,
    ) -> None:
        super().__init__(
            _checked_rate(place, "learn_rate", learn_rate),
            L2=_checked_rate(place, "weight_decay", weight_decay),
            grad_clip=_checked_rate(place, "grad_clip", settings.pop("grad_clip")),
            use_averages=False,
            **settings,
        )
        self.averages = cast(Optional[Dict[Key, FloatsXd]], averages)
        check_not_negative(place, **{f"rates.{k}": v for k, v in (rates or {}).items()})
        self.rates = dict(rates or {})
        self._factors: Dict[str, float] = {}

    def __call__(
        self,
        key: Key,
        weights: FloatsXd,
        gradient: FloatsXd,
        *,
        lr_scale: float = 1.0,
    ) -> Tuple[FloatsXd, FloatsXd]:
        """Take a step in place.

        Args:
            key: of the parameter.
            weights: its weights.
            gradient: of the same shape; zero afterwards.
            lr_scale: factor of the learning rate.

        Returns:
            Both, updated.
        """
        if len(gradient) < 1:
            return weights, gradient
        ops = get_array_ops(weights)
        self.nr_update[key] += 1
        if self.grad_clip:
            gradient = ops.clip_gradient(gradient, self.grad_clip)
        rate = self.learn_rate * lr_scale * self._factor(key[1])
        if self.L2:
            weights *= 1.0 - rate * self.L2
        # One dimension, as thinc keeps its moments; a copy where it has to be.
        flat = ops.reshape1f(weights, weights.size)
        self.step(ops, key, flat, ops.reshape1f(gradient, gradient.size), rate)
        weights = ops.reshape_f(flat, weights.shape)
        gradient *= 0.0
        if isinstance(self.averages, Averages):
            self.averages.add(ops, key, weights, self.nr_update[key])
        return weights, gradient

    @abstractmethod
    def step(self, ops: Any, key: Key, weights: Any, grad: Any, rate: float) -> None:
        """Change the weights of a parameter in place.

        Args:
            ops: of the arrays.
            key: of the parameter.
            weights: shape (N,).
            grad: shape (N,); may be overwritten.
            rate: the learning rate.
        """

    def moments(self, ops: Any, held: Dict[Key, Any], key: Key, size: int) -> Any:
        """The moments of a parameter, shape (size,), zeros at first."""
        if key not in held:
            held[key] = ops.alloc1f(size)
        return held[key]

    def _factor(self, name: str) -> float:
        if name not in self._factors:
            fitting = (f for p, f in self.rates.items() if fnmatchcase(name, p))
            self._factors[name] = next(fitting, 1.0)
        return self._factors[name]


class SGD(BirnnOptimizer):
    """See `create_sgd`."""

    def __init__(self, place: str, *, nesterov: bool, **settings: Any) -> None:
        super().__init__(place, **settings)
        self.nesterov = nesterov

    def step(self, ops: Any, key: Key, weights: Any, grad: Any, rate: float) -> None:
        if not self.b1:
            weights -= rate * grad
            return
        velocity = self.moments(ops, self.mom1, key, weights.size)
        velocity *= self.b1
        velocity += grad
        if self.nesterov:
            weights -= rate * (grad + self.b1 * velocity)
        else:
            weights -= rate * velocity


class AdamW(BirnnOptimizer):
    """See `create_adamw`."""

    def step(self, ops: Any, key: Key, weights: Any, grad: Any, rate: float) -> None:
        first = self.moments(ops, self.mom1, key, weights.size)
        second = self.moments(ops, self.mom2, key, weights.size)
        n = self.nr_update[key]
        # thinc corrects the bias in the rate alone, so eps is scaled along with it.
        root = (1.0 - self.b2**n) ** 0.5
        rate = rate * root / (1.0 - self.b1**n)
        ops.adam(weights, grad, first, second, self.b1, self.b2, self.eps * root, rate)


def loop_schedules(optimizer: Optimizer) -> Dict[str, LoopSchedule]:
    """The schedules of an optimizer, thinc's too, that see the epoch or the score."""
    return {
        name: schedule
        for name, schedule in optimizer.schedules.items()
        if isinstance(schedule, LoopSchedule)
    }


def warn_of_unused_rates(optimizer: Optimizer) -> None:
    """Warn of patterns in `rates` that fit none of the parameters updated so far."""
    if not isinstance(optimizer, BirnnOptimizer):
        return
    names = sorted(optimizer._factors)
    for pattern in optimizer.rates:
        if not any(fnmatchcase(name, pattern) for name in names):
            line = Warnings.W495.format(pattern=pattern, names=", ".join(names))
            warnings.warn(line, stacklevel=2)


# --- ranges ---------------------------------------------------------------------------


def _averages(place: str, use: bool, decay: float, start: int) -> Optional[Averages]:
    check_rate(place, average_decay=decay)
    check_not_negative(place, average_start=start)
    return Averages(decay, start) if use else None


def _checked_rate(place: str, name: str, value: Rate) -> Rate:
    """A rate, each number of which is checked when its step comes."""
    if isinstance(value, (LoopSchedule, str)) or not isinstance(value, Iterable):
        if isinstance(value, (int, float, str)):
            check_not_negative(place, **{name: value})
        return cast(Rate, value)
    if isinstance(value, list):
        check_not_negative(place, **{name: min(value, default=0.0)})
        return value
    return cast(Rate, _checked(place, name, iter(value)))


def _checked(place: str, name: str, schedule: Iterator[float]) -> Iterator[float]:
    for value in schedule:
        check_not_negative(place, **{name: value})
        yield value


def _check_positive(place: str, **values: Any) -> None:
    for key, value in values.items():
        if not is_number(value, 0.0) or value == 0.0:
            raise BirnnError(Errors.B053.format(where=place, key=key, value=value))
