"""One decision explained: how sure, what else, and because of which words."""

from dataclasses import dataclass
from typing import Iterator, List, Optional, Tuple, Union, cast

from spacy.language import Language
from spacy.tokens import Doc

from ..errors import BirnnError, Errors
from ..models.arguments import is_whole
from ..pipeline.base import BiRNNPipe
from ..pipeline.codec import FlatSpan
from ..pipeline.spans import SpanPipe
from ..progress import show_progress
from .chain import Chain, Path
from .components import find_component, our_components
from .importance import Importance, Unfolded, character_importance, word_importance
from .readings import Reading, path_of, span_readings, tag_readings


@dataclass(frozen=True)
class Decision:
    """A span or a tag that a component has set.

    Attributes:
        start: its first token.
        end: the token after its last one.
        text: its text.
        label: its type or tag.
        confidence: the exact probability of this very span or tag, 0…1.
        is_dropped: the component leaves it out, since `min_confidence` is higher.
        readings: the most probable ones of the place, this one among them.
        words: the part of each word near it.
        characters: the part of each character of its own words, where they are read.
    """

    start: int
    end: int
    text: str
    label: str
    confidence: float
    is_dropped: bool
    readings: List[Reading]
    words: List[Importance]
    characters: List[Importance]


@dataclass(frozen=True)
class Explanation:
    """All decisions of a component on a document.

    Attributes:
        component: its name.
        target: what it sets: `ents`, `spans`, `tag`, `pos` or `_.name`.
        tokens: the tokens, and whether a blank follows each.
        decisions: in the order of the text.
    """

    component: str
    target: str
    tokens: List[Tuple[str, bool]]
    decisions: List[Decision]

    def text_of(self, reading: Reading) -> str:
        """A reading in words, such as `Paris LOC`; `nothing` where there is none."""
        return ", ".join(self._text(*span) for span in reading.spans) or "nothing"

    def to_html(self, model: str) -> str:
        """Write the page: one file that needs nothing else.

        Args:
            model: what the pipeline is called.
        """
        # Imported here: what is shown on a terminal needs no templates.
        from .explanation_page import render

        return render(self, model)

    def _text(self, start: int, end: int, label: str) -> str:
        parts = [word + " " * blank for word, blank in self.tokens[start:end]]
        return f"{''.join(parts).strip()} {label}"


def explain(
    nlp: Language,
    doc: Union[Doc, str],
    component: Optional[str] = None,
    *,
    readings: int = 5,
    reach: int = 50,
) -> Explanation:
    """Explain the decisions of a component of ours on a text.

    The document is read anew: its words and sentence starts count, other annotation is
    made by the components that come before this one. `doc` itself stays as it is.

    Args:
        nlp: the pipeline.
        doc: a document of it, or a text.
        component: the name of a component of ours; by default the first that sets
            entities, else chunks, else tags.
        readings: how many readings of each place, at most.
        reach: how many words before and after a decision are asked for their part in
            it, within its sentence.

    Raises:
        BirnnError: there is no such component, the text is empty, or a number is out of
            range.
    """
    for key, value, least in (("readings", readings, 1), ("reach", reach, 0)):
        if not is_whole(value) or value < least:
            raise BirnnError(Errors.B429.format(key=key, value=value, least=least))
    pipe = _find(nlp, component)
    doc = nlp.make_doc(doc) if isinstance(doc, str) else doc
    if not any(not token.is_space for token in doc):
        raise BirnnError(Errors.B428)
    chain = Chain(nlp, pipe, doc)
    network = Unfolded.of(chain)
    places = list(_places(chain))
    decided = (_decide(chain, network, place, readings, reach) for place in places)
    decisions = list(show_progress(decided, "Explaining", "decisions", len(places)))
    tokens = [(token.text, bool(token.whitespace_)) for token in doc]
    return Explanation(pipe.name, pipe.target, tokens, decisions)


def _find(nlp: Language, name: Optional[str]) -> BiRNNPipe:
    """The component to explain."""
    if name is None:
        order = ["ents", "spans"]
        ranks = {
            name: order.index(pipe.target) if pipe.target in order else len(order)
            for name, pipe in our_components(nlp).items()
        }
        name = min(ranks, key=lambda name: ranks[name])
    return find_component(nlp, name)


@dataclass(frozen=True)
class _Place:
    """A decision over the chain's rows."""

    span: FlatSpan
    label: str
    path: Path


def _places(chain: Chain) -> Iterator[_Place]:
    """Yield the decisions of the component, before `min_confidence`."""
    pipe, labels = chain.pipe, chain.best.cpu().numpy()
    if not isinstance(pipe, SpanPipe):
        for row, label in enumerate(labels.tolist()):
            path = Path(row, [label])
            yield _Place(FlatSpan(row, row + 1, label), pipe.labels[label], path)
        return
    for span in pipe.codec.repair(labels, chain.sequences.lengths):
        path = path_of(pipe.codec, span, (span,))
        yield _Place(span, pipe.codec.types[span.type], path)


def _decide(
    chain: Chain, network: Optional[Unfolded], place: _Place, count: int, reach: int
) -> Decision:
    span = place.span
    if isinstance(chain.pipe, SpanPipe):
        readings = span_readings(chain, span, count)
    else:
        readings = tag_readings(chain, span.start, count)
    start, end = chain.sequences.tokens(span.start, span.end)
    confidence = _confidence(readings, (start, end, place.label))
    return Decision(
        start,
        end,
        chain.doc[start:end].text,
        place.label,
        confidence,
        confidence < cast(float, chain.pipe.cfg["min_confidence"]),
        readings,
        word_importance(chain, place.path, reach, network),
        [] if network is None else character_importance(network, place.path),
    )


def _confidence(readings: List[Reading], span: Tuple[int, int, str]) -> float:
    """The probability of a reading that is among them."""
    return next(r.probability for r in readings if r.spans == [span])
