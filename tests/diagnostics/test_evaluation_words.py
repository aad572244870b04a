"""The sentences of a report about its figures."""

import pytest

from spacy_birnn.diagnostics import evaluation_words as words
from spacy_birnn.diagnostics.reliability import Reliability
from spacy_birnn.diagnostics.span_analysis import SEEN
from spacy_birnn.diagnostics.tables import Row, Score, Table
from spacy_birnn.diagnostics.training_log import LoggedStep


def score(right, gold, predicted):
    total = gold + predicted
    value = 2 * right / total if total else None
    return Score(right, gold, predicted, value, (0.25, 0.75))


def test_numbers():
    assert words.percent(0.9432) == "94.3"
    assert words.percent(0.9432, 2) == "94.32"
    assert words.percent(None) == "–"
    assert words.percent_range((0.931, 0.952)) == "93.1 to 95.2"
    assert words.percent_range((float("nan"), 0.5)) == "–"
    assert words.points(-0.012) == "1.2 points"
    assert words.points(0.01) == "1.0 point"
    assert words.short_name("a/runs/model-best") == "runs/model-best"


def test_recall_is_of_the_annotated_spans_and_precision_of_the_predicted():
    (said,) = words.say_total(Row("all", score(600, 1000, 800)))
    assert said == (
        "Of 1,000 annotated spans 60.0 % are found (recall), and of 800 predicted ones "
        "75.0 % are right (precision)."
    )
    assert words.say_total(Row("all", score(0, 3, 0))) == []
    assert words.say_total(Row("all", score(0, 0, 3))) == []


@pytest.mark.parametrize(
    ("difference", "p_value", "said"),
    [
        (
            0.012,
            0.04,
            "Accuracy is 1.2 points higher than the baseline's (95 % interval +0.2 to "
            "+2.2, p = 0.040), which is hardly chance.",
        ),
        (
            -0.012,
            0.05,
            "Accuracy is 1.2 points lower than the baseline's (95 % interval -2.2 to "
            "-0.2, p = 0.050), which may well be chance.",
        ),
        (
            0.0004,
            0.9,
            "Accuracy is the same as the baseline's to 0.1 points (95 % interval -1.0 "
            "to +1.0, p = 0.900), which may well be chance.",
        ),
    ],
)
def test_difference(difference, p_value, said):
    ends = (difference - 0.01, difference + 0.01)
    row = Row("all", score(1, 2, 2), score(1, 2, 2), difference, ends, p_value)
    assert words.say_difference(row, "accuracy") == [said]


def test_without_a_baseline_there_is_no_difference():
    assert words.say_difference(Row("all", score(1, 2, 2)), "F1") == []


def test_the_two_most_frequent_kinds_of_error():
    kinds = {"correct": 90, "type": 3, "boundary": 1, "both": 0, "missed": 6}
    assert words.say_kinds({**kinds, "spurious": 0}) == [
        "Of 10 errors 60 % are spans that were missed, and 30 % are of the type alone."
    ]
    alone = dict.fromkeys(words.KIND_NAMES, 0)
    assert words.say_kinds({**alone, "boundary": 2}) == [
        "Of 2 errors 100 % are of the boundaries alone."
    ]
    assert words.say_kinds({"correct": 5, **alone}) == ["There are no errors."]


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (score(30, 50, 50), "On them F1 is 60.0, 20.0 points less than"),
        (score(45, 50, 50), "On them F1 is 90.0, 10.0 points more than"),
        (score(40, 50, 50), "On them F1 is 80.0, as much as"),
    ],
)
def test_unseen_spans(new, said):
    by_training = [Row(SEEN["same"], score(120, 150, 150)), Row(SEEN["new"], new)]
    by_length = [Row("1", score(200, 900, 200))]
    tables = [Table("By training", "", by_training), Table("Length", "", by_length)]
    assert words.say_groups(tables) == [
        "25 % of the annotated spans never occur in the training data. "
        f"{said} on those seen with the same type."
    ]
    assert words.say_groups([Table("By training", "", by_training[:1])]) == []


@pytest.mark.parametrize(
    ("confidence", "verdict"),
    [
        (0.95, "the pipeline is too sure of itself, by 5.0 points"),
        (0.904, "on the whole the confidences say what is true"),
        (0.80, "the pipeline is less sure than it could be, by 10.0 points"),
    ],
)
def test_reliability(confidence, verdict):
    found = Reliability([], 0.0512, (0.0401, 0.0623), 1234, confidence, 0.9)
    first, second = words.say_reliability(found)
    assert first == (
        f"The mean confidence of 1,234 predictions is {100 * confidence:.1f} %, and "
        f"90.0 % of them are right: {verdict}."
    )
    assert "error is 0.051 (95 % interval 0.040 to 0.062)" in second


def test_training():
    log = [LoggedStep(0, 0.5, None), LoggedStep(900, 0.75, 1.0)]
    best = "The best score on the development set was 75.0, in step 900"
    assert words.say_training(log) == [
        f"{best} of 900. It was still rising when training ended: longer may be better."
    ]
    later = LoggedStep(1800, 0.7, 1.0)
    assert words.say_training([*log, later]) == [f"{best} of 1,800."]
    assert words.say_training([LoggedStep(1800, None, 1.0)]) == [
        "Training went on for 1,800 steps, without a development set: it has no scores."
    ]
