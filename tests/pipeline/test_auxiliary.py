"""Auxiliary heads: what they teach, and that nothing of them is left."""

import numpy
import pytest
import spacy
from spacy.tokens import Doc, Token
from spacy.training import Example

from spacy_birnn.errors import BirnnError
from spacy_birnn.models.auxiliary import find_encoder, has_heads, without_heads

from . import toys

every_factory = pytest.mark.parametrize("factory", toys.FACTORIES)


def annotated(nlp, target, **more):
    """The toys, with part-of-speech tags in `token.pos` or wherever it is said."""
    for sentence in toys.SENTENCES:
        example = toys.example(nlp, sentence, target)
        for token, tag in zip(example.reference, sentence[3], strict=True):
            token.pos_ = tag
            for name, value in more.items():
                setattr(token, name, value(token))
        yield example


def untrained(factory="birnn_ner", depth=1, **weights):
    nlp = spacy.blank("en")
    config = toys.config(auxiliary=weights or None)
    config["model"]["tok2vec"]["encode"]["depth"] = depth
    pipe = nlp.add_pipe(factory, config=config)
    examples = list(annotated(nlp, pipe.target))
    nlp.initialize(lambda: examples)
    return nlp, pipe, examples


def gradients(pipe, examples):
    """Of one pass without a step, by parameter; the losses."""
    losses = pipe.update(examples, drop=0.0)
    found = {}
    for node in pipe.model.walk():
        for i, shim in enumerate(node.shims):
            for name, parameter in shim.module.named_parameters():
                if parameter.grad is not None:
                    grad = parameter.grad.to_dense()
                    found[f"{node.name}/{i}/{name}"] = grad.cpu().numpy().copy()
                    parameter.grad = None
    return found, losses


def distance(one, other, part):
    """The largest difference between gradients of parameters that are called so."""
    names = [name for name in one if part in name and name in other]
    assert names
    return max(numpy.abs(one[name] - other[name]).max() for name in names)


@every_factory
def test_it_reaches_the_first_layer_and_what_is_below(factory):
    _, pipe, examples = untrained(factory, depth=2, pos=0.5)
    gradients(pipe, examples)  # words get their rows
    found, losses = gradients(pipe, examples)
    weights, pipe.regularizers = pipe.regularizers, []
    plain, others = gradients(pipe, examples)
    assert losses[factory] == others[factory]
    assert losses[f"{factory}_auxiliary"] > 0
    assert set(losses) - set(others) == {f"{factory}_auxiliary"}
    for part in ("words.table", "filters", "encoder/0/layers.0"):
        assert distance(found, plain, part) > 1e-3
    for part in ("encoder/0/layers.1", "emissions/0"):
        assert distance(found, plain, part) == 0
    pipe.regularizers = weights
    weights[0].weights["pos"] = 1.0
    twice, _ = gradients(pipe, examples)
    for name, one in plain.items():
        of_half, of_one = found[name] - one, twice[name] - one
        numpy.testing.assert_allclose(of_one, 2 * of_half, rtol=1e-3, atol=1e-5)


@every_factory
def test_heads_learn_beside_the_component(factory):
    nlp, pipe, examples = untrained(factory, pos=0.5)
    before = pipe.update(examples, drop=0.0)[f"{factory}_auxiliary"]
    toys.train(nlp, examples, 40)
    assert pipe.update(examples, drop=0.0)[f"{factory}_auxiliary"] < before / 10
    scores = nlp.evaluate(list(annotated(nlp, pipe.target)))
    keys = {"ents": "ents_f", "spans": "spans_chunks_f", "tag": "tag_acc"}
    assert scores[keys[pipe.target]] == 1.0


@every_factory
def test_nothing_of_them_is_saved(factory, tmp_path):
    nlp, pipe, examples = untrained(factory, pos=0.5)
    toys.train(nlp, examples, 10)
    with without_heads(pipe.model):
        assert not has_heads(pipe.model)
    assert has_heads(pipe.model)
    texts = toys.texts()
    want = [toys.found(doc) for doc in nlp.pipe(texts)]
    nlp.to_disk(tmp_path / "nlp")
    for settings in ({"pos": 0.5}, None):
        loaded = spacy.load(
            tmp_path / "nlp", config={f"components.{factory}.auxiliary": settings}
        )
        other = loaded.get_pipe(factory)
        assert other.cfg["auxiliary"] == settings
        assert not has_heads(other.model)
        assert [toys.found(doc) for doc in loaded.pipe(texts)] == want
        losses = other.update(list(annotated(loaded, pipe.target)))
        assert losses.get(f"{factory}_auxiliary", 0.0) == 0.0


def test_the_tap_is_closed_without_them():
    _, pipe, examples = untrained()
    pipe.update(examples)
    assert not find_encoder(pipe.model).attrs["tap"].is_open
    assert not has_heads(pipe.model)


