"""Learning from annotated documents: the update of a component."""

import warnings
from abc import ABCMeta, abstractmethod
from functools import partial
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

import numpy
import torch
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from thinc.api import Model, Optimizer, set_dropout_rate
from thinc.types import Floats2d

from ..errors import Errors, NotFiniteError, Warnings
from ..models.clipping import clip_gradients
from ..models.flat import gradient, to_arrays, to_tensor
from ..models.sentences import DocBatch
from ..models.sequence_tagger import get_decoder
from .adversarial import find_perturbation, learn_twice
from .gold import count_sentences
from .regularizers import Regularizer
from .sequences import Sequences
from .soft_labels import join_soft_labels


class LearningPipe(metaclass=ABCMeta):
    """A component that learns.

    Attributes:
        cfg: holds the settings.
        n_updates: steps taken in training.
        n_clipped: how many of them were clipped.
        gradient_norm: L2 norm of all gradients in the last step, before clipping.
        regularizers: what training adds to the loss.
        dropout_share: the share of `drop` that `update` takes.
        temperature: see `ProbabilisticPipe`.
    """

    name: str
    model: Model
    cfg: Dict[str, Any]
    n_updates: int
    n_clipped: int
    gradient_norm: float
    regularizers: List[Regularizer]
    dropout_share: float
    temperature: float

    @abstractmethod
    def check_initialized(self) -> None:
        """Raise unless the component is initialized."""

    @abstractmethod
    def find_sequences(self, docs: Sequence[Doc], keep_preset: bool) -> Sequences:
        """Sequences and permitted labels; `keep_preset` fixes what is already set."""

    @abstractmethod
    def mask(self, sequences: Sequences) -> Sequences:
        """The same with fewer permitted labels: without those that are masked."""

    @abstractmethod
    def unmask(self, gold: numpy.ndarray) -> None:
        """Labels that occur in gold are no longer masked."""

    @abstractmethod
    def gold_labels(
        self, examples: Sequence[Example], sequences: Sequences
    ) -> numpy.ndarray:
        """Label ids of the rows of a batch that take part, -1 where missing."""

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
            losses: receives the loss under the component's name, that of each
                regularizer under `<component>_<regularizer>`, and that of adversarial
                training under `<component>_adversarial`.

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
        set_dropout_rate(self.model, self.dropout_share * drop)
        loss = self._learn(examples, losses)
        if sgd not in (None, False):
            self.finish_update(sgd)
        losses[self.name] += loss
        return losses

    def _learn(self, examples: List[Example], losses: Dict[str, float]) -> float:
        """Accumulate the gradients of a batch, and return its loss."""
        first = partial(self._run, examples, self.regularizers, losses)
        if not self.cfg["adversarial"]:
            return first(1.0)
        again = partial(self._run, examples, (), losses)
        perturbation = find_perturbation(self.model, self.name)
        lengths = [len(example.predicted) for example in examples]
        epsilon = self.cfg["adversarial"]
        loss, other = learn_twice(perturbation, first, again, lengths, epsilon)
        _add(losses, f"{self.name}_adversarial", other)
        return loss

    def _run(
        self,
        examples: List[Example],
        regularizers: Sequence[Regularizer],
        losses: Dict[str, float],
        weight: float,
    ) -> float:
        """Run one pass forth and back; see `_learn` and `get_loss`."""
        docs = DocBatch(example.predicted for example in examples)
        emissions, backprop = self.model.begin_update(docs)
        loss, gradients = self.get_loss(examples, emissions, weight=weight)
        for regularizer in regularizers:
            term, more = regularizer(self, examples, emissions)
            if more is not None:
                gradients = [one + other for one, other in zip(gradients, more)]
            _add(losses, f"{self.name}_{regularizer.name}", term)
        backprop(gradients)
        return loss

    def get_loss(
        self,
        examples: Iterable[Example],
        scores: List[Floats2d],
        *,
        weight: float = 1.0,
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
            weight: of the gradients; the loss is returned without it.

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
        (weight * loss).backward()
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


def _add(losses: Dict[str, float], key: str, loss: float) -> None:
    losses[key] = losses.get(key, 0.0) + loss
