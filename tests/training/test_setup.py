"""From a config to a pipeline: what spaCy fills in, and what it cannot."""

import numpy
import pytest
import spacy
from spacy.training.initialize import init_nlp

from spacy_birnn.errors import BirnnError
from spacy_birnn.training.setup import set_up


def without(config, keys):
    """Delete keys, as somebody does who wants a config short."""
    for key in keys:
        *sections, last = key.split(".")
        block = config
        for section in sections:
            block = block[section]
        del block[last]
    return config


@pytest.mark.parametrize(
    "keys",
    [
        ["training.gpu_allocator", "training.seed"],
        ["training.gpu_allocator", "training.seed", "system"],
        ["training"],
        ["paths.init_tok2vec", "paths.vectors", "nlp.batch_size", "nlp.tokenizer"],
        ["initialize", "pretraining", "training.optimizer", "training.batcher"],
    ],
    ids=",".join,
)
def test_spacys_defaults_are_filled_in(keys, make_config):
    setup = set_up(without(make_config(), keys))
    assert setup.config["training"]["seed"] == setup.config["system"]["seed"] == 0
    assert setup.config["training"]["gpu_allocator"] is None
    assert set(setup.nlp.get_pipe("birnn_ner").labels) == {"PER", "LOC"}


def test_the_seed_of_the_system_counts_where_training_has_none(make_config):
    """The weights are those of spaCy's own initialization with that seed."""
    overrides = {"system.seed": 3}
    ours = set_up(without(make_config(overrides), ["training.seed"])).nlp
    theirs = init_nlp(make_config(overrides))
    first, second = (
        nlp.get_pipe("birnn_ner").model.get_ref("tok2vec").to_bytes()
        for nlp in (ours, theirs)
    )
    assert first == second


def test_words_are_looked_up_when_the_vectors_are_there(make_config, tmp_path):
    """As in spaCy: loading them replaces the vocabulary that a Doc's words are in."""
    vectors = spacy.blank("en")
    for word in (".", "Ada", "Oslo"):
        vectors.vocab.set_vector(word, numpy.ones(4))
    vectors.to_disk(tmp_path / "vectors")
    overrides = {"paths.vectors": str(tmp_path / "vectors")}
    setup = set_up(make_config(overrides))
    words = {token for example in setup.examples for token in example.reference}
    assert {token.rank for token in words if token.text == "Ada"} == {1}
    assert all(token.text in setup.nlp.vocab for token in words)


@pytest.mark.parametrize("max_epochs", [1, -1])
def test_where_no_component_asks_for_examples_they_are_read(make_config, max_epochs):
    config = make_config({"training.max_epochs": max_epochs})
    config["nlp"]["pipeline"], config["components"] = [], {}
    setup = set_up(config)
    assert setup.examples is None if max_epochs < 0 else len(setup.examples) == 60


@pytest.mark.parametrize(
    ("key", "named"),
    [
        ("nlp", "[nlp] section"),
        ("nlp.lang", "`lang`"),
        ("components", "'birnn_ner' in [components]"),
        ("components.birnn_ner.factory", "`factory`"),
    ],
)
def test_what_has_no_default_is_named(key, named, make_config):
    with pytest.raises(BirnnError, match=r"^\[B491\]") as found:
        set_up(without(make_config(), [key]))
    assert named in str(found.value)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("seed", ["x", -1, 2**32, 0.5])
def test_a_seed_that_is_none(seed, make_config):
    with pytest.raises(BirnnError, match=r"^\[B069\].*training\.seed"):
        set_up(make_config({"system.seed": seed}))
