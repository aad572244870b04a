"""The labels of a component: collected, given, or added after training."""

from abc import ABCMeta, abstractmethod
from typing import Any, Dict, Iterable, List, Tuple

import numpy
from spacy.training import Example
from thinc.api import Model

from ..errors import BirnnError, Errors
from ..models.sequence_tagger import add_labels, set_labels
from .sequences import Sequences


class LabelledPipe(metaclass=ABCMeta):
    """The labels that a component can tell apart.

    Attributes:
        cfg: holds `labels`, and `masked`: those that were added to a trained component
            and that no update has taught yet.
    """

    name: str
    model: Model
    cfg: Dict[str, Any]

    @abstractmethod
    def collect_labels(self, example: Example) -> Iterable[str]:
        """The labels that the reference document of an example has."""

    @abstractmethod
    def prepare_labels(self) -> Tuple[List[str], str]:
        """The decoder's labels and the scheme whose constraints hold between them."""

    @abstractmethod
    def label_ids(self, label: str) -> List[int]:
        """The ids of the decoder's labels that a label stands for."""

    @property
    def labels(self) -> Tuple[str, ...]:
        """Entity or chunk types, or tags."""
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> List[str]:
        """The list that `[initialize.components.….labels]` takes."""
        return list(self.cfg["labels"])

    def add_label(self, label: str) -> int:
        """Add a label, also to a trained component.

        One that is added to a trained component is masked until an update whose gold
        holds it: until then the component predicts as before.

        Returns:
            1, or 0 where the label was there.

        Raises:
            BirnnError: the label cannot be used.
        """
        if label in self.cfg["labels"]:
            return 0
        names, scheme = self._take_labels([*self.cfg["labels"], label])
        if self.is_initialized:
            self.cfg["masked"] = [*self.cfg["masked"], label]
            add_labels(self.model, names, scheme)
        return 1

    def mask(self, sequences: Sequences) -> Sequences:
        """Without the labels that no update has taught yet."""
        if not self.cfg["masked"]:
            return sequences
        masked = self.masked_ids()
        n_labels = len(self.model.get_ref("emissions").attrs["labels"])
        return sequences.without_labels(masked, n_labels)

    def masked_ids(self) -> List[int]:
        """The ids of the decoder's labels that no update has taught yet."""
        return [i for label in self.cfg["masked"] for i in self.label_ids(label)]

    def unmask(self, gold: numpy.ndarray) -> None:
        """Labels that the gold annotation holds are there from now on."""
        present = set(numpy.unique(gold).tolist()) if self.cfg["masked"] else set()
        self.cfg["masked"] = [
            label
            for label in self.cfg["masked"]
            if present.isdisjoint(self.label_ids(label))
        ]

    @property
    def is_initialized(self) -> bool:
        """Whether the model has its labels."""
        return bool(self.model.get_ref("emissions").attrs["labels"])

    def check_initialized(self) -> None:
        """Raise unless the component is initialized."""
        if not self.is_initialized:
            what = f"Component '{self.name}'"
            raise BirnnError(Errors.B001.format(what=what))

    def unknown_label(self, label: str) -> BirnnError:
        """The error for a label that the component does not have."""
        known = ", ".join(self.labels)
        return BirnnError(Errors.B014.format(name=self.name, label=label, known=known))

    def fix_labels(self, labels: List[str]) -> None:
        """Give the model its labels, before it is initialized.

        Raises:
            BirnnError: there is none, or one cannot be used; those of before stay.
        """
        if not labels:
            key = self.cfg.get("spans_key")
            target = self.cfg["target"]
            what = f"spans['{key}']" if key is not None else f"'{target}' tags"
            raise BirnnError(Errors.B013.format(name=self.name, what=what))
        names, scheme = self._take_labels(labels)
        self.cfg["masked"] = []
        set_labels(self.model, names, scheme)

    def _take_labels(self, labels: List[str]) -> Tuple[List[str], str]:
        """Set the labels, and prepare those of the decoder. Those of before stay where
        one cannot be used."""
        self._check_labels(labels)
        before, self.cfg["labels"] = self.cfg["labels"], labels
        try:
            return self.prepare_labels()
        except BirnnError:
            self.cfg["labels"] = before
            raise

    def _check_labels(self, labels: List[str]) -> None:
        for i, label in enumerate(labels):
            if not _is_label(label) or label in labels[:i]:
                raise BirnnError(Errors.B023.format(name=self.name, label=label))


def _is_label(label: Any) -> bool:
    """Whether it can be a cell of a table, as CoNLL files have them."""
    if not isinstance(label, str) or not label.strip() or "\t" in label:
        return False
    return len(f"{label}.".splitlines()) == 1
