"""Every registered name, from the installed package's entry points."""

import json
import subprocess
import sys
from importlib.metadata import distribution

import pytest
import spacy
from catalogue import RegistryError
from spacy.util import registry
from thinc.api import ConfigValidationError, Model

from spacy_birnn.errors import BirnnError

NAMES = {
    "spacy_factories": ["birnn_chunker", "birnn_ner", "birnn_tagger"],
    "spacy_architectures": [
        "spacy-birnn.BiRNNEncoder.v1",
        "spacy-birnn.SequenceTagger.v1",
        "spacy-birnn.Tok2Vec.v1",
        "spacy-birnn.WordCharEmbed.v1",
    ],
    "spacy_readers": [
        "spacy-birnn.ConllCorpus.v1",
        "spacy-birnn.ConlluCorpus.v1",
        "spacy-birnn.Corpus.v1",
        "spacy-birnn.DatasetsCorpus.v1",
        "spacy-birnn.SpansCorpus.v1",
    ],
    "spacy_callbacks": [
        "spacy-birnn.add_labels.v1",
        "spacy-birnn.check_vectors.v1",
        "spacy-birnn.dropout_warmup.v1",
        "spacy-birnn.start_from.v1",
    ],
    "spacy_batchers": ["spacy-birnn.batch_joined.v1"],
    "spacy_scorers": ["spacy-birnn.seqeval_scorer.v1"],
    "spacy_loggers": ["spacy-birnn.ConsoleLogger.v1"],
    "thinc_optimizers": ["spacy-birnn.AdamW.v1", "spacy-birnn.SGD.v1"],
    "thinc_schedules": [
        "spacy-birnn.epoch_decay.v1",
        "spacy-birnn.plateau.v1",
        "spacy-birnn.warmup_cosine.v1",
    ],
    "spacy_cli": ["birnn"],
    "console_scripts": ["spacy-birnn"],
}
FACTORIES = NAMES["spacy_factories"]

FRESH = """
import json, logging, sys, threading, warnings
import spacy, torch
from spacy.tokens import Doc, Span, Token
from spacy.util import registry

def state():
    return [
        torch.get_num_threads(),
        torch.get_default_dtype() is torch.float32,
        torch.get_rng_state().sum().item(),
        len(warnings.filters),
        threading.active_count(),
        logging.getLogger("spacy").level,
        [cls.has_extension("confidence") for cls in (Doc, Span, Token)],
    ]

before = state()
nlp = spacy.blank("en")
heavy = ("datasets", "seqeval", "sklearn", "ray", "pyarrow", "pandas")
found = {
    "changed": [a for a, b in zip(before, state()) if a != b],
    "hook": getattr(sys.modules.get("spacy_birnn.models.forks"), "_hook_is_set", 0),
    "heavy": [name for name in heavy if name in sys.modules],
    "names": {},
}
for group, names in json.loads(sys.argv[1]).items():
    if group == "spacy_factories":
        found["names"][group] = [name for name in names if nlp.has_factory(name)]
    elif group not in ("spacy_cli", "console_scripts"):
        kind = group.partition("_")[2]
        found["names"][group] = [n for n in names if callable(registry.get(kind, n))]
found["heavy later"] = [name for name in heavy if name in sys.modules]
print(json.dumps(found))
"""


def test_a_fresh_interpreter_finds_every_name_and_imports_nothing_heavy(tmp_path):
    run = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", FRESH, json.dumps(NAMES)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    found = json.loads(run.stdout)
    assert found.pop("names") == {
        group: names
        for group, names in NAMES.items()
        if group not in ("spacy_cli", "console_scripts")
    }
    assert found == {"changed": [], "hook": False, "heavy": [], "heavy later": []}


@pytest.mark.parametrize("group", NAMES)
def test_entry_points_are_the_contract_and_load(group):
    points = distribution("spacy-birnn").entry_points.select(group=group)
    assert sorted(point.name for point in points) == NAMES[group]
    for point in points:
        assert point.load() is not None


