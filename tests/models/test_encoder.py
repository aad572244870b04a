"""The encoder as a thinc layer, and inside spaCy's own tok2vec, tagger and ner."""

import math

import numpy
import pytest
import spacy
from spacy.training import Example
from spacy.util import registry
from thinc.api import (
    Adam,
    Config,
    ConfigValidationError,
    fix_random_seed,
    set_dropout_rate,
)

from spacy_birnn.errors import BirnnError
from spacy_birnn.models.encoder import build_birnn_encoder
from spacy_birnn.nn.rnn.birnn import BiRNN


def random(*lengths, width=5):
    return [numpy.random.normal(size=(n, width)).astype("f") for n in lengths]


def make(X, seed=0, **args):
    fix_random_seed(seed)
    encoder = build_birnn_encoder(**{"width": 8, **args})
    encoder.initialize(X=X)
    return encoder


def step(encoder, X, optimizer, scale=1.0):
    Y, backprop = encoder.begin_update(X)
    dX = backprop([scale * y for y in Y])
    encoder.finish_update(optimizer)
    return Y, dX


# --- arguments ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"width": 8, "forget_bias": math.nan}, r"^\[B401\] .*forget_bias = nan "),
        ({"width": 8, "forget_bias": "1"}, r"^\[B401\] .*forget_bias = '1' "),
        ({"width": 7}, r"^\[B005\] .*width = 7 is odd.*bidirectional = false"),
        ({"width": 0}, r"^\[B007\] spacy-birnn.BiRNNEncoder.v1: width = 0 "),
        ({"width": -2, "bidirectional": False}, r"^\[B007\] .*width = -2"),
        ({"width": 8, "depth": 0}, r"^\[B007\] .*depth = 0"),
        ({"width": 8, "dropout": 1.0}, r"^\[B008\] .*dropout = 1.0"),
        ({"width": 8, "grad_clip": -1.0}, r"^\[B006\] .*grad_clip = -1.0"),
        ({"width": 8, "grad_clip": float("nan")}, r"^\[B006\] .*grad_clip = nan"),
        ({"width": 8, "lookahead": -1}, r"^\[B460\] .*lookahead = -1 .* null"),
        ({"width": 8, "lookahead": "2"}, r"^\[B460\] .*lookahead = '2' .* null"),
        ({"width": 8, "lookahead": 2, "depth": 2}, r"^\[B461\] .*lookahead = 2 .*"),
        (
            {"width": 8, "lookahead": 0, "bidirectional": False},
            r"^\[B461\] .*bidirectional = false: leave out lookahead",
        ),
    ],
)
def test_wrong_arguments(args, message):
    with pytest.raises(BirnnError, match=message):
        build_birnn_encoder(**args)


@pytest.mark.parametrize("width", [1, 2, 7])
def test_any_width_in_one_direction(width):
    X = random(3)
    encoder = make(X, width=width, bidirectional=False)
    assert encoder.get_dim("nO") == width == encoder.predict(X)[0].shape[1]


@pytest.mark.parametrize(
    "change",
    [
        {"width": 10},
        {"depth": 2},
        {"cell": "gru"},
        {"cell": "rnn"},
        {"bidirectional": False},
        {"dropout": 0.5},
        {"grad_clip": 1e-9},
    ],
)
def test_every_option_has_an_effect(change):
    traces = []
    for args in ({}, change, {}):
        fix_random_seed(1)
        X = random(4, 6)
        encoder, adam = make(X, **args), Adam(0.01)
        adam.grad_clip = 0.0
        for _ in range(3):
            step(encoder, X, adam)
        traces.append(encoder.ops.flatten(encoder.predict(X)))
    before, after, again = traces
    assert numpy.array_equal(before, again)
    assert before.shape != after.shape or numpy.abs(before - after).max() > 1e-3


# --- forward and backward -------------------------------------------------------------


def test_output_is_that_of_the_module():
    X = random(3, 0, 5)
    encoder = make(X)
    module = encoder.shims[0].module
    assert isinstance(module, BiRNN)
    Y = encoder.predict(X)
    assert [y.shape for y in Y] == [(3, 8), (0, 8), (5, 8)]
    assert all(y.dtype == numpy.float32 for y in Y)
    alone = [encoder.predict([x])[0] for x in X]
    for a, b in zip(Y, alone, strict=True):
        assert not a.size or numpy.abs(a - b).max() < 1e-5


def test_gradient_of_the_input_equals_finite_differences():
    X = random(3, 2)
    encoder = make(X)
    Y, backprop = encoder.begin_update(X)
    dX = backprop([numpy.ones_like(y) for y in Y])
    assert [d.shape for d in dX] == [x.shape for x in X]

    def total(value):
        moved = [x.copy() for x in X]
        moved[1][0, 2] += value
        return sum(float(y.sum(dtype="float64")) for y in encoder.predict(moved))

    want = (total(0.01) - total(-0.01)) / 0.02
    assert dX[1][0, 2] == pytest.approx(want, abs=1e-3)


