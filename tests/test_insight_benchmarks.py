"""The scripts that measure selection, partial annotation and how far models reach."""

from pathlib import Path

import active_learning
import partial_annotation
import pytest
import reach
import spacy
from records import read_results
from spacy.tokens import Doc
from spacy.training import Example

from spacy_birnn.diagnostics.wording import say_reach

NLP = spacy.blank("en")
DOCS = Path(__file__).parents[1] / "docs"


def rounds(*pairs):
    return [{"tokens": tokens, "f1": f1} for tokens, f1 in pairs]


def test_tokens_at_the_target_are_interpolated():
    curve = rounds((100, 0.8), (200, 0.88), (300, 0.92))
    assert active_learning.tokens_at(curve, 0.9) == pytest.approx(250)
    assert active_learning.tokens_at(curve, 0.8) == 100
    assert active_learning.tokens_at(curve, 0.95) is None
    falling = rounds((100, 0.8), (200, 0.79), (300, 0.85))
    assert active_learning.tokens_at(falling, 0.82) == pytest.approx(250)


def test_table_of_selection():
    entries = [
        {"way": way, "seed": 0, "round": i, "steps": 1, "sentences": 1, **one}
        for way, curve in {
            "random": rounds((100, 0.8), (300, 0.92)),
            "entropy": rounds((100, 0.8), (200, 1.0)),
        }.items()
        for i, one in enumerate(curve)
    ]
    lines = list(active_learning.table(entries))
    assert "| entropy | 0 | 1 | 100.00 | 150 | 0.56 |" in lines
    assert lines[-1] == "entropy: 0.56 of the tokens at random, 1 seeds"


def test_sentences_until_there_are_enough_tokens():
    docs = [Doc(NLP.vocab, words=["x"] * size) for size in (3, 2, 4)]
    pool = [Example(doc, doc) for doc in docs]
    assert active_learning.up_to(5, [2, 0, 1], pool) == [2, 0]
    assert active_learning.up_to(4, [2, 0, 1], pool) == [2]
    assert active_learning.up_to(100, iter([1]), pool) == [1]


def test_half_of_the_entities_are_taken_away():
    words, tags = ["Ada", "saw", "Oslo"], ["B-PER", "O", "B-LOC"]
    docs = [Doc(NLP.vocab, words=words, ents=tags) for _ in range(200)]
    made = {
        way: partial_annotation.annotate(docs, way, seed=1)
        for way in partial_annotation.WAYS
    }
    counts = {way: sum(len(doc.ents) for doc in made[way]) for way in made}
    assert counts["full"] == 400
    assert 150 < counts["missing"] == counts["outside"] < 250
    for gap, outside in zip(made["missing"], made["outside"]):
        for one, other in zip(gap, outside):
            assert one.ent_type == other.ent_type
            expected = "" if one.text != "saw" and not one.ent_type else other.ent_iob_
            assert one.ent_iob_ == expected
            assert other.ent_iob_ in ("B", "O")
    assert all(len(doc.ents) == 2 for doc in docs)  # they are copies


def test_the_docs_say_what_was_measured_of_how_far_models_reach():
    page = (DOCS / "insight.md").read_text("utf-8")
    entries = read_results(reach.RESULTS)
    for row in reach.rows(entries):
        assert f"| {' | '.join(row)} |" in page
    (entry,) = (
        e for e in entries if (*reach.SAID, 0) == tuple(e[k] for k in reach.KEY)
    )
    for line in say_reach(reach.as_reach(entry, "model-best")):
        assert f"\n  {line}\n" in page


def test_the_docs_say_what_was_measured_of_selection():
    page = (DOCS / "insight.md").read_text("utf-8")
    lines = list(active_learning.table(read_results(active_learning.RESULTS)))
    rows = [line for line in lines[2:] if line.startswith("|")]
    assert "\n".join(rows) in page
