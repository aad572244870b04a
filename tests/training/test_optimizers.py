"""Optimizers against torch's, in a pipeline, and their ranges."""

import numpy
import pytest
import spacy
import torch
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry
from thinc.api import Config, NumpyOps
from torch import nn
from torch.nn import functional as F

from spacy_birnn.errors import BirnnError
from spacy_birnn.models.rows import averaged_rows, update_rows
from spacy_birnn.training.optimizers import (
    create_adamw,
    create_sgd,
    warn_of_unused_rates,
)
from spacy_birnn.training.schedules import plateau

KEY = (1, "words.table")
PLAIN = {"use_averages": False}


def gradients(steps=12, shape=(5, 3)):
    generator = numpy.random.default_rng(0)
    return [generator.normal(size=shape).astype("float32") for _ in range(steps)]


def start(shape=(5, 3)):
    return numpy.linspace(-1, 1, numpy.prod(shape), dtype="float32").reshape(shape)


def run(optimizer, grads, key=KEY):
    """The weights after each step."""
    weights, seen = start(grads[0].shape), []
    for grad in grads:
        weights, zeroed = optimizer(key, weights, grad.copy())
        assert not zeroed.any()
        optimizer.step_schedules()
        seen.append(weights.copy())
    return seen


def run_torch(make, grads, rates=None, shrink=0.0):
    param, seen = nn.Parameter(torch.from_numpy(start(grads[0].shape))), []
    optimizer = make([param])
    for i, grad in enumerate(grads):
        for group in optimizer.param_groups:
            group["lr"] = group["lr"] if rates is None else rates[i]
            with torch.no_grad():  # decoupled weight decay, which torch's SGD lacks
                param.mul_(1 - group["lr"] * shrink)
        param.grad = torch.from_numpy(grad.copy())
        optimizer.step()
        seen.append(param.detach().numpy().copy())
    return seen


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
@pytest.mark.parametrize(
    ("momentum", "nesterov"), [(0.0, False), (0.9, False), (0.9, True)]
)
def test_sgd_equals_torch(momentum, nesterov, weight_decay):
    ours = create_sgd(
        0.05, momentum, nesterov, weight_decay=weight_decay, use_averages=False
    )
    theirs = run_torch(
        lambda params: torch.optim.SGD(
            params, lr=0.05, momentum=momentum, nesterov=nesterov
        ),
        gradients(),
        shrink=weight_decay,
    )
    numpy.testing.assert_allclose(run(ours, gradients()), theirs, rtol=0, atol=1e-6)


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
@pytest.mark.parametrize("eps", [1e-8, 1e-3])
def test_adamw_equals_torch(weight_decay, eps):
    ours = create_adamw(0.01, 0.8, 0.99, eps, weight_decay, use_averages=False)
    theirs = run_torch(
        lambda params: torch.optim.AdamW(
            params, lr=0.01, betas=(0.8, 0.99), eps=eps, weight_decay=weight_decay
        ),
        gradients(),
    )
    numpy.testing.assert_allclose(run(ours, gradients()), theirs, rtol=0, atol=1e-6)


def test_schedules_set_the_rates_of_the_steps():
    rates = [0.1, 0.05, 0.2, 0.0, 0.01]
    ours = create_sgd(iter(rates), 0.9, **PLAIN)
    theirs = run_torch(
        lambda params: torch.optim.SGD(params, lr=0.1, momentum=0.9),
        gradients(5),
        rates,
    )
    numpy.testing.assert_allclose(run(ours, gradients(5)), theirs, rtol=0, atol=1e-6)


def test_a_parameter_that_is_not_contiguous_is_updated():
    optimizer, weights = create_sgd(0.1, **PLAIN), start((4, 3)).T
    grad = numpy.ones((3, 4), dtype="float32")
    updated, _ = optimizer(KEY, weights, grad)
    numpy.testing.assert_allclose(updated, start((4, 3)).T - 0.1, atol=1e-6)


