"""benchmarks/learning_curve.py, and spaCy's `ner` trained until dev gains no more."""

from pathlib import Path

import baselines
import learning_curve
import numpy
import pytest
import spacy
from learning_curve import OURS, SPACY
from records import read_results
from spacy.training import Example

DOCS = Path(__file__).parents[1] / "docs"


def entry(system, sentences, f1, *, seed=0, setting="efficiency"):
    return {
        "system": system,
        "setting": setting,
        "sentences": sentences,
        "seed": seed,
        "f1": f1,
        "best_dev": f1,
        "running": f1 - 0.01,
        "seconds": 20.0,
        "tokens": 14 * sentences,
    }


ENTRIES = [
    entry(OURS, 100, 0.7),
    entry(OURS, 100, 0.72, seed=1),
    entry(OURS, 200, 0.81),
    entry(OURS, 400, 0.9),
    entry(SPACY, 200, 0.75),
    entry(SPACY, 200, 0.77, setting="accuracy"),
    entry(SPACY, 200, 0.75, seed=1, setting="accuracy"),
    entry(SPACY, 400, 0.6),
]


def test_spacy_is_shown_in_the_setting_that_is_best_with_so_many_sentences():
    curves = learning_curve.curves_of(ENTRIES)
    assert curves[SPACY][200].figures("f1") == [0.77, 0.75]
    assert list(curves[OURS]) == [100, 200, 400]


def test_the_table_has_what_both_have_learned_from():
    _, _, *lines = learning_curve.table(learning_curve.curves_of(ENTRIES))
    # 76.00 lies in the middle of 71.00 and 81.00; 60.00 is reached with the fewest.
    assert lines == [
        "| 200 | 2,800 | 81.00 | 76.00 ± 1.41 | +5.00 | 80.00 | 75.00 ± 1.41 | 20 | 20 "
        "| 150 (75 %) |",
        "| 400 | 5,600 | 90.00 | 60.00 | +30.00 | 89.00 | 59.00 | 20 | 20 "
        "| ≤ 100 (≤ 25 %) |",
    ]


def test_a_score_that_ours_does_not_reach():
    means = [{"tokens": 100, "f1": 0.7}, {"tokens": 200, "f1": 0.8}]
    assert learning_curve.needed(means, 0.85, 200) == "–"


def test_the_same_results_give_the_same_picture(tmp_path):
    pytest.importorskip("matplotlib")
    curves = learning_curve.curves_of(ENTRIES)
    for name in "ab":
        learning_curve.plot(curves, tmp_path / f"{name}.svg")
    picture = (tmp_path / "a.svg").read_bytes()
    assert picture == (tmp_path / "b.svg").read_bytes()
    assert b"<svg" in picture


def test_the_docs_say_what_was_measured():
    page = (DOCS / "accuracy.md").read_text("utf-8")
    curves = learning_curve.curves_of(read_results(learning_curve.RESULTS))
    assert "\n".join(learning_curve.table(curves)) in page


@pytest.mark.slow
def test_spacy_is_trained_until_dev_gains_no_more(tmp_path):
    """Its best weights stay, not its last ones."""
    nlp = spacy.blank("en")
    nlp.vocab.set_vector("Oslo", numpy.full(4, 0.5, "float32"))
    nlp.to_disk(tmp_path / "vectors")
    sizes = baselines.SETTINGS["efficiency"]
    nlp = baselines.make_pipeline("ner", sizes, tmp_path / "vectors")
    nlp.config["training"].update(eval_frequency=4, patience=12, max_steps=100)
    gold = {"entities": [(7, 11, "LOC")]}
    examples = [Example.from_dict(nlp.make_doc("She is Oslo"), gold)] * 20
    scores = iter([0.1, 0.5, 0.3, 0.4, 0.2, 0.9])
    weights = []

    def evaluate(examples):
        weights.append(baselines.get_weights(nlp))
        return {"ents_f": next(scores)}

    nlp.evaluate = evaluate
    corpora = {"train": examples, "dev": examples}
    facts = baselines.train_with_patience(nlp, corpora, "ents_f")
    # The best is at step 4; twelve steps later it ends.
    assert facts["best_dev"] == 0.5
    assert facts["steps"] == 17
    assert len(weights) == 5
    assert baselines.get_weights(nlp) == weights[1] != weights[-1]
