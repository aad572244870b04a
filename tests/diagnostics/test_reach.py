"""The reach of networks whose answer is known."""

import re

import numpy
import pytest
import spacy
import torch
from spacy.tokens import Doc
from spacy.training import Example

from spacy_birnn.diagnostics import measure_reach
from spacy_birnn.diagnostics.reach import (
    LONGEST,
    by_distance,
    find_distance,
    fit_decay,
    make_curve,
)
from spacy_birnn.diagnostics.token_gradients import token_gradients
from spacy_birnn.diagnostics.wording import describe, say_reach
from spacy_birnn.errors import BirnnError
from spacy_birnn.models.shim import forget, shim_of

SENTENCES = [
    ("Ada Lovelace saw Oslo .", ["B-PER", "I-PER", "O", "B-LOC", "O"]),
    ("Emmy left .", ["B-PER", "O", "O"]),
    ("It rains in London and in Oslo .", [*"OOO", "B-LOC", *"OO", "B-LOC", "O"]),
]


def make_nlp(cell="rnn", bidirectional=False, decoder="crf", depth=1, **settings):
    nlp = spacy.blank("en")
    encode = {"width": 8, "cell": cell, "bidirectional": bidirectional, "depth": depth}
    tok2vec = {"embed": {"char_width": 4, "char_embed_width": 4, "word_width": 6}}
    tok2vec["encode"] = {**encode, **settings}
    nlp.add_pipe(
        "birnn_ner", config={"model": {"decoder": decoder, "tok2vec": tok2vec}}
    )
    examples = make_examples(nlp, 60)
    nlp.initialize(lambda: examples)
    return nlp, examples


def make_examples(nlp, n):
    examples = []
    for text, ents in [SENTENCES[i % 3] for i in range(n)]:
        words = text.split()
        starts = [i == 0 for i in range(len(words))]
        reference = Doc(nlp.vocab, words=words, ents=ents, sent_starts=starts)
        predicted = Doc(nlp.vocab, words=words, sent_starts=starts)
        examples.append(Example(predicted, reference))
    return examples


def encoder_of(nlp):
    encode = nlp.get_pipe("birnn_ner").model.get_ref("tok2vec").get_ref("encode")
    return shim_of(encode).module


def make_linear(nlp, factor):
    """A tanh network of small numbers is linear: its state is `factor` times the one
    before, turned, and a small input."""
    (layer,) = encoder_of(nlp).layers
    with torch.no_grad():
        layer.weight_hh_l0.copy_(factor * torch.linalg.qr(torch.randn(8, 8))[0])
        layer.weight_ih_l0.mul_(1e-7)
        layer.bias_ih_l0.zero_()
        layer.bias_hh_l0.zero_()
    forget(nlp.get_pipe("birnn_ner").model)


@pytest.mark.parametrize("factor", [0.5, 0.9, 1.0, 1.05])
def test_a_linear_network_decays_by_its_recurrent_weight(factor):
    nlp, examples = make_nlp()
    make_linear(nlp, factor)
    reach = measure_reach(nlp, examples, n_tokens=40)
    curve = reach.curve("emissions", "layer 1", "back")
    wanted = factor ** numpy.arange(LONGEST + 1)
    for quantile in curve.left.values():
        numpy.testing.assert_allclose(quantile, wanted, rtol=1e-4)
    assert curve.decay == pytest.approx(factor, rel=1e-4)
    below = numpy.flatnonzero(wanted < 0.01)
    assert curve.distance["0.5"] == (below[0] if len(below) else None)
    ahead = reach.curve("emissions", "layer 1", "ahead")
    assert set(ahead.mean[1:]) == {0.0}
    assert ahead.distance["0.5"] == 1
    assert ahead.decay is None


