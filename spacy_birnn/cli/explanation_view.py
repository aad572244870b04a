"""The decisions of a component on a terminal."""

from typing import List, Optional

from rich.bar import Bar
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..diagnostics.explanation import Decision, Explanation
from ..diagnostics.shading import Shaded, shade_characters, shade_words

MOST = 5
"""Words whose figures are listed, at most."""

STRONG, WEAK = 50, 12
"""From these shares of the largest part on, in per cent, a word is shown so."""


def show(explanation: Explanation, console: Optional[Console] = None) -> None:
    """Print all decisions.

    Args:
        explanation: of a text.
        console: where to; standard output by default.
    """
    console = console or Console(highlight=False)
    if not explanation.decisions:
        text = f"{explanation.component} finds nothing in this text."
        console.print(text, markup=False)
        return
    for number, decision in enumerate(explanation.decisions):
        if number:
            console.print()
        console.print(_head(decision))
        body = _body(explanation, decision, console.color_system is not None)
        console.print(Padding(body, (0, 0, 0, 2)))
    if console.color_system is None:
        return
    console.print()
    legend = Text.assemble(
        ("for", "black on bright_blue"),
        " and ",
        ("against", "black on bright_red"),
        " the decision: by hiding each word or letter (occlusion), and by gradient × "
        "input. Figures are nats of log-odds.",
    )
    console.print(legend, style="dim")


def _head(decision: Decision) -> Text:
    head = Text.assemble(
        (decision.text, "bold"),
        "  ",
        (decision.label, "bold cyan"),
        f"  {decision.confidence:.4f}",
    )
    if decision.is_dropped:
        head.append("  below min_confidence: left out", "yellow")
    return head


def _body(explanation: Explanation, decision: Decision, has_colours: bool) -> Group:
    readings = Table.grid(padding=(0, 2))
    for reading in decision.readings:
        is_chosen = reading.spans == [(decision.start, decision.end, decision.label)]
        readings.add_row(
            f"{reading.probability:.4f}",
            Bar(1.0, 0.0, reading.probability, width=12),
            Text(explanation.text_of(reading), "bold" if is_chosen else ""),
        )
    lines = [_lines(explanation, decision)] if has_colours else []
    return Group(readings, *lines, _figures(decision))


def _lines(explanation: Explanation, decision: Decision) -> Table:
    """The text near the decision, shaded by the part of each word and letter."""
    lines = Table.grid(padding=(0, 2))
    for name, attribute in (("occlusion", "occlusion"), ("gradient", "gradient")):
        if any(getattr(word, attribute) is None for word in decision.words):
            continue
        lines.add_row(
            Text(name, "dim"), _shaded(shade_words(explanation, decision, attribute))
        )
        letters = shade_characters(decision, attribute)
        if letters:
            lines.add_row(Text("  letters", "dim"), _shaded(letters))
    return lines


def _shaded(pieces: List[Shaded]) -> Text:
    line = Text()
    for piece in pieces:
        colour = "blue" if piece.side == "for" else "red"
        style = ""
        if piece.share >= STRONG:
            style = f"black on bright_{colour}"
        elif piece.share >= WEAK:
            style = f"white on {colour}"
        text = piece.text.rstrip(" ")
        line.append(text, style).append(" " * (len(piece.text) - len(text)))
    return line


def _figures(decision: Decision) -> Table:
    """The words with the largest parts."""
    figures = Table.grid(padding=(0, 2))
    figures.add_row("", Text("occlusion", "dim"), Text("gradient × input", "dim"))
    ranked = sorted(decision.words, key=lambda word: -abs(word.occlusion))[:MOST]
    for word in ranked:
        gradient = "" if word.gradient is None else f"{word.gradient:+.2f}"
        figures.add_row(Text(word.text), f"{word.occlusion:+.2f}", gradient)
    return figures
