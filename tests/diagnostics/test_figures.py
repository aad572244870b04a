"""Charts as SVG."""

import re
from xml.etree import ElementTree

from spacy_birnn.diagnostics.figures import DARK, LIGHT, Chart, Line, draw, draw_alone

CHART = Chart(
    "step",
    "norm",
    [
        Line("one", [0, 1, 2, 3], [1.0, None, 0.0, 0.1]),
        Line("two", [0, 1], [2.0, 1.0], [1.0, 0.5], [3.0, 2.0], series=1, dots=True),
    ],
    log=True,
    percent=True,
    marks=[(0.5, "half")],
)


def test_colours_are_those_of_the_page():
    svg = draw(CHART, "first")
    ElementTree.fromstring(svg)
    assert set(re.findall(r"var\(--([a-z0-9-]+)\)", svg)) == {
        *("ink", "faint", "series-1", "series-2")
    }
    assert "#0102" not in svg
    assert "half" in svg


def test_ids_begin_with_the_name():
    svg = draw(CHART, "first")
    assert all(i.startswith("first-") for i in re.findall(r'\bid="([^"]+)"', svg))
    used = re.findall(r'(?:url\(|href=")#([^)"]+)', svg)
    assert set(used) <= set(re.findall(r'\bid="([^"]+)"', svg))
    assert used


def test_a_file_of_its_own():
    svg = draw_alone([("Left", CHART), ("Right", CHART)])
    ElementTree.fromstring(svg)
    for colours in (LIGHT, DARK):
        assert colours["series-2"] in svg
    assert "prefers-color-scheme: dark" in svg
    assert svg.count(">one<") == 1  # one legend
    assert svg == draw_alone([("Left", CHART), ("Right", CHART)])


def test_light_and_dark_name_the_same():
    assert set(LIGHT) == set(DARK)
    assert len(LIGHT) == 10