def test_what_is_not_annotated_is_not_learned():
    nlp, pipe, examples = untrained(pos=0.5)
    bare = toys.examples(nlp)
    assert pipe.update(bare)["birnn_ner_auxiliary"] == 0.0
    mixed = pipe.update([*bare, *examples], drop=0.0)["birnn_ner_auxiliary"]
    full = pipe.update(examples, drop=0.0)["birnn_ner_auxiliary"]
    assert mixed == pytest.approx(full / 2, rel=1e-5)  # a mean over sentences


def test_labels_that_initialization_did_not_meet_are_not_learned():
    _, pipe, examples = untrained(pos=0.5)
    for example in examples:
        for token in example.reference:
            token.pos_ = "X"
    assert pipe.update(examples)["birnn_ner_auxiliary"] == 0.0


def test_white_space_is_left_out():
    nlp, pipe, (example, *_) = untrained(pos=0.5)
    words = [token.text for token in example.reference]
    tags = [token.pos_ for token in example.reference]
    spaced = Doc(nlp.vocab, words=["\n", *words, "\n"], pos=["SPACE", *tags, "SPACE"])
    wider = Example(Doc(nlp.vocab, words=["\n", *words, "\n"]), spaced)
    one, other = (pipe.update([e], drop=0.0) for e in (example, wider))
    assert other["birnn_ner_auxiliary"] == pytest.approx(
        one["birnn_ner_auxiliary"], rel=1e-5
    )
    nothing = Doc(nlp.vocab, words=["\n"])
    assert pipe.update([Example(nothing, nothing.copy())]) == {
        "birnn_ner": 0.0,
        "birnn_ner_auxiliary": 0.0,
    }


@pytest.mark.parametrize("key", ["tag", "morph", "dep", "_.register"])
def test_every_annotation_can_be_learned(key):
    Token.set_extension("register", default=None, force=True)
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("birnn_ner", config=toys.config(auxiliary={key: 1.0}))
    examples = list(annotated(nlp, "ents"))
    for example in examples:
        for token in example.reference:
            if key == "morph":
                token.set_morph("Number=Sing" if token.i % 2 else "Number=Plur")
            elif key == "_.register":
                token._.register = "high" if token.i % 2 else "low"
            else:
                setattr(token, f"{key}_", "odd" if token.i % 2 else "even")
    nlp.initialize(lambda: examples)
    (head,) = pipe.model.get_ref("emissions").shims[1].module.linear
    assert head.out_features == 2
    assert pipe.update(examples)["birnn_ner_auxiliary"] > 0


def test_it_can_be_initialized_again():
    nlp, pipe, examples = untrained(pos=0.5)
    nlp.initialize(lambda: examples[:1])
    assert len(pipe.model.get_ref("emissions").shims) == 2
    (head,) = pipe.model.get_ref("emissions").shims[1].module.linear
    assert head.out_features == len(set(toys.SENTENCES[0][3]))


def test_labels_can_be_added_beside_them():
    _, pipe, examples = untrained(pos=0.5)
    pipe.add_label("NEW")
    assert pipe.update(examples)["birnn_ner_auxiliary"] > 0
    assert "NEW" in pipe.labels


def test_adversarial_training_learns_them_once():
    nlp, pipe, examples = untrained(pos=0.5)
    alone = pipe.update(examples, drop=0.0)["birnn_ner_auxiliary"]
    pipe.cfg["adversarial"] = 0.3
    assert pipe.update(examples, drop=0.0)["birnn_ner_auxiliary"] == alone


@pytest.mark.parametrize(
    ("code", "weights"),
    [
        ("B088", {"lemma": 1.0}),
        ("B088", {"_.": 1.0}),
        ("B089", {"pos": 0.0}),
    ],
)
def test_what_cannot_be_learned(code, weights):
    (key,) = weights
    with pytest.raises(BirnnError, match=rf"^\[{code}\] .*auxiliary.*{key}"):
        spacy.blank("en").add_pipe("birnn_ner", config=toys.config(auxiliary=weights))


def test_a_shared_tok2vec_has_no_place_for_them():
    config = toys.config(auxiliary={"pos": 1.0})
    config["model"]["tok2vec"] = {
        "@architectures": "spacy.Tok2VecListener.v1",
        "width": 16,
    }
    with pytest.raises(BirnnError, match=r"^\[B090\] "):
        spacy.blank("en").add_pipe("birnn_ner", config=config)


def test_annotation_that_the_data_do_not_have():
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_ner", config=toys.config(auxiliary={"tag": 1.0}))
    with pytest.raises(BirnnError, match=r"^\[B091\] .*'tag'"):
        nlp.initialize(lambda: toys.examples(nlp))
