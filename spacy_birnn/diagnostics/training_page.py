"""The sections of the page that show the gradients of a training."""

from typing import Dict, List, Optional, Sequence, Tuple

from .figures import Chart, Line
from .page import Section
from .training_log import LoggedStep

Curves = Dict[str, List[Optional[float]]]
"""A value for each evaluation by name; None where nothing was measured."""

X_LABEL = "step"
GRADIENTS = (
    "Norms are those before clipping, on average over the steps that were measured."
)
UPDATES = (
    "What the optimizer has added to each group: where this is 0, nothing is learned."
)
CARRIED = (
    "The gradient that the hidden states get from later steps of the recurrence, over "
    "what they get from their own tokens. Near 0 gradients vanish; far above 1 they "
    "explode."
)
SATURATED = (
    "The share of activations below .05 or above .95 (for a tanh: beyond ±.9), where "
    "hardly any gradient comes through. Gates that have learned to keep, or to forget, "
    "are there, too."
)


def training_sections(name: str, steps: Sequence[LoggedStep]) -> List[Section]:
    """The page's sections on a training: one set of charts for each component.

    Args:
        name: of the training.
        steps: its evaluations.
    """
    sections = [_clipped(name, steps)]
    for component in _components(steps):
        title = f"{name}, {component}"
        sections += _norms(title, "gradients", GRADIENTS, steps, component)
        sections += _norms(title, "updates", UPDATES, steps, component)
        sections += _carried(title, steps, component)
        sections += _saturated(title, steps, component)
    return sections


def _norms(
    title: str, what: str, note: str, steps: Sequence[LoggedStep], component: str
) -> List[Section]:
    curves = collect(steps, component, what)
    if not curves:
        return []
    chart = _chart(steps, curves, "norm", log=True)
    said = [_extremes(curves)]
    return [Section(f"{title}: norms of {what}", chart, said, note, *_table(curves))]


def _carried(title: str, steps: Sequence[LoggedStep], component: str) -> List[Section]:
    curves = collect(steps, component, "carried")
    if not curves:
        return []
    chart = _chart(steps, curves, "times the gradient from above", _is_wide(curves))
    said = [
        f"In {layer} it went from {first} to {last}."
        for layer, (first, last) in _ends(curves).items()
    ]
    return [Section(f"{title}: what comes back through time", chart, said, CARRIED)]


def _saturated(
    title: str, steps: Sequence[LoggedStep], component: str
) -> List[Section]:
    curves = collect_gates(steps, component)
    if not curves:
        return []
    chart = _chart(steps, curves, "saturated", log=False)
    chart.percent, chart.limits = True, (0.0, 1.0)
    said = [
        f"At the end {_percent(_last(values))} of {_of_gate(gate)}."
        for gate, values in curves.items()
    ]
    return [Section(f"{title}: saturated gates", chart, said, SATURATED)]


def _components(steps: Sequence[LoggedStep]) -> List[str]:
    return list(dict.fromkeys(c for step in steps for c in step.gradients))


def say_training(name: str, steps: Sequence[LoggedStep]) -> List[str]:
    """Say in plain words what the log of a training shows."""
    share = clipped_share(steps)
    lines = [f"{name}: no step could be clipped, or none was counted."]
    if share is not None:
        lines = [f"{name}: {_percent(share)} of the steps were clipped."]
    for component in _components(steps):
        for layer, values in collect(steps, component, "carried").items():
            lines.append(
                f"{component}, {layer}: what comes back through time is "
                f"{_number(_last(values))} times the gradient from above at the end "
                f"({_number(_first(values))} at the beginning)."
            )
        gates = collect_gates(steps, component)
        if gates:
            gate, values = max(gates.items(), key=lambda item: _last(item[1]))
            lines.append(
                f"{component}: most saturated at the end are {_of_gate(gate)} with "
                f"{_percent(_last(values))}."
            )
    return lines


def clipped_share(steps: Sequence[LoggedStep]) -> Optional[float]:
    """The share of all steps that were clipped; None where it is not known."""
    clipped, total, before = 0.0, 0, -1
    for step in steps:
        if step.clipped is not None:
            clipped += step.clipped * (step.step - before)
            total += step.step - before
        before = step.step
    return clipped / total if total else None


