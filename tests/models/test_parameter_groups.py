import numpy
import pytest
import torch
from thinc.api import Adam, Linear, chain

from spacy_birnn.models.parameter_groups import Snapshot, group_of
from spacy_birnn.models.shim import shim_of

from .tiny import make_docs, make_tagger


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("layers.0.weight_ih_l0", "layer 1 input weights"),
        ("layers.2.weight_hh_l0_reverse", "layer 3 recurrent weights"),
        ("layers.1.bias_hh_l0", "layer 2 biases"),
        ("words.table", "word vectors"),
        ("crf.transitions", "transitions"),
        ("linear.bias", "emissions"),
        ("other.weight", "other"),
    ],
)
def test_group_of(name, group):
    assert group_of(name) == group


def gradients(model):
    """By group the gradients of all torch parameters, dense."""
    found = {}
    for node in model.walk():
        for shim in node.shims:
            for name, param in shim.module.named_parameters():
                if param.grad is not None:
                    found.setdefault(group_of(name), []).append(param.grad.to_dense())
    return found


def weights(model):
    found = {}
    for node in model.walk():
        for shim in node.shims:
            for name, param in shim.module.named_parameters():
                found.setdefault(group_of(name), []).append(param.detach().clone())
    return found


def norm(tensors):
    return sum((t**2).sum().item() for t in tensors) ** 0.5


def test_norms_of_gradients_and_updates():
    docs = make_docs("the cat sat in Paris", "Paris")
    model = make_tagger(docs, encode={"depth": 2})
    emissions, backprop = model.begin_update(docs)
    backprop([numpy.ones_like(e) for e in emissions])
    snapshot = Snapshot(model)
    wanted = {group: norm(grads) for group, grads in gradients(model).items()}
    assert snapshot.gradient_norms == pytest.approx(wanted)
    assert {"word vectors", "characters", "layer 2 recurrent weights"} < set(wanted)
    assert snapshot.gradient_norm == pytest.approx(
        norm([torch.tensor([*wanted.values()])])
    )
    before = weights(model)
    model.finish_update(Adam(0.01))
    after = weights(model)
    changes = {
        group: norm([b - a for a, b in zip(before[group], after[group])])
        for group in wanted
    }
    assert snapshot.update_norms() == pytest.approx(changes, rel=1e-4)
    del changes["unknown word"]  # all words of the texts are known
    assert min(changes.values()) > 0


def test_what_has_no_gradient_is_no_group():
    model = make_tagger(make_docs("the cat"))
    assert Snapshot(model).gradient_norms == {}
    assert shim_of(model.get_ref("emissions")).module.linear.weight.grad is None


def test_layers_of_thinc():
    model = chain(Linear(3, 2), Linear(2, 3))
    model.layers[1].name = "second"
    X = numpy.ones((4, 2), dtype="f")
    model.initialize(X=X, Y=numpy.ones((4, 3), dtype="f"))
    Y, backprop = model.begin_update(X)
    backprop(numpy.ones_like(Y))
    snapshot = Snapshot(model)
    grads = [model.layers[1].get_grad(name) for name in ("W", "b")]
    wanted = sum((grad**2).sum() for grad in grads) ** 0.5
    assert snapshot.gradient_norms["second"] == pytest.approx(wanted)
    before = (
        model.layers[1].get_param("W").copy(),
        model.layers[1].get_param("b").copy(),
    )
    model.finish_update(Adam(0.1))
    after = model.layers[1].get_param("W"), model.layers[1].get_param("b")
    wanted = sum(((b - a) ** 2).sum() for a, b in zip(before, after)) ** 0.5
    assert snapshot.update_norms()["second"] == pytest.approx(wanted)
