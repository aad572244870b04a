"""Words and letters with their part in a decision, ready to be shaded by it."""

from typing import List, NamedTuple, Optional, Sequence

from .explanation import Decision, Explanation
from .importance import Importance


class Shaded(NamedTuple):
    """A piece of text and its part in a decision.

    Attributes:
        text: a word or a character, with the blank after it.
        share: of the largest part, in per cent; 0 where it was not asked.
        side: `for` the decision or `against` it.
        value: the part, in nats of log-odds; None where it was not asked.
        is_own: it belongs to the decision itself.
    """

    text: str
    share: int
    side: str
    value: Optional[float]
    is_own: bool


def shade_words(
    explanation: Explanation, decision: Decision, attribute: str
) -> List[Shaded]:
    """Shade the words that were asked of a decision; dots stand for others between.

    Args:
        explanation: of the text.
        decision: one of its decisions.
        attribute: `occlusion` or `gradient`.
    """
    if not decision.words:
        return []
    largest, done = _largest(decision.words, attribute), decision.words[0].token
    pieces = []
    for word in decision.words:
        between = _between(explanation, done, word.token)
        pieces.append(_shaded(between, None, largest, False))
        text, blank = explanation.tokens[word.token]
        is_own = decision.start <= word.token < decision.end
        part = getattr(word, attribute)
        pieces.append(_shaded(text + " " * blank, part, largest, is_own))
        done = word.token + 1
    return [piece for piece in pieces if piece.text]


def _between(explanation: Explanation, start: int, end: int) -> str:
    """Write tokens that were not asked: white space as it is, dots for words."""
    tokens = explanation.tokens[start:end]
    text = "".join(text + " " * blank for text, blank in tokens)
    return "… " if text.strip() else text


def shade_characters(decision: Decision, attribute: str) -> List[Shaded]:
    """Shade the characters of a decision's own words, a blank between two words."""
    pieces: List[Shaded] = []
    largest = _largest(decision.characters, attribute)
    before = None
    for character in decision.characters:
        if before not in (None, character.token):
            pieces.append(Shaded(" ", 0, "for", None, False))
        before = character.token
        part = getattr(character, attribute)
        pieces.append(_shaded(character.text, part, largest, False))
    return pieces


def _largest(parts: Sequence[Importance], attribute: str) -> float:
    values = [getattr(part, attribute) for part in parts]
    return max((abs(value) for value in values if value is not None), default=0.0)


def _shaded(text: str, part: Optional[float], largest: float, is_own: bool) -> Shaded:
    share = 0 if part is None or not largest else round(100 * abs(part) / largest)
    side = "against" if part is not None and part < 0 else "for"
    return Shaded(text, share, side, part, is_own)
