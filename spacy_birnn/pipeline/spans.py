"""What the components that predict spans share: `birnn_ner` and `birnn_chunker`."""

from abc import abstractmethod
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy
from spacy.tokens import Doc
from spacy.training import Example
from torch import Tensor

from ..models.sentences import DocBatch, doc_batch
from ..models.sequence_tagger import get_decoder, get_prepared_decoder
from . import gold
from .base import BiRNNPipe
from .codec import OUTSIDE, FlatSpan, SpanCodec
from .lattice import Lattice


class PredictedSpan(NamedTuple):
    """A span of a document.

    Attributes:
        start: its first token.
        end: the token after its last one.
        label: its type.
        confidence: marginal probability of this very span, where it is wanted.
    """

    start: int
    end: int
    label: str
    confidence: Optional[float] = None


class SpanPipe(BiRNNPipe):
    """Predict labelled spans that do not overlap, in a tag scheme."""

    @abstractmethod
    def gold_arrays(self, example: Example) -> gold.SpanArrays:
        """The reference's spans on the predicted tokens."""

    @abstractmethod
    def preset(self, batch: DocBatch) -> numpy.ndarray:
        """Tokens that earlier components have decided, shape (N,)."""

    @property
    def codec(self) -> SpanCodec:
        """The tag scheme over the labels as they are now."""
        scheme, types = self.model.get_ref("emissions").attrs["scheme"], self.label_data
        codec = self._codec  # read and written in one go: several threads may predict
        if codec is None or (codec.scheme, codec.types) != (scheme, types):
            self._codec = codec = SpanCodec(types, scheme)
        return codec

    _codec: Optional[SpanCodec] = None

    def prepare_labels(self) -> Tuple[List[str], str]:
        return self.codec.labels, self.codec.scheme

    def type_index(self, label: str) -> int:
        """The index of a span type.

        Raises:
            BirnnError: it was not there at initialization.
        """
        types = self.codec.types
        if label not in types:
            raise self.unknown_label(label)
        return types.index(label)

    def lattice(self, docs: Sequence[Doc], keep_preset: bool = False) -> Lattice:
        batch = doc_batch(docs)
        found = batch.sentences
        outside = found.space
        if keep_preset:
            outside = outside | self.preset(batch)
        if not numpy.count_nonzero(outside):
            return Lattice(found.lengths)
        within = numpy.ones((len(outside), len(self.codec.labels)), dtype=bool)
        within[outside] = False
        within[outside, self.codec.outside] = True
        return Lattice(found.lengths, within=within)

    def gold_labels(self, examples: Sequence[Example]) -> numpy.ndarray:
        arrays = [self.gold_arrays(example) for example in examples]
        found = DocBatch(example.predicted for example in examples).sentences
        iob = numpy.concatenate([iob for iob, _ in arrays])
        iob[found.space] = OUTSIDE
        breaks = numpy.cumsum([0, *found.lengths])
        types = numpy.concatenate([types for _, types in arrays])
        ids = self.codec.encode(iob, types, breaks)
        ids[found.space] = -1  # nothing to learn: the lattice leaves them one label
        return ids

    def label_strings(self, doc: Doc, ids: Sequence[int]) -> List[str]:
        return [self.codec.labels[i] for i in ids]

    def decode(
        self, docs: Sequence[Doc], emissions: Tensor
    ) -> List[List[PredictedSpan]]:
        codec, decoder = self.codec, get_prepared_decoder(self.model)
        lattice = self.lattice(docs, keep_preset=not self.cfg["overwrite"])
        within = lattice.mask(emissions.device)
        ids = decoder.decode(emissions, lattice.lengths, within)
        if not get_decoder(self.model).is_valid:
            spans = codec.repair(ids, lattice.lengths)
        else:
            spans = codec.decode(ids)
        confidences: List[Optional[float]] = [None] * len(spans)
        if self.cfg["confidence"] and spans:
            confidences = self._confidences(emissions, lattice, spans)
        return self._by_document(docs, spans, confidences)

    def _confidences(
        self, emissions: Tensor, lattice: Lattice, spans: List[FlatSpan]
    ) -> List[Optional[float]]:
        """Marginal probabilities of these very spans."""
        decoder = get_decoder(self.model)
        if not decoder.is_valid:
            return self._repaired_confidences(emissions, lattice, spans)
        probabilities = decoder.span_marginals(
            emissions,
            lattice.lengths,
            [span.start for span in spans],
            [span.end for span in spans],
            [label for span in spans for label in self.codec.path(span)],
            [self.codec.follower(span) for span in spans],
            lattice.mask(emissions.device),
        )
        return [min(p, 1.0) for p in probabilities.tolist()]

    def _repaired_confidences(
        self, emissions: Tensor, lattice: Lattice, spans: List[FlatSpan]
    ) -> List[Optional[float]]:
        """The same where tokens are labelled on their own and repaired afterwards."""
        within = lattice.mask(emissions.device)
        found = get_decoder(self.model).marginals(emissions, lattice.lengths, within)
        probabilities = found.cpu().double().numpy()
        bounds = set(numpy.cumsum([0, *lattice.lengths]).tolist())
        return [
            self.codec.repaired_probability(
                probabilities, span, span.start in bounds, span.end in bounds
            )
            for span in spans
        ]

    def _by_document(
        self,
        docs: Sequence[Doc],
        spans: List[FlatSpan],
        confidences: List[Optional[float]],
    ) -> List[List[PredictedSpan]]:
        results: List[List[PredictedSpan]] = []
        types = self.label_data
        first = end = 0
        for doc in docs:
            offset, end = end, end + len(doc)
            last = first
            while last < len(spans) and spans[last].start < end:
                last += 1
            results.append(
                [
                    PredictedSpan(s.start - offset, s.end - offset, types[s.type], p)
                    for s, p in zip(spans[first:last], confidences[first:last])
                ]
            )
            first = last
        return results
