"""The log that a training writes: a line of JSON for each evaluation."""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from ..errors import BirnnError, Errors
from ..files import reason_of
from ..models.arguments import is_number


@dataclass(frozen=True)
class LoggedStep:
    """An evaluation in the course of a training.

    Attributes:
        step: steps taken before it.
        score: on the development set, 0…1; None where training did without one.
        loss: of all components, per step since the evaluation before; None for the
            first.
        clipped: share of the steps since then whose gradients were clipped, 0…1.
        gradients: by component what `spacy-birnn train` measures of them, see
            `GradientLog.summary`; empty in the logs of others.
    """

    step: int
    score: Optional[float]
    loss: Optional[float]
    clipped: Optional[float] = None
    gradients: Dict[str, Any] = field(default_factory=dict)


def read_log(path: Path) -> List[LoggedStep]:
    """Read the log of `spacy-birnn.ConsoleLogger.v1`, or of spaCy's own.

    A last line that was cut, since training was killed or goes on, is left out.

    Raises:
        BirnnError: the file cannot be read, is empty or is something else.
    """
    try:
        text = path.read_text(encoding="utf8")
    except OSError as error:
        message = Errors.B107.format(path=path, reason=reason_of(error))
        raise BirnnError(message) from error
    except UnicodeDecodeError:
        raise _no_log(path, 1, "it is not UTF-8") from None
    steps: List[LoggedStep] = []
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if line.strip() and (line.endswith("\n") or _is_json(line)):
            steps.append(_step(line, path, number, steps))
    if not steps:
        raise BirnnError(Errors.B422.format(path=path))
    return steps


def best_step(log: Sequence[LoggedStep]) -> Optional[LoggedStep]:
    """The first step with the best score; None where none has one."""
    scored = [step for step in log if step.score is not None]
    return max(scored, key=lambda step: (step.score, -step.step), default=None)


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _step(line: str, path: Path, number: int, before: List[LoggedStep]) -> LoggedStep:
    try:
        facts = json.loads(line)
    except ValueError:
        raise _no_log(path, number, "it is not JSON") from None
    if not isinstance(facts, dict):
        raise _no_log(path, number, "it is no JSON object")
    step = _number(facts, "step", path, number)
    has_score = facts.get("score", "") is not None
    score = _number(facts, "score", path, number) if has_score else None
    losses = facts.get("losses") or {}
    loss = None
    if before and step > before[-1].step and isinstance(losses, dict):
        numbers = [x for x in losses.values() if isinstance(x, (int, float))]
        loss = sum(numbers) / (step - before[-1].step)
    clipped = None
    if facts.get("clipped") is not None:
        clipped = _number(facts, "clipped", path, number)
    gradients = _object(facts.get("gradients"), "gradients", path, number)
    components = _object(gradients.get("components"), "components", path, number)
    for name, found in components.items():
        _object(found, f"components.{name}", path, number)
    return LoggedStep(int(step), score, loss, clipped, components)


def _object(value: Any, key: str, path: Path, line: int) -> Dict[str, Any]:
    if value is not None and not isinstance(value, dict):
        raise _no_log(path, line, f"'{key}' is no JSON object")
    return value or {}


def _number(facts: Any, key: str, path: Path, line: int) -> float:
    value = facts.get(key)
    if not is_number(value, -math.inf):
        raise _no_log(path, line, f"'{key}' is missing, or no number")
    return float(value)


def _no_log(path: Path, line: int, reason: str) -> BirnnError:
    return BirnnError(Errors.B423.format(path=path, line=line, reason=reason))
