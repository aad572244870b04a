"""The tables of a report, as its page shows them."""

import pytest

from spacy_birnn.diagnostics.evaluation_tables import (
    MAX_MATRIX,
    kinds_view,
    matrix_view,
    score_view,
)
from spacy_birnn.diagnostics.outcomes import CORRECT, KINDS
from spacy_birnn.diagnostics.tables import ALL, NONE, Row, Score, Table


def score(value, interval, right=40, gold=50, predicted=80):
    return Score(right, gold, predicted, value, interval)


def view_of(*rows, **settings):
    table = Table("By length", "How to read it.", list(rows))
    return score_view(table, "length", "F1", **settings)


def test_a_row_has_the_figures_of_its_group():
    row = Row("1–9", score(0.625, (0.6, 0.7), gold=1500))
    view = view_of(row)
    assert (view["title"], view["note"]) == ("By length", "How to read it.")
    assert (view["group"], view["measure"]) == ("length", "F1")
    assert view["counted"] == "annotated"
    assert not any(view[key] for key in ("with_parts", "strict", "is_compared"))
    (shown,) = view["rows"]
    assert (shown["name"], shown["is_total"], shown["hue"]) == ("1–9", False, None)
    assert (shown["value"], shown["interval"]) == ("62.5", "60.0 to 70.0")
    assert (shown["precision"], shown["recall"]) == ("50.0", "2.7")
    assert (shown["count"], shown["base"], shown["difference"]) == ("1,500", "–", "–")
    assert (shown["p_value"], shown["strict"], shown["base_bar"]) == ("–", "–", None)


def test_the_axis_begins_below_all_scores():
    """In steps of ten, at least four points below the lowest."""
    assert view_of(Row("a", score(0.95, (0.9, 1.0))))["floor"] == 90
    assert view_of(Row("a", score(0.935, (0.9, 1.0))))["floor"] == 80
    rows = [Row("a", score(0.95, (0.9, 1.0))), Row("b", score(0.02, (0.0, 0.1)))]
    assert view_of(*rows)["floor"] == 0
    below = Row("a", score(0.95, (0.9, 1.0)), score(0.7, (0.6, 0.8)), 0.25)
    assert view_of(below)["floor"] == 60
    assert view_of(Row("a", score(None, (0.0, 0.0))))["floor"] == 0


def test_bars_begin_at_the_floor_and_end_at_100():
    row = Row("a", score(0.75, (0.7, 0.9)), score(0.55, (0.3, 0.6)), 0.2, None, 0.01)
    view = view_of(row)
    assert view["floor"] == 50
    (shown,) = view["rows"]
    assert shown["bar"] == {"at": 50.0, "left": 40.0, "width": 40.0}
    # What lies below the floor begins at it.
    assert shown["base_bar"] == {"at": 10.0, "left": 0.0, "width": 20.0}
    assert view["is_compared"]
    assert (shown["base"], shown["difference"]) == ("55.0", "+20.0")
    assert shown["p_value"] == "0.010"
    (empty,) = view_of(Row("a", score(None, (0.0, 0.0))))["rows"]
    assert empty["bar"] is None


def test_labels_have_colours_parts_and_a_strict_score():
    rows = [Row(name, score(0.8, (0.7, 0.9))) for name in ("PER", ALL)]
    strict = {"PER": Row("PER", score(0.5, (0.4, 0.6)))}
    view = view_of(*rows, colours={"PER": 210}, strict=strict)
    assert view["with_parts"]
    assert view["strict"]
    assert [row["hue"] for row in view["rows"]] == [210, None]
    assert [row["strict"] for row in view["rows"]] == ["50.0", "–"]
    assert [row["is_total"] for row in view["rows"]] == [False, True]
    of_words = score_view(Table("t", "", rows), "tag", "accuracy", {"PER": 210})
    assert of_words["counted"] == "words"
    assert not of_words["with_parts"]


def test_kinds_of_errors():
    counts = {CORRECT: 1200, **dict.fromkeys(KINDS, 0), "missed": 3, "type": 2}
    view = kinds_view({"PER": counts, ALL: counts}, {"PER": 210})
    assert [row["is_total"] for row in view["rows"]] == [False, True]
    row = view["rows"][0]
    assert (row["errors"], row["correct"], row["hue"]) == (5, "1,200", 210)
    assert [kind for kind, _ in row["counts"]] == list(KINDS)
    assert dict(row["counts"])["missed"] == 3
    assert [entry["id"] for entry in view["legend"]] == list(KINDS)


def test_matrix():
    """Shares are of the row; those of errors are drawn darker, by their root."""
    confusion = {
        ("PER", "PER"): 75,
        ("PER", "LOC"): 4,
        ("PER", NONE): 21,
        ("LOC", "LOC"): 5,
        (NONE, "LOC"): 9,
    }
    view = matrix_view(confusion, ["PER", "LOC"], "Rows are gold.")
    assert view["note"] == "Rows are gold."
    assert view["columns"] == ["PER", "LOC", "nothing"]
    assert [row["name"] for row in view["rows"]] == ["PER", "LOC", "nothing"]
    person, place, nothing = (row["cells"] for row in view["rows"])
    assert [cell["count"] for cell in person] == [75, 4, 21]
    assert [cell["share"] for cell in person] == [75, 20, 46]
    assert [cell["is_right"] for cell in person] == [True, False, False]
    assert [cell["count"] for cell in place] == [0, 5, 0]
    assert [cell["share"] for cell in nothing] == [0, 100, 0]
    alone = matrix_view({("a", "a"): 1}, ["a", "b"], "")
    assert alone["columns"] == ["a", "b"]
    assert [cell["share"] for cell in alone["rows"][1]["cells"]] == [0, 0]


@pytest.mark.parametrize("n", [MAX_MATRIX, MAX_MATRIX + 1])
def test_of_many_labels_those_with_most_errors_are_shown(n):
    labels = [f"L{i:02}" for i in range(n)]
    confusion = {(label, label): 9 for label in labels}
    confusion |= {(label, labels[0]): i for i, label in enumerate(labels) if i}
    view = matrix_view(confusion, labels, "Rows are gold.")
    if n == MAX_MATRIX:
        assert (view["columns"], view["note"]) == (labels, "Rows are gold.")
        return
    assert view["columns"] == [labels[0], *labels[2:]]  # the first is taken for all
    assert view["note"] == (
        "Rows are gold. The 20 labels with most errors are shown, of 21."
    )
