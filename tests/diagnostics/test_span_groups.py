"""Groups of spans by what training had, and the comparison with a baseline."""

import json

import pytest
from spacy.training import Example

from spacy_birnn.diagnostics.span_analysis import SEEN, SpanAnalysis
from spacy_birnn.diagnostics.tables import in_steps, step_names
from spacy_birnn.diagnostics.training_words import TrainingWords

from .toys import doc_of

TRAIN = [
    (["Ada", "met", "Emmy"], ["B-PER", "O", "B-PER"]),
    (["Ada", "left", "Jordan"], ["B-PER", "O", "B-LOC"]),
]
GOLD = (["Jordan", "met", "Ada", "in", "Oslo"], ["B-PER", "O", "B-PER", "O", "B-LOC"])


def example(predicted):
    words, tags = GOLD
    return Example(doc_of(words, predicted), doc_of(words, tags))


def training():
    docs = [doc_of(*row) for row in TRAIN]
    return TrainingWords([Example(doc, doc) for doc in docs], "ents")


def table(analysis, title):
    (found,) = [t for t in analysis.groups() if t.title == title]
    return {
        r.name: (r.model.right, r.model.gold, r.model.predicted) for r in found.rows
    }


def test_seen_and_unseen_and_how_often_the_word_occurred():
    predicted = ["B-LOC", "O", "B-PER", "O", "O"]
    analysis = SpanAnalysis([example(predicted)], "ents", training=training())
    seen = table(analysis, "By what training has seen")
    # Jordan was a place in training, so what is predicted counts as seen, too.
    assert seen[SEEN["same"]] == (1, 1, 2)
    assert seen[SEEN["other"]] == (0, 1, 0)
    assert seen[SEEN["new"]] == (0, 1, 0)
    often = table(analysis, "By frequency in training")
    assert often == {"0": (0, 1, 0), "1": (0, 1, 1), "2–4": (1, 1, 1)}
    assert table(analysis, "By length of the span") == {"1": (1, 3, 2)}
    assert table(analysis, "By length of the sentence") == {"1–9": (1, 3, 2)}
    errors = {e.outcome.kind: e.seen for e in analysis.errors()}
    assert errors == {"type": "other", "missed": "new"}


def test_without_training_data_those_groups_are_left_out():
    analysis = SpanAnalysis([example(["O"] * 5)], "ents")
    assert [t.title for t in analysis.groups()] == [
        "By length of the span",
        "By length of the sentence",
    ]
    assert all(error.seen is None for error in analysis.errors())


def test_steps():
    assert step_names((0, 1, 2, 5)) == ["0", "1", "2–4", "5 or more"]
    assert [in_steps(i, (0, 1, 2, 5)) for i in (0, 1, 4, 5, 99)] == [
        "0",
        "1",
        "2–4",
        "5 or more",
        "5 or more",
    ]


def test_who_errs():
    """Jordan: both; Ada: only the baseline; Oslo: only the model; and a spurious one
    of each that the other does not make."""
    ours = example(["B-LOC", "O", "B-PER", "B-LOC", "O"])
    theirs = example(["O", "B-ORG", "O", "O", "B-LOC"])
    analysis = SpanAnalysis([ours], "ents", baseline=[theirs])
    found = {
        (record["by"], record["kind"], (record["gold"] or record["predicted"])["text"])
        for record in analysis.records()
    }
    assert found == {
        ("both", "type", "Jordan"),
        ("model", "spurious", "in"),
        ("model", "missed", "Oslo"),
        ("baseline", "missed", "Ada"),
        ("baseline", "spurious", "met"),
    }
    total = analysis.total()
    assert (total.model.right, total.baseline.right) == (1, 1)
    assert total.difference == pytest.approx(1 / 3 - 2 / 5)
    assert total.p_value == 1.0  # one sentence proves nothing
    json.dumps(list(analysis.records()))


def test_most_confident_errors_come_first():
    words, tags = GOLD
    predicted = doc_of(
        words, ["B-LOC", "B-X", "O", "B-X", "O"], confidences=[0.5, 0.9, 0.7]
    )
    errors = SpanAnalysis([Example(predicted, doc_of(words, tags))], "ents").errors()
    assert [e.confidence for e in errors] == [0.9, 0.7, 0.5, None, None]
