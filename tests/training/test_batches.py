"""The position in an epoch, from which training goes on."""

import pytest

from spacy_birnn.errors import BirnnError
from spacy_birnn.training.batches import Batches
from spacy_birnn.training.progress import Progress
from spacy_birnn.training.randomness import get_states


def in_pairs(examples):
    return (examples[i : i + 2] for i in range(0, len(examples), 2))


def batches_from(progress):
    words = ["a", "b", "c", "d", "e", "f"]
    batches = Batches(words, lambda: iter(words), in_pairs, 1, progress)
    batches.states = get_states()  # in the middle of an epoch
    return batches


def test_the_batches_that_are_done_are_passed_over():
    batches = batches_from(Progress(n_batches=2, n_examples=4))
    assert list(batches) == [(0, ["e", "f"])]


def test_other_batches_than_before_are_refused():
    with pytest.raises(BirnnError, match=r"^\[B065\] .*\b4\b.*\b5\b|\b5\b.*\b4\b"):
        next(iter(batches_from(Progress(n_batches=2, n_examples=5))))
