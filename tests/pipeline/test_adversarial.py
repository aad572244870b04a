"""Adversarial training: where embeddings are moved to, and what is learned of it."""

import numpy
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam

from spacy_birnn.errors import BirnnError
from spacy_birnn.pipeline.adversarial import find_perturbation, worst_shift

from . import toys
from .test_regularizers import gradients_of

every_factory = pytest.mark.parametrize("factory", toys.FACTORIES)


def made(factory, epsilon):
    """A component with weights that do not depend on epsilon, and examples."""
    nlp = toys.untrained(factory, adversarial=epsilon)
    pipe = nlp.get_pipe(factory)
    other = toys.untrained(factory).get_pipe(factory)
    pipe.model.from_bytes(other.model.to_bytes())
    return pipe, toys.examples(nlp, pipe.target)


def loss_and_gradients(pipe, examples):
    """Of one pass without a step."""

    def run():
        docs = [example.predicted for example in examples]
        emissions, backprop = pipe.model.begin_update(docs)
        loss, d_emissions = pipe.get_loss(examples, emissions)
        backprop(d_emissions)
        return loss

    return gradients_of(pipe, run)


def first_pass(pipe, examples):
    """The gradient at the embeddings, the loss and the gradients of a pass; and a
    function that runs it with embeddings moved along a direction, such as that one."""
    perturbation = find_perturbation(pipe.model, pipe.name)
    loss_and_gradients(pipe, examples)  # words get their rows
    with perturbation.kept():
        loss, found = loss_and_gradients(pipe, examples)
    lengths = [len(example) for example in examples]
    embeddings, gradient = perturbation.embeddings, perturbation.gradient
    epsilon = pipe.cfg["adversarial"]

    def moved_along(direction=gradient):
        shift = worst_shift(embeddings, direction, lengths, epsilon)
        with perturbation.shifted(shift):
            return loss_and_gradients(pipe, examples)

    return gradient, loss, found, moved_along


def test_each_document_is_moved_along_its_gradient():
    rng = numpy.random.RandomState(0)
    embeddings = rng.normal(size=(7, 5)).astype("f")
    gradient = rng.normal(size=(7, 5)).astype("f")
    gradient[4:6] = 0.0
    shift = worst_shift(embeddings, gradient, [4, 0, 2, 1], 0.1)
    for rows in (slice(0, 4), slice(6, 7)):
        size = numpy.linalg.norm(shift[rows])
        assert size == pytest.approx(0.1 * numpy.linalg.norm(embeddings[rows]))
        along = (shift[rows] * gradient[rows]).sum()
        assert along == pytest.approx(size * numpy.linalg.norm(gradient[rows]))
    assert (shift[4:6] == 0).all()


@every_factory
def test_no_other_shift_of_that_size_raises_the_loss_so_much(factory):
    pipe, examples = made(factory, 0.01)
    gradient, plain, _, moved_along = first_pass(pipe, examples)
    rng = numpy.random.RandomState(0)
    worst, _ = moved_along()
    drawn = pipe.model.ops.asarray(rng.normal(size=(20, *gradient.shape)).astype("f"))
    others = [loss for loss, _ in map(moved_along, drawn)]
    assert plain < worst
    assert max(others) < worst
    assert moved_along(-gradient)[0] < plain


@every_factory
def test_half_of_the_gradient_is_that_of_the_moved_embeddings(factory):
    pipe, examples = made(factory, 0.3)
    _, plain, of_plain, moved_along = first_pass(pipe, examples)
    moved, of_moved = moved_along()
    losses, found = gradients_of(pipe, lambda: pipe.update(examples, drop=0.0))
    assert losses[factory] == pytest.approx(plain, rel=1e-5)
    assert losses[f"{factory}_adversarial"] == pytest.approx(moved, rel=1e-5)
    assert plain < moved
    for both, one, other in zip(found, of_plain, of_moved, strict=True):
        numpy.testing.assert_allclose(both, (one + other) / 2, rtol=1e-3, atol=1e-6)


@every_factory
def test_it_leaves_nothing_behind(factory):
    pipe, examples = made(factory, 0.3)
    perturbation = find_perturbation(pipe.model, factory)
    pipe.update(examples, drop=0.0)
    left = (perturbation.embeddings, perturbation.gradient, perturbation.shift)
    assert left == (None, None, None)
    first, second = (loss_and_gradients(pipe, examples)[0] for _ in range(2))
    assert first == second


@every_factory
def test_without_it_nothing_is_kept_or_shown(factory):
    pipe, examples = made(factory, 0.0)
    losses = pipe.update(examples, drop=0.0)
    assert set(losses) == {factory}
    assert find_perturbation(pipe.model, factory).embeddings is None


@every_factory
def test_a_component_learns_with_it(factory):
    nlp = toys.trained(factory, adversarial=0.05)
    pipe = nlp.get_pipe(factory)
    scores = nlp.evaluate(toys.examples(nlp, pipe.target))
    keys = {"ents": "ents_f", "spans": "spans_chunks_f", "tag": "tag_acc"}
    assert scores[keys[pipe.target]] == 1.0


def test_a_batch_without_a_word():
    pipe, _ = made("birnn_ner", 0.3)
    doc = Doc(pipe.vocab, words=["\n", " "])
    losses = pipe.update([Example(doc, doc.copy())], sgd=Adam(0.1))
    assert losses == {"birnn_ner": 0.0, "birnn_ner_adversarial": 0.0}


def test_out_of_range():
    with pytest.raises(BirnnError, match=r"^\[B086\] Component 'birnn_ner'.*-0.1"):
        toys.untrained(adversarial=-0.1)


def test_a_shared_tok2vec_cannot_be_moved():
    model = toys.config()["model"]
    model["tok2vec"] = {"@architectures": "spacy.Tok2VecListener.v1", "width": 16}
    nlp = spacy.blank("en")
    with pytest.raises(BirnnError, match=r"^\[B085\] .*tok2vec-listener"):
        nlp.add_pipe("birnn_ner", config={"model": model, "adversarial": 0.1})
