"""The annotation that a pipeline writes: by our components and by spaCy's own."""

from dataclasses import dataclass
from typing import Any, Dict, Iterable, List

from spacy.language import Language
from spacy.tokens import Doc, Span

_ASSIGNED = {
    "doc.ents": "ents",
    "doc.spans": "spans",
    "token.tag": "tag",
    "token.pos": "pos",
}


@dataclass(frozen=True)
class Target:
    """One kind of annotation.

    Attributes:
        name: `ents`, `spans`, a token attribute such as `tag` or `pos`, or a
            custom one, `_.name`.
        spans_key: The key in `doc.spans`; empty for all but `spans`.
    """

    name: str
    spans_key: str = ""

    @property
    def is_spans(self) -> bool:
        """Whether it labels spans rather than tokens."""
        return self.name in ("ents", "spans")

    @property
    def column(self) -> str:
        """The name of a column that holds it in an annotated file."""
        return "chunks" if self.name == "spans" else self.name

    def __str__(self) -> str:
        return f"spans['{self.spans_key}']" if self.name == "spans" else self.name


def pipeline_targets(nlp: Language) -> List[Target]:
    """The targets of all enabled components, in the order of the pipeline.

    Our components say so in their `cfg`; of others, what their factory `assigns`
    counts.
    """
    targets: Dict[Target, None] = {}
    for name in nlp.pipe_names:
        targets.update(dict.fromkeys(component_targets(nlp, name)))
    return list(targets)


def component_targets(nlp: Language, name: str) -> List[Target]:
    """The targets of one component."""
    pipe = nlp.get_pipe(name)
    cfg = getattr(pipe, "cfg", {})
    if "target" in cfg:
        found = [cfg["target"]]
    else:
        assigns = nlp.get_pipe_meta(name).assigns
        found = [_ASSIGNED[attr] for attr in assigns if attr in _ASSIGNED]
    return [
        Target(target, _spans_key(pipe) if target == "spans" else "")
        for target in found
    ]


def spans_of(doc: Doc, target: Target) -> Iterable[Span]:
    """The spans of a target in a doc."""
    if target.name == "ents":
        return doc.ents
    return doc.spans.get(target.spans_key, ())


def _spans_key(pipe: Any) -> str:
    cfg = getattr(pipe, "cfg", {})
    return cfg.get("spans_key") or getattr(pipe, "key", None) or "sc"
