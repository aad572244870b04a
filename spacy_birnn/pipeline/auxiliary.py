"""Auxiliary annotation: what a component learns beside its target, and never predicts.

Søgaard & Goldberg (2016), "Deep multi-task learning with low level tasks supervised at
lower layers".
"""

import math
from functools import partial
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy
import torch
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Model
from thinc.types import Floats2d

from ..attributes import custom_name
from ..errors import BirnnError, Errors
from ..models.auxiliary import add_heads, find_encoder, has_heads, learn_heads
from ..models.sentences import DocBatch
from . import gold
from .gold import count_sentences

Read = Callable[[Doc], List[Optional[str]]]

READERS: Dict[str, Read] = {
    "tag": lambda doc: [token.tag_ for token in doc],
    "pos": lambda doc: [token.pos_ for token in doc],
    "morph": lambda doc: [str(token.morph) for token in doc],
    "dep": lambda doc: [token.dep_ for token in doc],
}
"""Annotation of tokens by its name: each token's label, "" where missing."""


class AuxiliaryHeads:
    """Learns annotation of tokens from the encoder's first layer, as a regularizer.

    Args:
        model: a SequenceTagger.
        name: of the component.
        weights: of each annotation's loss, by its name.

    Raises:
        BirnnError: a name or weight cannot be used, or the model has no such layer.
    """

    name = "auxiliary"

    def __init__(self, model: Model, name: str, weights: Dict[str, float]):
        for key, weight in weights.items():
            if key not in READERS and not custom_name(key):
                known = ", ".join([*READERS, "_.name"])
                raise BirnnError(Errors.B088.format(name=name, key=key, known=known))
            if not 0.0 < weight < math.inf:
                raise BirnnError(Errors.B089.format(name=name, key=key, value=weight))
        if weights and find_encoder(model) is None:
            raise BirnnError(Errors.B090.format(name=name))
        self.weights = weights
        self._labels: Dict[str, Dict[str, int]] = {}
        self.clear()

    def clear(self) -> None:
        """Forget the labels."""
        self._labels = {key: {} for key in self.weights}

    def collect(self, example: Example) -> None:
        """Note the labels of an example, before the heads are made."""
        for key, ids in self._labels.items():
            for label in _read(key, example.reference):
                if label:
                    ids.setdefault(label, len(ids))

    def make_heads(self, model: Model, name: str) -> None:
        """Give a model heads for the labels that were collected.

        Raises:
            BirnnError: there are none of some annotation.
        """
        for key, ids in self._labels.items():
            if not ids:
                raise BirnnError(Errors.B091.format(name=name, key=key))
        add_heads(model, [len(ids) for ids in self._labels.values()])

    def __call__(
        self, pipe: Any, examples: List[Example], emissions: List[Floats2d]
    ) -> Tuple[float, Optional[List[Floats2d]]]:
        """See `Regularizer`. What has no annotation, and labels that initialization did
        not meet, are not learned."""
        if not has_heads(pipe.model):
            return 0.0, None
        labels = torch.from_numpy(self._label_ids(examples))
        n_sentences = max(1, count_sentences(examples))
        weights = [weight / n_sentences for weight in self.weights.values()]
        return learn_heads(pipe.model, labels, weights), None

    def _label_ids(self, examples: Sequence[Example]) -> numpy.ndarray:
        """Ids of the words of a batch, -1 where missing, shape (heads, words)."""
        batch = DocBatch(example.predicted for example in examples)
        rows = []
        for key, ids in self._labels.items():
            found = (gold.tags(example, partial(_read, key)) for example in examples)
            rows.append([ids.get(label or "", -1) for tags in found for label in tags])
        return numpy.array(rows, dtype="int64")[:, ~batch.sentences.space]


def _read(key: str, doc: Doc) -> List[Optional[str]]:
    """Each token's label, "" or None where missing."""
    if key in READERS:
        return READERS[key](doc)
    attribute = custom_name(key) or ""
    return [token._.get(attribute) for token in doc]
