"""The page of an evaluation: one HTML file that needs nothing else."""

from typing import Any, Dict, List, Optional

from .. import __version__
from ..progress import show_progress
from . import evaluation_words as words
from .evaluation_sections import part_of
from .figures import Chart, Line, draw
from .rendering import render_template
from .report import Report
from .training_log import LoggedStep, best_step

WIDTH, HEIGHT = 4.4, 2.6
"""Inches of a learning curve."""


def render(report: Report) -> str:
    """Write the page.

    Raises:
        BirnnError: matplotlib is not installed.
    """
    names = [words.short_name(n) for n in (report.model, report.baseline) if n]
    analyses = list(report.analyses.items())
    parts = (part_of(i, *analysis, names) for i, analysis in enumerate(analyses))
    page = {
        "title": f"Evaluation of {words.short_name(report.model)}",
        "facts": _facts(report),
        "baseline": report.baseline,
        "parts": list(show_progress(parts, "Reporting", "annotations", len(analyses))),
        "curves": _curves(report.log),
        "notes": [f"Made by spacy-birnn {__version__}."],
    }
    return render_template("evaluation.html", page=page)


def _facts(report: Report) -> List[Any]:
    facts = {
        "Pipeline": report.model,
        "Baseline": report.baseline,
        "Data": report.data,
        "Training data": report.training,
    }
    return [(name, value) for name, value in facts.items() if value is not None]


def _curves(log: Optional[List[LoggedStep]]) -> Optional[Dict[str, Any]]:
    if log is None:
        return None
    best = best_step(log)
    steps = [step.step for step in log]
    charts = []
    if best is not None and best.score is not None:
        score = Chart(
            "step",
            "score on the development set",
            [Line("score", steps, [step.score for step in log], dots=len(log) <= 40)],
            percent=True,
            marks=[(best.score, f"best: {words.percent(best.score)}")],
        )
        charts.append(("Score", draw(score, "curve-score", WIDTH, HEIGHT)))
    losses = [step.loss for step in log]
    if any(loss is not None for loss in losses):
        chart = Chart("step", "loss per step", [Line("loss", steps, losses, series=1)])
        charts.append(("Loss", draw(chart, "curve-loss", WIDTH, HEIGHT)))
    return {"said": words.say_training(log), "charts": charts}
