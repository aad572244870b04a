"""The words of one stream: those that wait for a label, and those that have one."""

from array import array
from collections import deque
from typing import Any, Deque, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ...models.sentences import line_breaks
from ...nn.stream.classes import LabelClasses

Words = Union[Sequence[str], Doc]


class StreamedLabel(NamedTuple):
    """A label that is final.

    Attributes:
        index: of the token, counted from 0 over all that was pushed.
        word: as it was pushed.
        label: IOB2 of entities and chunks (a token does not say whether its span ends
            with it), or a tag; "" for a tag below `min_confidence`.
        confidence: marginal probability given all words so far, whatever was decided
            before; None for white space.
    """

    index: int  # type: ignore[assignment]
    word: str
    label: str
    confidence: Optional[float]


_new = tuple.__new__


class Settings(NamedTuple):
    """How a component's labels are told.

    Attributes:
        classes: what is decided.
        outside: the label of white space that is in no span.
        is_of_spans: labels are those of spans: white space between two of its words
            belongs to a span, and no span goes on after a blank line.
        least: tags with a smaller marginal probability are left empty.
    """

    classes: LabelClasses
    outside: str
    is_of_spans: bool
    least: float


class Segment(NamedTuple):
    """Tokens that are pushed at once.

    Attributes:
        carry: None if they go on with the sequence; else they begin one, with the
            encoder's state or without.
        tokens: the words and white space.
    """

    carry: Optional[bool]
    tokens: List[str]


