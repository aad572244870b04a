"""Callbacks of a config, through `spacy train` where it matters."""

import subprocess
import sys

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.util import registry
from thinc.api import fix_random_seed

from spacy_birnn.errors import BirnnError
from spacy_birnn.pipeline.callbacks import (
    create_add_labels,
    create_check_vectors,
    create_dropout_warmup,
)

from .test_add_label import NEW
from .toys import example, examples, trained


def test_given_labels():
    nlp = trained()
    create_add_labels({"birnn_ner": ["ORG", "PER"]})(nlp)
    pipe = nlp.get_pipe("birnn_ner")
    assert pipe.labels == ("LOC", "PER", "ORG")
    assert pipe.cfg["masked"] == ["ORG"]


def test_labels_of_a_corpus():
    nlp = trained()
    nlp.add_pipe("birnn_tagger", source=trained("birnn_tagger"))
    nlp.add_pipe("sentencizer")
    data = [example(nlp, NEW, "ents"), example(nlp, NEW, "tag")]
    create_add_labels(corpus=lambda nlp: data)(nlp)
    assert nlp.get_pipe("birnn_ner").cfg["masked"] == ["ORG"]
    assert nlp.get_pipe("birnn_tagger").cfg["masked"] == ["ORG"]


@pytest.mark.parametrize("name", ["ner", "sentencizer"])
def test_a_component_that_is_not_ours(name):
    nlp = trained()
    nlp.add_pipe("sentencizer")
    with pytest.raises(BirnnError, match=rf"^\[B034\].*'{name}'.*birnn_ner"):
        create_add_labels({name: ["ORG"]})(nlp)


CONFIG = """
[nlp]
lang = "en"
pipeline = ["birnn_ner"]

[components]

[components.birnn_ner]
source = "{model}"

[corpora]

[corpora.train]
@readers = "spacy.Corpus.v1"
path = "{data}"

[corpora.dev]
@readers = "spacy.Corpus.v1"
path = "{data}"

[training]
seed = 0
gpu_allocator = null
max_steps = 60
eval_frequency = 30
dropout = 0.0

[training.optimizer]
@optimizers = "Adam.v1"
learn_rate = 0.02
L2 = 0.0
grad_clip = 0.0

[initialize]

[initialize.after_init]
@callbacks = "spacy-birnn.add_labels.v1"
corpus = ${{corpora.train}}
"""


@pytest.mark.slow
def test_a_sourced_component_learns_a_label_under_spacy_train(tmp_path):
    nlp = trained()
    nlp.to_disk(tmp_path / "model")
    docs = [eg.reference for eg in [*examples(nlp), example(nlp, NEW)]]
    DocBin(docs=docs).to_disk(tmp_path / "train.spacy")
    paths = {"model": tmp_path / "model", "data": tmp_path / "train.spacy"}
    (tmp_path / "a.cfg").write_text(CONFIG.format(**paths), encoding="utf8")
    done = subprocess.run(
        [sys.executable, "-m", "spacy", "train", tmp_path / "a.cfg"]
        + ["-o", tmp_path / "out"],
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    nlp = spacy.load(tmp_path / "out" / "model-best")
    assert nlp.get_pipe("birnn_ner").labels == ("LOC", "PER", "ORG")
    assert [(e.text, e.label_) for e in nlp(NEW[0]).ents] == [
        ("Rain often", "ORG"),
        ("Anna", "PER"),
    ]


def test_vectors(tmp_path):
    nlp = spacy.blank("en")
    check = create_check_vectors
    assert check(None)(nlp) is nlp
    with pytest.raises(BirnnError, match=r"^\[B035\].*nowhere"):
        check(str(tmp_path / "nowhere"))(nlp)
    (tmp_path / "glove.txt").write_text("a 1 2\n", encoding="utf8")
    for wrong in (tmp_path / "glove.txt", tmp_path):
        with pytest.raises(BirnnError, match=r"^\[B036\].*init vectors en"):
            check(str(wrong))(nlp)
    nlp.to_disk(tmp_path / "right")
    assert check(str(tmp_path / "right"))(nlp) is nlp


def loss(nlp, drop):
    fix_random_seed(0)
    return nlp.get_pipe("birnn_ner").update(examples(nlp), drop=drop)["birnn_ner"]


@pytest.mark.parametrize(
    ("start", "epoch", "rate"),
    [(0.0, 0, 0.0), (0.0, 1, 0.2), (0.0, 4, 0.8), (0.0, 9, 0.8), (0.5, 2, 0.6)],
)
def test_dropout_grows_from_epoch_to_epoch(start, epoch, rate):
    nlp = trained()
    nlp.add_pipe("sentencizer")
    expected = loss(nlp, rate)
    before_update = create_dropout_warmup(start=start, epochs=4)
    before_update(nlp, {"step": 30, "epoch": epoch})
    assert loss(nlp, 0.8) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("start", "epochs"), [(-0.1, 4), (1.1, 4), (0.5, 0)])
def test_a_warmup_of_dropout_out_of_range(start, epochs):
    with pytest.raises(BirnnError, match=rf"^\[B088\].*{start}.*{epochs}"):
        create_dropout_warmup(start=start, epochs=epochs)


def test_names():
    for name in ("add_labels", "check_vectors", "dropout_warmup"):
        assert registry.callbacks.get(f"spacy-birnn.{name}.v1")