@pytest.mark.parametrize("name", FACTORIES)
def test_default_configs_can_be_constructed(name):
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe(name)
    assert isinstance(pipe.model, Model)
    again = spacy.blank("en").from_config(nlp.config)
    assert again.config["components"] == nlp.config["components"]
    assert type(again.get_pipe(name)) is type(pipe)


TOK2VEC = {
    "@architectures": "spacy-birnn.Tok2Vec.v1",
    "embed": {"@architectures": "spacy-birnn.WordCharEmbed.v1"},
    "encode": {"@architectures": "spacy-birnn.BiRNNEncoder.v1", "width": 8},
}
GOOD = {
    "BiRNNEncoder": {"width": 8},
    "WordCharEmbed": {},
    "SequenceTagger": {"tok2vec": TOK2VEC},
    "Tok2Vec": {key: TOK2VEC[key] for key in ("embed", "encode")},
}


@pytest.mark.parametrize("name", GOOD)
def test_architectures_resolve_from_a_config(name):
    block = {"@architectures": f"spacy-birnn.{name}.v1", **GOOD[name]}
    assert isinstance(registry.resolve({"model": block})["model"], Model)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("BiRNNEncoder", {"width": "wide"}),
        ("BiRNNEncoder", {"width": "12"}),
        ("BiRNNEncoder", {"width": 0}),
        ("BiRNNEncoder", {"width": 7}),
        ("BiRNNEncoder", {"width": None}),
        ("BiRNNEncoder", {"cell": "LSTM"}),
        ("BiRNNEncoder", {"cell": None}),
        ("BiRNNEncoder", {"depth": 1.5}),
        ("BiRNNEncoder", {"bidirectional": "both"}),
        ("BiRNNEncoder", {"dropout": 1.0}),
        ("BiRNNEncoder", {"dropout": "high"}),
        ("BiRNNEncoder", {"grad_clip": None}),
        ("BiRNNEncoder", {"hidden": 3}),
        ("WordCharEmbed", {"vectors": "glove"}),
        ("WordCharEmbed", {"vectors": None}),
        ("WordCharEmbed", {"chars": "lstm"}),
        ("WordCharEmbed", {"vectors": "none", "chars": "none"}),
        ("WordCharEmbed", {"chars": "rnn", "char_width": 5}),
        ("WordCharEmbed", {"char_width": -1}),
        ("WordCharEmbed", {"word_width": 0}),
        ("WordCharEmbed", {"word_dropout": None}),
        ("WordCharEmbed", {"word_dropout": 1}),
        ("WordCharEmbed", {"word_dropout": -0.5}),
        ("SequenceTagger", {"decoder": "viterbi"}),
        ("SequenceTagger", {"scheme": "iob1"}),
        ("SequenceTagger", {"dropout": 2.0}),
        ("SequenceTagger", {"tok2vec": None}),
        ("SequenceTagger", {"tok2vec": 3}),
        ("Tok2Vec", {"embed": None}),
        ("Tok2Vec", {"window": 1}),
    ],
)
def test_wrong_arguments_are_told(name, wrong):
    block = {"@architectures": f"spacy-birnn.{name}.v1", **GOOD[name], **wrong}
    with pytest.raises((BirnnError, ConfigValidationError)) as caught:
        registry.resolve({"model": block})
    assert any(key in str(caught.value) for key in wrong)
    if isinstance(caught.value, BirnnError):
        assert "\n" not in str(caught.value)
        assert str(caught.value).startswith("[B0")


def test_an_odd_width_without_a_name_is_told():
    with pytest.raises((BirnnError, ConfigValidationError), match="width"):
        registry.resolve({"model": {"@architectures": "spacy-birnn.BiRNNEncoder.v1"}})


def test_a_typo_is_answered_with_our_names():
    """spaCy lists the factories that it knew when a language's own were registered:
    those of a language without its own are all there."""
    with pytest.raises(ValueError, match=r"\[E002\]") as caught:
        spacy.blank("xx").add_pipe("birnn_nre")
    assert all(name in str(caught.value) for name in FACTORIES)
    with pytest.raises(RegistryError, match=r"\[E893\]") as caught:
        registry.get("architectures", "spacy-birnn.SequenceTaggr.v1")
    assert all(name in str(caught.value) for name in NAMES["spacy_architectures"])
