"""Norms of gradients and updates, by groups of a model's parameters."""

import re
from functools import partial
from typing import Any, Callable, Dict, List, NamedTuple

import torch
from thinc.api import Model, PyTorchShim
from torch import Tensor, nn

LAYER = re.compile(r"layers\.(\d+)\.(weight_ih|weight_hh|bias)")
OF_LAYER = {
    "weight_ih": "input weights",
    "weight_hh": "recurrent weights",
    "bias": "biases",
}
OF_MODULE = {
    "words": "word vectors",
    "unknown": "unknown word",
    "chars": "characters",
    "linear": "emissions",
    "crf": "transitions",
}


def group_of(name: str) -> str:
    """The group of a torch parameter in words, such as `layer 1 recurrent weights`;
    both directions of a layer are one group."""
    found = LAYER.match(name)
    if found:
        return f"layer {int(found[1]) + 1} {OF_LAYER[found[2]]}"
    module = name.partition(".")[0]
    return OF_MODULE.get(module, module)


class _Part(NamedTuple):
    """A parameter, or the rows of it that have a gradient.

    Attributes:
        group: its group.
        before: a copy of its numbers.
        now: reads them anew.
    """

    group: str
    before: Any
    now: Callable[[], Any]


class Snapshot:
    """A model just before an update.

    Args:
        model: its accumulated gradients are there, not yet clipped.

    Attributes:
        gradient_norms: L2 norm of the gradient of each group.
    """

    def __init__(self, model: Model) -> None:
        self._parts: List[_Part] = []
        squares: Dict[str, Any] = {}
        for node in model.walk():
            for name in node.param_names:
                if node.has_grad(name):
                    self._keep_thinc(node, name, squares)
            for shim in node.shims:
                module = getattr(shim, "_model", None)
                if isinstance(shim, PyTorchShim) and isinstance(module, nn.Module):
                    for name, param in module.named_parameters():
                        if param.grad is not None:
                            self._keep_torch(group_of(name), param, squares)
        self.gradient_norms = {g: float(x) ** 0.5 for g, x in squares.items()}

    @property
    def gradient_norm(self) -> float:
        """L2 norm of all gradients together."""
        return sum(norm**2 for norm in self.gradient_norms.values()) ** 0.5

    def update_norms(self) -> Dict[str, float]:
        """L2 norm of what has changed since, by group."""
        squares: Dict[str, Any] = {}
        for part in self._parts:
            _add(squares, part.group, _square(part.now() - part.before))
        return {group: float(square) ** 0.5 for group, square in squares.items()}

    def _keep_thinc(self, node: Model, name: str, squares: Dict[str, Any]) -> None:
        now = partial(node.get_param, name)
        _add(squares, node.name, _square(node.get_grad(name)))
        self._parts.append(_Part(node.name, now().copy(), now))

    def _keep_torch(
        self, group: str, param: nn.Parameter, squares: Dict[str, Any]
    ) -> None:
        grad = param.grad
        assert grad is not None
        if not grad.is_sparse:
            _add(squares, group, _square(grad))
            self._parts.append(_Part(group, param.detach().clone(), param.detach))
            return
        # Of a table of words only the rows of the step are looked at.
        param.grad = grad = grad.coalesce()
        now = partial(_rows, param, grad.indices()[0])
        _add(squares, group, _square(grad.values()))
        self._parts.append(_Part(group, now(), now))


def _rows(param: nn.Parameter, rows: Tensor) -> Tensor:
    return param.detach().index_select(0, rows)


def _square(values: Any) -> Any:
    """The sum of the squares, left where the numbers are."""
    if isinstance(values, Tensor):
        return torch.sum(values * values)
    return (values**2).sum()


def _add(squares: Dict[str, Any], group: str, square: Any) -> None:
    squares[group] = squares[group] + square if group in squares else square
