"""The common part of all components: training and prediction."""

import warnings
from abc import ABCMeta, abstractmethod
from collections import Counter
from itertools import islice
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Tuple

import numpy
import torch
from spacy.attrs import ORTH
from spacy.errors import Errors as SpacyErrors
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Model, Optimizer, set_dropout_rate
from thinc.types import Floats2d
from torch import Tensor

from ..errors import BirnnError, Errors, NotFiniteError, Warnings
from ..models.clipping import clip_gradients
from ..models.embed import log_coverage
from ..models.flat import gradient, to_arrays, to_tensor
from ..models.sentences import portions
from ..models.sequence_tagger import get_decoder
from ..models.shim import shim_of
from .gold import count_sentences
from .labels import LabelledPipe
from .probabilities import ProbabilisticPipe
from .regularizers import Regularizer
from .sequences import Sequences
from .soft_labels import join_soft_labels
from .storage import ChecksummedPipe
from .stream.pipe import StreamedPipe

SAMPLE = 10
"""Documents that the model's sizes are inferred from, as everywhere in spaCy."""


class BiRNNPipe(
    LabelledPipe,
    ProbabilisticPipe,
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
        scorer: scores examples, see `spacy-birnn.seqeval_scorer.v1`.
        settings: more settings, which the scorer gets too.

    Attributes:
        cfg: the settings and the labels, as the component is now.
        n_updates: steps taken in training.
        n_clipped: how many of them were clipped.
        gradient_norm: L2 norm of all gradients in the last step, before clipping.
        regularizers: what training adds to the loss.
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
        scorer: Optional[Callable],
        **settings: Any,
    ):
        if "emissions" not in model.ref_names:
            found = f"{model.name[:40]}…" if len(model.name) > 40 else model.name
            raise BirnnError(Errors.B022.format(name=name, found=found))
        if not grad_clip >= 0.0:
            where = f"Component '{name}'"
            raise BirnnError(
                Errors.B006.format(where=where, key="grad_clip", value=grad_clip)
            )
        if not 0.0 <= min_confidence <= 1.0:
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
            **settings,
        }
        self.n_updates = self.n_clipped = 0
        self.gradient_norm = 0.0
        self.regularizers: List[Regularizer] = []
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

    # --- training ---------------------------------------------------------------------

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
            BirnnError: there is no label.
        """
        # Only some are looked at: to read all of them takes as long as to learn from.
        validate_get_examples(
            lambda: list(islice(get_examples(), SAMPLE)), "BiRNNPipe.initialize"
        )
        found, forms = set(self.cfg["labels"]), Counter[int]()
        sample: List[Doc] = []
        for example in get_examples():
            if len(sample) < SAMPLE:
                sample.append(example.predicted)
            forms.update(example.predicted.to_array(ORTH).tolist())
            if labels is None:
                found.update(self.collect_labels(example))
        words = {self.vocab.strings[key]: count for key, count in forms.items()}
        self.fix_labels(sorted(found, key=str) if labels is None else list(labels))
        assert sample, SpacyErrors.E923.format(name=self.name)
        log_coverage(self.model, self.name, self.vocab, words)
        self.model.initialize(X=sample)

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optional[Optimizer] = None,
        losses: Optional[Dict[str, float]] = None,
    ) -> Dict[str, float]:
        """Learn from a batch, as any trainable component of spaCy does.

        Args:
            examples: the batch.
            drop: the dropout rate.
            sgd: takes the step, if it is given.
            losses: receives the loss under the component's name, and that of each
                regularizer under `<component>_<regularizer>`.

        Returns:
            The losses.

        Raises:
            BirnnError: the component is not initialized; see also `get_loss`.
        """
        self.check_initialized()
        examples, losses = list(examples), {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        validate_examples(examples, "BiRNNPipe.update")
        if not any(len(example.predicted) for example in examples):
            return losses
        set_dropout_rate(self.model, drop)
        docs = [example.predicted for example in examples]
        emissions, backprop = self.model.begin_update(docs)
        loss, gradients = self.get_loss(examples, emissions)
        for regularizer in self.regularizers:
            term, more = regularizer(self, examples, emissions)
            if more is not None:
                gradients = [one + other for one, other in zip(gradients, more)]
            key = f"{self.name}_{regularizer.name}"
            losses[key] = losses.get(key, 0.0) + term
        backprop(gradients)
        if sgd not in (None, False):
            self.finish_update(sgd)
        losses[self.name] += loss
        return losses

    def get_loss(
        self, examples: Iterable[Example], scores: List[Floats2d]
    ) -> Tuple[float, List[Floats2d]]:
        """Mean negative log-likelihood per sentence; its gradient for the emissions.

        Where the examples have soft labels, it is the cross-entropy to those, mixed
        with the gold annotation. The gradients of the decoder's own parameters are
        accumulated on the way. Where only the references know sentences, as in running
        text that was joined for training, theirs count: a token's weight does not
        depend on how it is joined.

        Args:
            examples: the batch.
            scores: emissions, one array of shape (tokens, L) a document.

        Raises:
            BirnnError: a label was not there at initialization; the loss is not finite.
        """
        examples = list(examples)
        docs = [example.predicted for example in examples]
        sequences = self.find_sequences(docs, keep_preset=False)
        gold = self.gold_labels(examples, sequences)
        self.unmask(gold)
        sequences = self.mask(sequences)
        lengths = [len(doc) for doc in docs]
        ops, device = self.model.ops, get_decoder(self.model).linear.weight.device
        emissions = to_tensor(ops, scores, device, requires_grad=True)
        soft = join_soft_labels(examples)
        if soft is None and (gold < 0).all():
            return 0.0, [ops.alloc2f(*score.shape) for score in scores]
        decoder, sizes = get_decoder(self.model), sequences.lengths
        rows, permitted = sequences.select(emissions), sequences.permitted_on(device)
        if soft is None:
            ids = torch.from_numpy(gold).to(device)
            loss = decoder.loss(rows, sizes, ids, permitted)
        else:
            soft.teacher.check(self.model.get_ref("emissions").attrs["labels"])
            target = soft.target(sequences, gold, device)
            loss = decoder.distillation_loss(rows, sizes, target, permitted)
        loss = loss / max(len(sequences.lengths), count_sentences(examples))
        if not torch.isfinite(loss):
            raise NotFiniteError(Errors.B019.format(name=self.name, loss=loss.item()))
        loss.backward()
        return loss.item(), to_arrays(gradient(emissions), lengths)

    def finish_update(self, sgd: Optimizer) -> None:
        """Clip the gradients by one norm over the component and take the step.

        A temperature was fitted to the weights of before: it is 1 from now on.
        """
        if self.temperature != 1.0:
            line = Warnings.W440.format(name=self.name, temperature=self.temperature)
            warnings.warn(line, stacklevel=2)
            self.temperature = 1.0
        norm = clip_gradients(self.model, self.cfg["grad_clip"])
        self.gradient_norm = norm
        self.n_updates += 1
        self.n_clipped += bool(0 < self.cfg["grad_clip"] < norm)
        self.model.finish_update(sgd)

    def rehearse(
        self,
        examples: Iterable[Example],
        *,
        sgd: Optional[Optimizer] = None,
        losses: Optional[Dict[str, float]] = None,
        **config: Any,
    ) -> Dict[str, float]:
        """Without an effect: train on a mixture of old and new data instead."""
        return {} if losses is None else losses

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
