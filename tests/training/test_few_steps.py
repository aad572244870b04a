"""The hint at the end of a training in which nothing was right."""

import pytest

from spacy_birnn.training.few_steps import few_steps_hint
from spacy_birnn.training.progress import Progress

SETTINGS = {
    "max_epochs": 15,
    "max_steps": 0,
    "patience": 3000,
    "score_weights": {"ents_f": 1.0, "ents_p": None},
}


def hint(score=0.0, step=30, epoch=15, **settings):
    progress = Progress(step=step, epoch=epoch, results=[(0.0, 0), (score, step - 1)])
    return few_steps_hint(progress, {**SETTINGS, **settings})


def test_the_epochs_make_a_thousand_steps():
    assert hint().startswith("[W492] Nothing was predicted right: 30 steps are too")
    assert hint().endswith("--resume --training.max_epochs 500")


def test_limits_of_steps_are_raised_too():
    said = hint(max_epochs=0, max_steps=29, patience=20)
    assert said.endswith("--resume --training.max_steps 1000 --training.patience 1000")


def test_many_steps_have_another_reason():
    assert hint(step=1000).startswith("[W493] Nothing was predicted right in 1,000")


@pytest.mark.parametrize("results", [[], [(0.0, 0), (0.1, 20)]])
def test_nothing_is_said_where_something_was_right(results):
    assert few_steps_hint(Progress(step=30, results=results), SETTINGS) is None


@pytest.mark.parametrize("weight", [0.0, None, -1.0])
def test_nothing_is_said_where_no_score_counts(weight):
    assert hint(score_weights={"ents_f": weight}) is None
