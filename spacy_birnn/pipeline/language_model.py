"""A language model that a component learns beside its labels, and never predicts with.

Rei (2017), "Semi-supervised Multitask Learning for Sequence Labeling".
"""

from collections import Counter
from typing import Any, Dict, List, Optional, Tuple

import torch
from spacy.training import Example
from thinc.api import Model
from thinc.types import Floats2d

from ..errors import BirnnError, Errors
from ..models.arguments import is_number
from ..models.language_model import (
    add_language_model,
    find_encoder,
    has_language_model,
    learn_words,
)
from ..models.sentences import DocBatch
from .gold import count_sentences

MAX_WORDS = 5000
"""Words that are told apart, in lower case: the most frequent ones; all others are
one."""


class LanguageModelling:
    """Learns to predict the next and the previous word, as a regularizer.

    Args:
        model: a SequenceTagger.
        name: of the component.
        weight: of its loss, 0 for none of it.

    Raises:
        BirnnError: the weight cannot be used, or the model has no layer to read.
    """

    name = "language_model"

    def __init__(self, model: Model, name: str, weight: float):
        if not is_number(weight, 0.0):
            raise BirnnError(Errors.B092.format(name=name, value=weight))
        if weight and find_encoder(model) is None:
            raise BirnnError(Errors.B093.format(name=name))
        self.weight = weight
        self._ids: Dict[str, int] = {}
        self._ids_of_forms: Dict[int, int] = {}

    def initialize(self, model: Model, words: Dict[str, int]) -> None:
        """Give an initialized model a language model of the most frequent words.

        Args:
            model: a SequenceTagger.
            words: how often each occurs in the training data.
        """
        counts = Counter[str]()
        for word, count in words.items():
            counts[word.lower()] += count
        # In an order that does not depend on that of the data.
        ordered = sorted(counts, key=lambda word: (-counts[word], word))
        self._ids = {word: i for i, word in enumerate(ordered[: MAX_WORDS - 1], 1)}
        self._ids_of_forms = {}
        add_language_model(model, 1 + len(self._ids))

    def __call__(
        self, pipe: Any, examples: List[Example], emissions: List[Floats2d]
    ) -> Tuple[float, Optional[List[Floats2d]]]:
        """See `Regularizer`. A pipeline that was loaded has no language model: there is
        nothing to learn then."""
        if not has_language_model(pipe.model):
            return 0.0, None
        batch = DocBatch(example.predicted for example in examples)
        orths = batch.orths[~batch.sentences.space].tolist()
        strings = examples[0].predicted.vocab.strings
        ids = torch.tensor([self._id_of(orth, strings) for orth in orths])
        weight = self.weight / max(1, count_sentences(examples))
        lengths = batch.sentences.words_only().lengths
        return learn_words(pipe.model, ids, lengths, weight), None

    def _id_of(self, orth: int, strings: Any) -> int:
        found = self._ids_of_forms.get(orth)
        if found is None:
            found = self._ids.get(strings[orth].lower(), 0)
            self._ids_of_forms[orth] = found
        return found
