"""Predictions against the gold annotation: what is right, wrong, and not known."""

import pytest
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_birnn.diagnostics.predictions import judge

from ..pipeline.toys import doc_of, trained

TEXT = "Anna Berg lives in Old Harbour ."


def judged(nlp, reference, predicted=None):
    """Whether each prediction is right, in order."""
    (name,) = nlp.pipe_names
    predicted = predicted if predicted is not None else doc_of(nlp, TEXT)
    found = judge(nlp.get_pipe(name), [Example(predicted, reference)])
    assert all(0.0 < prediction.confidence <= 1.0 for prediction in found)
    return [prediction.is_right for prediction in found]


def gold(nlp, *spans, missing=()):
    doc = doc_of(nlp, TEXT)
    doc.set_ents(
        [Span(doc, start, end, label=label) for start, end, label in spans],
        missing=[doc[start:end] for start, end in missing],
        default="outside",
    )
    return doc


@pytest.mark.parametrize(
    ("spans", "missing", "want"),
    [
        ([(0, 2, "PER"), (4, 6, "LOC")], [], [True, True]),
        ([(0, 2, "LOC"), (4, 6, "LOC")], [], [False, True]),  # type
        ([(0, 1, "PER"), (4, 6, "LOC")], [], [False, True]),  # too long
        ([(0, 3, "PER"), (4, 6, "LOC")], [], [False, True]),  # too short
        ([(0, 1, "PER"), (1, 2, "PER")], [], [False, False]),  # one, not two
        ([(4, 6, "LOC")], [], [False, True]),
        ([(4, 6, "LOC")], [(0, 2)], [True]),  # not known: left out
        ([(4, 6, "LOC")], [(1, 2)], [True]),
        ([(0, 2, "PER")], [(2, 7)], [True]),
        ([], [(0, 7)], []),
    ],
)
def test_spans(spans, missing, want):
    nlp = trained()
    assert [(e.start, e.end, e.label_) for e in nlp(TEXT).ents] == [
        (0, 2, "PER"),
        (4, 6, "LOC"),
    ]
    assert judged(nlp, gold(nlp, *spans, missing=missing)) == want


def test_chunks():
    nlp = trained("birnn_chunker")
    reference = doc_of(nlp, TEXT)
    n_chunks = len(nlp(TEXT).spans["chunks"])
    reference.spans["chunks"] = [Span(reference, 0, 2, label="NP")]
    assert judged(nlp, reference) == [True, *[False] * (n_chunks - 1)]
    assert judged(nlp, doc_of(nlp, TEXT)) == []  # no group: nothing is known


def test_tags():
    nlp = trained("birnn_tagger")
    words = TEXT.split()
    tags = ["PROPN", "VERB", "", "ADP", "PROPN", "PROPN", "PUNCT"]
    reference = Doc(nlp.vocab, words=words, tags=tags)
    assert judged(nlp, reference) == [True, False, True, True, True, True]


def test_white_space_is_no_part():
    nlp = trained()
    words = ["Anna", "\n", "Berg", "lives", "in", "Old", "Harbour", "\n"]
    doc = Doc(nlp.vocab, words=words)
    reference = doc.copy()
    reference.set_ents(
        [Span(reference, 0, 3, label="PER"), Span(reference, 4, 8, label="LOC")],
        default="outside",
    )
    assert judged(nlp, reference, doc) == [True, False]
    reference.set_ents([Span(reference, 5, 8, label="LOC")], default="outside")
    assert judged(nlp, reference, doc) == [False, True]


def test_settings_of_the_component_stay():
    nlp = trained(min_confidence=1.0)
    pipe = nlp.get_pipe("birnn_ner")
    assert judged(nlp, gold(nlp, (0, 2, "PER"))) == [True, False]
    assert (pipe.cfg["confidence"], pipe.cfg["min_confidence"]) == (False, 1.0)


def test_another_tokenization_is_aligned():
    nlp = trained()
    words = ["Anna", "Berg", "lives", "in", "Old", "Har", "bour", "."]
    spaces = [True, True, True, True, True, False, True, False]
    reference = Doc(nlp.vocab, words=words, spaces=spaces)
    reference.set_ents([Span(reference, 4, 7, label="LOC")], default="outside")
    assert judged(nlp, reference) == [False, True]
