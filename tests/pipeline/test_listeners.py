"""A shared tok2vec: our encoder under spaCy's heads, ours over a listener, and training
with `spacy train`."""

import numpy
import pytest
import spacy
import srsly
from spacy.tokens import DocBin
from thinc.api import Adam, Config

from .toys import (
    FACTORIES,
    SENTENCES,
    config,
    doc_of,
    examples,
    found,
    run_python,
    train,
    trained,
)

TOK2VEC = {
    "model": {
        "@architectures": "spacy.Tok2Vec.v2",
        "embed": {
            "@architectures": "spacy-birnn.WordCharEmbed.v1",
            "char_width": 8,
            "word_width": 12,
        },
        "encode": {"@architectures": "spacy-birnn.BiRNNEncoder.v1", "width": 16},
    }
}
LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 16, "upstream": "*"}


def annotated(nlp):
    """Documents with all kinds of annotation at once."""
    data = []
    for sentence in SENTENCES:
        (example,) = [e for e in examples(nlp) if e.text.startswith(sentence[0])]
        reference = example.reference
        for token, tag in zip(reference, sentence[3]):
            token.tag_ = tag
        (chunks,) = [e for e in examples(nlp, "spans") if e.text == example.text]
        reference.spans["chunks"] = [
            reference.char_span(s.start_char, s.end_char, label=s.label_)
            for s in chunks.reference.spans["chunks"]
        ]
        data.append(example)
    return data


def shared(*factories, tok2vec="spacy.Tok2Vec.v2"):
    nlp = spacy.blank("en")
    settings = Config(TOK2VEC).copy()
    settings["model"]["@architectures"] = tok2vec
    nlp.add_pipe("tok2vec", config=settings)
    for factory in factories:
        model = {"model": {"tok2vec": LISTENER}}
        if factory.startswith("birnn"):
            model["model"]["@architectures"] = "spacy-birnn.SequenceTagger.v1"
        nlp.add_pipe(factory, config=model)
    return nlp


def assert_learned(nlp, *factories):
    for example in annotated(nlp):
        doc, gold = nlp(example.predicted.copy()), found(example.reference)
        ents, spans, tags, _ = found(doc)
        if {"ner", "birnn_ner"} & set(factories):
            assert ents == gold[0]
        if "birnn_chunker" in factories:
            assert spans == gold[1]
        if {"tagger", "birnn_tagger"} & set(factories):
            assert tags == gold[2]


@pytest.mark.parametrize("tok2vec", ["spacy.Tok2Vec.v2", "spacy-birnn.Tok2Vec.v1"])
@pytest.mark.parametrize("factories", [tuple(FACTORIES), ("ner", "tagger")])
def test_shared_tok2vec(factories, tok2vec, tmp_path):
    nlp = shared(*factories, tok2vec=tok2vec)
    data = annotated(nlp)
    nlp.initialize(lambda: data)
    train(nlp, data, 60)
    assert_learned(nlp, *factories)
    texts = [*(sentence[0] for sentence in SENTENCES), "", "  ", "Otto  lives\n"]
    expected = [found(doc) for doc in nlp.pipe(texts)]
    assert [found(nlp(text)) for text in texts] == expected
    nlp.to_disk(tmp_path)
    other = spacy.load(tmp_path)
    assert [found(doc) for doc in other.pipe(texts, batch_size=2)] == expected
    for factory in factories:
        other.replace_listeners("tok2vec", factory, ["model.tok2vec"])
    other.remove_pipe("tok2vec")
    assert [found(doc) for doc in other.pipe(texts)] == expected
    other.to_disk(tmp_path / "alone")
    alone = spacy.load(tmp_path / "alone")
    assert [found(doc) for doc in alone.pipe(texts)] == expected


def test_gradients_reach_the_shared_encoder():
    nlp = shared("birnn_ner", "birnn_tagger")
    data = annotated(nlp)
    nlp.initialize(lambda: data)
    nodes = nlp.get_pipe("tok2vec").model.walk()
    (encoder,) = [node for node in nodes if node.name == "birnn_encoder"]
    before = encoder.shims[0].to_bytes()
    for _ in range(2):  # nlp.update steps before the listeners' gradients arrive
        nlp.update(data, sgd=Adam(0.02))
    assert encoder.shims[0].to_bytes() != before


