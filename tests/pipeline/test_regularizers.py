"""The place in a component's update where a loss is added to."""

import numpy
import pytest

from . import toys


class SmallEmissions:
    """Keep emissions small: half their squares."""

    name = "small"

    def __call__(self, pipe, examples, emissions):
        assert len(examples) == len(emissions)
        return sum(float((e**2).sum()) / 2 for e in emissions), list(emissions)


class SecondPass:
    """A term with passes of its own: learn the batch once more."""

    name = "again"

    def __call__(self, pipe, examples, emissions):
        scores, backprop = pipe.model.begin_update([e.predicted for e in examples])
        loss, gradients = pipe.get_loss(examples, scores)
        backprop(gradients)
        return loss, None


def gradients(pipe):
    """Of all torch parameters."""
    return [
        parameter.grad.clone().to_dense().cpu().numpy()
        for node in pipe.model.walk()
        for shim in node.shims
        for parameter in shim.module.parameters()
        if parameter.grad is not None
    ]


@pytest.fixture(params=toys.FACTORIES)
def trained(request):
    nlp = toys.untrained(request.param)
    target = toys.FACTORIES[request.param]
    return nlp.get_pipe(request.param), toys.examples(nlp, target)


def gradients_of(pipe, run):
    """What a function returns, and the gradients that it accumulates, which are
    forgotten then."""
    result, found = run(), gradients(pipe)
    for node in pipe.model.walk():
        for shim in node.shims:
            shim.module.zero_grad()
    return result, found


def update(pipe, examples, regularizers):
    """Losses and gradients of one pass."""
    pipe.regularizers = regularizers
    return gradients_of(pipe, lambda: pipe.update(examples, drop=0.0))


def test_a_term_is_added_and_shown(trained):
    pipe, examples = trained
    update(pipe, examples, [])  # words get their rows
    plain, without = update(pipe, examples, [])
    losses, found = update(pipe, examples, [SmallEmissions()])
    assert losses[pipe.name] == plain[pipe.name]
    assert losses[f"{pipe.name}_small"] > 0
    moved = [numpy.abs(a - b).max() for a, b in zip(found, without, strict=True)]
    assert max(moved) > 1e-4


def test_a_term_with_passes_of_its_own_adds_gradients(trained):
    pipe, examples = trained
    update(pipe, examples, [])
    plain, without = update(pipe, examples, [])
    losses, found = update(pipe, examples, [SecondPass()])
    assert losses[f"{pipe.name}_again"] == pytest.approx(plain[pipe.name], rel=1e-5)
    for twice, once in zip(found, without, strict=True):
        numpy.testing.assert_allclose(twice, 2 * once, rtol=1e-3, atol=1e-5)