def test_rates_by_parameter_name():
    grads = gradients(1)
    rates = {"words.*": 0.5, "*": 2.0}
    moved = {
        name: start() - run(create_sgd(0.1, rates=rates), grads, (1, name))[0]
        for name in ("words.table", "W")
    }
    numpy.testing.assert_allclose(moved["W"], 4 * moved["words.table"], atol=1e-6)


def test_patterns_that_fit_nothing_are_named():
    optimizer = create_sgd(0.1, rates={"words.*": 0.5, "wordz.table": 2.0})
    run(optimizer, gradients(1), (1, "words.table"))
    with pytest.warns(UserWarning, match=r"W495.*'wordz\.table'.*words\.table") as seen:
        warn_of_unused_rates(optimizer)
    assert len(seen) == 1


def test_grad_clip_bounds_each_parameter():
    optimizer = create_sgd(1.0, 0.0, grad_clip=0.5, **PLAIN)
    step = start() - run(optimizer, [10 * gradients(1)[0]])[0]
    assert numpy.linalg.norm(step) == pytest.approx(0.5, abs=1e-5)


# --- averages -------------------------------------------------------------------------


def mean_of(seen, decay, start_at=0):
    mean, ops = seen[start_at].copy(), NumpyOps()
    for step, weights in enumerate(seen[start_at:], 1):
        ops.update_averages(mean, weights, step, max_decay=decay)
    return mean


@pytest.mark.parametrize("decay", [0.5, 0.9999])
@pytest.mark.parametrize("start_at", [0, 4])
def test_averages_have_the_given_decay_and_start(decay, start_at):
    optimizer = create_sgd(0.1, average_decay=decay, average_start=start_at)
    seen = run(optimizer, gradients())
    found = optimizer.averages[KEY]
    numpy.testing.assert_allclose(found, mean_of(seen, decay, start_at), atol=1e-6)
    assert numpy.abs(found - seen[-1]).max() > 1e-3


def test_no_averages_before_their_start():
    optimizer = create_sgd(0.1, average_start=3)
    run(optimizer, gradients(3))
    assert not optimizer.averages
    assert create_sgd(0.1, use_averages=False).averages is None


# --- rows -----------------------------------------------------------------------------


def sparse_step(optimizer, param, rows, step):
    embedded = F.embedding(torch.tensor(rows), param, sparse=True)
    weight = torch.linspace(-1, 1, embedded.numel()).reshape(embedded.shape)
    (embedded * weight * (step + 1)).sum().backward()
    grad = param.grad.coalesce().to_dense().numpy().copy()
    update_rows(optimizer, KEY, param)
    param.grad = None
    return grad


MAKERS = [
    lambda **more: create_sgd(0.1, 0.9, weight_decay=0.1, **more),
    lambda **more: create_sgd(0.1, 0.9, nesterov=True, **more),
    lambda **more: create_adamw(0.01, weight_decay=0.1, **more),
]


@pytest.mark.parametrize("make", MAKERS)
def test_touched_rows_equal_a_dense_update_of_them(make):
    param, sparse = nn.Parameter(torch.from_numpy(start((6, 3)))), make()
    plain, dense = make(), start((6, 3))[2:4].copy()
    for step in range(6):
        grad = sparse_step(sparse, param, [2, 3, 2], step)
        dense, _ = plain(KEY, dense, grad[2:4])
        numpy.testing.assert_allclose(param.detach()[2:4], dense, rtol=0, atol=1e-6)
    untouched = [0, 1, 4, 5]
    assert numpy.array_equal(param.detach()[untouched], start((6, 3))[untouched])


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(("decay", "start_at"), [(0.5, 0), (0.9, 2), (0.9999, 1)])
def test_averages_of_all_rows_are_those_of_a_dense_table(make, decay, start_at):
    optimizer = make(average_decay=decay, average_start=start_at)
    param, ops = nn.Parameter(torch.from_numpy(start((6, 3)))), NumpyOps()
    want = {}
    for step, rows in enumerate([[1, 4], [1, 2], [4], [1], [2], [0, 1], [4]], 1):
        sparse_step(optimizer, param, rows, step)
        now, counted = param.detach().numpy(), step - start_at
        for row in range(6):
            if row in want:
                ops.update_averages(want[row], now[row], counted, max_decay=decay)
            elif row in rows and counted > 0:
                want[row] = now[row].copy()
    found = averaged_rows(optimizer.averages, KEY, now)
    expected = numpy.stack([want.get(row, now[row]) for row in range(6)])
    numpy.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    assert numpy.abs(found - now).max() > 1e-4


