"""`min_confidence`: what is less certain is left out, and kept beside on request."""

import subprocess
import sys

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span, SpanGroup

from spacy_birnn.errors import BirnnError

from .toys import (
    FACTORIES,
    SENTENCES,
    config,
    doc_of,
    examples,
    found,
    shake,
    texts,
    trained,
    untrained,
)

every_factory = pytest.mark.parametrize("factory", FACTORIES)


def predicted(pipe, doc):
    """What a component has written, with its confidence, in order."""
    if pipe.target == "ents":
        return [(e.start, e.end, e.label_, e._.confidence) for e in doc.ents]
    if pipe.target == "spans":
        group = doc.spans["chunks"]
        scores = group.attrs.get("scores", [None] * len(group))
        return [(s.start, s.end, s.label_, p) for s, p in zip(group, scores)]
    return [(t.i, t.i + 1, t.tag_, t._.confidence) for t in doc if t.tag_]


def candidates(doc):
    group = doc.spans["birnn_candidates"]
    return [(s.start, s.end, s.label_, p) for s, p in zip(group, group.attrs["scores"])]


@every_factory
@pytest.mark.parametrize("decoder", ["crf", "constrained", "softmax"])
def test_only_what_is_less_certain_is_left_out(factory, decoder):
    """Each span for itself: the others are those of the best sequence still."""
    nlp = untrained(factory, decoder=decoder, confidence=True, candidates=True)
    pipe = nlp.get_pipe(factory)
    n_dropped = n_kept = 0
    for _ in range(5):
        shake(nlp, 1.0)
        everything = predicted(pipe, nlp(SENTENCES[0][0]))
        confidences = sorted(confidence for *_, confidence in everything)
        for least in [0.2, 0.5, 0.9, *confidences]:
            pipe.cfg["min_confidence"] = least
            doc = nlp(SENTENCES[0][0])
            kept = [entry for entry in everything if entry[3] >= least]
            assert predicted(pipe, doc) == kept
            assert candidates(doc) == [e for e in everything if e[3] < least]
            n_kept, n_dropped = n_kept + len(kept), n_dropped + len(candidates(doc))
        pipe.cfg["min_confidence"] = 0.0
    assert n_kept
    assert n_dropped


@every_factory
def test_without_confidences(factory):
    """They are computed, but not written."""
    certain = trained(factory, confidence=True)
    pipe = certain.get_pipe(factory)
    every = [predicted(pipe, doc) for doc in certain.pipe(texts())]
    values = sorted(p for entries in every for *_, p in entries if p is not None)
    # Between the two that lie furthest apart: a batch may change the last digits.
    gap = max(range(1, len(values)), key=lambda i: values[i] - values[i - 1])
    least = (values[gap - 1] + values[gap]) / 2
    nlp = spacy.blank("en")
    nlp.add_pipe(factory, config=config(min_confidence=least))
    nlp.from_bytes(certain.to_bytes())
    for text, entries in zip(texts(), every):
        doc = nlp(text)
        kept = [
            e for e in entries if e[3] is None or e[3] >= least
        ]  # None: white space
        expected = [(*entry[:3], None) for entry in kept]
        assert predicted(nlp.get_pipe(factory), doc) == expected
        assert "birnn_candidates" not in doc.spans


def test_a_tag_that_is_left_out_is_empty():
    for target in ("tag", "pos", "_.birnn_test_least"):
        nlp = trained_tagger(target)
        nlp.get_pipe("birnn_tagger").cfg["min_confidence"] = 1.0
        doc = nlp("Anna hired  Otto")
        values = nlp.get_pipe("birnn_tagger").read(doc)
        certain = [bool(token.is_space) for token in doc]
        assert [bool(value) for value in values] == certain
        assert [token._.confidence for token in doc if not token.is_space] == [None] * 3


def trained_tagger(target):
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("birnn_tagger", config=config(target=target, confidence=True))
    nlp.initialize(lambda: examples(nlp, pipe.target))
    return nlp


def test_entities_of_earlier_components_are_exempt():
    nlp = trained(min_confidence=1.0, confidence=True)
    ruler = nlp.add_pipe("entity_ruler", first=True)
    ruler.add_patterns([{"label": "RULE", "pattern": "lives in"}])
    doc = nlp(SENTENCES[0][0])
    assert [(e.text, e._.confidence) for e in doc.ents] == [("lives in", None)]
    chunker = trained("birnn_chunker", min_confidence=1.0)
    doc = doc_of(chunker, SENTENCES[0][0])
    doc.spans["chunks"] = [Span(doc, 2, 4, label="MINE")]
    assert [s.label_ for s in chunker(doc).spans["chunks"]] == ["MINE"]
    tagger = trained("birnn_tagger", min_confidence=1.0)
    words = SENTENCES[0][0].split()
    doc = tagger(Doc(tagger.vocab, words=words, tags=["X", *[""] * 6]))
    assert [token.tag_ for token in doc] == ["X", *[""] * 6]


