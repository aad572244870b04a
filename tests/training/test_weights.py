import numpy
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam, fix_random_seed

from spacy_birnn.training.optimizers import create_sgd
from spacy_birnn.training.weights import (
    clear_optimizer,
    component_settings,
    load_models,
    load_optimizer,
    load_settings,
    model_bytes,
    optimizer_arrays,
)


def make_examples(nlp):
    words = ["Ada", "left", "Oslo"]
    gold = Doc(nlp.vocab, words=words, ents=["B-PER", "O", "B-LOC"], tags=list("NVN"))
    return [Example(Doc(nlp.vocab, words=words), gold)]


def make_nlp():
    """Ours, and one of spaCy's with layers of thinc."""
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_ner")
    nlp.add_pipe("tagger")
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


def step(nlp, optimizer):
    nlp.update(make_examples(nlp), sgd=optimizer, drop=0.0)


@pytest.mark.parametrize("make", [lambda: Adam(0.01), lambda: create_sgd(0.1)])
def test_another_process_goes_on_with_other_ids(make):
    """In one process every node has an id of its own, as in two they may."""
    nlp, optimizer = make_nlp(), make()
    for _ in range(3):
        step(nlp, optimizer)
    models = {name: array.copy() for name, array in model_bytes(nlp).items()}
    arrays = {name: a.copy() for name, a in optimizer_arrays(nlp, optimizer).items()}
    kinds = {name.split()[0] for name in arrays}
    assert kinds >= {"mom1", "averages", "nr_update"}
    assert any(name.startswith("mom1 tagger/") for name in arrays)
    other, another = make_nlp(), make()
    load_models(other, models)
    load_optimizer(other, another, arrays)
    assert not set(another.mom1) & set(optimizer.mom1)
    for pair in ((nlp, optimizer), (other, another)):
        fix_random_seed(1)  # of dropped words
        step(*pair)
        step(*pair)
    for name, array in model_bytes(nlp).items():
        assert numpy.array_equal(array, model_bytes(other)[name])
    for name, array in optimizer_arrays(nlp, optimizer).items():
        found = optimizer_arrays(other, another)[name]
        size = min(found.size, array.size)  # spare rows of words are not saved
        assert numpy.array_equal(found.ravel()[:size], array.ravel()[:size])
    clear_optimizer(another)
    assert {} == another.mom1 == another.averages == another.nr_update


def test_settings_that_training_changes():
    nlp, other = make_nlp(), make_nlp()
    nlp.get_pipe("birnn_ner").cfg["note"] = ["X"]
    load_settings(other, component_settings(nlp))
    assert other.get_pipe("birnn_ner").cfg == nlp.get_pipe("birnn_ner").cfg
