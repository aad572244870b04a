"""The states of all random generators that training draws from."""

import random
from typing import Any, Dict

import numpy
import torch
from numpy import ndarray

States = Dict[str, ndarray]
"""Arrays by name, as a checkpoint holds them."""


def get_states() -> States:
    """Of Python, numpy, torch, and torch on GPUs where there are any."""
    version, words, gauss = random.getstate()
    _, keys, position, has_gauss, cached = numpy.random.get_state()
    states = {
        "python": numpy.array([version, *words], dtype="uint64"),
        "python gauss": _gauss(gauss is not None, gauss),
        "numpy": numpy.append(numpy.asarray(keys, dtype="uint64"), position),
        "numpy gauss": _gauss(bool(has_gauss), cached),
        "torch": torch.get_rng_state().numpy(),
    }
    for i, state in enumerate(_cuda_states()):
        states[f"cuda {i}"] = state.numpy()
    return states


def set_states(states: States) -> None:
    """Go on from what `get_states` has returned."""
    version, *words = states["python"].tolist()
    has_gauss, value = states["python gauss"].tolist()
    random.setstate((version, tuple(words), value if has_gauss else None))
    *keys, position = states["numpy"].tolist()
    has_gauss, value = states["numpy gauss"].tolist()
    key_array = numpy.array(keys, dtype="uint32")
    numpy.random.set_state(("MT19937", key_array, position, int(has_gauss), value))
    torch.set_rng_state(torch.from_numpy(states["torch"].copy()))
    cuda = [states[name] for name in sorted(states) if name.startswith("cuda ")]
    if cuda and torch.cuda.is_available():
        torch.cuda.set_rng_state_all([torch.from_numpy(s.copy()) for s in cuda])


def _gauss(is_held: bool, value: Any) -> ndarray:
    """A second normal number that a generator has in stock."""
    return numpy.array([is_held, value if is_held else 0.0], dtype="float64")


def _cuda_states() -> Any:
    return torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