def test_sentences_under_a_listener():
    """The shared encoder sees the document; the decoder still works by sentences."""
    nlp = shared("birnn_ner")
    data = annotated(nlp)
    nlp.initialize(lambda: data)
    train(nlp, data, 40)
    doc = doc_of(nlp, "Anna Berg Anna Berg", sent_starts=[1, 0, 1, 0])
    pipe = nlp.get_pipe("birnn_ner")
    assert pipe.sequences([doc]).lengths == [2, 2]
    assert pipe.k_best([nlp.get_pipe("tok2vec")(doc)], k=1)[0][0][1] <= 0.0
    assert [(e.start, e.end) for e in nlp(doc).ents if e.start < 2 < e.end] == []


def test_components_over_a_frozen_tok2vec():
    nlp = shared("birnn_ner")
    data = annotated(nlp)
    optimizer = nlp.initialize(lambda: data)
    frozen = nlp.get_pipe("tok2vec").to_bytes(exclude=["vocab"])
    for _ in range(40):
        nlp.update(data, sgd=optimizer, exclude=["tok2vec"], annotates=["tok2vec"])
    assert nlp.get_pipe("tok2vec").to_bytes(exclude=["vocab"]) == frozen


# --- spacy train ----------------------------------------------------------------------

TRAIN = """
import sys
from spacy.cli._util import app
sys.argv = ["spacy", "train", {config!r}, "--output", {output!r}]
app()
"""


def spacy_train(tmp_path, settings, nlp):
    """Run `spacy train` on our sentences; the best pipeline."""
    DocBin(docs=[e.reference for e in annotated(nlp)]).to_disk(tmp_path / "data.spacy")
    path = str(tmp_path / "data.spacy")
    filled = Config(settings.copy()).merge(
        {
            "paths": {"train": path, "dev": path},
            "training": {
                "max_steps": 60,
                "eval_frequency": 30,
                "dropout": 0.0,
                "optimizer": {
                    "@optimizers": "Adam.v1",
                    "learn_rate": 0.02,
                    "use_averages": True,
                },
            },
        }
    )
    filled.to_disk(tmp_path / "config.cfg")
    output = str(tmp_path / "out")
    run_python(TRAIN.format(config=str(tmp_path / "config.cfg"), output=output), 200)
    return spacy.load(tmp_path / "out" / "model-best")


@pytest.mark.slow
def test_spacy_train_with_our_encoder_under_spacys_heads(tmp_path):
    nlp = shared("ner", "tagger")
    best = spacy_train(tmp_path, nlp.config, nlp)
    assert best.pipe_names == ["tok2vec", "ner", "tagger"]
    names = [node.name for node in best.get_pipe("tok2vec").model.walk()]
    assert "birnn_encoder" in names
    assert_learned(best, "ner", "tagger")
    performance = srsly.read_json(tmp_path / "out" / "model-best" / "meta.json")
    assert performance["performance"]["ents_f"] == 1.0
    assert performance["performance"]["tag_acc"] == 1.0


@pytest.mark.slow
def test_spacy_train_with_a_sourced_component(tmp_path):
    """One of ours is tuned, one is frozen, one is new."""
    source = trained(steps=5)
    source.add_pipe("birnn_chunker", source=trained("birnn_chunker"))
    source.to_disk(tmp_path / "source")
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_tagger", config=config())
    settings = nlp.config.copy()
    where = str(tmp_path / "source")
    settings["nlp"]["pipeline"] = ["birnn_ner", "birnn_tagger", "birnn_chunker"]
    settings["components"]["birnn_ner"] = {"source": where}
    settings["components"]["birnn_chunker"] = {"source": where}
    settings["training"]["frozen_components"] = ["birnn_chunker"]
    best = spacy_train(tmp_path, settings, nlp)
    assert_learned(best, *FACTORIES)
    words = [doc_of(best, text) for text, *_ in SENTENCES]
    for name, equal in (("birnn_chunker", True), ("birnn_ner", False)):
        before = source.get_pipe(name).model.predict(words)
        after = best.get_pipe(name).model.predict(words)
        assert all(map(numpy.array_equal, before, after)) is equal


@pytest.mark.slow
def test_spacy_debug_config(tmp_path):
    nlp = spacy.blank("en")
    for factory in FACTORIES:
        nlp.add_pipe(factory)
    nlp.config.to_disk(tmp_path / "config.cfg")
    code = TRAIN.replace('"train"', '"debug", "config"').replace(
        ', "--output", {output!r}', ', "--paths.train", "x", "--paths.dev", "x"'
    )
    output = run_python(code.format(config=str(tmp_path / "config.cfg")))
    assert "Config validation for [training]" in output