@pytest.mark.parametrize("lengths", [[], [0], [0, 0]])
def test_nothing_to_encode(lengths):
    encoder = make(random(2))
    X = random(*lengths)
    Y, backprop = encoder.begin_update(X)
    assert [y.shape for y in Y] == [(0, 8)] * len(lengths)
    assert [d.shape for d in backprop(Y)] == [(0, 5)] * len(lengths)


def test_inputs_stay_as_they_are():
    X = random(3, 2)
    before = [x.copy() for x in X]
    for x in X:
        x.flags.writeable = False
    encoder = make(X, dropout=0.5)
    step(encoder, X, Adam(0.01))
    for one in (X, X[:1]):  # a single array could be passed on as it is
        Y = encoder.predict(one)
        Y[0][:] = 7
    assert all(numpy.array_equal(a, b) for a, b in zip(X, before, strict=True))
    assert not (encoder.predict(X)[0] == 7).any()


def test_input_of_another_width_is_refused():
    """oneDNN reads on into the next rows, without an error."""
    encoder = make(random(3))
    for width in (4, 6):
        with pytest.raises(BirnnError, match=rf"^\[B030\] .* {width} wide, but 5 "):
            encoder.predict(random(3, width=width))
    encoder.initialize(X=random(3, width=6))
    assert encoder.predict(random(3, width=6))[0].shape == (3, 8)


def test_an_uninitialized_encoder_says_so():
    encoder = build_birnn_encoder(8)
    with pytest.raises(BirnnError, match=r"^\[B001\]"):
        encoder.predict(random(3))
    with pytest.raises(BirnnError, match=r"^\[B004\] BiRNNEncoder.v1"):
        encoder.initialize()


# --- dropout --------------------------------------------------------------------------


def zeros(encoder, X):
    Y = encoder.begin_update(X)[0]
    return float(numpy.mean(numpy.concatenate(Y) == 0))


def test_null_follows_the_rate_that_spacy_sets():
    X = random(30, 30)
    encoder = make(X, width=100)
    assert zeros(encoder, X) == 0.0
    set_dropout_rate(encoder, 0.4)
    assert zeros(encoder, X) == pytest.approx(0.4, abs=0.12)
    set_dropout_rate(encoder, 0.0)
    assert zeros(encoder, X) == 0.0


@pytest.mark.parametrize("fixed", [0.0, 0.3])
def test_a_number_is_fixed(fixed):
    X = random(30, 30)
    encoder = make(X, width=100, dropout=fixed)
    set_dropout_rate(encoder, 0.9)
    assert zeros(encoder, X) == pytest.approx(fixed, abs=0.12 * bool(fixed))


def test_prediction_right_after_an_update_has_no_dropout():
    X = random(5, 4)
    encoder = make(X)
    set_dropout_rate(encoder, 0.5)
    step(encoder, X, Adam(0.01))
    first, second = encoder.predict(X), encoder.predict(X)
    set_dropout_rate(encoder, 0.0)
    third = encoder.predict(X)
    for a, b, c in zip(first, second, third, strict=True):
        assert numpy.array_equal(a, b)
        assert numpy.array_equal(a, c)


# --- inside spaCy ---------------------------------------------------------------------

TOK2VEC = """
[model]
@architectures = "spacy.Tok2Vec.v2"

[model.embed]
@architectures = "spacy.MultiHashEmbed.v2"
width = 24
attrs = ["NORM", "SHAPE"]
rows = [200, 100]
include_static_vectors = false

[model.encode]
@architectures = "spacy-birnn.BiRNNEncoder.v1"
width = 32
cell = "gru"
"""
LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 32}
TEXTS = [
    ("Ann lives in Oslo", ["N", "V", "P", "N"], [(0, 3, "PER"), (13, 17, "LOC")]),
    ("Oslo is big", ["N", "V", "A"], [(0, 4, "LOC")]),
    ("Ben saw Ann", ["N", "V", "N"], [(0, 3, "PER"), (8, 11, "PER")]),
    ("cold rain fell", ["A", "N", "V"], []),
]


@pytest.fixture(scope="module")
def shared():
    """spaCy's tagger and ner on one tok2vec of ours, trained, and the texts."""
    fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec", config=Config().from_str(TOK2VEC))
    tagger = {"@architectures": "spacy.Tagger.v2", "tok2vec": LISTENER}
    ner = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 32,
        "maxout_pieces": 2,
        "use_upper": True,
        "tok2vec": LISTENER,
    }
    nlp.add_pipe("tagger", config={"model": tagger})
    nlp.add_pipe("ner", config={"model": ner})
    examples = [
        Example.from_dict(nlp.make_doc(text), {"tags": tags, "entities": ents})
        for text, tags, ents in TEXTS
    ]
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    losses = []
    for _ in range(30):
        losses.append(nlp.update(examples, sgd=optimizer, drop=0.1))
    return nlp, losses


