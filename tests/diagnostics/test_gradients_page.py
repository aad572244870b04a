"""The page of gradients: what it says, and how it behaves in a real browser."""

import re

import numpy
import pytest

from spacy_birnn.diagnostics import render_gradients
from spacy_birnn.diagnostics.reach import LONGEST, SIDES, Reach, make_curve
from spacy_birnn.diagnostics.reach_page import reach_sections
from spacy_birnn.diagnostics.training_log import LoggedStep

from .screens import check_screen

FACTS = {"cell": "LSTM", "directions": 2, "depth": 1, "hidden": 100, "decoder": "crf"}
LONG_NAME = "runs/an-experiment-of-last-week/with_a_name_that_has_no_blank/model-best"
GROUPS = [f"layer {n} {of}" for n in (1, 2, 3) for of in ("inputs", "states", "biases")]


def made_up(name, decay, losses=("emissions", "decoder")):
    """A model whose gradients shrink by one factor per token."""
    norms = numpy.outer([1.0, 2.0, 5.0], decay ** numpy.arange(LONGEST + 1))
    curves = [
        make_curve(loss, of, side, norms)
        for loss in losses
        for of in ("input", "layer 1")
        for side in SIDES
    ]
    return Reach(name, FACTS, 3, 3, curves)


def logged(step):
    """Nine groups of parameters: one more than there are colours."""
    figures = {name: 2.0 / (number + step) for number, name in enumerate(GROUPS, 1)}
    component = {
        "gradients": figures,
        "updates": figures,
        "carried": {"layer 1": 0.8},
        "saturated": {"layer 1": {"forget": 0.25, "cell": 0.5}},
    }
    return LoggedStep(step, 0.5, 1.0, clipped=0.1, gradients={"birnn_ner": component})


@pytest.fixture(scope="module")
def gradients():
    reaches = [made_up("<b>GRU</b>", 0.5), made_up(LONG_NAME, 0.9)]
    log = [logged(step) for step in range(9)]
    return render_gradients(reaches, [("log.jsonl", log)], "dev.conll")


def test_one_file_that_needs_nothing_else(gradients):
    assert not re.search(r'(src|href)="(?!#)', gradients)
    assert "Content-Security-Policy" in gradients
    assert "<b>" not in gradients
    ids = re.findall(r'\bid="([^"]+)"', gradients)
    assert len(ids) == len(set(ids))


def test_one_row_per_model_and_loss():
    first, *_ = reach_sections([made_up("a", 0.5), made_up("b", 0.09, ["emissions"])])
    # 0.5 ** 7 < 1 % < 0.5 ** 6, and a network without a CRF has one loss.
    assert [row[:4] for row in first.rows] == [
        ["a", "with the CRF", "7 / 7", "7 / 7"],
        ["a", "the recurrence alone", "7 / 7", "7 / 7"],
        ["b", "the recurrence alone", "2 / 2", "2 / 2"],
    ]
    assert {len(row) for row in first.rows} == {len(first.header)}
    assert set(first.wordy) < set(first.header)


def test_one_token_is_no_tokens():
    sections = reach_sections([made_up("a", 1e-3)])
    assert sections[1].said == [
        "a: in the median 1 % is left 1 token back and 1 token ahead."
    ]


# --- in a browser ---------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1600])
def test_fits_the_screen_in_both_schemes(open_page, gradients, width, scheme):
    page = open_page(gradients, width, 800, scheme)
    check_screen(page, width, scheme)
    # Of the two drawings of each chart one is shown, with every line in its colour.
    charts = page.locator("figure")
    shown = "narrow" if width == 360 else "wide"
    for number in range(charts.count()):
        chart = charts.nth(number).locator("svg:visible")
        assert chart.count() == 1
        assert chart.get_attribute("class") == shown
    strokes = page.evaluate(
        "[...document.querySelectorAll('.legend line')]"
        ".map(line => getComputedStyle(line).stroke)"
    )
    assert "none" not in strokes
    assert len(set(strokes)) == 8
    assert page.problems == []


@pytest.mark.slow
def test_figures_unfold_and_scroll_from_the_keyboard(open_page, gradients):
    page = open_page(gradients, 360, 800)
    closed = page.locator("details").first
    region = closed.get_by_role("region")
    assert not region.is_visible()
    reached = []
    for _ in range(20):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.tagName"))
        if reached[-1] == "SUMMARY":
            break
    # The table of all models comes first, and what is reached can be seen to be.
    assert reached == ["DIV", "SUMMARY"]
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"
    page.keyboard.press("Enter")
    assert region.is_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "region"
    page.keyboard.press("ArrowRight")
    # Scrolling is smooth, and the page's policy forbids `wait_for_function`.
    for _ in range(1000):
        if page.evaluate("document.activeElement.scrollLeft") > 0:
            break
        page.wait_for_timeout(20)
    else:
        pytest.fail("the table does not scroll")
    # The distances stay where they are while the figures move.
    left = region.locator("tbody th").first.bounding_box()["x"]
    assert left == pytest.approx(region.bounding_box()["x"], abs=1)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.problems == []
