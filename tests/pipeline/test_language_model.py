"""A language model beside the labels: what it teaches, and that nothing is left."""

import numpy
import pytest
import spacy
import torch
from spacy.tokens import Doc
from spacy.training import Example

from spacy_birnn.errors import BirnnError
from spacy_birnn.models.language_model import (
    find_encoder,
    has_language_model,
    learn_words,
)

from . import toys

every_factory = pytest.mark.parametrize("factory", toys.FACTORIES)


def untrained(factory="birnn_ner", depth=1, weight=0.5, **more):
    nlp = spacy.blank("en")
    config = toys.config(language_model=weight, **more)
    config["model"]["tok2vec"]["encode"]["depth"] = depth
    pipe = nlp.add_pipe(factory, config=config)
    examples = [toys.example(nlp, s, pipe.target) for s in toys.SENTENCES]
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
    _, pipe, examples = untrained(factory, depth=2)
    key = f"{factory}_language_model"
    gradients(pipe, examples)  # words get their rows
    found, losses = gradients(pipe, examples)
    (words,), pipe.regularizers = pipe.regularizers, []
    plain, others = gradients(pipe, examples)
    assert losses[factory] == others[factory]
    assert set(losses) - set(others) == {key}
    assert losses[key] > 0
    for part in ("words.table", "filters", "encoder/0/layers.0"):
        assert distance(found, plain, part) > 1e-4
    for part in ("encoder/0/layers.1", "emissions/0"):
        assert distance(found, plain, part) == 0
    pipe.regularizers = [words]
    words.weight *= 2
    twice, doubled = gradients(pipe, examples)
    assert doubled[key] == pytest.approx(2 * losses[key], rel=1e-4)
    for name, one in plain.items():
        of_half, of_one = found[name] - one, twice[name] - one
        numpy.testing.assert_allclose(of_one, 2 * of_half, rtol=1e-3, atol=1e-5)


@every_factory
def test_words_are_learned_beside_the_labels(factory):
    nlp, pipe, examples = untrained(factory)
    key = f"{factory}_language_model"
    before = pipe.update(examples, drop=0.0)[key]
    toys.train(nlp, examples, 40)
    assert pipe.update(examples, drop=0.0)[key] < before / 2
    scores = nlp.evaluate([toys.example(nlp, s, pipe.target) for s in toys.SENTENCES])
    keys = {"ents": "ents_f", "spans": "spans_chunks_f", "tag": "tag_acc"}
    assert scores[keys[pipe.target]] == 1.0


@every_factory
def test_nothing_of_it_is_saved(factory, tmp_path):
    nlp, pipe, examples = untrained(factory)
    toys.train(nlp, examples, 10)
    texts = toys.texts()
    want = [toys.found(doc) for doc in nlp.pipe(texts)]
    nlp.to_disk(tmp_path / "nlp")
    assert has_language_model(pipe.model)
    for weight in (0.5, 0.0):
        changed = {f"components.{factory}.language_model": weight}
        loaded = spacy.load(tmp_path / "nlp", config=changed)
        other = loaded.get_pipe(factory)
        assert other.cfg["language_model"] == weight
        assert not has_language_model(other.model)
        assert [toys.found(doc) for doc in loaded.pipe(texts)] == want
        more = [toys.example(loaded, s, pipe.target) for s in toys.SENTENCES]
        assert other.update(more).get(f"{factory}_language_model", 0.0) == 0.0


def test_the_tap_is_closed_without_it():
    _, pipe, examples = untrained(weight=0.0)
    pipe.update(examples)
    assert pipe.regularizers == []
    assert not find_encoder(pipe.model).attrs["tap"].is_open


def test_white_space_is_left_out():
    nlp, pipe, (example, *_) = untrained()
    words = [token.text for token in example.reference]
    spaced = Doc(nlp.vocab, words=["\n", *words, "\n"])
    wider = Example(spaced, spaced.copy())
    one, other = (pipe.update([e], drop=0.0) for e in (example, wider))
    key = "birnn_ner_language_model"
    assert other[key] == pytest.approx(one[key], rel=1e-5)
    nothing = Doc(nlp.vocab, words=["\n"])
    assert pipe.update([Example(nothing, nothing.copy())])[key] == 0.0


def test_it_can_be_initialized_again():
    nlp, pipe, examples = untrained()
    nlp.initialize(lambda: examples[:1])
    shims = pipe.model.get_ref("emissions").shims
    assert len(shims) == 2
    words = {token.lower_ for token in examples[0].reference}
    assert shims[1].module.outer[0].out_features == 1 + len(words)


def test_labels_can_be_added_beside_it():
    _, pipe, examples = untrained()
    pipe.add_label("NEW")
    assert pipe.update(examples)["birnn_ner_language_model"] > 0
    assert "NEW" in pipe.labels


def test_adversarial_training_learns_it_once():
    _, pipe, examples = untrained()
    alone = pipe.update(examples, drop=0.0)["birnn_ner_language_model"]
    pipe.cfg["adversarial"] = 0.3
    assert pipe.update(examples, drop=0.0)["birnn_ner_language_model"] == alone


def test_hidden_states_of_fewer_bits_get_such_gradients():
    """They come from an encoder that runs in mixed precision."""
    _, pipe, _ = untrained()
    encoder = find_encoder(pipe.model)
    tap, ids = encoder.attrs["tap"], torch.tensor([1, 0, 2, 3, 1])
    tap.hidden = hidden = torch.randn(5, encoder.get_dim("nO")).bfloat16()
    learn_words(pipe.model, ids, [2, 3], 0.5)
    found = tap.gradient
    tap.hidden = hidden.float()
    learn_words(pipe.model, ids, [2, 3], 0.5)
    assert found.dtype == torch.bfloat16
    assert torch.equal(found, tap.gradient.bfloat16())


def test_a_weight_that_cannot_be_used():
    with pytest.raises(BirnnError, match=r"^\[B092\] .*birnn_ner.*language_model"):
        spacy.blank("en").add_pipe("birnn_ner", config=toys.config(language_model=-0.1))


def test_a_shared_tok2vec_has_no_place_for_it():
    config = toys.config(language_model=0.1)
    config["model"]["tok2vec"] = {
        "@architectures": "spacy.Tok2VecListener.v1",
        "width": 16,
    }
    with pytest.raises(BirnnError, match=r"^\[B093\] "):
        spacy.blank("en").add_pipe("birnn_ner", config=config)
