"""Examples whose spans and tags are written as columns."""

from typing import List, Optional, Sequence

import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

VOCAB = spacy.blank("en").vocab


def doc_of(
    words: Sequence[str],
    ents: Sequence[str],
    starts: Optional[Sequence[bool]] = None,
    confidences: Sequence[float] = (),
) -> Doc:
    """A doc with entities in IOB2, sentence starts and confidences of its entities."""
    doc = Doc(VOCAB, words=list(words), ents=list(ents), sent_starts=starts)
    if confidences and not Span.has_extension("confidence"):
        Span.set_extension("confidence", default=None)
    for span, confidence in zip(doc.ents, confidences, strict=bool(confidences)):
        span._.confidence = confidence
    return doc


def examples_of(
    gold: List[List[str]],
    predicted: List[List[str]],
    starts: Optional[List[List[bool]]] = None,
) -> List[Example]:
    """Examples whose words are w0, w1 and so on."""
    examples = []
    for i, (of_gold, of_predicted) in enumerate(zip(gold, predicted, strict=True)):
        words = [f"w{j}" for j in range(len(of_gold))]
        cuts = None if starts is None else starts[i]
        examples.append(
            Example(doc_of(words, of_predicted, cuts), doc_of(words, of_gold, cuts))
        )
    return examples
