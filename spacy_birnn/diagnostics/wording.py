"""Plain words for what the pictures of a model's reach show."""

from typing import List, Optional

from .reach import FAR, LONGEST, MEDIAN, Curve, Reach
from .token_gradients import DECODER, EMISSIONS, INPUT

GROWTH = 2.0
"""A gradient that is so many times larger somewhere than at the token itself grows."""


def say_reach(reach: Reach) -> List[str]:
    """Say how far a model's loss reaches, one sentence per fact."""
    loss = reach.losses[-1]
    lines = [
        f"{reach.name}: the loss {_both(reach, loss, MEDIAN)} (the median token).",
        f"In nine cases of ten it {_both(reach, loss, FAR)}.",
    ]
    if DECODER in reach.losses:
        alone = _both(reach, EMISSIONS, MEDIAN)
        lines.append(f"Without the CRF, by the recurrence alone, it {alone}.")
    return [*lines, *_say_decay(reach), *_say_growth(reach)]


def describe(reach: Reach) -> str:
    """The network in a few words: `LSTM, both directions, 100 units each`."""
    facts = reach.facts
    both = facts["directions"] == 2
    parts = [
        facts["cell"],
        "both directions" if both else "left to right",
        f"{facts['hidden']} units" + (" each" if both else ""),
    ]
    if facts["depth"] > 1:
        parts.insert(2, f"{facts['depth']} layers")
    decoder = {"crf": "CRF", "softmax": "softmax", "constrained": "constrained softmax"}
    return ", ".join([*parts, decoder[facts["decoder"]]])


def _both(reach: Reach, loss: str, quantile: str) -> str:
    back, ahead = (
        _side(reach.curve(loss, INPUT, side), side, quantile)
        for side in ("back", "ahead")
    )
    return f"{back}, and {ahead}"


def _side(curve: Optional[Curve], side: str, quantile: str) -> str:
    assert curve is not None
    if not any(curve.mean[1:]):
        return f"does not reach {side} at all"
    distance = curve.distance[quantile]
    if distance is None:
        return f"reaches {side} more than {LONGEST} tokens"
    tokens = "token" if distance == 1 else "tokens"
    return f"hardly reaches {side} more than {distance} {tokens}"


def _say_decay(reach: Reach) -> List[str]:
    curve = reach.curve(EMISSIONS, INPUT, "back")
    if curve is None or curve.decay is None:
        return []
    return [
        f"With each token further back {100 * curve.decay:.0f} % of its gradient is "
        "left."
    ]


def _say_growth(reach: Reach) -> List[str]:
    lines = []
    for side in ("back", "ahead"):
        curve = reach.curve(EMISSIONS, INPUT, side)
        known = [] if curve is None else [x or 0.0 for x in curve.left[MEDIAN]]
        if known and max(known) > GROWTH:
            lines.append(
                f"It explodes {side}: {known.index(max(known))} tokens away it is "
                f"{max(known):.3g} times what it is at the token itself."
            )
    return lines
