"""One norm over all gradients, against torch's clip_grad_norm_."""

import math

import numpy
import pytest
import torch
from thinc.api import Adam, Linear, Optimizer, chain, with_array

from spacy_birnn.models.clipping import clip_gradients, clip_shim_gradients
from spacy_birnn.models.encoder import build_birnn_encoder

from .tiny import make_docs, make_tagger


def make_gradients(texts=("the cat sat on the mat", "a b")):
    """A tagger with a row-sparse table and what its gradients are."""
    docs = make_docs(*texts)
    model = make_tagger(docs)
    Y, backprop = model.begin_update(docs)
    backprop([numpy.random.normal(size=y.shape).astype("f") for y in Y])
    shims = [shim for node in model.walk() for shim in node.shims]
    return model, [p for shim in shims for p in shim.module.parameters()]


def gradients(params):
    grads = [p.grad for p in params if p.grad is not None]
    return [(g.to_dense() if g.is_sparse else g).clone() for g in grads]


@pytest.mark.parametrize("max_norm", [0.01, 1.0, 1e6])
def test_equals_clip_grad_norm(max_norm):
    model, params = make_gradients()
    assert any(p.grad.is_sparse for p in params if p.grad is not None)
    dense = [torch.nn.Parameter(torch.zeros_like(g)) for g in gradients(params)]
    for param, grad in zip(dense, gradients(params), strict=True):
        param.grad = grad
    want = torch.nn.utils.clip_grad_norm_(dense, max_norm).item()
    assert clip_gradients(model, max_norm) == pytest.approx(want, rel=1e-5)
    for ours, param in zip(gradients(params), dense, strict=True):
        torch.testing.assert_close(ours, param.grad, rtol=1e-4, atol=1e-8)
    norm = math.sqrt(sum(g.square().sum().item() for g in gradients(params)))
    assert norm == pytest.approx(min(want, max_norm), rel=1e-4)


def test_a_row_that_occurs_twice_counts_once():
    model, params = make_gradients(["dog dog dog dog"])
    want = math.sqrt(sum(g.square().sum().item() for g in gradients(params)))
    assert clip_gradients(model, 0.0) == pytest.approx(want, rel=1e-5)


def test_no_bound_measures_only():
    model, params = make_gradients()
    before = gradients(params)
    assert clip_gradients(model, 0.0) > 0
    for a, b in zip(before, gradients(params), strict=True):
        assert torch.equal(a, b)


def test_own_parameters_of_thinc_count_too():
    encoder = build_birnn_encoder(4)
    model = chain(encoder, with_array(Linear(3, 4)))
    X = [numpy.random.normal(size=(5, 2)).astype("f")]
    model.initialize(X=X)
    Y, backprop = model.begin_update(X)
    backprop([numpy.ones_like(y) for y in Y])
    linear = next(node for node in model.walk() if node.name == "linear")
    params = list(encoder.shims[0].module.parameters())
    square = sum(p.grad.square().sum().item() for p in params)
    square += sum(float((linear.get_grad(n) ** 2).sum()) for n in ("W", "b"))
    assert clip_gradients(model, 0.5) == pytest.approx(math.sqrt(square), rel=1e-5)
    square = sum(p.grad.square().sum().item() for p in params)
    square += sum(float((linear.get_grad(n) ** 2).sum()) for n in ("W", "b"))
    assert math.sqrt(square) == pytest.approx(0.5, rel=1e-5)


def test_nothing_to_clip():
    assert clip_gradients(make_tagger(None), 1.0) == 0.0
    assert clip_gradients(make_tagger(make_docs("a b")), 1.0) == 0.0


@pytest.mark.parametrize("grad_clip", [0.0, 0.5])
def test_encoder_clips_its_own_before_the_step(grad_clip, monkeypatch):
    encoder = build_birnn_encoder(4, grad_clip=grad_clip)
    X = [numpy.random.normal(size=(5, 2)).astype("f")]
    encoder.initialize(X=X)
    Y, backprop = encoder.begin_update(X)
    backprop([100 * numpy.ones_like(y) for y in Y])
    before = clip_shim_gradients(encoder.shims[0], 0.0)
    seen = []
    monkeypatch.setattr(
        Optimizer,
        "__call__",
        lambda self, key, w, g: seen.append((g**2).sum()) or (w, g),
    )
    encoder.finish_update(Adam(0.01))
    want = grad_clip or before
    assert math.sqrt(sum(seen)) == pytest.approx(want, rel=1e-4)
    assert before > 1