def test_words_say_what_the_curves_show():
    nlp, examples = make_nlp()
    make_linear(nlp, 0.5)
    said = " ".join(say_reach(measure_reach(nlp, examples, name="Half", n_tokens=40)))
    assert said.startswith("Half: the loss hardly reaches back more than 7 tokens")
    assert (
        "it hardly reaches back more than 7 tokens, and does not reach ahead at all"
        in said
    )
    assert re.search("further back (49|50|51) % of its gradient is left", said)
    assert "explodes" not in said
    make_linear(nlp, 1.05)
    said = " ".join(say_reach(measure_reach(nlp, examples, n_tokens=40)))
    assert "reaches back more than 100 tokens" in said
    assert re.search("explodes back: 100 tokens away it is 1[234][0-9] times", said)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_every_token_of_the_sample_is_counted(cell):
    nlp, examples = make_nlp(cell, bidirectional=True, depth=2)
    reach = measure_reach(nlp, examples, n_tokens=30, n_texts=2)
    assert reach.n_texts == 1  # 320 tokens are one text of 200, and a rest
    assert reach.n_tokens == 30
    assert {c.of for c in reach.curves} == {"input", "layer 1", "layer 2"}
    assert len(reach.curves) == 2 * 3 * 2
    for curve in reach.curves:
        assert curve.n[0] == 30
        assert all(a >= b for a, b in zip(curve.n, curve.n[1:]))
        assert curve.left["0.5"][0] == 1.0
        lows, means, highs = (
            curve.quantiles["0.1"],
            curve.mean,
            curve.quantiles["0.9"],
        )
        assert all(low <= high for low, high in zip(lows, highs))
        assert all(mean > 0 for mean in means)
    assert describe(reach) == (
        f"{cell.upper()}, both directions, 2 layers, 4 units each, CRF"
    )


def test_the_same_seed_gives_the_same_figures():
    nlp, examples = make_nlp("gru", bidirectional=True)
    first, second, other = (
        measure_reach(nlp, examples, n_tokens=10, seed=seed) for seed in (1, 1, 2)
    )
    assert first == second
    assert first.curves != other.curves


def test_progress_counts_texts_that_are_derived(monkeypatch):
    """The bar of `show_progress` waits for the work, not for a list that is ready."""
    module = "spacy_birnn.diagnostics.reach"
    done, shown = [], []

    def derive(*args):
        done.append(1)
        return token_gradients(*args)

    def show(items, *_):
        for item in items:
            shown.append(len(done))
            yield item

    monkeypatch.setattr(f"{module}.token_gradients", derive)
    monkeypatch.setattr(f"{module}.show_progress", show)
    nlp, _ = make_nlp()
    measure_reach(nlp, make_examples(nlp, 160), n_texts=2, n_tokens=4)
    assert shown == [1, 2]


def test_a_forget_bias_of_one_remembers_for_longer():
    means = []
    for bias in (0.0, 1.0):
        nlp, examples = make_nlp("lstm", forget_bias=bias)
        reach = measure_reach(nlp, examples, n_tokens=40)
        means.append(reach.curve("emissions", "input", "back").distance["0.5"])
    assert means[0] < means[1]


def test_long_documents_are_read_in_pieces():
    nlp, examples = make_nlp()
    words = [t.text for eg in examples for t in eg.predicted] * 2
    ents = [t for eg in examples for t in eg.get_aligned_ner()]
    ents = [f"{t}".replace("U-", "B-").replace("L-", "I-") for t in ents] * 2
    reference = Doc(nlp.vocab, words=words, ents=ents)
    example = Example(Doc(nlp.vocab, words=words), reference)
    reach = measure_reach(nlp, [example], n_tokens=30)
    assert reach.n_texts == len(words) // 200 == 3
    assert reach.n_tokens == 30


def test_white_space_tokens_are_not_read():
    nlp, examples = make_nlp("gru", bidirectional=True)
    spaced = []
    for eg in examples:
        words = [*(t.text for t in eg.predicted), "\n"]
        ents = [
            f"{t}".replace("U-", "B-").replace("L-", "I-") for t in eg.get_aligned_ner()
        ]
        reference = Doc(nlp.vocab, words=words, ents=[*ents, "O"])
        spaced.append(Example(Doc(nlp.vocab, words=words), reference))
    reach = measure_reach(nlp, spaced, n_tokens=20)
    assert reach.n_tokens == 20