def collect(steps: Sequence[LoggedStep], component: str, key: str) -> Curves:
    """The values of a component under a key of `GradientLog.summary`."""
    return _curves([step.gradients.get(component, {}).get(key, {}) for step in steps])


def collect_gates(steps: Sequence[LoggedStep], component: str) -> Curves:
    """The shares of saturated activations by `layer 1: input` and the like."""
    rows = []
    for step in steps:
        layers = step.gradients.get(component, {}).get("saturated", {})
        rows.append(
            {
                f"{layer}: {gate}": share
                for layer, gates in layers.items()
                for gate, share in gates.items()
            }
        )
    return _curves(rows)


def _curves(rows: Sequence[Dict[str, float]]) -> Curves:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _clipped(name: str, steps: Sequence[LoggedStep]) -> Section:
    x = [step.step for step in steps]
    line = Line("clipped", x, [step.clipped for step in steps], dots=True)
    chart = Chart(X_LABEL, "clipped", [line], limits=(0.0, 1.0), percent=True)
    return Section(f"{name}: clipped steps", chart, say_training(name, steps))


def _chart(steps: Sequence[LoggedStep], curves: Curves, label: str, log: bool) -> Chart:
    """Points where there is something: windows without a measured step are bridged."""
    lines = []
    for number, (name, values) in enumerate(curves.items()):
        points = [(s.step, v) for s, v in zip(steps, values) if v is not None]
        x, y = zip(*points)
        # Eight colours, and after them the same with other dashes.
        dash = number + number // 8
        lines.append(Line(name, x, y, series=number, dash=dash, dots=len(x) == 1))
    return Chart(X_LABEL, label, lines, log)


def _is_wide(curves: Curves) -> bool:
    """Whether values differ so much that only a logarithmic scale shows them all."""
    known = [value for values in curves.values() for value in _known(values)]
    return max(known) > 20 * max(min(known), 0.0)


def _extremes(curves: Curves) -> str:
    """Say which groups have the largest and the smallest norm at the end."""
    ends = sorted((_last(values), name) for name, values in curves.items())
    (low, smallest), (high, largest) = ends[0], ends[-1]
    return (
        f"Largest at the end: {largest} with {_number(high)}; smallest: {smallest} "
        f"with {_number(low)}."
    )


def _table(curves: Curves) -> Tuple[List[str], List[List[str]], str]:
    """Header, rows and the words on which the table unfolds."""
    rows = [[name, *ends] for name, ends in _ends(curves).items()]
    return ["parameters", "first", "last"], rows, "Figures"


def _ends(curves: Curves) -> Dict[str, Tuple[str, str]]:
    """The first and the last value of each curve."""
    return {
        name: (_number(_first(values)), _number(_last(values)))
        for name, values in curves.items()
    }


def _known(values: Sequence[Optional[float]]) -> List[float]:
    return [value for value in values if value is not None]


def _first(values: Sequence[Optional[float]]) -> float:
    return _known(values)[0]


def _last(values: Sequence[Optional[float]]) -> float:
    return _known(values)[-1]


def _of_gate(name: str) -> str:
    layer, gate = name.split(": ")
    what = "hidden states" if gate == "state" else f"the {gate} gates"
    return f"{what} of {layer}"


def _number(value: float) -> str:
    return f"{value:.3g}"


def _percent(value: float) -> str:
    return f"{100 * value:.3g} %"


def has_gradients(steps: Sequence[LoggedStep]) -> bool:
    """Whether a log says anything of gradients."""
    return any(step.gradients for step in steps)


def named_logs(
    logs: Sequence[Tuple[str, Sequence[LoggedStep]]],
) -> List[Dict[str, object]]:
    """The logs as plain values, as for JSON."""
    return [
        {
            "name": name,
            "clipped": clipped_share(steps),
            "steps": [
                {"step": s.step, "clipped": s.clipped, "components": s.gradients}
                for s in steps
            ],
        }
        for name, steps in logs
    ]
