"""`birnn_tagger`: one label per token."""

from typing import Any, Callable, Iterable, List, Optional, Sequence, Tuple, cast

import numpy
import torch
from spacy.attrs import POS, TAG
from spacy.language import Language
from spacy.parts_of_speech import IDS as UNIVERSAL_POS
from spacy.tokens import Doc, Token
from spacy.training import Example
from thinc.api import Model
from thinc.types import Floats2d, Ints2d
from torch import Tensor

from ..attributes import custom_name, custom_value
from ..errors import BirnnError, Errors
from ..models.sentences import DocBatch, doc_batch
from ..models.sequence_tagger import get_decoder, get_prepared_decoder
from ..nn.stream.classes import LabelClasses
from . import gold
from .base import BiRNNPipe
from .candidates import PredictedSpan
from .defaults import default_model
from .sequences import Sequences
from .stream.transcript import Settings, Transcript

SPACE_LABELS = {"pos": "SPACE"}
SPACE_LABEL = "_SP"
"""Tags that spaCy's own pipelines give to white space."""

Tags = Tuple[List[int], Optional[List[float]]]
"""Label ids of a document's words and, where wanted, their marginals."""


@Language.factory(
    "birnn_tagger",
    assigns=["token.tag"],
    default_config={
        "model": default_model("softmax"),
        "target": "tag",
        "overwrite": False,
        "confidence": False,
        "min_confidence": 0.0,
        "candidates": False,
        "grad_clip": 5.0,
        "adversarial": 0.0,
        "language_model": 0.0,
        "scorer": {"@scorers": "spacy-birnn.seqeval_scorer.v1"},
    },
    # For the default target; `init-config` writes those of others.
    default_score_weights={"tag_acc": 1.0},
)
def make_birnn_tagger(
    nlp: Language,
    name: str,
    model: Model[List[Doc], List[Floats2d]],
    target: str,
    overwrite: bool,
    confidence: bool,
    min_confidence: float,
    candidates: bool,
    grad_clip: float,
    adversarial: float,
    language_model: float,
    scorer: Optional[Callable],
) -> "BiRNNTagger":
    """Create a `birnn_tagger`.

    Args:
        model: a `spacy-birnn.SequenceTagger.v1`.
        target: "tag" (`token.tag_`), "pos" (`token.pos_`) or "_.name" (`token._.name`).
        overwrite: replace the tags that earlier components have set.
        confidence: fill `token._.confidence` with the exact marginal of each tag.
        min_confidence: leave tags empty whose marginal is smaller, 0 for none.
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
    if target not in ("tag", "pos") and custom_name(target) in (None, "confidence"):
        raise BirnnError(Errors.B017.format(name=name, target=target))
    return BiRNNTagger(
        nlp.vocab,
        model,
        name,
        target=target,
        overwrite=overwrite,
        confidence=confidence,
        min_confidence=min_confidence,
        candidates=candidates,
        grad_clip=grad_clip,
        adversarial=adversarial,
        language_model=language_model,
        scorer=scorer,
    )


class BiRNNTagger(BiRNNPipe):
    """A part-of-speech tagger, or any other labelling of tokens."""

    def register_extensions(self) -> None:
        for name in ("confidence", self.attribute):
            if name and not Token.has_extension(name):
                Token.set_extension(name, default=None)

    @property
    def attribute(self) -> str:
        """The name of the custom attribute that is written, "" for none."""
        return custom_name(self.target) or ""

    @property
    def space_label(self) -> str:
        return SPACE_LABELS.get(self.target, SPACE_LABEL)

    def read(self, doc: Doc) -> List[Optional[str]]:
        """The tags of a document, None or "" where missing."""
        if self.target == "tag":
            return [token.tag_ for token in doc]
        if self.target == "pos":
            return [token.pos_ for token in doc]
        return [custom_value(token, self.attribute) for token in doc]

    def read_gold(self, doc: Doc) -> List[Optional[str]]:
        """As `read`, of a reference: a custom attribute may hold whatever there is.

        Raises:
            BirnnError: a value is neither missing nor a string.
        """
        tags = self.read(doc)
        for tag in tags:
            if not (tag is None or isinstance(tag, str)):
                raise BirnnError(Errors.B023.format(name=self.name, label=tag))
        return tags

    def collect_labels(self, example: Example) -> Iterable[str]:
        reference = example.reference
        return (
            tag
            for tag, token in zip(self.read_gold(reference), reference)
            if tag and not token.is_space
        )

    def prepare_labels(self) -> Tuple[List[str], str]:
        for label in self.labels:
            if self.target == "pos" and label not in UNIVERSAL_POS:
                raise BirnnError(Errors.B018.format(name=self.name, label=label))
        return list(self.labels), "raw"

    def label_ids(self, label: str) -> List[int]:
        return [self.labels.index(label)]

    def find_sequences(self, docs: Sequence[Doc], keep_preset: bool) -> Sequences:
        """Words only: white space has its label without being asked."""
        return Sequences.of_words(doc_batch(docs).sentences)

    def gold_labels(
        self, examples: Sequence[Example], sequences: Sequences
    ) -> numpy.ndarray:
        index = {label: i for i, label in enumerate(self.labels)}
        ids = []
        for example in examples:
            tags = gold.tags(example, self.read_gold)
            for tag, token in zip(tags, example.predicted):
                if tag is None or token.is_space:
                    ids.append(-1)
                elif tag in index:
                    ids.append(index[tag])
                else:
                    raise self.unknown_label(tag)
        return sequences.select_array(numpy.array(ids, dtype="int64"))

    def decode(self, docs: Sequence[Doc], emissions: Tensor) -> List[Tags]:
        sequences = self.sequences(docs)
        words = sequences.select(emissions)
        permitted = sequences.permitted_on(words.device)
        ids = get_prepared_decoder(self.model).decode(
            words, sequences.lengths, permitted
        )
        marginals: Optional[List[float]] = None
        if self.needs_confidence:
            marginals = self._marginals(sequences, words, ids)
        results, offset, labels = [], 0, ids.tolist()
        for n_rows in sequences.rows_per_doc(docs):
            rows = slice(offset, offset + n_rows)
            found = None if marginals is None else marginals[rows]
            results.append((labels[rows], found))
            offset += n_rows
        return results

    def stream_settings(self) -> Settings:
        classes = LabelClasses.of_tags(list(self.labels))
        return Settings(classes, self.space_label, False, self.cfg["min_confidence"])

    def labels_of(self, doc: Doc) -> List[Tuple[str, Optional[float]]]:
        batch = DocBatch([doc])
        words = self.sequences(batch).select(self.emissions(batch))
        ids, _ = self.decode(batch, self.emissions(batch))[0]
        chosen = numpy.array(ids, dtype="int64")
        marginals = self._marginals(self.sequences(batch), words, chosen)
        tags = [tag or "" for tag in self.read(doc)]
        return list(zip(tags, self._confidences(doc, marginals), strict=True))

    def annotate_stream(
        self, doc: Doc, transcript: Transcript, span: Optional[float]
    ) -> None:
        n_final, found = transcript.n_final, []
        for token in doc:
            if not token.is_space:
                is_final = token.i < n_final
                tag = transcript.classes[token.i] if is_final else 0
                share = transcript.confidences[token.i] if is_final else 1.0
                found.append((tag, share))
        self.set_annotations([doc], [([i for i, _ in found], [p for _, p in found])])
        if n_final < len(doc):
            self._leave_open(doc, n_final)

    def _leave_open(self, doc: Doc, first: int) -> None:
        """Take the tags back from the first token on."""
        tags = [tag or "" for tag in self.read(doc)]
        self._write(doc, [*tags[:first], *[""] * (len(doc) - first)])
        if self.cfg["confidence"]:
            for token in doc[first:]:
                token._.confidence = None

    def label_strings(self, doc: Doc, ids: Sequence[int]) -> List[str]:
        labels = iter(ids)
        return [
            self.space_label if token.is_space else self.labels[next(labels)]
            for token in doc
        ]

    def _marginals(
        self, sequences: Sequences, emissions: Tensor, ids: numpy.ndarray
    ) -> List[float]:
        """Marginal probabilities of the words' labels."""
        permitted = sequences.permitted_on(emissions.device)
        of_all = get_decoder(self.model).marginals(
            emissions, sequences.lengths, permitted
        )
        chosen = torch.from_numpy(ids).to(of_all.device).unsqueeze(1)
        return of_all.gather(1, chosen).squeeze(1).clamp(max=1.0).tolist()

    def set_annotations(self, docs: Sequence[Doc], scores: Sequence[Tags]) -> None:
        """Write predicted tags; white space gets what spaCy gives it."""
        for doc, (ids, marginals) in zip(docs, scores):
            if not len(doc):
                continue
            earlier: List[Any] = self.read(doc)
            keep = [not self.cfg["overwrite"] and bool(tag) for tag in earlier]
            found: List[Any] = list(self.label_strings(doc, ids))
            confidences = self._confidences(doc, marginals)
            for i in self._drop_uncertain(doc, found, confidences, keep):
                found[i], confidences[i] = "", None
            self._write(doc, [e if k else f for e, f, k in zip(earlier, found, keep)])
            if self.cfg["confidence"]:
                for token, confidence, kept in zip(doc, confidences, keep):
                    if not kept:
                        token._.confidence = confidence

    def _confidences(
        self, doc: Doc, marginals: Optional[List[float]]
    ) -> List[Optional[float]]:
        """One per token, of the marginals of the words; None for white space."""
        if marginals is None:
            return [None] * len(doc)
        values = iter(marginals)
        return [None if token.is_space else next(values) for token in doc]

    def _drop_uncertain(
        self,
        doc: Doc,
        tags: List[str],
        confidences: List[Optional[float]],
        keep: List[bool],
    ) -> List[int]:
        """The tokens whose new tag is left out, see `drop_uncertain`."""
        if not self.cfg["min_confidence"]:
            return []
        spans = [
            PredictedSpan(i, i + 1, tags[i], confidences[i])
            for i in range(len(doc))
            if not keep[i] and confidences[i] is not None
        ]
        left = {span.start for span in self.drop_uncertain(doc, spans)}
        return [span.start for span in spans if span.start not in left]

    def _write(self, doc: Doc, tags: List[str]) -> None:
        if self.target == "tag":
            _write_attr(doc, TAG, [doc.vocab.strings.add(tag) for tag in tags])
        elif self.target == "pos":
            _write_attr(doc, POS, [UNIVERSAL_POS[tag] for tag in tags])
        else:
            for token, tag in zip(doc, tags):
                token._.set(self.attribute, tag or None)


def _write_attr(doc: Doc, attr: int, values: List[int]) -> None:
    column = numpy.array(values, dtype="uint64").reshape(-1, 1)
    doc.from_array([attr], cast(Ints2d, column))
