"""The outcome of each gold and predicted span: right, or wrong in one of five ways.

The classes are those of MUC-5's scorer (Chinchor & Sundheim 1993), as nervaluate and
SemEval-2013 task 9 split them for entities: an error of the type, of the boundaries, of
both, a span that was missed, and one that is spurious.
"""

from typing import List, NamedTuple, Optional, Tuple

from .mentions import Mention, Sentence

CORRECT = "correct"
KINDS = ("type", "boundary", "both", "missed", "spurious")
"""Kinds of errors."""


class Outcome(NamedTuple):
    """A gold span and the predicted one that stands for it.

    Attributes:
        kind: `CORRECT` or one of `KINDS`.
        gold: None where the predicted span is spurious.
        predicted: None where the gold span was missed.
    """

    kind: str
    gold: Optional[Mention]
    predicted: Optional[Mention]

    @property
    def place(self) -> Tuple[int, int]:
        """The characters of both sides together."""
        sides = [side for side in (self.gold, self.predicted) if side is not None]
        return min(side.start for side in sides), max(side.end for side in sides)


def outcomes_of(sentence: Sentence) -> List[Outcome]:
    """Match the two sides of a sentence, each span with at most one.

    Spans with the same boundaries belong together. What is left is matched where it
    overlaps: pairs of one type first, then those that share more characters, then from
    the left. So gold = correct + type + boundary + both + missed, and predicted =
    correct + type + boundary + both + spurious.

    Returns:
        In the order of the text.
    """
    gold = {(m.start, m.end): m for m in sentence.gold}
    predicted = {(m.start, m.end): m for m in sentence.predicted}
    found = []
    for place in gold.keys() & predicted.keys():
        one, other = gold.pop(place), predicted.pop(place)
        kind = CORRECT if one.label == other.label else "type"
        found.append(Outcome(kind, one, other))
    pairs = [
        (one.label != other.label, -_overlap(one, other), one.start, one, other)
        for one in gold.values()
        for other in predicted.values()
        if _overlap(one, other) > 0
    ]
    for is_other_type, _, _, one, other in sorted(pairs, key=lambda pair: pair[:3]):
        places = (one.start, one.end), (other.start, other.end)
        if places[0] in gold and places[1] in predicted:
            del gold[places[0]], predicted[places[1]]
            found.append(Outcome("both" if is_other_type else "boundary", one, other))
    found += [Outcome("missed", one, None) for one in gold.values()]
    found += [Outcome("spurious", None, other) for other in predicted.values()]
    return sorted(found, key=lambda outcome: outcome.place)


def _overlap(one: Mention, other: Mention) -> int:
    """How many characters two mentions share."""
    return min(one.end, other.end) - max(one.start, other.start)
