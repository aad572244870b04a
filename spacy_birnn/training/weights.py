"""Weights and optimizer state under names that are the same in every process.

thinc's optimizers hold their state under the ids of nodes and shims, which count what a
process has made so far. A checkpoint needs names: where a parameter is in the pipeline.
"""

import json
from typing import Any, Dict, Iterator, Tuple, cast

import numpy
from numpy import ndarray
from spacy.language import Language
from thinc.api import Model, Optimizer, get_current_ops
from torch import nn

from ..models.rows import steps_key

Key = Tuple[int, str]

STATES = ("mom1", "mom2", "averages")
"""Attributes of an optimizer that hold an array for each parameter."""


def trained_models(nlp: Language) -> Dict[str, Model]:
    """The models of a pipeline's components that are trained, by component."""
    found = {}
    for name, component in nlp.pipeline:
        model = getattr(component, "model", None)
        if isinstance(model, Model) and getattr(component, "is_trainable", False):
            found[name] = model
    return found


def model_bytes(nlp: Language) -> Dict[str, ndarray]:
    """The weights of all models, shape (bytes,) each."""
    return {
        name: numpy.frombuffer(model.to_bytes(), dtype="uint8")
        for name, model in trained_models(nlp).items()
    }


def component_settings(nlp: Language) -> Dict[str, Any]:
    """The settings of trained components, of which some may change in training."""
    settings = {
        name: getattr(nlp.get_pipe(name), "cfg", {}) for name in trained_models(nlp)
    }
    return json.loads(json.dumps(settings))


def load_settings(nlp: Language, saved: Dict[str, Any]) -> None:
    """Load what `component_settings` has returned, as far as it differs."""
    for name, settings in component_settings(nlp).items():
        for key, value in saved[name].items():
            if settings.get(key) != value:
                nlp.get_pipe(name).cfg[key] = value  # type: ignore[attr-defined]


def load_models(nlp: Language, saved: Dict[str, ndarray]) -> None:
    """Load what `model_bytes` has returned."""
    for name, model in trained_models(nlp).items():
        model.from_bytes(saved[name].tobytes())


def optimizer_arrays(nlp: Language, optimizer: Optimizer) -> Dict[str, ndarray]:
    """Moments, averages and counts of an optimizer by name."""
    names = _names(nlp)
    arrays = {}
    for state in STATES:
        for key, array in (getattr(optimizer, state) or {}).items():
            arrays[f"{state} {names[key]}"] = _to_numpy(array)
    for key, count in optimizer.nr_update.items():
        arrays[f"nr_update {names[key]}"] = numpy.array(count)
    return arrays


def load_optimizer(
    nlp: Language, optimizer: Optimizer, saved: Dict[str, ndarray]
) -> None:
    """Load what `optimizer_arrays` has returned."""
    clear_optimizer(optimizer)
    keys = {name: key for key, name in _names(nlp).items()}
    ops = get_current_ops()
    for entry, array in saved.items():
        state, _, name = entry.partition(" ")
        if state == "nr_update":
            optimizer.nr_update[keys[name]] = int(array)
        else:
            getattr(optimizer, state)[keys[name]] = ops.asarray(cast(Any, array.copy()))


def clear_optimizer(optimizer: Optimizer) -> None:
    """Forget all moments, averages and counts."""
    for state in (*STATES, "nr_update"):
        held = getattr(optimizer, state)
        if held is not None:
            held.clear()


def _names(nlp: Language) -> Dict[Key, str]:
    names: Dict[Key, str] = {}
    for component, model in trained_models(nlp).items():
        for i, node in enumerate(model.walk()):
            for key, name in _parameters(node):
                # A node that two components share belongs to the first.
                names.setdefault(key, f"{component}/{i}/{name}")
    return names


def _parameters(node: Model) -> Iterator[Tuple[Key, str]]:
    for name in node.param_names:
        yield (node.id, name), name
    for i, shim in enumerate(node.shims):
        module = getattr(shim, "_model", None)
        if isinstance(module, nn.Module):
            for name, _ in module.named_parameters():
                key = (shim.id, name)
                yield key, f"{i}/{name}"
                yield steps_key(key), f"{i}/{steps_key(key)[1]}"


def _to_numpy(array: Any) -> ndarray:
    return array.get() if hasattr(array, "get") else array