# --- in a pipeline --------------------------------------------------------------------

CONFIG = """
[optimizer]
@optimizers = "spacy-birnn.SGD.v1"
momentum = 0.9
average_decay = 0.9

[optimizer.learn_rate]
@schedules = "spacy-birnn.epoch_decay.v1"
learn_rate = 0.5
decay = 0.05
steps_per_epoch = 5

[optimizer.rates]
words.table = 0.5
"""


def test_trains_our_components_and_those_of_spacy():
    """From a config, with averages that reach all weights."""
    optimizer = registry.resolve(Config().from_str(CONFIG))["optimizer"]
    assert optimizer.rates == {"words.table": 0.5}
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_ner")
    nlp.add_pipe("tagger")
    words = ["Ada", "left", "Oslo"]
    gold = Doc(nlp.vocab, words=words, ents=["B-PER", "O", "B-LOC"], tags=list("NVN"))
    examples = [Example(Doc(nlp.vocab, words=words), gold)]
    nlp.initialize(lambda: examples)
    for _ in range(40):
        nlp.update(examples, sgd=optimizer, drop=0.0)
        optimizer.step_schedules()
    assert optimizer.learn_rate == 0.5 / (1 + 0.05 * 8)
    with nlp.use_params(optimizer.averages):
        doc = nlp(Doc(nlp.vocab, words=words))
    assert [(ent.text, ent.label_) for ent in doc.ents] == [
        ("Ada", "PER"),
        ("Oslo", "LOC"),
    ]
    assert [token.tag_ for token in doc] == list("NVN")


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: create_sgd(-0.1), "B052"),
        (lambda: create_sgd(float("nan")), "B052"),
        (lambda: create_sgd([0.1, -1.0]), "B052"),
        (lambda: create_sgd(0.1, momentum=1.0), "B098"),
        (lambda: create_sgd(0.1, momentum=0.0, nesterov=True), "B051"),
        (lambda: create_sgd(0.1, weight_decay=-1.0), "B052"),
        (lambda: create_sgd(0.1, average_decay=1.0), "B098"),
        (lambda: create_sgd(0.1, average_start=-1), "B052"),
        (lambda: create_sgd(0.1, rates={"W": -1.0}), "B052"),
        (lambda: create_adamw(beta2=1.5), "B098"),
        (lambda: create_adamw(eps=0.0), "B053"),
    ],
)
def test_values_out_of_range(make, code):
    with pytest.raises(BirnnError, match=rf"^\[{code}\] spacy-birnn\."):
        make()


def test_a_schedule_that_leaves_the_range_is_stopped():
    optimizer = create_sgd(iter([0.1, -0.1]))
    with pytest.raises(BirnnError, match="learn_rate = -0.1"):
        optimizer.step_schedules()


def test_what_needs_the_loop_is_an_error_without_it():
    optimizer = create_sgd(plateau(0.1))
    with pytest.raises(BirnnError, match="plateau.v1 is told"):
        optimizer.step_schedules()


@pytest.mark.parametrize("make", [create_sgd, create_adamw])
def test_weights_decay_at_the_rate_of_their_name(make):
    settings = {"weight_decay": 0.5, "use_averages": False}
    frozen = make(0.1, rates={"words.*": 0.0}, **settings)
    assert numpy.array_equal(run(frozen, gradients())[-1], start())
    halved = run(make(0.1, rates={"words.*": 0.5}, **settings), gradients())
    numpy.testing.assert_allclose(halved, run(make(0.05, **settings), gradients()))