def test_spacys_components_learn_through_listeners(shared):
    nlp, losses = shared
    for name in ("tagger", "ner"):
        assert losses[-1][name] < 0.2 * losses[0][name]
    for text, tags, ents in TEXTS:
        doc = nlp(text)
        assert [token.tag_ for token in doc] == tags
        found = [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]
        assert found == ents


def test_the_shared_encoder_is_trained_and_saved(shared, tmp_path):
    nlp, _ = shared
    nlp.to_disk(tmp_path / "model")
    loaded = spacy.load(tmp_path / "model")
    docs = list(nlp.pipe(text for text, *_ in TEXTS))
    others = list(loaded.pipe(text for text, *_ in TEXTS))
    for doc, other in zip(docs, others, strict=True):
        assert numpy.array_equal(doc.tensor, other.tensor)
        assert [t.tag_ for t in doc] == [t.tag_ for t in other]
        assert [e.label_ for e in doc.ents] == [e.label_ for e in other.ents]
    encoder = nlp.get_pipe("tok2vec").model.layers[-1]
    bias = encoder.shims[0].module.layers[0].bias_ih_l0
    assert bias.abs().min() > 0  # it began at zero


def test_replace_listeners_copies_the_encoder(shared):
    nlp, _ = shared
    nlp = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    docs = [nlp(text) for text, *_ in TEXTS]
    nlp.replace_listeners("tok2vec", "tagger", ["model.tok2vec"])
    assert [[t.tag_ for t in nlp(text)] for text, *_ in TEXTS] == [
        [t.tag_ for t in doc] for doc in docs
    ]
    shims = {
        name: [
            shim
            for node in nlp.get_pipe(name).model.walk()
            if node.name == "birnn_encoder"
            for shim in node.shims
        ]
        for name in ("tok2vec", "tagger")
    }
    assert len(shims["tagger"]) == len(shims["tok2vec"]) == 1
    assert shims["tagger"][0].id != shims["tok2vec"][0].id


def test_empty_documents_in_a_shared_pipeline(shared):
    nlp, _ = shared
    assert [len(doc) for doc in nlp.pipe(["", " ", "Ann", ""])] == [0, 1, 1, 0]


def test_config_of_another_type_is_refused():
    config = Config().from_str(TOK2VEC)
    for key, value in (("cell", "qrnn"), ("depth", "two"), ("widht", 3)):
        broken = config.copy()
        broken["model"]["encode"][key] = value
        with pytest.raises(ConfigValidationError, match=key):
            registry.resolve(broken)


# --- precision ------------------------------------------------------------------------


def test_reduced_precision_has_its_bound():
    X = [
        numpy.random.default_rng(0).normal(size=(n, 7)).astype("f") for n in (9, 30, 4)
    ]
    exact = build_birnn_encoder(16)
    exact.initialize(X=X)
    reduced = build_birnn_encoder(16, precision="bf16")
    reduced.initialize(X=X)
    reduced.from_bytes(exact.to_bytes())
    pairs = list(zip(exact.predict(X), reduced.predict(X), strict=True))
    off = max(numpy.abs(a - b).max() for a, b in pairs)
    assert 1e-4 < off < 0.02


def test_automatic_precision_follows_the_cpu(monkeypatch):
    X = [
        numpy.random.default_rng(0).normal(size=(n, 7)).astype("f") for n in (9, 30, 4)
    ]
    made = {p: build_birnn_encoder(16, precision=p) for p in ("fp32", "bf16", "auto")}
    for model in made.values():
        model.initialize(X=X)
        model.from_bytes(made["fp32"].to_bytes())

    def predict(precision):
        return numpy.concatenate(made[precision].predict(X))

    for is_there, like in ((True, "bf16"), (False, "fp32")):
        monkeypatch.setattr(
            "torch.cpu._is_avx512_bf16_supported", lambda found=is_there: found
        )
        assert numpy.array_equal(predict("auto"), predict(like))


def test_a_trained_pipeline_can_be_loaded_with_another_precision(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_ner").add_label("PER")
    nlp.initialize()
    nlp.to_disk(tmp_path)
    key = "components.birnn_ner.model.tok2vec.encode.precision"
    texts = ["Anna lives in Bergen.", "Otto does not.", "It often rains there."]
    scores = [
        numpy.concatenate(
            other.get_pipe("birnn_ner").model.predict(list(other.pipe(texts)))
        )
        for other in (spacy.load(tmp_path), spacy.load(tmp_path, config={key: "bf16"}))
    ]
    assert 1e-6 < numpy.abs(scores[0] - scores[1]).max() < 0.02
