"""`birnn_ner`: entities into `doc.ents`."""

from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, cast

import numpy
from spacy.attrs import ENT_ID, ENT_IOB, ENT_KB_ID, ENT_TYPE
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import Model
from thinc.types import Floats2d, Ints2d

from ..models.sentences import DocBatch
from . import gold
from .candidates import PredictedSpan
from .codec import BEGIN, INSIDE, MISSING, OUTSIDE
from .defaults import default_model
from .spans import SpanPipe

ATTRS = [ENT_IOB, ENT_TYPE, ENT_KB_ID, ENT_ID]
"""Attributes that make an entity; all of its tokens have the same, but the first."""


@Language.factory(
    "birnn_ner",
    assigns=["doc.ents", "token.ent_iob", "token.ent_type"],
    default_config={
        "model": default_model("crf"),
        "overwrite": False,
        "confidence": False,
        "min_confidence": 0.0,
        "candidates": False,
        "grad_clip": 5.0,
        "adversarial": 0.0,
        "language_model": 0.0,
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
    min_confidence: float,
    candidates: bool,
    grad_clip: float,
    adversarial: float,
    language_model: float,
    scorer: Optional[Callable],
) -> "BiRNNEntityRecognizer":
    """Create a `birnn_ner`.

    Args:
        model: a `spacy-birnn.SequenceTagger.v1`.
        overwrite: replace all entities that earlier components have set; else they
            stay, and new ones are found around them.
        confidence: fill `ent._.confidence` with the exact marginal of each entity.
        min_confidence: leave out entities whose marginal is smaller; 0 for none.
        candidates: keep what is left out in `doc.spans["birnn_candidates"]`.
        grad_clip: largest L2 norm of all the component's gradients, 0 for none.
        adversarial: how far embeddings are moved in adversarial training, as a share of
            their L2 norm; 0 for none of it.
        language_model: weight of the loss of a language model that is learned beside
            the labels, from the encoder's first layer; 0 for none.
        scorer: scores examples.

    Raises:
        BirnnError: a setting is out of range.
    """
    return BiRNNEntityRecognizer(
        nlp.vocab,
        model,
        name,
        target="ents",
        overwrite=overwrite,
        confidence=confidence,
        min_confidence=min_confidence,
        candidates=candidates,
        grad_clip=grad_clip,
        adversarial=adversarial,
        language_model=language_model,
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

    def preset(self, batch: DocBatch) -> numpy.ndarray:
        """Tokens of earlier entities, and blocked ones."""
        iob = batch.ent_iob
        return (iob == BEGIN) | (iob == INSIDE)

    def spans_of(self, doc: Doc) -> List[Span]:
        return list(doc.ents)

    def leave_open(self, doc: Doc, first: int) -> None:
        if first < len(doc):
            iob = doc.to_array([ENT_IOB]).reshape(-1, 1)
            iob[first:] = MISSING
            doc.from_array([ENT_IOB], cast(Ints2d, iob))

    def set_annotations(
        self, docs: Sequence[Doc], scores: Sequence[List[PredictedSpan]]
    ) -> None:
        """Write predicted entities into `doc.ents`."""
        if self.cfg["min_confidence"]:
            scores = list(map(self.drop_uncertain, docs, scores))
        columns, offset = self._columns(docs, scores), 0
        preset = None
        if not self.cfg["overwrite"] and any(
            doc.has_annotation("ENT_IOB") for doc in docs
        ):
            preset = self.preset(DocBatch(docs))
        for doc, spans in zip(docs, scores):
            rows = slice(offset, offset + len(doc))
            offset += len(doc)
            if not len(doc):
                continue
            if self.cfg["overwrite"] and doc.user_data:
                _forget_confidences(doc)
            new = columns[rows]
            if preset is not None and preset[rows].any():
                new[preset[rows]] = doc.to_array(ATTRS)[preset[rows]]
            doc.from_array(ATTRS, cast(Ints2d, new))
            if self.cfg["confidence"]:
                for start, end, label, confidence in spans:
                    Span(doc, start, end, label=label)._.confidence = confidence

    def _columns(
        self, docs: Sequence[Doc], scores: Sequence[List[PredictedSpan]]
    ) -> numpy.ndarray:
        """`ATTRS` of all tokens of a batch, as the predictions have them."""
        columns = numpy.zeros((sum(map(len, docs)), len(ATTRS)), dtype="uint64")
        iob, types = columns[:, 0], columns[:, 1]
        iob[:] = OUTSIDE
        offset = 0
        for doc, spans in zip(docs, scores):
            for start, end, label, _ in spans:
                first, last = offset + start, offset + end
                iob[first:last] = INSIDE
                iob[first] = BEGIN
                types[first:last] = doc.vocab.strings.add(label)
            offset += len(doc)
        return columns


def _forget_confidences(doc: Doc) -> None:
    """Those of earlier entities are not of what takes their place."""
    given: Dict[Any, Any] = doc.user_data
    for ent in doc.ents:
        given.pop(("._.", "confidence", ent.start_char, ent.end_char), None)
