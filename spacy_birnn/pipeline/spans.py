"""The common part of `birnn_ner` and `birnn_chunker`, which predict spans."""

from abc import abstractmethod
from dataclasses import replace
from typing import List, Optional, Sequence, Tuple

import numpy
from spacy.tokens import Doc, Span
from spacy.training import Example
from torch import Tensor

from .. import schemes
from ..models.sentences import DocBatch, Sentences, doc_batch
from ..models.sequence_tagger import get_decoder, get_prepared_decoder
from . import gold
from .base import BiRNNPipe
from .candidates import PredictedSpan
from .codec import FlatSpan, SpanCodec
from .sequences import Sequences
from .stream.transcript import Settings, Transcript


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
        settings = self.model.get_ref("emissions").attrs["settings"]
        scheme, types = settings["scheme"], self.label_data
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

    def label_ids(self, label: str) -> List[int]:
        return self.codec.ids_of(self.type_index(label))

    def find_sequences(self, docs: Sequence[Doc], keep_preset: bool) -> Sequences:
        batch = doc_batch(docs)
        found = batch.paragraphs
        if not keep_preset:
            return Sequences.of_words(found)
        preset = self.preset(batch)
        if not numpy.count_nonzero(preset):
            return Sequences.of_words(found)
        # White space that is decided takes part: no span may cross it.
        undecided = Sentences(found.lengths, found.space & ~preset)
        sequences = Sequences.of_words(undecided)
        outside = sequences.select_array(preset)
        permitted = numpy.ones((len(outside), len(self.codec.labels)), dtype=bool)
        permitted[outside] = False
        permitted[outside, self.codec.outside] = True
        return replace(sequences, permitted=permitted)

    def gold_labels(
        self, examples: Sequence[Example], sequences: Sequences
    ) -> numpy.ndarray:
        arrays = [self.gold_arrays(example) for example in examples]
        iob = numpy.concatenate([iob for iob, _ in arrays])
        if sequences.rows is not None:
            iob = gold.begin_at_words(iob, sequences.rows)
        types = sequences.select_array(numpy.concatenate([t for _, t in arrays]))
        return self.codec.encode(iob, types, numpy.cumsum([0, *sequences.lengths]))

    def label_strings(self, doc: Doc, ids: Sequence[int]) -> List[str]:
        codec, sequences = self.codec, self.find_sequences([doc], keep_preset=False)
        if sequences.rows is None:
            return [codec.labels[i] for i in ids]
        breaks = numpy.cumsum([0, *sequences.lengths])
        inside = codec.inside_gaps(numpy.array(ids, dtype="int64"), breaks)
        words = sequences.rows.tolist()
        labels = [codec.labels[codec.outside]] * len(doc)
        for row, i in zip(words, ids):
            labels[row] = codec.labels[i]
        for before, after, label in zip(words, words[1:], inside):
            labels[before + 1 : after] = [label] * (after - before - 1)
        return labels

    def decode(
        self, docs: Sequence[Doc], emissions: Tensor
    ) -> List[List[PredictedSpan]]:
        codec, decoder = self.codec, get_prepared_decoder(self.model)
        sequences = self.sequences(docs, keep_preset=not self.cfg["overwrite"])
        emissions = sequences.select(emissions)
        permitted = sequences.permitted_on(emissions.device)
        ids = decoder.decode(emissions, sequences.lengths, permitted)
        if not get_decoder(self.model).keeps_constraints:
            spans = codec.repair(ids, sequences.lengths)
        else:
            spans = codec.decode(ids)
        confidences: List[Optional[float]] = [None] * len(spans)
        if self.needs_confidence and spans:
            confidences = self._confidences(emissions, sequences, spans)
        if sequences.rows is not None:
            spans = [
                FlatSpan(*sequences.tokens(start, end), kind)
                for start, end, kind in spans
            ]
        return self._by_document(docs, spans, confidences)

    def stream_settings(self) -> Settings:
        return Settings(self.codec.classes, schemes.BLANK, is_of_spans=True, least=0.0)

    @abstractmethod
    def spans_of(self, doc: Doc) -> List[Span]:
        """The spans that an annotated document has."""

    @abstractmethod
    def leave_open(self, doc: Doc, first: int) -> None:
        """Take back what the annotation says about tokens from the first one on."""

    def labels_of(self, doc: Doc) -> List[Tuple[str, Optional[float]]]:
        spans = [(span.start, span.end, span.label_) for span in self.spans_of(doc)]
        labels = schemes.encode(spans, len(doc), "iob2")
        batch, classes = DocBatch([doc]), self.codec.classes
        sequences, emissions = self.sequences(batch), self.emissions(batch)
        rows = range(len(doc)) if sequences.rows is None else sequences.rows.tolist()
        index = classes.names.index
        chosen = numpy.array([index(labels[row]) for row in rows], dtype="int64")
        decoder, words = get_decoder(self.model), sequences.select(emissions)
        shares = decoder.marginals(
            words, sequences.lengths, sequences.permitted_on(words.device)
        )
        of_words = classes.shares(
            shares.cpu().double().numpy(),
            chosen,
            numpy.cumsum([0, *sequences.lengths]),
            decoder.is_independent,
        )
        confidences: List[Optional[float]] = [None] * len(doc)
        for row, share in zip(rows, of_words.tolist(), strict=True):
            confidences[row] = share
        return list(zip(labels, confidences, strict=True))

    def annotate_stream(
        self, doc: Doc, transcript: Transcript, span: Optional[float]
    ) -> None:
        names, outside = self.codec.classes.names, schemes.BLANK
        labels = [names[i] if i >= 0 else outside for i in transcript.classes]
        found, _ = schemes.decode(labels, "iob2")
        confidences: List[Optional[float]] = [None] * len(found)
        if self.needs_confidence:
            confidences = [*transcript.spans, span][: len(found)]
        predicted = [
            PredictedSpan(*place, confidence)
            for place, confidence in zip(found, confidences, strict=True)
        ]
        self.set_annotations([doc], [predicted])
        self.leave_open(doc, transcript.n_final)

    def _confidences(
        self, emissions: Tensor, sequences: Sequences, spans: List[FlatSpan]
    ) -> List[Optional[float]]:
        """Marginal probabilities of these very spans."""
        decoder = get_decoder(self.model)
        if decoder.is_independent:
            return self._repaired_confidences(emissions, sequences, spans)
        probabilities = decoder.span_marginals(
            emissions,
            sequences.lengths,
            [span.start for span in spans],
            [span.end for span in spans],
            [label for span in spans for label in self.codec.path(span)],
            [self.codec.follower(span) for span in spans],
            sequences.permitted_on(emissions.device),
        )
        return [min(p, 1.0) for p in probabilities.tolist()]

    def _repaired_confidences(
        self, emissions: Tensor, sequences: Sequences, spans: List[FlatSpan]
    ) -> List[Optional[float]]:
        """The same where tokens are labelled on their own and repaired afterwards."""
        permitted = sequences.permitted_on(emissions.device)
        found = get_decoder(self.model).marginals(
            emissions, sequences.lengths, permitted
        )
        probabilities = found.cpu().double().numpy()
        bounds = set(numpy.cumsum([0, *sequences.lengths]).tolist())
        return [
            self.codec.repaired_probability(
                probabilities,
                span.start,
                span.end,
                [span],
                span.start in bounds,
                span.end in bounds,
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
        types, n_spans = self.label_data, len(spans)
        i = end = 0
        for doc in docs:
            offset, end = end, end + len(doc)
            found = []
            while i < n_spans and spans[i].start < end:
                first, last, kind = spans[i]
                place = first - offset, last - offset
                found.append(PredictedSpan(*place, types[kind], confidences[i]))
                i += 1
            results.append(found)
        return results