def test_a_shared_encoder_behind_a_listener():
    nlp = spacy.blank("en")
    nlp.add_pipe(
        "tok2vec",
        config={
            "model": {
                "@architectures": "spacy.Tok2Vec.v2",
                "embed": {
                    "@architectures": "spacy.MultiHashEmbed.v2",
                    "width": 8,
                    "attrs": ["NORM", "PREFIX"],
                    "rows": [50, 50],
                    "include_static_vectors": False,
                },
                "encode": {
                    "@architectures": "spacy-birnn.BiRNNEncoder.v1",
                    "width": 8,
                },
            }
        },
    )
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 8}
    nlp.add_pipe("birnn_ner", config={"model": {"tok2vec": listener}})
    examples = make_examples(nlp, 60)
    nlp.initialize(lambda: examples)
    reach = measure_reach(nlp, examples, n_tokens=10)
    assert reach.facts["cell"] == "LSTM"
    assert reach.curve("decoder", "input", "back").decay < 1


# --- data and pipelines that cannot be used -------------------------------------------


def fails(code, *args, **kwargs):
    with pytest.raises(BirnnError) as error:
        measure_reach(*args, **kwargs)
    assert str(error.value).startswith(f"[{code}]")


def test_no_component_of_ours():
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    fails("B440", nlp, [])


def test_several_components_of_ours():
    nlp, examples = make_nlp()
    nlp.add_pipe("birnn_tagger")
    fails("B441", nlp, examples)
    fails("B441", nlp, examples, component="ner")
    assert measure_reach(nlp, examples, component="birnn_ner", n_tokens=5).n_tokens == 5


def test_an_encoder_that_is_not_ours():
    nlp = spacy.blank("en")
    tok2vec = {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "pretrained_vectors": None,
        "width": 8,
        "depth": 1,
        "embed_size": 50,
        "window_size": 1,
        "maxout_pieces": 2,
        "subword_features": False,
    }
    nlp.add_pipe("birnn_ner", config={"model": {"tok2vec": tok2vec}})
    examples = make_examples(nlp, 60)
    nlp.initialize(lambda: examples)
    fails("B404", nlp, examples)


def test_too_little_data():
    nlp, examples = make_nlp()
    fails("B405", nlp, examples[:5])


def test_data_without_gold():
    nlp, examples = make_nlp()
    bare = [
        Example(eg.predicted, Doc(nlp.vocab, words=[t.text for t in eg.predicted]))
        for eg in examples
    ]
    fails("B406", nlp, bare)


# --- arithmetic -----------------------------------------------------------------------


def test_by_distance():
    norms = numpy.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    places = numpy.array([0, 2])
    back, ahead = (
        by_distance(norms, places, side)[:, :3] for side in ("back", "ahead")
    )
    nan = numpy.nan
    numpy.testing.assert_array_equal(back, [[1, nan, nan], [6, 5, 4]])
    numpy.testing.assert_array_equal(ahead, [[1, 2, 3], [6, nan, nan]])


def test_a_token_without_any_gradient_leaves_nothing_to_compare():
    norms = numpy.full((2, LONGEST + 1), numpy.nan)
    norms[0, :3], norms[1, :3] = 0.0, [4.0, 2.0, 1.0]
    curve = make_curve("emissions", "input", "back", norms)
    assert curve.n[:4] == [2, 2, 2, 0]
    assert curve.mean[:4] == [2.0, 1.0, 0.5, None]
    assert curve.left["0.5"][:4] == [1.0, 0.5, 0.25, None]
    assert curve.decay == pytest.approx(0.5)


def test_find_distance():
    assert find_distance(numpy.array([1.0, 0.5, 0.009, 0.02, 0.001])) == 4
    assert find_distance(numpy.array([1.0, 0.5, 0.4])) is None
    assert find_distance(numpy.array([1.0, 0.0, 0.0])) == 1


def test_fit_decay():
    assert fit_decay(0.3 * 0.8 ** numpy.arange(40)) == pytest.approx(0.8)
    assert fit_decay(numpy.array([1.0, 0.5, 0.001])) is None
