"""The sections of the page that show how far models reach."""

from typing import List, Optional, Sequence, Tuple

from .figures import Chart, Line, Values
from .page import Section
from .reach import FAR, LITTLE, LONGEST, MEDIAN, QUANTILES, Curve, Reach
from .token_gradients import DECODER, EMISSIONS, INPUT
from .wording import describe, say_reach

X_LABEL = "tokens back (left) and ahead (right)"
LOWEST = 1e-6
"""Where the axis ends at the latest: less makes no difference to training."""

X = range(-LONGEST, LONGEST + 1)
MANY_BANDS = 2
"""So many models, at most, show the tenths beside their medians."""

LOSSES = {DECODER: "with the CRF", EMISSIONS: "the recurrence alone"}
BOUND = ((LITTLE, "1 %"),)
HEADER = ["model", "loss", "1 % left, median", "nine of ten", "left per step"]
HEADER += ["network"]
STEPS = (0, 1, 2, 3, 5, 10, 20, 30, 50, 75, LONGEST)
"""Distances that the tables show; the JSON has all."""


def reach_sections(reaches: Sequence[Reach]) -> List[Section]:
    """The page's sections on several models: them together, then each on its own."""
    losses = [loss for loss in LOSSES if any(loss in r.losses for r in reaches)]
    first = Section(
        "How far the loss reaches",
        said=[" ".join(say_reach(reach)) for reach in reaches],
        note="The loss at a token has a gradient for every other token's input and "
        "hidden state: how much they could change it. Where less than 1 % of the "
        "gradient at the token itself is left, training hardly learns from what stands "
        "there. Distances and shares are those back / ahead.",
        header=HEADER,
        rows=[_row(reach, loss) for reach in reaches for loss in reach.losses[::-1]],
        wordy=("loss", "network"),
    )
    sections = [first]
    for of, what in ((INPUT, "Inputs"), ("", "Hidden states")):
        for loss in losses:
            sections.append(_together(reaches, loss, of, f"{what}, {LOSSES[loss]}"))
    for reach in reaches:
        sections.append(_alone(reach))
    return sections


def overlay(reaches: Sequence[Reach], loss: str, of: str) -> Chart:
    """The share that is left by distance, one line per model.

    Args:
        reaches: of the models.
        loss: `decoder` or `emissions`; a model without the first shows the second.
        of: `input`, or empty for the hidden states of the last layer.
    """
    lines = []
    for number, reach in enumerate(reaches):
        back, ahead = _sides(reach, loss, of or reach.top)
        low, line, high = (_mirror(back.left[q], ahead.left[q]) for q in QUANTILES)
        made = Line(reach.name, X, line, series=number)
        if len(reaches) <= MANY_BANDS:
            made.low, made.high = low, high
        lines.append(made)
    return Chart(X_LABEL, "gradient left", lines, True, (LOWEST, None), True, BOUND)


def _sides(reach: Reach, loss: str, of: str) -> Tuple[Curve, Curve]:
    """Back and ahead; the emissions' loss where a model has no other."""
    known = loss if loss in reach.losses else EMISSIONS
    back, ahead = (reach.curve(known, of, side) for side in ("back", "ahead"))
    assert back is not None
    assert ahead is not None
    return back, ahead


def _mirror(back: Values, ahead: Values) -> Values:
    return [*reversed(back), *ahead[1:]]


def _together(reaches: Sequence[Reach], loss: str, of: str, title: str) -> Section:
    said = []
    for reach in reaches:
        sides = _sides(reach, loss, of or reach.top)
        back, ahead = (_tokens(side.distance[MEDIAN]) for side in sides)
        said.append(
            f"{reach.name}: in the median 1 % is left {back} back and {ahead} ahead."
        )
    return Section(title, overlay(reaches, loss, of), said)


def _alone(reach: Reach) -> Section:
    """Mean and quantiles of a model's norms, with the numbers of tokens."""
    loss = reach.losses[-1]
    back, ahead = _sides(reach, loss, INPUT)
    names = {"0.1": "lowest tenth", "0.5": "median", "0.9": "highest tenth"}
    lines = [Line("mean", X, _mirror(back.mean, ahead.mean))]
    for number, (q, name) in enumerate(names.items(), 1):
        y = _mirror(back.quantiles[q], ahead.quantiles[q])
        lines.append(Line(name, X, y, series=number))
    rows = []
    for side, curve in (("back", back), ("ahead", ahead)):
        for k in STEPS if side == "ahead" else reversed(STEPS[1:]):
            quantiles = (curve.quantiles[q][k] for q in names)
            figures = map(_number, (curve.mean[k], *quantiles))
            left = _share(curve.left[MEDIAN][k])
            rows.append(
                [f"{k}\u00a0{side}" if k else "0", f"{curve.n[k]:,}", *figures, left]
            )
    return Section(
        f"{reach.name}: norms of the gradient for inputs, {LOSSES[loss]}",
        Chart(X_LABEL, "norm", lines, True),
        [
            f"{describe(reach)}. {reach.n_tokens:,} tokens in {reach.n_texts:,} texts; "
            f"{back.n[LONGEST]:,} of them have a token {LONGEST} back, "
            f"{ahead.n[LONGEST]:,} one {LONGEST} ahead."
        ],
        header=["distance", "tokens", "mean", *names.values(), "left, median"],
        rows=rows,
        folded="Figures by distance",
    )


def _row(reach: Reach, loss: str) -> List[str]:
    sides = _sides(reach, loss, INPUT)
    row = [reach.name, LOSSES[loss]]
    for q in (MEDIAN, FAR):
        row.append(" / ".join(_distance(side.distance[q]) for side in sides))
    row.append(" / ".join(_share(side.decay) for side in sides))
    return [*row, describe(reach)]


def _distance(distance: Optional[int]) -> str:
    return f"> {LONGEST}" if distance is None else str(distance)


def _tokens(distance: Optional[int]) -> str:
    return f"{_distance(distance)} {'token' if distance == 1 else 'tokens'}"


def _share(value: Optional[float]) -> str:
    return "–" if value is None else f"{100 * value:.3g} %"


def _number(value: Optional[float]) -> str:
    return "–" if value is None else f"{value:.3g}"
