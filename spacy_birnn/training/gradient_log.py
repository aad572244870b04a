"""Notes of training on its gradients: every 10th step, at less than 2 % of the time.

Norms of gradients and updates by group of parameters, saturated gates, and how much of
the gradient comes back through time. Where that is almost nothing, or grows without
bounds, a warning says so once (Bengio et al. 1994; Pascanu et al. 2013).
"""

import warnings
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Any, Deque, Dict, Iterator, List, Sequence, Tuple, cast

from spacy.language import Language

from ..errors import Warnings
from ..models.encoder import EncoderShim
from ..models.parameter_groups import Snapshot
from ..nn.rnn.birnn import BiRNN
from ..nn.rnn.cells import Cell
from ..nn.rnn.recording import Recorded, RecordingCell, carried, saturation
from .weights import trained_models

EVERY = 10
"""Steps from one that is measured to the next."""

ENOUGH = 10
"""Measured steps that a warning is based on."""

VANISHED = 0.05
"""If less of the gradient comes back through time, the network does not learn from
context. In trainings that go well it is 0.2 to 1.5 (see docs/insight.md)."""

EXPLODED = 100.0
"""So many times the gradient from above, or that of the first steps, is too much."""

SHUT = 0.95
"""If a larger share of a tanh is saturated, hardly any gradient comes through."""

SATURATED = 0.5
"""From this share of a gate's activations on, advice is about them."""


@dataclass
class _Window:
    """Sum up the measured steps since the last evaluation, by component."""

    gradients: Dict[str, List[float]] = field(default_factory=dict)
    updates: Dict[str, List[float]] = field(default_factory=dict)
    carried: Dict[str, List[float]] = field(default_factory=dict)
    saturated: Dict[str, Dict[str, List[float]]] = field(default_factory=dict)

    def means(self) -> Dict[str, Any]:
        """Plain numbers."""
        return {
            "gradients": _means(self.gradients),
            "updates": _means(self.updates),
            "carried": _means(self.carried),
            "saturated": {
                layer: _means(gates) for layer, gates in self.saturated.items()
            },
        }


class GradientLog:
    """Measures some of the steps of a training.

    Args:
        nlp: the pipeline.
        excluded: components that are not trained.
        every: steps from one that is measured to the next.
    """

    def __init__(
        self, nlp: Language, excluded: Sequence[str] = (), every: int = EVERY
    ) -> None:
        self.nlp, self.excluded, self.every = nlp, excluded, every
        self._step, self._is_measured = 0, False
        self._n_measured = 0
        self._windows: Dict[str, _Window] = {}
        self._watches: Dict[str, _Watch] = {}

    @contextmanager
    def recording(self, step: int) -> Iterator[None]:
        """Look at the backward passes of a step, if it is to be measured."""
        self._step, self._is_measured = step, step % self.every == 0
        if not self._is_measured:
            yield
            return
        self._n_measured += 1
        encoders = list(self._encoders())
        cells = [encoder.cell for _, encoder, _ in encoders]
        for name, encoder, clip in encoders:
            if name not in self._watches:
                self._watches[name] = _Watch(name, encoder.cell, clip)
            window = self._windows.setdefault(name, _Window())
            encoder.cell = _recording(encoder, window, self._watches[name])
        try:
            yield
        finally:
            for (_, encoder, _), cell in zip(encoders, cells, strict=True):
                encoder.cell = cell

    @contextmanager
    def updating(self) -> Iterator[None]:
        """Measure the gradients before clipping, and what the update changes.

        Warns:
            UserWarning: gradients vanish or explode; once for each component.
        """
        if not self._is_measured:
            yield
            return
        before = {name: Snapshot(model) for name, model in self._models()}
        yield
        for name, snapshot in before.items():
            window = self._windows.setdefault(name, _Window())
            _add(window.gradients, snapshot.gradient_norms)
            _add(window.updates, snapshot.update_norms())
            watch = self._watches.get(name)
            if watch is not None:
                watch.norms.append(snapshot.gradient_norm)
                watch.warn_once(self._step)

    def summary(self) -> Dict[str, Any]:
        """Means over the measured steps since the last call.

        Returns:
            `steps`, how many they were, and `components`: for each one the norms of
            `gradients` (before clipping) and `updates` by group of parameters, and by
            layer of its encoder `carried` (see `recording.carried`) and the share of
            `saturated` activations of each gate. On a GPU, where cuDNN runs the layers,
            those two are empty.
        """
        means = {name: window.means() for name, window in self._windows.items()}
        found = {"steps": self._n_measured, "components": means}
        self._windows, self._n_measured = {}, 0
        return found

    def _models(self) -> Iterator[Tuple[str, Any]]:
        for name, model in trained_models(self.nlp).items():
            if name not in self.excluded:
                yield name, model

    def _encoders(self) -> Iterator[Tuple[str, BiRNN, float]]:
        """Component, encoder and what its gradients are clipped at, 0 for nothing."""
        for name, model in self._models():
            cfg = getattr(self.nlp.get_pipe(name), "cfg", {})
            for node in model.walk():
                for shim in node.shims:
                    if isinstance(shim, EncoderShim):
                        clip = cfg.get("grad_clip", shim.grad_clip)
                        yield name, cast(BiRNN, shim.module), clip