def test_candidates_of_several_components_stand_side_by_side():
    settings = {"min_confidence": 1.0, "candidates": True}
    nlp = trained(**settings)
    nlp.add_pipe("birnn_chunker", source=trained("birnn_chunker", **settings))
    doc = nlp(SENTENCES[1][0])
    group = doc.spans["birnn_candidates"]
    expected = [
        ("birnn_ner", 0, "PER"),
        ("birnn_chunker", 0, "NP"),
        ("birnn_chunker", 1, "VP"),
        ("birnn_ner", 2, "PER"),
        ("birnn_chunker", 2, "NP"),
        ("birnn_chunker", 3, "PP"),
        ("birnn_chunker", 4, "NP"),
    ]
    names = group.attrs["components"]
    assert [(n, s.start, s.label_) for n, s in zip(names, group)] == expected
    assert all(0.5 < score < 1.0 for score in group.attrs["scores"])
    again = nlp.get_pipe("birnn_ner")(doc)  # which replaces its own
    names = again.spans["birnn_candidates"].attrs["components"]
    assert sorted(names) == sorted(name for name, *_ in expected)


def test_candidates_that_were_edited_stay():
    """Their scores are not known any more, rather than those of their neighbours."""
    settings = {"min_confidence": 1.0, "candidates": True}
    doc = trained("birnn_chunker", **settings)(SENTENCES[1][0])
    group = doc.spans["birnn_candidates"]
    kept = list(group)[1:]
    attrs = dict(group.attrs)
    doc.spans["birnn_candidates"] = SpanGroup(
        doc, name="birnn_candidates", spans=kept, attrs=attrs
    )
    doc.spans["birnn_candidates"].append(Span(doc, 3, 4, label="MINE"))
    doc.spans["birnn_candidates"].append(Span(doc, 5, 6, label="MINE"))
    trained(**settings).get_pipe("birnn_ner")(doc)
    group = doc.spans["birnn_candidates"]
    pairs = zip(group, group.attrs["components"], group.attrs["scores"], strict=True)
    of_ner, edited = [], []
    for span, component, score in pairs:
        (edited if component is None else of_ner).append((span.label_, score))
    assert [label for label, _ in of_ner] == ["PER", "PER"]
    assert all(0.5 < score < 1.0 for _, score in of_ner)
    labels = [*(span.label_ for span in kept), "MINE", "MINE"]
    assert sorted(edited) == sorted((label, None) for label in labels)
    trained("birnn_chunker", **settings).get_pipe("birnn_chunker")(doc)
    names = doc.spans["birnn_candidates"].attrs["components"]
    assert names.count("birnn_chunker") == len(kept) + 1
    assert names.count(None) == 2  # the own ones have taken their places again


@pytest.mark.parametrize("value", [-0.1, 1.01])
def test_wrong_value(value):
    nlp = spacy.blank("en")
    with pytest.raises(BirnnError, match=r"^\[B033\] Component 'birnn_ner'"):
        nlp.add_pipe("birnn_ner", config={"min_confidence": value})


def test_it_is_a_setting_of_the_config(tmp_path):
    trained().to_disk(tmp_path)
    override = {"components.birnn_ner.min_confidence": 1.0}
    nlp = spacy.load(tmp_path, config=override)
    assert not nlp(SENTENCES[0][0]).ents
    assert spacy.load(tmp_path)(SENTENCES[0][0]).ents


@pytest.mark.slow
def test_find_threshold(tmp_path):
    """spaCy's own command tries thresholds on a `.spacy` file."""
    nlp = trained()
    nlp.to_disk(tmp_path / "model")
    DocBin(docs=[eg.reference for eg in examples(nlp)]).to_disk(tmp_path / "dev.spacy")
    names = ["birnn_ner", "min_confidence", "ents_f", "--n_trials", "3"]
    done = subprocess.run(
        [sys.executable, "-m", "spacy", "find-threshold", tmp_path / "model"]
        + [tmp_path / "dev.spacy", *names],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if line[:1].isdigit()]
    assert rows == [["0.0", "1.0"], ["0.5", "1.0"], ["1.0", "0.0"]]
    assert found(spacy.load(tmp_path / "model")(SENTENCES[0][0]))[0]
