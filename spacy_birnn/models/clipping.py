"""Clip gradients by one norm over many parameters (Pascanu et al. 2013)."""

from typing import Any, List, Tuple

import torch
from thinc.api import Model, PyTorchShim
from torch import Tensor

ThincParam = Tuple[Model, str]


def clip_gradients(model: Model, max_norm: float) -> float:
    """Scale all gradients of a model down so that their common norm is at most a bound.

    thinc's optimizer clips each parameter on its own, which changes the direction of a
    step. A shared tok2vec is not part of a listener's model: it clips its own.

    Args:
        model: a thinc model; its own parameters and those of torch modules count.
        max_norm: the largest L2 norm, 0 for no bound.

    Returns:
        The norm before clipping.
    """
    params: List[ThincParam] = []
    tensors: List[Tensor] = []
    for node in model.walk():
        params += [(node, name) for name in node.param_names if node.has_grad(name)]
        for shim in node.shims:
            if isinstance(shim, PyTorchShim):
                tensors += _torch_gradients(shim)
    return _clip(params, tensors, max_norm)


def clip_shim_gradients(shim: PyTorchShim, max_norm: float) -> float:
    """As `clip_gradients`, over the parameters of one torch module."""
    return _clip([], _torch_gradients(shim), max_norm)


def _clip(params: List[ThincParam], tensors: List[Tensor], max_norm: float) -> float:
    square = 0.0
    for node, name in params:
        grad: Any = node.get_grad(name)
        square += float((grad**2).sum())
    if tensors:  # one transfer from the device for all of them
        square += float(torch.stack([grad.square().sum() for grad in tensors]).sum())
    norm = square**0.5
    if max_norm and norm > max_norm:
        scale = max_norm / norm
        for node, name in params:
            node.set_grad(name, node.get_grad(name) * scale)
        for grad in tensors:
            grad.mul_(scale)
    return norm


def _torch_gradients(shim: PyTorchShim) -> List[Tensor]:
    """Dense gradients as they are; of row-sparse ones the values, a row only once."""
    gradients = []
    for param in shim._model.parameters() if shim._model is not None else ():
        if param.grad is not None and param.grad.is_sparse:
            param.grad = param.grad.coalesce()
            gradients.append(param.grad.values())
        elif param.grad is not None:
            gradients.append(param.grad)
    return gradients
