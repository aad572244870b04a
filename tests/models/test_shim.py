"""The shim: bytes, averages, copies, threads."""

import os
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy
import pytest
import torch
from thinc.api import Adam

from spacy_birnn.errors import BirnnError
from spacy_birnn.models.shim import TorchShim

from .tiny import make_docs, make_tagger, make_vocab, predict, shims, train

TEXTS = ["the cat sat", "Paris in 1999", "", "a b c d e f"]


@pytest.fixture
def docs():
    return make_docs(*TEXTS, vocab=make_vocab())


@pytest.fixture(params=["cnn", "rnn"])
def trained(request, docs):
    model = make_tagger(docs, embed={"chars": request.param})
    train(model, docs)
    return model


def blank_as(model, **kwargs):
    """An uninitialized tagger with the settings of another one."""
    embed = model.get_ref("tok2vec").get_ref("embed")
    return make_tagger(None, embed=dict(embed.attrs["settings"]), **kwargs)


def same(a, b):
    return numpy.array_equal(a, b)


# --- serialization --------------------------------------------------------------------


def test_round_trip_into_an_uninitialized_model(trained, docs):
    other = blank_as(trained, seed=1)
    other.from_bytes(trained.to_bytes())
    assert same(predict(other, docs), predict(trained, docs))
    assert other.to_bytes() == trained.to_bytes()


def test_round_trip_into_a_trained_model(docs):
    model = make_tagger(docs)
    train(model, docs)
    other = make_tagger(docs, seed=1)
    train(other, make_docs("other words here", vocab=docs[0].vocab))
    assert not same(predict(other, docs), predict(model, docs))
    other.from_bytes(model.to_bytes())
    assert same(predict(other, docs), predict(model, docs))


def test_training_goes_on_after_a_round_trip(trained, docs):
    other = blank_as(trained).from_bytes(trained.to_bytes())
    new = make_docs(*TEXTS, "words never met before", vocab=docs[0].vocab)
    for model in (trained, other):
        torch.manual_seed(0)
        train(model, new, optimizer=Adam(0.01))
    assert same(predict(other, new), predict(trained, new))


def test_uninitialized_models_have_no_weights(docs):
    blank = make_tagger(None)
    assert [shim.to_bytes() for shim in shims(blank)] == [b"", b"", b""]
    model = make_tagger(docs)
    for shim in shims(model):
        shim.from_bytes(b"")
        with pytest.raises(BirnnError, match=r"^\[B001\]"):
            shim.module  # noqa: B018


def test_weights_of_another_shape_are_refused_in_one_line(docs):
    small, large = make_tagger(docs), make_tagger(docs, encode={"width": 20})
    data = shims(large)[0].to_bytes()
    altered = data.replace(b'\\"n_in\\": 20', b'\\"n_in\\": 10')
    assert altered != data
    before = predict(small, docs)
    with pytest.raises(BirnnError, match=r"^\[B002\][^\n]+$"):
        shims(small)[0].from_bytes(altered)
    assert same(predict(small, docs), before)


# --- averages -------------------------------------------------------------------------


def test_averages_reach_the_torch_weights_and_leave_again(trained, docs):
    optimizer = train(trained, docs, steps=4, optimizer=Adam(0.05, use_averages=True))
    raw = predict(trained, docs)
    with trained.use_params(optimizer.averages):
        averaged = predict(trained, docs)
        for shim in shims(trained):
            for name, param in shim.module.named_parameters():
                if (shim.id, name) in optimizer.averages and "table" not in name:
                    want = optimizer.averages[shim.id, name]
                    assert same(param.detach().numpy(), want)
    assert numpy.abs(averaged - raw).max() > 1e-3
    assert same(predict(trained, docs), raw)


def test_every_trained_parameter_has_an_average(trained, docs):
    optimizer = train(trained, docs, optimizer=Adam(0.05, use_averages=True))
    keys = {
        (shim.id, name)
        for shim in shims(trained)
        for name, _ in shim.module.named_parameters()
    }
    steps = {(id, f"{name} steps") for id, name in keys if name.endswith("table")}
    assert steps <= set(optimizer.averages) <= keys | steps
    missing = {name for _, name in keys - set(optimizer.averages)}
    assert all(name.startswith("crf.") for name in missing)  # they train in the loss


