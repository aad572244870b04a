"""Gold and predicted tags side by side, sentence by sentence."""

from dataclasses import dataclass
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from spacy.tokens import Token
from spacy.training import Example

from .mentions import sentence_starts
from .tables import NONE
from .training_words import read_tags


class Tagged(NamedTuple):
    """A word whose gold tag is known.

    Attributes:
        start, end: its characters, counted from the start of the sentence.
        word: its text.
        gold: its tag.
        predicted: the pipeline's, `NONE` where no one token stands for the word.
        confidence: of the predicted tag, where the pipeline says so.
    """

    start: int
    end: int
    word: str
    gold: str
    predicted: str
    confidence: Optional[float] = None


@dataclass(frozen=True)
class TaggedSentence:
    """A sentence, as it was annotated and as it was tagged.

    Attributes:
        doc: number of its document among all, from 0.
        number: its number in the document, from 0.
        text: its text.
        words: those whose gold tag is known.
    """

    doc: int
    number: int
    text: str
    words: List[Tagged]


def read_tagged(
    examples: Sequence[Example], target: str, *, confidences: bool = True
) -> List[TaggedSentence]:
    """Read the tags of both sides of examples; words without a gold tag are left out.

    Args:
        examples: predicted docs with their references, of any tokenization.
        target: `tag`, `pos` or `_.name`.
        confidences: whether `token._.confidence` is of this target.
    """
    sentences = []
    for number, example in enumerate(examples):
        doc = example.reference
        gold = list(read_tags(doc, target))
        if not any(tag for tag, token in zip(gold, doc) if not token.is_space):
            continue
        predicted = _predicted(example, target, confidences)
        starts = sentence_starts(doc)
        for place, (start, end) in enumerate(zip(starts, starts[1:])):
            first = doc[start].idx
            words = [
                _tagged(token, first, gold[token.i], predicted.get(token.i))
                for token in doc[start:end]
                if gold[token.i] and not token.is_space
            ]
            text = doc[start:end].text
            sentences.append(TaggedSentence(number, place, text, words))
    return sentences


def _predicted(
    example: Example, target: str, confidences: bool
) -> Dict[int, Tuple[str, Optional[float]]]:
    """The predicted tag and its confidence of each gold token that a token of the
    pipeline stands for; `NONE` where several do, with different tags."""
    align = example.alignment.x2y
    has_confidence = confidences and Token.has_extension("confidence")
    found: Dict[int, Tuple[str, Optional[float]]] = {}
    tags = read_tags(example.predicted, target)
    for token, tag in zip(example.predicted, tags):
        if not token.is_space and align.lengths[token.i] == 1:
            confidence = token._.confidence if has_confidence else None
            word = int(align[token.i][0])
            before, _ = found.get(word, (tag, None))
            found[word] = (tag, confidence) if before == tag else (NONE, None)
    return found


def _tagged(
    token: Token, first: int, gold: str, found: Optional[Tuple[str, Optional[float]]]
) -> Tagged:
    start = token.idx - first
    predicted, confidence = found or (NONE, None)
    end = start + len(token)
    return Tagged(start, end, token.text, gold, predicted, confidence)


def words_of(sentences: Sequence[TaggedSentence]) -> Iterator[Tuple[int, Tagged]]:
    """Give all words, each with the number of its sentence."""
    for number, sentence in enumerate(sentences):
        for word in sentence.words:
            yield number, word
