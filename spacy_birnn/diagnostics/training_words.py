"""The part of the training data that an evaluation asks for: words and their labels."""

from collections import Counter, defaultdict
from typing import Dict, Iterable, Set

from spacy.tokens import Doc
from spacy.training import Example

from ..attributes import custom_name, custom_value, is_annotated
from ..scorers import target_spans


class TrainingWords:
    """Words and labelled spans of training data.

    Args:
        examples: the training data.
        target: `ents`, `spans` with `spans_key`, or an attribute of tokens.
        spans_key: the group of spans.

    Attributes:
        counts: how often each word occurs.
        labels: the labels of each span or, for tags, each word. White space within does
            not count, since files differ in it.
    """

    def __init__(
        self, examples: Iterable[Example], target: str, spans_key: str = ""
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.labels: Dict[str, Set[str]] = defaultdict(set)
        for example in examples:
            doc = example.reference
            self.counts.update(token.text for token in doc if not token.is_space)
            if target not in ("ents", "spans"):
                for token, tag in zip(doc, read_tags(doc, target)):
                    if tag and not token.is_space:
                        self.labels[token.text].add(tag)
            elif is_annotated(doc, target, spans_key):
                for span in target_spans(doc, target, spans_key):
                    self.labels[squeeze(span.text)].add(span.label_)

    def seen(self, text: str, label: str) -> str:
        """Tell how training met a span: `same` for with this label, `other` for with
        others only, `new` for never."""
        known = self.labels.get(squeeze(text), ())
        if label in known:
            return "same"
        return "other" if known else "new"

    def rarest(self, words: Iterable[str]) -> int:
        """How often the rarest of some words occurs."""
        return min((self.counts[word] for word in words), default=0)


def squeeze(text: str) -> str:
    """A text without its white space."""
    return "".join(text.split())


def read_tags(doc: Doc, target: str) -> Iterable[str]:
    """The tag of each token of a document, empty where missing.

    Args:
        doc: the document.
        target: `tag`, `pos` or another attribute of tokens, or `_.name`.
    """
    name = custom_name(target)
    for token in doc:
        if name is None:
            yield getattr(token, f"{target}_")
        else:
            value = custom_value(token, name)
            yield "" if value is None else str(value)