class Transcript:
    """The words of one stream.

    Args:
        settings: how labels are told.
        vocab: of the pipeline.
        keep: keep words and labels for `new_doc`.

    Attributes:
        n_tokens: how many were pushed.
        n_final: how many of them have their label.
        ready: labels that are final and that nobody was told of.
        classes: of the labels of all tokens that have one, if they are kept; -1 for
            white space that is in no span.
        confidences: their marginal probabilities, 0 for white space.
        spans: probability of each span that has ended, where that is followed.
    """

    def __init__(self, settings: Settings, vocab: Vocab, keep: bool) -> None:
        self._settings, self._vocab, self._keep = settings, vocab, keep
        self._names, self._least = settings.classes.names, settings.least
        self.n_tokens = self.n_final = 0
        self.ready: List[StreamedLabel] = []
        self._waiting: Deque[str] = deque()
        self._last = -1  # class of the word before, -1 at the begin of a sequence
        self._breaks = 0  # line breaks since the last word
        self.classes, self.confidences = array("h"), array("d")
        self.spans = array("d")
        self._orths, self._blanks = array("Q"), bytearray()
        self._starts: List[int] = []

    # --- words come in ----------------------------------------------------------------

    def take_words(self, words: Sequence[str]) -> bool:
        """Let words, none of them white space, wait for their labels; take none if a
        sequence begins with them."""
        if not words:
            return True
        if self._breaks >= 2:
            return False
        self._breaks = 0
        self._waiting.extend(words)
        self.n_tokens += len(words)
        if self._keep:
            self._orths.extend(map(self._vocab.strings.add, words))
            self._blanks += b"\1" * len(words)
        return True

    def segments(self, words: Words) -> List[Segment]:
        """Cut where a sentence of a `Doc` begins, and where no span goes on."""
        if isinstance(words, Doc):
            tokens = [token.text for token in words]
            known = words.has_annotation("SENT_START")
            starts = [known and token.is_sent_start is True for token in words]
        else:
            tokens, starts = list(words), [False] * len(words)
        found, current = [], Segment(None, [])
        for i, (token, is_start) in enumerate(zip(tokens, starts, strict=True)):
            is_space = token.isspace()
            cut = self._settings.is_of_spans and not is_space and self._breaks >= 2
            if (is_start and self.n_tokens + i) or cut:
                found.append(current)
                current = Segment(not is_start, [])
            current.tokens.append(token)
            self._breaks = self._breaks + line_breaks(token) if is_space else 0
        return [s for s in [*found, current] if s.tokens or s.carry is not None]

    def keep_blanks(self, words: Words) -> None:
        """Note which tokens a blank follows, for `new_doc`."""
        if not self._keep:
            return
        if isinstance(words, Doc):
            self._blanks += bytes(bool(token.whitespace_) for token in words)
        else:
            self._blanks += b"\1" * len(words)

    def take(self, tokens: List[str]) -> List[str]:
        """Let tokens wait for their labels; those that are words."""
        if self._keep:
            self._orths.extend(map(self._vocab.strings.add, tokens))
        self.n_tokens += len(tokens)
        words = []
        for token in tokens:
            is_space = token.isspace()
            if is_space and not self._waiting and not self._may_go_on:
                self._tell(token, self._settings.outside, None, -1)
                continue
            self._waiting.append(token)
            if not is_space:
                words.append(token)
        return words

    def note(self, tokens: List[str]) -> None:
        """Keep tokens whose labels come all at once."""
        self._orths.extend(map(self._vocab.strings.add, tokens))
        self.n_tokens += len(tokens)

    @property
    def waiting(self) -> List[str]:
        """The words that wait for their labels."""
        return [word for word in self._waiting if not word.isspace()]

    @property
    def _may_go_on(self) -> bool:
        """Whether a span may go on after the last word that has its label."""
        return self._last >= 0 and self._settings.classes.follower[self._last] >= 0

    # --- labels come out --------------------------------------------------------------

    def decide(
        self, chosen: int, confidence: float, closed: Optional[float] = None
    ) -> None:
        """Give the next word that waits its label.

        Args:
            chosen: the class.
            confidence: its marginal probability.
            closed: that of the span that ended before, NaN or None for none.
        """
        if self._waiting[0].isspace():
            self._pass_before(chosen)
        if closed is not None and closed == closed:
            self.end_span(closed)
        self._last = chosen
        label = self._names[chosen] if confidence >= self._least else ""
        self._tell(self._waiting.popleft(), label, confidence, chosen)

    def _pass_before(self, chosen: int) -> None:
        """Give the white space before a word its label."""
        follower = self._settings.classes.follower
        goes_on = self._may_go_on and follower[self._last] == chosen
        self._pass_spaces(chosen if goes_on else -1)

    def _pass_spaces(self, chosen: int) -> None:
        settings = self._settings
        label = settings.outside if chosen < 0 else settings.classes.names[chosen]
        while self._waiting and self._waiting[0].isspace():
            self._tell(self._waiting.popleft(), label, None, chosen)

    def _tell(
        self, token: str, label: str, confidence: Optional[float], chosen: int
    ) -> None:
        index = self.n_final
        # A third of what the class itself takes.
        self.ready.append(_new(StreamedLabel, (index, token, label, confidence)))
        self.n_final = index + 1
        if self._keep:
            self.classes.append(chosen)
            self.confidences.append(confidence or 0.0)

    def end_span(self, probability: float) -> None:
        """Note the probability of the span that has ended."""
        if self._keep and probability == probability:
            self.spans.append(probability)

    def end(self) -> None:
        """End the sequence: all its words have their labels."""
        self._pass_spaces(-1)
        self._last = -1

    def begin_sentence(self) -> None:
        """Let the next token begin a sentence of `new_doc`."""
        if self._keep and self.n_tokens:
            self._starts.append(self.n_tokens)

    def hand_over(self) -> List[StreamedLabel]:
        """The labels that nobody was told of."""
        if self._waiting and not self._may_go_on:
            self._pass_spaces(-1)
        ready, self.ready = self.ready, []
        return ready

    # --- all of it --------------------------------------------------------------------

    def new_doc(self) -> Doc:
        """A `Doc` of all tokens; sentences begin where sequences did, if any ended."""
        words = [self._vocab.strings[key] for key in self._orths]
        blanks = [bool(blank) for blank in self._blanks]
        starts = {0, *self._starts}
        marks: Any = [i in starts for i in range(len(words))]
        return Doc(
            self._vocab,
            words=words,
            spaces=blanks,
            sent_starts=marks if len(starts) > 1 else None,
        )

    def save(self) -> Tuple[Dict[str, Any], Dict[str, array]]:
        """All that is known: what JSON can hold, and numbers."""
        facts = {
            "n_tokens": self.n_tokens,
            "n_final": self.n_final,
            "waiting": list(self._waiting),
            "last": self._last,
            "breaks": self._breaks,
            "starts": self._starts,
            "words": [self._vocab.strings[key] for key in self._orths],
            "blanks": self._blanks.hex(),
        }
        numbers: Dict[str, array] = {
            "kept classes": self.classes,
            "kept confidences": self.confidences,
            "kept spans": self.spans,
        }
        return facts, numbers

    def load(self, facts: Dict[str, Any], numbers: Dict[str, Any]) -> None:
        """Take what `save` gave."""
        self.n_tokens, self.n_final = facts["n_tokens"], facts["n_final"]
        self._waiting = deque(facts["waiting"])
        self._last, self._breaks = facts["last"], facts["breaks"]
        self._starts = facts["starts"]
        self._orths = array("Q", map(self._vocab.strings.add, facts["words"]))
        self._blanks = bytearray.fromhex(facts["blanks"])
        self.classes = array("h", numbers["kept classes"].tolist())
        self.confidences = array("d", numbers["kept confidences"].tolist())
        self.spans = array("d", numbers["kept spans"].tolist())
