"""How far models reach and how trainings went, as one page or as plain figures."""

from typing import Any, Dict, Sequence, Tuple

from .page import render_page
from .reach import LONGEST, Reach
from .reach_page import reach_sections
from .training_log import LoggedStep
from .training_page import named_logs, training_sections

Training = Tuple[str, Sequence[LoggedStep]]
"""The name of a training, and its log as `read_log` gives it."""


def render_gradients(
    reaches: Sequence[Reach], trainings: Sequence[Training] = (), data: str = ""
) -> str:
    """Write the page: one file that needs nothing else.

    Args:
        reaches: what `measure_reach` has found of each model.
        trainings: those whose gradients are shown.
        data: what the data are called.

    Raises:
        BirnnError: matplotlib is not installed.
    """
    sections = reach_sections(reaches) if reaches else []
    for name, steps in trainings:
        sections += training_sections(name, steps)
    names = [reach.name for reach in reaches] + [name for name, _ in trainings]
    measured = f"Measured on {data}." if data else "From the log of the training."
    return render_page(f"Gradients: {', '.join(names)}", measured, sections)


def gradient_figures(
    reaches: Sequence[Reach], trainings: Sequence[Training] = (), data: str = ""
) -> Dict[str, Any]:
    """Give all figures as plain values, as for JSON; the arguments are those of
    `render_gradients`."""
    return {
        "data": data,
        "longest": LONGEST,
        "models": [reach.to_dict() for reach in reaches],
        "trainings": named_logs(trainings),
    }
