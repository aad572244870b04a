"""Gold and predicted spans side by side, sentence by sentence, as characters.

Characters, since two pipelines may cut a text into other tokens. Sentences are the gold
ones, and a span that crosses one is split there, as seqeval's default mode reads it:
see `scorers.tag_sequences`, which says the same in tags.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import (
    Dict,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Tuple,
)

from spacy.tokens import Doc
from spacy.tokens import Span as SpacySpan
from spacy.training import Example

from ..attributes import is_annotated, one_per_span
from ..scorers import character_bounds, target_spans


class Mention(NamedTuple):
    """A labelled span of a sentence.

    Attributes:
        start, end: its characters, counted from the start of the sentence.
        label: its type.
        confidence: its probability, where the pipeline says so.
        is_rest: it goes on with a span that begins in an earlier sentence.
    """

    start: int
    end: int
    label: str
    confidence: Optional[float] = None
    is_rest: bool = False

    @property
    def key(self) -> Tuple[int, int, str]:
        """The part that has to be equal for two mentions to be the same."""
        return self.start, self.end, self.label


@dataclass(frozen=True)
class Sentence:
    """A sentence with the spans of both sides.

    Attributes:
        doc: number of its document among all, from 0.
        number: its number in the document, from 0.
        text: its text.
        tokens: first and last character of each gold token that is no white space.
        gold, predicted: the spans, in order; those of one side do not overlap.
    """

    doc: int
    number: int
    text: str
    tokens: List[Tuple[int, int]]
    gold: List[Mention]
    predicted: List[Mention]

    def words(self, mention: Mention) -> List[str]:
        """The gold tokens that a mention touches."""
        return [
            self.text[start:end]
            for start, end in self.tokens
            if start < mention.end and mention.start < end
        ]

    def surface(self, mention: Mention) -> str:
        """The text of a mention."""
        return self.text[mention.start : mention.end]


def read_sentences(
    examples: Sequence[Example], target: str, spans_key: str = ""
) -> List[Sentence]:
    """Read the spans of both sides of examples.

    Documents without gold annotation are left out, and so are predicted spans that
    touch a token whose annotation is missing.

    Args:
        examples: predicted docs with their references, of any tokenization.
        target: `ents`, or `spans` with `spans_key`.
        spans_key: the group of spans.
    """
    sentences: List[Sentence] = []
    for number, example in enumerate(examples):
        if len(example.reference) and is_annotated(
            example.reference, target, spans_key
        ):
            sentences += _Pair(example, target, spans_key).sentences(number)
    return sentences


def sentence_starts(doc: Doc) -> List[int]:
    """The tokens at which the sentences of a document begin, and its length."""
    starts = [token.i for token in doc if token.is_sent_start and token.i]
    return [0, *starts, len(doc)]


class _Pair:
    """Both sides of an example, over the characters that are no white space."""

    def __init__(self, example: Example, target: str, spans_key: str) -> None:
        self.doc = doc = example.reference
        self.places = [i for i, char in enumerate(doc.text) if not char.isspace()]
        self.bounds = character_bounds(doc)
        self.cuts = sorted({self.bounds[i] for i in sentence_starts(doc)})
        self.gold = list(_read(doc, target, spans_key, self.bounds))
        missing: Set[int] = set()
        if target == "ents":
            for token in doc:
                if not token.ent_iob:
                    missing.update(range(*self.bounds[token.i : token.i + 2]))
        predicted = example.predicted
        found = _read(predicted, target, spans_key, character_bounds(predicted))
        self.predicted = [
            mention
            for mention in found
            if missing.isdisjoint(range(mention.start, mention.end))
        ]

    def sentences(self, doc_number: int) -> Iterator[Sentence]:
        gold, predicted = self._split(self.gold), self._split(self.predicted)
        tokens = [pair for pair in pairwise(self.bounds) if pair[0] < pair[1]]
        starts = [start for start, _ in tokens]
        for number, (start, end) in enumerate(pairwise(self.cuts)):
            first = self.places[start]
            inside = tokens[bisect_left(starts, start) : bisect_left(starts, end)]
            yield Sentence(
                doc=doc_number,
                number=number,
                text=self.doc.text[first : self.places[end - 1] + 1],
                tokens=[self._in_text(first, *token) for token in inside],
                gold=self._of_sentence(gold, start, first),
                predicted=self._of_sentence(predicted, start, first),
            )

    def _split(self, mentions: List[Mention]) -> Dict[int, List[Mention]]:
        """Pieces of mentions by the cut at which their sentence begins."""
        pieces: Dict[int, List[Mention]] = {}
        for mention in sorted(mentions, key=lambda mention: mention.start):
            first = bisect_right(self.cuts, mention.start)
            inner = self.cuts[first : bisect_left(self.cuts, mention.end)]
            bounds = pairwise([mention.start, *inner, mention.end])
            for number, (start, end) in enumerate(bounds):
                piece = mention._replace(start=start, end=end, is_rest=number > 0)
                pieces.setdefault(self.cuts[first - 1 + number], []).append(piece)
        return pieces

    def _of_sentence(
        self, pieces: Dict[int, List[Mention]], cut: int, first: int
    ) -> List[Mention]:
        mentions = []
        for piece in pieces.get(cut, []):
            start, end = self._in_text(first, piece.start, piece.end)
            mentions.append(piece._replace(start=start, end=end))
        return mentions

    def _in_text(self, first: int, start: int, end: int) -> Tuple[int, int]:
        """Characters that are no white space as characters of a sentence."""
        return self.places[start] - first, self.places[end - 1] + 1 - first


def _read(
    doc: Doc, target: str, spans_key: str, bounds: List[int]
) -> Iterable[Mention]:
    confidence_of = _confidences(doc, target, spans_key)
    for span in target_spans(doc, target, spans_key):
        start, end = bounds[span.start], bounds[span.end]
        if start < end:
            yield Mention(start, end, span.label_, confidence_of(span))


def _confidences(doc: Doc, target: str, spans_key: str):
    """Where the confidence of a span is found."""
    if target == "ents":
        known = SpacySpan.has_extension("confidence")
        return lambda span: span._.confidence if known else None
    group = doc.spans.get(spans_key)
    if group is None:
        return lambda span: None
    scores = one_per_span(group, "scores")
    of_span = {
        (span.start, span.end, span.label): score for span, score in zip(group, scores)
    }
    return lambda span: _plain(of_span.get((span.start, span.end, span.label)))


def _plain(score) -> Optional[float]:
    return None if score is None else float(score)
