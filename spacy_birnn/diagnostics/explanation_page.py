"""The page that explains a text's decisions: one HTML file, no network, no script."""

from typing import Any, Dict, List, Optional

from .explanation import Decision, Explanation
from .explorer import hues
from .rendering import render_template
from .shading import shade_characters, shade_words


def render(explanation: Explanation, model: str) -> str:
    """Write the page.

    Args:
        explanation: of a text.
        model: what the pipeline is called.
    """
    labels = sorted({decision.label for decision in explanation.decisions})
    colours = dict(zip(labels, hues(labels)))
    return render_template(
        "explanation.html",
        model=model,
        explanation=explanation,
        text=_marked(explanation),
        decisions=[
            _view(explanation, decision, colours[decision.label])
            for decision in explanation.decisions
        ],
        colours=colours,
    )


def _marked(explanation: Explanation) -> List[Dict[str, Any]]:
    """The text in pieces: those of decisions and those between them."""
    pieces: List[Dict[str, Any]] = []
    done = 0
    for number, decision in enumerate(explanation.decisions):
        pieces.append(_piece(explanation, done, decision.start, None))
        pieces.append(_piece(explanation, decision.start, decision.end, number))
        done = decision.end
    pieces.append(_piece(explanation, done, len(explanation.tokens), None))
    return [piece for piece in pieces if piece["text"] or piece["after"]]


def _piece(
    explanation: Explanation, start: int, end: int, number: Optional[int]
) -> Dict[str, Any]:
    text = "".join(word + " " * blank for word, blank in explanation.tokens[start:end])
    cut = text.rstrip(" ") if number is not None else text
    return {"text": cut, "after": text[len(cut) :], "number": number}


def _view(explanation: Explanation, decision: Decision, hue: int) -> Dict[str, Any]:
    lines = []
    for name, attribute in (
        ("occlusion", "occlusion"),
        ("gradient × input", "gradient"),
    ):
        if any(getattr(word, attribute) is not None for word in decision.words):
            words = shade_words(explanation, decision, attribute)
            characters = shade_characters(decision, attribute)
            lines.append({"name": name, "words": words, "characters": characters})
    return {
        "decision": decision,
        "hue": hue,
        "readings": [
            {
                "text": explanation.text_of(reading),
                "probability": reading.probability,
                "is_chosen": reading.spans
                == [(decision.start, decision.end, decision.label)],
            }
            for reading in decision.readings
        ],
        "lines": lines,
        "figures": [*decision.words, *decision.characters],
    }
