"""Sentences as lists of ids, for a torch module that knows no spaCy."""

from dataclasses import dataclass
from typing import Dict, List, Sequence

import numpy
import torch
from common import lookup_forms
from spacy.training import Example
from spacy.vectors import Vectors
from torch import Tensor

from spacy_birnn.schemes import label_set

SCHEME = "bilou"  # spaCy's letters for BIOES
UNKNOWN = 0
"""The id that word dropout puts in the place of others."""


@dataclass(frozen=True)
class Batch:
    """Sentences as lists of ids.

    Attributes:
        words: For each sentence one id a word.
        chars: For each sentence and word one id a character, none of them 0.
        labels: For each sentence one id a word.
    """

    words: List[List[int]]
    chars: List[List[List[int]]]
    labels: List[List[int]]


class Ids:
    """Number the words, characters and labels of annotated sentences.

    Attributes:
        words: A word to its id, from 1.
        chars: A character to its id, from 1; 0 is the padding.
        labels: By id.
    """

    def __init__(self, examples: Sequence[Example]):
        docs = [example.reference for example in examples]
        words = dict.fromkeys(token.text for doc in docs for token in doc)
        self.words = {word: i for i, word in enumerate(words, 1)}
        chars = dict.fromkeys("".join(words))
        self.chars: Dict[str, int] = {"": 0}
        self.chars.update((char, i) for i, char in enumerate(chars, 1))
        types = {entity.label_ for doc in docs for entity in doc.ents}
        self.labels = label_set(sorted(types), SCHEME)

    def batch(self, examples: Sequence[Example]) -> Batch:
        label_ids = {label: i for i, label in enumerate(self.labels)}
        sentences = [[token.text for token in eg.reference] for eg in examples]
        return Batch(
            [[self.words[word] for word in words] for words in sentences],
            [[[self.chars[c] for c in word] for word in words] for words in sentences],
            [[label_ids[tag] for tag in eg.get_aligned_ner()] for eg in examples],
        )

    def vectors(self, table: Vectors) -> Tensor:
        """What the word vectors start from: the table's, else small random numbers.

        Returns:
            One row an id, shape (1 + number of words, D).
        """
        bound = (3.0 / table.shape[1]) ** 0.5
        out = torch.empty(1 + len(self.words), table.shape[1]).uniform_(-bound, bound)
        rows = numpy.asarray(out)
        for word, i in self.words.items():
            found = [table.find(key=form) for form in lookup_forms(word)]
            row = next((row for row in found if row >= 0), None)
            if row is not None:
                rows[i] = table.data[row]
        return out
