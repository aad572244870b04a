"""`birnn_ner`: entities into `doc.ents`."""

from typing import Callable, Iterable, List, Optional, Sequence, cast

import numpy
from spacy.attrs import ENT_ID, ENT_IOB, ENT_KB_ID, ENT_TYPE
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import Model
from thinc.types import Floats2d, Ints2d

from . import gold
from .codec import BEGIN, INSIDE, spans_to_arrays
from .defaults import default_model
from .spans import PredictedSpan, SpanPipe


@Language.factory(
    "birnn_ner",
    assigns=["doc.ents", "token.ent_iob", "token.ent_type"],
    default_config={
        "model": default_model("crf"),
        "overwrite": False,
        "confidence": False,
        "grad_clip": 5.0,
        "scorer": {"@scorers": "spacy-birnn.seqeval_scorer.v1"},
    },
    default_score_weights={
        "ents_f": 1.0,
        "ents_p": 0.0,
        "ents_r": 0.0,
        "ents_per_type": None,
    },
)
def make_birnn_ner(
    nlp: Language,
    name: str,
    model: Model[List[Doc], List[Floats2d]],
    overwrite: bool,
    confidence: bool,
    grad_clip: float,
    scorer: Optional[Callable],
) -> "BiRNNEntityRecognizer":
    """Create a `birnn_ner`.

    Args:
        model: a `spacy-birnn.SequenceTagger.v1`.
        overwrite: replace all entities that earlier components have set; else they
            stay, and new ones are found around them.
        confidence: fill `ent._.confidence` with the exact marginal of each entity.
        grad_clip: largest L2 norm of all the component's gradients, 0 for none.
        scorer: scores examples.
    """
    return BiRNNEntityRecognizer(
        nlp.vocab,
        model,
        name,
        target="ents",
        overwrite=overwrite,
        confidence=confidence,
        grad_clip=grad_clip,
        scorer=scorer,
    )


class BiRNNEntityRecognizer(SpanPipe):
    """A named entity recognizer."""

    def register_extensions(self) -> None:
        if not Span.has_extension("confidence"):
            Span.set_extension("confidence", default=None)

    def collect_labels(self, example: Example) -> Iterable[str]:
        return (entity.label_ for entity in example.reference.ents)

    def gold_arrays(self, example: Example) -> gold.SpanArrays:
        return gold.entities(example, self.type_index)

    def preset(self, doc: Doc) -> numpy.ndarray:
        """Tokens of earlier entities, and blocked ones."""
        return numpy.isin(doc.to_array(ENT_IOB), (BEGIN, INSIDE))

    def set_annotations(
        self, docs: Sequence[Doc], scores: Sequence[List[PredictedSpan]]
    ) -> None:
        """Write predicted entities into `doc.ents`."""
        for doc, spans in zip(docs, scores):
            if not len(doc):
                continue
            self._write(doc, spans)
            if self.cfg["confidence"]:
                for start, end, label, confidence in spans:
                    Span(doc, start, end, label=label)._.confidence = confidence

    def _write(self, doc: Doc, spans: List[PredictedSpan]) -> None:
        """All tokens of a document in one go, around what earlier components set."""
        keys = [doc.vocab.strings.add(span.label) for span in spans]
        found = [(span.start, span.end, i) for i, span in enumerate(spans)]
        iob, index = spans_to_arrays(found, len(doc))
        new = numpy.zeros((len(doc), 4), dtype="uint64")
        new[:, 0] = iob
        new[:, 1] = numpy.array([*keys, 0], dtype="uint64")[index]  # -1: no entity
        attrs = [ENT_IOB, ENT_TYPE, ENT_KB_ID, ENT_ID]
        if not self.cfg["overwrite"]:
            preset = self.preset(doc)
            new[preset] = doc.to_array(attrs)[preset]
        doc.from_array(attrs, cast(Ints2d, new))