def test_weights_come_back_after_an_error(trained, docs):
    optimizer = train(trained, docs, optimizer=Adam(0.05, use_averages=True))
    raw = predict(trained, docs)
    with pytest.raises(KeyError), trained.use_params(optimizer.averages):
        raise KeyError
    assert same(predict(trained, docs), raw)


def test_use_params_of_an_uninitialized_or_untrained_model(docs):
    with make_tagger(None).use_params({}):
        pass
    model = make_tagger(docs)
    before = predict(model, docs)
    with model.use_params({}):
        assert same(predict(model, docs), before)


@pytest.mark.parametrize("steps", [1, 3])
def test_words_met_late_are_averaged_from_where_they_began(steps):
    docs = make_docs("a b c d", vocab=make_vocab())
    model = make_tagger(docs)
    optimizer = train(model, docs, 50, Adam(1e-6, use_averages=True))
    late = make_docs("late words", vocab=docs[0].vocab)
    train(model, late, steps, optimizer)
    words = shims(model)[2].module.words
    key = next(k for k in optimizer.averages if k[1] == "words.table")
    rows = [words.rows[late[0].vocab.strings[word]] for word in ("late", "words")]
    table = words.table.detach().numpy()
    assert numpy.abs(table[rows]).max() > 0.1
    numpy.testing.assert_allclose(optimizer.averages[key][rows], table[rows], atol=1e-4)


def test_averages_of_a_table_that_has_grown_since():
    docs = make_docs("a b c d", vocab=make_vocab())
    model = make_tagger(docs)
    optimizer = train(model, docs, 5, Adam(0.01, use_averages=True))
    letters = [chr(i) for i in range(0x4E00, 0x4E00 + 3000)]
    new = make_docs(" ".join(letters), vocab=docs[0].vocab)
    model.begin_update(new)  # rows are added, no step is taken
    raw = predict(model, new)
    with model.use_params(optimizer.averages):
        averaged, data = predict(model, new), model.to_bytes()
    assert numpy.isfinite(averaged).all()
    assert same(predict(model, new), raw)
    other = make_tagger(None).from_bytes(data)
    assert same(predict(other, new), averaged)


# --- copies, optimizer, threads -------------------------------------------------------


def test_copies_have_weights_and_optimizer_keys_of_their_own(trained, docs):
    copied = trained.copy()
    before = predict(trained, docs)
    assert same(predict(copied, docs), before)
    pairs = list(zip(shims(trained), shims(copied), strict=True))
    assert all(a.id != b.id and a.module is not b.module for a, b in pairs)
    optimizer = train(copied, docs)
    ids = {shim_id for shim_id, _ in optimizer.nr_update}
    assert ids == {shim.id for shim in shims(copied)}
    assert same(predict(trained, docs), before)
    assert not same(predict(copied, docs), before)
    copied.from_bytes(trained.to_bytes())
    assert same(predict(copied, docs), before)


def test_copy_keeps_what_clips(docs):
    model = make_tagger(docs, encode={"grad_clip": 0.25}).copy()
    assert shims(model)[1].grad_clip == 0.25


def test_gradients_add_up_until_the_step(docs):
    once = make_tagger(docs, embed={"word_dropout": 0.0})
    twice = once.copy()
    for model, batches in ((once, [docs]), (twice, [docs[:2], docs[2:]])):
        torch.manual_seed(0)
        model.begin_update(docs)  # both meet all words at once
        for batch in batches:
            Y, backprop = model.begin_update(batch)
            backprop([numpy.ones_like(y) for y in Y])
        model.finish_update(Adam(0.01))
    assert numpy.abs(predict(once, docs) - predict(twice, docs)).max() < 1e-5
    for shim in shims(once):
        assert all(param.grad is None for param in shim.module.parameters())


def test_a_step_is_that_of_the_optimizer(docs):
    model = make_tagger(docs, encode={"grad_clip": 0.0})
    Y, backprop = model.begin_update(docs)
    backprop([numpy.ones_like(y) for y in Y])
    shim = shims(model)[1]
    param = shim.module.layers[0].weight_ih_l0
    want, _ = Adam(0.01)(
        (0, "x"), param.detach().numpy().copy(), param.grad.numpy().copy()
    )
    model.finish_update(Adam(0.01))
    numpy.testing.assert_allclose(param.detach().numpy(), want, atol=1e-7)


