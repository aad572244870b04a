"""The common part of all components: their settings, initialization and prediction."""

from abc import ABCMeta, abstractmethod
from collections import Counter
from itertools import islice
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence

import numpy
import torch
from spacy.attrs import ORTH
from spacy.errors import Errors as SpacyErrors
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.types import Floats2d
from torch import Tensor

from ..errors import BirnnError, Errors
from ..models.arguments import check_grad_clip, is_number
from ..models.embed import log_coverage
from ..models.flat import to_tensor
from ..models.sentences import portions
from ..models.shim import shim_of
from ..models.vocabularies import doc_in, know_white_space, share_strings
from .adversarial import find_perturbation
from .labels import LabelledPipe
from .language_model import LanguageModelling
from .learning import LearningPipe
from .probabilities import ProbabilisticPipe
from .regularizers import Regularizer
from .sequences import Sequences
from .storage import ChecksummedPipe
from .stream.pipe import StreamedPipe

SAMPLE = 10
"""Documents that the model's sizes are inferred from, as everywhere in spaCy."""


class BiRNNPipe(
    LabelledPipe,
    ProbabilisticPipe,
    LearningPipe,
    ChecksummedPipe,
    TrainablePipe,
    StreamedPipe,
    metaclass=ABCMeta,
):
    """A sequence tagger. Subclasses say what a label is and where it is written.

    Args:
        vocab: the shared vocabulary.
        model: a `spacy-birnn.SequenceTagger.v1`.
        name: of the component.
        target: what is labelled: "ents", "spans", "tag", "pos" or "_.name".
        overwrite: replace what earlier components have set.
        confidence: write exact marginal probabilities beside the labels.
        min_confidence: leave out what has a smaller marginal probability, 0 for none.
        candidates: keep what is left out in `doc.spans["birnn_candidates"]`.
        grad_clip: largest L2 norm of all the component's gradients, 0 for none.
        adversarial: how far embeddings are moved in adversarial training, as a share of
            their L2 norm; 0 for none of it.
        language_model: weight of the loss of a language model that is learned beside
            the labels; 0 for none.
        scorer: scores examples, see `spacy-birnn.seqeval_scorer.v1`.
        settings: more settings, which the scorer gets too.

    Attributes:
        cfg: the settings and the labels, as the component is now.
        n_updates: steps taken in training.
        n_clipped: how many of them were clipped.
        gradient_norm: L2 norm of all gradients in the last step, before clipping.
        regularizers: what training adds to the loss.
        dropout_share: the share of `drop` that `update` takes.

    Raises:
        BirnnError: a setting is out of range.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model[List[Doc], List[Floats2d]],
        name: str,
        *,
        target: str,
        overwrite: bool,
        confidence: bool,
        min_confidence: float,
        candidates: bool,
        grad_clip: float,
        adversarial: float,
        language_model: float,
        scorer: Optional[Callable],
        **settings: Any,
    ):
        if "emissions" not in model.ref_names:
            found = f"{model.name[:40]}…" if len(model.name) > 40 else model.name
            raise BirnnError(Errors.B022.format(name=name, found=found))
        check_grad_clip(f"Component '{name}'", grad_clip)
        if not is_number(adversarial, 0.0):
            raise BirnnError(Errors.B086.format(name=name, value=adversarial))
        if adversarial:
            find_perturbation(model, name)
        if not is_number(min_confidence, 0.0, 1.0):
            raise BirnnError(Errors.B033.format(name=name, value=min_confidence))
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self.cfg: Dict[str, Any] = {
            "labels": [],
            "masked": [],
            "target": target,
            "overwrite": overwrite,
            "confidence": confidence,
            "min_confidence": min_confidence,
            "candidates": candidates,
            "grad_clip": grad_clip,
            "adversarial": adversarial,
            "language_model": language_model,
            **settings,
        }
        self.n_updates = self.n_clipped = 0
        self.gradient_norm = 0.0
        self._words = LanguageModelling(model, name, language_model)
        self.regularizers: List[Regularizer] = [self._words] if language_model else []
        self.dropout_share = 1.0
        self.register_extensions()

    # --- what a subclass says ---------------------------------------------------------

    @abstractmethod
    def register_extensions(self) -> None:
        """Register the custom attributes that are written, where they are absent."""

    @abstractmethod
    def find_sequences(self, docs: Sequence[Doc], keep_preset: bool) -> Sequences:
        """Sequences and permitted labels; `keep_preset` fixes what is already set."""

    @abstractmethod
    def gold_labels(
        self, examples: Sequence[Example], sequences: Sequences
    ) -> numpy.ndarray:
        """Label ids of the rows of a batch that take part, -1 where missing."""

    @abstractmethod
    def decode(self, docs: Sequence[Doc], emissions: Tensor) -> List[Any]:
        """Emissions of all tokens, shape (N, L), to one prediction a document."""

    @property
    def target(self) -> str:
        """The attribute that is labelled: "ents", "spans", "tag", "pos" or "_.name"."""
        return self.cfg["target"]

    def sequences(self, docs: Sequence[Doc], keep_preset: bool = False) -> Sequences:
        """The sequences of a batch, and the labels that their tokens may have.

        Args:
            docs: the batch.
            keep_preset: what is already set is fixed.
        """
        return self.mask(self.find_sequences(docs, keep_preset))

    # --- initialization ---------------------------------------------------------------

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,
        labels: Optional[Sequence[str]] = None,
    ) -> None:
        """Collect the labels and build the model.

        Args:
            get_examples: returns the training examples.
            nlp: the pipeline.
            labels: the labels, in the order to use; else those of the examples, sorted.

        Raises:
            BirnnError: there is no label, or one cannot be used.
        """
        if isinstance(labels, str):
            raise BirnnError(Errors.B027.format(name=self.name, labels=labels))
        # Only some are looked at: to read all of them takes as long as to learn from.
        validate_get_examples(
            lambda: list(islice(get_examples(), SAMPLE)), "BiRNNPipe.initialize"
        )
        found, forms = set(self.cfg["labels"]), Counter[int]()
        sample: List[Doc] = []
        for example in get_examples():
            doc, is_own = example.predicted, example.predicted.vocab is self.vocab
            know_white_space(example.reference.vocab)
            if len(sample) < SAMPLE:
                sample.append(doc if is_own else doc_in(self.vocab, doc))
            orths = doc.to_array(ORTH).tolist()
            if not is_own:
                share_strings(doc.vocab, self.vocab, orths)
            forms.update(orths)
            if labels is None:
                found.update(self.collect_labels(example))
        words = {self.vocab.strings[key]: count for key, count in forms.items()}
        self.fix_labels(sorted(found, key=str) if labels is None else list(labels))
        assert sample, SpacyErrors.E923.format(name=self.name)
        log_coverage(self.model, self.name, self.vocab, words)
        self.model.initialize(X=sample)
        if self.cfg["language_model"]:
            self._words.initialize(self.model, words)

    # --- prediction -------------------------------------------------------------------

    def predict(self, docs: Iterable[Doc]) -> List[Any]:
        """Label documents without changing them: one prediction a document.

        Raises:
            BirnnError: the component is not initialized.
        """
        self.check_initialized()
        self.register_extensions()  # a pickled component may be in another process now
        predictions: List[Any] = []
        for batch in portions(docs):
            predictions += self.decode(batch, self.emissions(batch))
        return predictions

    def emissions(self, docs: List[Doc]) -> Tensor:
        """Emissions of all tokens of a batch, shape (N, L)."""
        emissions = self.model.get_ref("emissions")
        device = shim_of(emissions).device
        if not any(map(len, docs)):
            return torch.zeros((0, emissions.get_dim("nO")), device=device)
        return to_tensor(self.model.ops, self.model.predict(docs), device)
