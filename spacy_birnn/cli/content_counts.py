"""Counts of what annotated documents hold, taken while they pass by."""

from collections import Counter
from typing import Iterable, Iterator, List

from spacy.attrs import ENT_IOB, ENT_TYPE, POS, TAG
from spacy.strings import StringStore
from spacy.tokens import Doc

from ..span_counts import BEGIN

SHOWN = 10
"""Labels that are named, the most frequent ones."""


class ContentCounts:
    """Documents, tokens, and spans and tags by label.

    Spans are entities and those of all groups. Tags are universal parts of speech
    where there are some, else the others.
    """

    def __init__(self) -> None:
        self.documents = self.tokens = self.without_spans = 0
        # By hash: the documents share a vocabulary, whose strings say the labels.
        self.spans: Counter[int] = Counter()
        self.tags: Counter[int] = Counter()
        self.parts: Counter[int] = Counter()
        self.strings = StringStore()

    def counting(self, docs: Iterable[Doc]) -> Iterator[Doc]:
        """Yield the docs, and count them."""
        for doc in docs:
            self.add(doc)
            yield doc

    def add(self, doc: Doc) -> None:
        iob, types, tags, parts = doc.to_array([ENT_IOB, ENT_TYPE, TAG, POS]).T
        labels = types[iob == BEGIN].tolist()
        for group in doc.spans.values():
            labels += [span.label for span in group]
        self.documents += 1
        self.tokens += len(doc)
        self.without_spans += not labels
        self.spans.update(labels)
        # Documents come in great numbers: what they lack costs next to nothing.
        if tags.any():
            self.tags.update(tags[tags > 0].tolist())
        if parts.any():
            self.parts.update(parts[parts > 0].tolist())
        self.strings = doc.vocab.strings

    def lines(self) -> List[str]:
        """A line of totals, and one each for spans and tags where there are some."""
        documents = counted(self.documents, "document")
        lines = [f"{documents}, {counted(self.tokens, 'token')}."]
        if self.spans:
            empty = counted(self.without_spans, "document")
            rest = f"; {empty} without any" if self.without_spans else ""
            lines.append(self._by_label(self.spans, "span") + rest + ".")
        if tags := self.parts or self.tags:
            lines.append(self._by_label(tags, "tag") + ".")
        return lines

    def _by_label(self, counter: "Counter[int]", noun: str) -> str:
        first = counter.most_common(SHOWN)
        named = [f"{self.strings[label]} {number:,}" for label, number in first]
        if len(counter) > SHOWN:
            named.append(f"and {len(counter) - SHOWN:,} more labels")
        return f"{counted(counter.total(), noun)}: {', '.join(named)}"


def counted(number: int, noun: str) -> str:
    """Say how many there are of what a noun names, such as `2 spans`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