def _recording(encoder: BiRNN, window: _Window, watch: "_Watch") -> RecordingCell:
    """A cell that notes what the layers' backward passes show, the last layer first."""
    cell, depth = encoder.cell, len(encoder.layers)
    passed = 0

    def record(found: Recorded) -> None:
        nonlocal passed
        layer = f"layer {depth - passed % depth}"
        passed += 1
        share, gates = carried(found), saturation(found, cell)
        _add(window.carried, {layer: share})
        _add(window.saturated.setdefault(layer, {}), gates)
        watch.note(layer, share, gates)

    return RecordingCell(cell, record)


class _Watch:
    """Decides when the gradients of a component are worth a warning.

    Args:
        name: of the component.
        cell: the kind of its recurrence.
        clip: its largest gradient norm, 0 for none.

    Attributes:
        norms: of all gradients before clipping, of the last measured steps.
    """

    def __init__(self, name: str, cell: Cell, clip: float) -> None:
        self.name, self.cell, self.clip = name, cell, clip
        self.norms: Deque[float] = deque(maxlen=ENOUGH)
        self._first_norms: List[float] = []
        self._passes: Dict[str, Deque[Tuple[float, Dict[str, float]]]] = {}
        self._has_warned = False

    def note(self, layer: str, share: float, gates: Dict[str, float]) -> None:
        """Remember a backward pass: what it has carried, and saturated gates."""
        recent = self._passes.setdefault(layer, deque(maxlen=ENOUGH))
        recent.append((share, gates))

    def warn_once(self, step: int) -> None:
        """Warn if the last measured steps are enough to say that something is wrong."""
        if len(self._first_norms) < ENOUGH:
            self._first_norms.append(self.norms[-1])
        if self._has_warned or len(self.norms) < ENOUGH:
            return
        line = self._line(step)
        if line:
            self._has_warned = True
            warnings.warn(line, UserWarning, stacklevel=2)

    def _line(self, step: int) -> str:
        tanh = self.cell.gate_names[self.cell.tanh_gate]
        for layer, passes in self._passes.items():
            if len(passes) < ENOUGH:
                continue
            share = median(found for found, _ in passes)
            names = self.cell.gate_names
            gates = {g: median(found[g] for _, found in passes) for g in names}
            if share < VANISHED or gates[tanh] > SHUT:
                return self._vanished(step, layer, share, gates)
            if share > EXPLODED:
                what = (
                    f"What comes back through time to the hidden states of {layer} is "
                    f"{share:.0f} times what they get from their own tokens."
                )
                return self._exploded(step, what)
        growth = median(self.norms) / max(median(self._first_norms), 1e-12)
        if growth > EXPLODED:
            what = f"Their norm is {growth:.0f} times that of the first steps."
            return self._exploded(step, what)
        return ""

    def _vanished(
        self, step: int, layer: str, share: float, gates: Dict[str, float]
    ) -> str:
        gate, shut = max(gates.items(), key=lambda item: item[1])
        rate = "lower [training.optimizer] learn_rate"
        if shut > SATURATED:
            where = f"{100 * shut:.0f} % of its activations '{gate}' are saturated: "
            advice = f"{where}{rate}{self._other_cell()}."
        elif self.cell.forget_gate is not None:
            advice = "Raise forget_bias of the encoder, or train on longer texts."
        else:
            advice = f"Train on longer texts, {rate}{self._other_cell()}."
        return Warnings.W401.format(
            name=self.name,
            step=step,
            layer=layer,
            share=f"{share:.2g}",
            advice=advice,
        )

    def _exploded(self, step: int, what: str) -> str:
        rate = "ower [training.optimizer] learn_rate"
        clip = f"Set [components.{self.name}] grad_clip = 5, or l"
        return Warnings.W402.format(
            name=self.name,
            step=step,
            what=what,
            advice=f"{'L' if self.clip else clip}{rate}{self._other_cell()}.",
        )

    def _other_cell(self) -> str:
        return ', or set cell = "lstm" or "gru"' if self.cell.n_gates == 1 else ""


def _add(lists: Dict[str, List[float]], values: Dict[str, float]) -> None:
    for name, value in values.items():
        lists.setdefault(name, []).append(value)


def _means(lists: Dict[str, List[float]]) -> Dict[str, float]:
    return {name: fmean(values) for name, values in lists.items()}
