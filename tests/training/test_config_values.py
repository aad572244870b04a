import pytest
from spacy.util import registry

from spacy_birnn.data.conll import ConllCorpus
from spacy_birnn.errors import BirnnError
from spacy_birnn.training.setup import set_up


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("training.eval_frequency", 0, "[B069] Config: training.eval_frequency = 0"),
        ("training.max_epochs", -2, "[B069] Config: training.max_epochs = -2"),
        ("training.max_steps", -1, "[B069] Config: training.max_steps = -1"),
        ("training.patience", -1, "[B069] Config: training.patience = -1"),
        ("training.dropout", 1.0, "[B069] Config: training.dropout = 1.0"),
        ("training.dropout", -0.1, "[B069] Config: training.dropout = -0.1"),
        ("training.train_corpus", "x", "[B069] Config: training.train_corpus = 'x'"),
        ("training.dev_corpus", "corpora", "[B069] Config: training.dev_corpus = 'c"),
        ("training.dev_corpus", "corpora.x", "[B069] Config: training.dev_corpus = "),
        ("training.frozen_components", ["birn_ner"], "[B492] Config: there is no comp"),
        ("training.annotating_components", ["x"], "[B492] Config: there is no compone"),
        (
            "training.score_weights.ents_f",
            "x",
            "[B069] Config: training.score_weights.ents_f = 'x'",
        ),
        ("training.optimizer.L2", "x", "[B069] Config: training.optimizer.L2 = 'x'"),
        ("nlp.lang", "xxx", "[B491] No pipeline can be made from the config: [E048]"),
        ("initialize.vectors", "x", "[B491] No pipeline can be made from the config:"),
    ],
)
def test_a_wrong_value_is_one_line(key, value, said, make_config):
    with pytest.raises(BirnnError) as found:
        set_up(make_config({key: value}))
    assert str(found.value).startswith(said)
    assert "\n" not in str(found.value)


def test_a_component_of_almost_that_name_is_meant(make_config):
    with pytest.raises(BirnnError, match="did you mean 'birnn_ner'"):
        set_up(make_config({"training.frozen_components": ["birn_ner"]}))


@pytest.mark.parametrize("dropout", [0, 0.0, 0.99])
def test_dropout_in_its_range(dropout, make_config):
    """A whole number too, though spaCy's own loop takes none."""
    setup = set_up(make_config({"training.dropout": dropout}))
    assert setup.settings["dropout"] == dropout


def test_one_function_may_read_all_corpora(make_config, corpora):
    @registry.readers("test.readers")
    def make(train, dev):
        columns = {"word": 0, "ents": -1}
        return {
            "train": ConllCorpus(train, columns=columns),
            "dev": ConllCorpus(dev, columns=columns),
        }

    config = make_config()
    paths = {name: str(path) for name, path in corpora.items()}
    config["corpora"] = {"@readers": "test.readers", **paths}
    setup = set_up(config)
    assert len(setup.examples) == 60
    assert len(list(setup.dev(setup.nlp))) == 30


def test_a_reader_that_is_not_there(make_config):
    with pytest.raises(BirnnError, match=r"^\[B490\].*did you mean 'spacy-birnn\.Cor"):
        set_up(make_config({"corpora.dev.@readers": "spacy-birnn.Korpus.v1"}))
