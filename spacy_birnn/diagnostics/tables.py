"""Tables of scores: one row for each type, or for each group of spans or words."""

from dataclasses import dataclass
from typing import Iterable, List, Optional, Sequence, Tuple

import numpy
from numpy import ndarray

from .bootstrap import Bootstrap, Interval, f1, paired_p_value, percentiles

RIGHT, GOLD, PREDICTED = 0, 1, 2
"""Columns of counts."""

ALL = "all"
"""The group that everything belongs to."""

NONE = ""
"""The label that stands for no span, or for a word without a predicted tag."""

SENTENCE_STEPS = (1, 10, 20, 30, 40, 60)
FREQUENCY_STEPS = (0, 1, 2, 5, 20, 100)


@dataclass(frozen=True)
class Score:
    """How well one pipeline does on a group.

    Attributes:
        right, gold, predicted: counts.
        value: F1, which is the accuracy where each gold one has a prediction; None
            where there are none.
        interval: its bootstrap interval.
        precision, recall: None where nothing is predicted, or nothing is there.
    """

    right: int
    gold: int
    predicted: int
    value: Optional[float]
    interval: Interval

    @property
    def precision(self) -> Optional[float]:
        return self.right / self.predicted if self.predicted else None

    @property
    def recall(self) -> Optional[float]:
        return self.right / self.gold if self.gold else None


@dataclass(frozen=True)
class Row:
    """A group, scored with one pipeline or with two.

    Attributes:
        name: of the group.
        model: the pipeline's score.
        baseline: that of the other pipeline, where there is one.
        difference: between the two, and its interval.
        p_value: of the difference, by the paired bootstrap.
    """

    name: str
    model: Score
    baseline: Optional[Score] = None
    difference: Optional[float] = None
    difference_interval: Optional[Interval] = None
    p_value: Optional[float] = None


@dataclass(frozen=True)
class Table:
    """Rows with a heading.

    Attributes:
        title: the heading, such as `By length of the sentence`.
        note: a sentence that says how to read it.
        rows: the groups, without those in which there is nothing.
    """

    title: str
    note: str
    rows: List[Row]


def make_rows(
    names: Sequence[str],
    counts: ndarray,
    bootstrap: Bootstrap,
    baseline: Optional[ndarray] = None,
) -> List[Row]:
    """Score groups.

    Args:
        names: of the groups, G of them.
        counts: `RIGHT`, `GOLD` and `PREDICTED` of each sentence and group, shape
            (S, G, 3).
        bootstrap: over the S sentences.
        baseline: the counts of another pipeline.

    Returns:
        Those rows in which there is something, gold or predicted.
    """
    sides = [counts] if baseline is None else [counts, baseline]
    totals = [side.sum(axis=0) for side in sides]
    draws = [f1(bootstrap.draw(side)) for side in sides]
    rows = []
    for i, name in enumerate(names):
        if not any(total[i].any() for total in totals):
            continue
        scores = [_score(total[i], drawn[:, i]) for total, drawn in zip(totals, draws)]
        row = Row(name, scores[0])
        if len(scores) > 1:
            row = _compared(name, scores, draws[0][:, i] - draws[1][:, i])
        rows.append(row)
    return rows


def _score(total: ndarray, draws: ndarray) -> Score:
    right, gold, predicted = (int(count) for count in total)
    value = float(f1(total)) if gold + predicted else None
    return Score(right, gold, predicted, value, percentiles(draws))


def _compared(name: str, scores: List[Score], differences: ndarray) -> Row:
    model, baseline = scores
    if model.value is None or baseline.value is None:
        return Row(name, model, baseline)
    difference = model.value - baseline.value
    return Row(
        name,
        model,
        baseline,
        difference,
        percentiles(differences),
        paired_p_value(difference, differences),
    )


def tally(
    n_sentences: int, names: Sequence[str], counted: Iterable[Tuple[int, str, int]]
) -> ndarray:
    """Count by sentence, group and column.

    Args:
        n_sentences: S.
        names: of the G groups.
        counted: sentence, group and column (`RIGHT`, `GOLD` or `PREDICTED`) of each one
            that counts.

    Returns:
        Shape (S, G, 3).
    """
    counts = numpy.zeros((n_sentences, len(names), 3), dtype="int32")
    index = {name: i for i, name in enumerate(names)}
    for sentence, name, column in counted:
        counts[sentence, index[name], column] += 1
    return counts


def in_steps(value: int, bounds: Sequence[int]) -> str:
    """Name the step of a number, such as `10-19`.

    Args:
        value: the number.
        bounds: where each step begins, ascending; the last one is open.
    """
    return step_names(bounds)[sum(value >= bound for bound in bounds) - 1]


def step_names(bounds: Sequence[int]) -> List[str]:
    """Name all steps: see `in_steps`."""
    names = []
    for first, following in zip(bounds, bounds[1:]):
        last = following - 1
        names.append(f"{first}" if first == last else f"{first}–{last}")
    return [*names, f"{bounds[-1]} or more"]
