"""Probabilities of labels and label sequences, beside the best sequence."""

from abc import ABCMeta, abstractmethod
from typing import Any, Dict, Iterable, List, Sequence, Tuple

from spacy.tokens import Doc
from thinc.api import Model
from torch import Tensor

from ..errors import BirnnError, Errors
from ..models.arguments import is_number, is_whole
from ..models.sentences import portions
from ..models.sequence_tagger import get_decoder
from .candidates import PredictedSpan, keep_candidates
from .sequences import Sequences

KBest = List[List[Tuple[List[str], float]]]


class ProbabilisticPipe(metaclass=ABCMeta):
    """A component that can say how probable its labels and others are.

    Attributes:
        cfg: holds the settings.
    """

    name: str
    model: Model
    cfg: Dict[str, Any]

    @abstractmethod
    def check_initialized(self) -> None:
        """Raise unless the component is initialized."""

    @abstractmethod
    def sequences(self, docs: Sequence[Doc], keep_preset: bool = False) -> Sequences:
        """The sequences of a batch, and the labels that their tokens may have."""

    @abstractmethod
    def emissions(self, docs: List[Doc]) -> Tensor:
        """Emissions of all tokens of a batch, shape (N, L)."""

    @abstractmethod
    def label_strings(self, doc: Doc, ids: Sequence[int]) -> List[str]:
        """One string per token of a document, from the ids of its rows that take
        part."""

    @property
    def temperature(self) -> float:
        """The divisor of all scores where probabilities are computed, 1 unless the
        component was calibrated. It is saved with the model; no label depends on it.

        Raises:
            BirnnError: it is set to what is no number above 0.
        """
        return get_decoder(self.model).temperature

    @temperature.setter
    def temperature(self, value: float) -> None:
        if not is_number(value, 0) or not value:
            raise BirnnError(Errors.B497.format(name=self.name, value=value))
        get_decoder(self.model).temperature = value

    @property
    def needs_confidence(self) -> bool:
        """Whether marginal probabilities have to be computed."""
        return self.cfg["confidence"] or self.cfg["min_confidence"] > 0.0

    def drop_uncertain(
        self, doc: Doc, spans: List[PredictedSpan]
    ) -> List[PredictedSpan]:
        """Without the spans whose confidence is less than `min_confidence`; those are
        kept beside where that is wanted."""
        least = self.cfg["min_confidence"]
        if not least:
            return spans
        dropped = [span for span in spans if span.confidence < least]
        if self.cfg["candidates"]:
            keep_candidates(doc, self.name, dropped)
        return [span for span in spans if span.confidence >= least]

    def k_best(self, docs: Iterable[Doc], k: int = 5) -> KBest:
        """The k most probable label sequences of each document, which stays untouched.

        Args:
            docs: the documents; of what is set on them sentence starts alone count.
            k: how many.

        Returns:
            For each document, best first, one label per token in the decoder's scheme,
            and the natural log-probability among all valid sequences; fewer than k
            where fewer exist. White space inside a span is `I-X`, elsewhere `O`.

        Raises:
            BirnnError: k is less than 1, or the component is not initialized.
        """
        self.check_initialized()
        if not is_whole(k) or k < 1:
            raise BirnnError(Errors.B016.format(name=self.name, k=k))
        best_of_all: KBest = []
        for batch in portions(self._docs(docs, "k_best")):
            sequences, emissions = self.sequences(batch), self.emissions(batch)
            found = get_decoder(self.model).k_best(
                sequences.select(emissions),
                sequences.lengths,
                k,
                sequences.permitted_on(emissions.device),
            )
            best_of_all += [
                [(self.label_strings(doc, ids), log) for ids, log in best]
                for doc, best in zip(batch, sequences.join_k_best(batch, found, k))
            ]
        return best_of_all

    def _docs(self, docs: Any, method: str) -> List[Doc]:
        """The argument of a method, which takes several documents."""
        kind = type(docs).__name__
        if not isinstance(docs, (Doc, str)) and isinstance(docs, Iterable):
            found = list(docs)
            wrong = [one for one in found if not isinstance(one, Doc)]
            if not wrong:
                return found
            kind = f"list with a {type(wrong[0]).__name__}"
        raise BirnnError(Errors.B031.format(name=self.name, method=method, kind=kind))

    def entropies(self, docs: Iterable[Doc]) -> List[float]:
        """Entropy of the label sequences of each document, which stays untouched.

        Args:
            docs: the documents; of what is set on them sentence starts alone count.

        Returns:
            In nats, exact; that of a document is the sum over its sequences, 0 where
            there is no word.

        Raises:
            BirnnError: the component is not initialized.
        """
        self.check_initialized()
        entropies: List[float] = []
        for batch in portions(self._docs(docs, "entropies")):
            sequences, emissions = self.sequences(batch), self.emissions(batch)
            found = get_decoder(self.model).entropy(
                sequences.select(emissions),
                sequences.lengths,
                sequences.permitted_on(emissions.device),
            )
            entropies += sequences.add_up(batch, found.tolist())
        return entropies