def test_an_optimizer_that_returns_new_arrays(docs):
    """As one on another device does, or one that another library wrote."""
    model, other = make_tagger(docs), make_tagger(docs)
    adam = Adam(0.01)

    class Copying:
        averages = None
        mom1, mom2, nr_update = adam.mom1, adam.mom2, adam.nr_update

        def __call__(self, key, weights, gradient):
            weights, gradient = adam(key, weights.copy(), gradient.copy())
            weights.flags.writeable = False
            return weights, gradient

    torch.manual_seed(0)
    train(model, docs, 1, Copying())
    torch.manual_seed(0)
    train(other, docs, 1, Adam(0.01))
    assert same(predict(model, docs), predict(other, docs))


def test_finish_update_without_gradients(docs):
    model = make_tagger(docs)
    before = predict(model, docs)
    model.finish_update(Adam(0.01))
    assert same(predict(model, docs), before)
    with pytest.raises(BirnnError, match=r"^\[B001\]"):
        make_tagger(None).finish_update(Adam(0.01))


def test_prediction_keeps_no_graph_and_switches_no_mode(trained, docs):
    for shim in shims(trained):
        assert shim.module.training
    Y, _ = trained(docs, is_train=False)
    assert all(isinstance(y, numpy.ndarray) for y in Y)
    assert all(shim.module.training for shim in shims(trained))
    assert torch.is_grad_enabled()


def test_threads_predict_at_once(trained):
    docs = make_docs(*[f"word{i} the cat Paris" for i in range(40)], vocab=make_vocab())
    want = [predict(trained, [doc]) for doc in docs]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            found = list(pool.map(lambda doc: predict(trained, [doc]), docs))
            assert all(same(a, b) for a, b in zip(found, want, strict=True))


def test_models_travel_to_other_processes(trained, docs):
    other = pickle.loads(pickle.dumps(trained))
    assert same(predict(other, docs), predict(trained, docs))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform cannot fork")
def test_a_forked_child_has_one_thread():
    TorchShim(torch.nn.Linear)
    torch.set_num_threads(2)
    try:
        child = os.fork()
        if not child:
            os._exit(torch.get_num_threads())
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)


# --- what is prepared of the weights --------------------------------------------------


def is_fresh(model, docs):
    """Predicts as a model does that has been given these weights just now."""
    fresh = make_tagger(docs).from_bytes(model.to_bytes())
    return numpy.allclose(predict(model, docs), predict(fresh, docs), atol=1e-6)


def test_what_another_thread_prepares_during_a_step_is_not_kept(docs):
    model, optimizer = make_tagger(docs), Adam(0.05)

    def step(key, weights, gradient, **settings):
        thread = threading.Thread(target=predict, args=(model, docs[:1]))
        thread.start()
        thread.join()
        return optimizer(key, weights, gradient, **settings)

    predict(model, docs)
    Y, backprop = model.begin_update(docs)
    backprop([numpy.ones_like(y) for y in Y])
    for shim in shims(model):
        for param in shim.module.parameters():
            if param.grad is not None and param.grad.is_sparse:
                param.grad = param.grad.to_dense()
    model.finish_update(step)
    assert is_fresh(model, docs[:1])
    assert is_fresh(model, docs)


def test_weights_that_are_replaced_twice(docs):
    """Others may come to lie where the first ones did."""
    model = make_tagger(docs)
    for node in range(len(shims(model))):
        for param in list(shims(model)[node].module.parameters()):
            for _ in range(5):
                predict(model, docs[:1])
                param.data = param.data * 1.05
                param.data = param.data * 1.05
                assert is_fresh(model, docs[:1])


def test_prediction_in_inference_mode(docs):
    model = make_tagger(docs)
    with torch.inference_mode():
        other = make_tagger(docs).from_bytes(model.to_bytes())
        found = predict(other, docs[:1])
    assert same(found, predict(model, docs[:1]))
    assert same(predict(other, docs), predict(model, docs))
    train(other, docs)
    assert is_fresh(other, docs)
