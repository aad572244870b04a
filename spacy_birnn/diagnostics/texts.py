"""Long texts of annotated sentences, as the network of a component reads them."""

import random
from dataclasses import dataclass
from typing import Iterator, List, Optional, Sequence

import numpy
import torch
from spacy.tokens import Doc
from spacy.training import Example
from torch import Tensor

from ..data.neighbours import join_annotated
from ..errors import BirnnError, Errors
from .network import Network, words_of

LENGTH = 200
"""Tokens, at least, of a text: the loss of one in the middle can reach 100 away."""


@dataclass(frozen=True)
class Text:
    """A text as one sequence of the recurrence.

    Attributes:
        inputs: (T, n_in) of the encoder.
        words: (W,) which of the T rows are words; the decoder sees no white space.
        labels: (W,) id of each word's gold label, -1 where it is not known.
        lengths: words per sequence of the decoder, summing to W. It has several where
            blank lines part the text.
        permitted: (W, L) labels that the words may have, None for all.
    """

    inputs: Tensor
    words: Tensor
    labels: Tensor
    lengths: List[int]
    permitted: Optional[Tensor]

    @property
    def known(self) -> List[int]:
        """The words whose gold label is known."""
        return torch.nonzero(self.labels >= 0).squeeze(1).tolist()


def join_texts(examples: Sequence[Example]) -> List[Example]:
    """Join neighbouring documents to texts of at least `LENGTH` tokens, which have no
    sentence starts. What is left at the end is no text."""
    texts: List[Example] = []
    waiting: List[Example] = []
    for example in examples:
        waiting.append(example)
        if sum(len(eg.predicted) for eg in waiting) >= LENGTH:
            texts.append(_join(waiting))
            waiting = []
    return texts


def _join(examples: Sequence[Example]) -> Example:
    reference = join_annotated([eg.reference for eg in examples])
    docs = [eg.predicted for eg in examples]
    words = [token.text for doc in docs for token in doc]
    spaces = [bool(token.whitespace_) for doc in docs for token in doc]
    predicted = Doc(docs[0].vocab, words=words, spaces=spaces)
    return Example(predicted, reference)


def sample_texts(
    network: Network, examples: Sequence[Example], n: int, seed: int
) -> List[Text]:
    """Draw texts and prepare them for a network.

    Args:
        network: reads them.
        examples: annotated documents, in the order of the data.
        n: how many texts, at most.
        seed: of the draw.

    Raises:
        BirnnError: the data are too short, or have no gold annotation.
    """
    joined = join_texts(examples)
    if not joined:
        total = sum(len(eg.predicted) for eg in examples)
        raise BirnnError(Errors.B405.format(found=total, least=LENGTH))
    network.check(_head(joined[0].predicted))
    chosen = random.Random(seed).sample(range(len(joined)), min(n, len(joined)))
    texts = [t for i in sorted(chosen) for t in read_text(network, joined[i])]
    if not any(text.known for text in texts):
        raise BirnnError(Errors.B406.format(target=network.pipe.target))
    return texts


def _head(doc: Doc) -> Doc:
    return Doc(doc.vocab, words=[token.text for token in doc[:LENGTH]])


def read_text(network: Network, example: Example) -> Iterator[Text]:
    """Read an example as a network does: as one text, or a long one in pieces of
    `LENGTH` tokens or more, each read on its own."""
    doc, pipe = example.predicted, network.pipe
    sequences = pipe.sequences([doc])
    labels = pipe.gold_labels([example], pipe.find_sequences([doc], False))
    is_word = words_of(doc)
    inputs = network.inputs(doc)
    if network.skips_space:
        is_word = is_word[is_word]
    of_word = numpy.cumsum(is_word)  # words up to each row, that row included
    number = numpy.repeat(numpy.arange(len(sequences.lengths)), sequences.lengths)
    n_pieces = max(len(inputs) // LENGTH, 1)
    bounds = numpy.linspace(0, len(inputs), n_pieces + 1).astype(int).tolist()
    for first, last in zip(bounds, bounds[1:]):
        start = int(of_word[first - 1]) if first else 0
        rows = slice(start, int(of_word[last - 1]))
        _, lengths = numpy.unique(number[rows], return_counts=True)
        permitted = sequences.permitted
        yield Text(
            inputs[first:last],
            torch.from_numpy(numpy.flatnonzero(is_word[first:last])),
            torch.from_numpy(labels[rows]),
            lengths.tolist(),
            None if permitted is None else torch.from_numpy(permitted[rows]),
        )
