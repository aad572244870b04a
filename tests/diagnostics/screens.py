"""A look at a page: does it fit the screen, and can it be read."""

import re

SMALLEST = 9
"""CSS pixels of the letters of a chart."""

LETTERS = """() => [...document.querySelectorAll("figure svg text, figure svg tspan")]
  .filter(text => !text.children.length && text.getBoundingClientRect().width > 0)
  .map(text => {
    const {b, d} = text.getScreenCTM();  // labels of the y-axis are turned
    return parseFloat(getComputedStyle(text).fontSize) * Math.hypot(b, d);
  })"""


def check_screen(page, width, scheme):
    """Nothing is wider than the screen, ink and paper are those of the scheme, and
    charts follow, with letters that are large enough."""
    assert page.evaluate("document.documentElement.scrollWidth") == width
    paper, ink = (
        page.evaluate(f"getComputedStyle(document.body).{name}")
        for name in ("backgroundColor", "color")
    )
    lightness = [
        sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in (paper, ink)
    ]
    assert (lightness[0] > lightness[1]) == (scheme == "light")
    assert abs(lightness[0] - lightness[1]) > 500
    sizes = page.evaluate(LETTERS)
    if sizes:
        fill = "e => getComputedStyle(e).fill"
        assert page.locator("figure svg text").first.evaluate(fill) == ink
        assert min(sizes) >= SMALLEST
