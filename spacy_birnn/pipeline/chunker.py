"""`birnn_chunker`: labelled spans that do not overlap into `doc.spans`."""

from typing import Callable, Iterable, List, Optional, Sequence

import numpy
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example
from thinc.api import Model
from thinc.types import Floats2d

from ..attributes import one_per_span
from ..errors import BirnnError, Errors
from ..models.sentences import DocBatch
from . import gold
from .candidates import CANDIDATES, PredictedSpan
from .defaults import default_model
from .spans import SpanPipe


@Language.factory(
    "birnn_chunker",
    assigns=["doc.spans"],
    default_config={
        "model": default_model("crf"),
        "spans_key": "chunks",
        "overwrite": False,
        "confidence": False,
        "min_confidence": 0.0,
        "candidates": False,
        "grad_clip": 5.0,
        "adversarial": 0.0,
        "language_model": 0.0,
        "scorer": {"@scorers": "spacy-birnn.seqeval_scorer.v1"},
    },
    # spaCy's table of training has room for ten letters: the three would look the same.
    default_score_weights={
        "spans_chunks_f": 1.0,
        "spans_chunks_p": None,
        "spans_chunks_r": None,
    },
)
def make_birnn_chunker(
    nlp: Language,
    name: str,
    model: Model[List[Doc], List[Floats2d]],
    spans_key: str,
    overwrite: bool,
    confidence: bool,
    min_confidence: float,
    candidates: bool,
    grad_clip: float,
    adversarial: float,
    language_model: float,
    scorer: Optional[Callable],
) -> "BiRNNChunker":
    """Create a `birnn_chunker`.

    Args:
        model: a `spacy-birnn.SequenceTagger.v1`.
        spans_key: the group of `doc.spans` to learn from and to write.
        overwrite: replace the spans that are in the group; else they stay, and new ones
            are found around them.
        confidence: fill `doc.spans[spans_key].attrs["scores"]` with the exact marginal
            of each span. (`span._.confidence` is that of an entity of the same words.)
        min_confidence: leave out spans whose marginal is smaller; 0 for none.
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
    if spans_key == CANDIDATES:
        raise BirnnError(Errors.B499.format(name=name, key=spans_key))
    return BiRNNChunker(
        nlp.vocab,
        model,
        name,
        target="spans",
        overwrite=overwrite,
        confidence=confidence,
        min_confidence=min_confidence,
        candidates=candidates,
        grad_clip=grad_clip,
        adversarial=adversarial,
        language_model=language_model,
        scorer=scorer,
        spans_key=spans_key,
    )


class BiRNNChunker(SpanPipe):
    """A shallow parser, or any labelling of spans that do not overlap."""

    def register_extensions(self) -> None:
        """None: the scores are an attribute of the group of spans."""

    @property
    def spans_key(self) -> str:
        return self.cfg["spans_key"]

    def collect_labels(self, example: Example) -> Iterable[str]:
        return (span.label_ for span in self._group(example.reference))

    def gold_arrays(self, example: Example) -> gold.SpanArrays:
        return gold.span_group(example, self.spans_key, self.type_index)

    def preset(self, batch: DocBatch) -> numpy.ndarray:
        """Tokens of spans that are in the group."""
        covered = numpy.zeros(sum(map(len, batch)), dtype=bool)
        offset = 0
        for doc in batch:
            for span in self._group(doc):
                covered[offset + span.start : offset + span.end] = True
            offset += len(doc)
        return covered

    def _group(self, doc: Doc) -> SpanGroup:
        """The group of a document, empty where it has none."""
        if self.spans_key in doc.spans:
            return doc.spans[self.spans_key]
        return SpanGroup(doc)

    def spans_of(self, doc: Doc) -> List[Span]:
        return list(self._group(doc))

    def leave_open(self, doc: Doc, first: int) -> None:
        """Nothing to do: a group of spans says nothing about other tokens."""

    def set_annotations(
        self, docs: Sequence[Doc], scores: Sequence[List[PredictedSpan]]
    ) -> None:
        """Write predicted spans into their group, in the order of the text."""
        for doc, spans in zip(docs, scores):
            earlier = SpanGroup(doc) if self.cfg["overwrite"] else self._group(doc)
            attrs = dict(earlier.attrs)
            known = one_per_span(earlier, "scores")
            attrs.pop("scores", None)
            found = [
                (Span(doc, start, end, label=label), confidence)
                for start, end, label, confidence in self.drop_uncertain(doc, spans)
            ]
            found = sorted([*zip(earlier, known), *found], key=_by_place)
            if self.cfg["confidence"] or any(score is not None for score in known):
                attrs["scores"] = [confidence for _, confidence in found]
            doc.spans[self.spans_key] = SpanGroup(
                doc, name=self.spans_key, attrs=attrs, spans=[span for span, _ in found]
            )


def _by_place(pair: tuple) -> tuple:
    return pair[0].start, pair[0].end
