"""Soft labels: what teachers say of each token, beside the gold annotation or without.

They lie in the `user_data` of an Example's reference, as its gold annotation does, but
belong to the tokens of the predicted document, which are those that the teachers read.
"""

from dataclasses import dataclass
from typing import List, Optional, Sequence

import numpy
import torch
from spacy.training import Example
from torch import Tensor

from ..errors import BirnnError, Errors
from ..nn.crf.chain import ChainScores
from ..nn.crf.cross_entropy import Target
from .sequences import Sequences

SOFT_LABELS = "spacy_birnn_soft_labels"
"""Key in `Doc.user_data` of a reference."""


@dataclass(frozen=True, eq=False)
class TeacherChain:
    """The part that is the same for all tokens.

    Attributes:
        labels: L of them, in the order of the decoder that learns.
        chain: scores of the labels themselves, float32, `-inf` where forbidden.
        gold_weight: the share of gold labels where they are known, 0…1.
    """

    labels: List[str]
    chain: ChainScores
    gold_weight: float = 0.5

    def check(self, labels: Sequence[str]) -> None:
        """Refuse a decoder with other labels.

        Raises:
            BirnnError: the labels, or their order, differ.
        """
        if self.labels != list(labels):
            raise BirnnError(
                Errors.B450.format(
                    found=", ".join(labels), expected=", ".join(self.labels)
                )
            )


@dataclass(frozen=True, eq=False)
class SoftLabels:
    """The soft labels of one document, or of several one after the other.

    Attributes:
        emissions: of all tokens, white space too, shape (N, L), float16.
        teacher: what belongs to all of them.
    """

    emissions: numpy.ndarray
    teacher: TeacherChain

    def target(
        self, sequences: Sequences, gold: numpy.ndarray, device: torch.device
    ) -> Target:
        """The target of a batch.

        Args:
            sequences: which of the N tokens take part.
            gold: label ids of those, -1 where missing.
            device: where the decoder is.
        """
        emissions = torch.from_numpy(sequences.select_array(self.emissions))
        chain = ChainScores(*(scores.to(device) for scores in self.teacher.chain))
        labels: Tensor = torch.from_numpy(gold).to(device)
        return Target(emissions.to(device), chain, labels, self.teacher.gold_weight)


def attach(example: Example, soft_labels: SoftLabels) -> None:
    """Give an Example soft labels."""
    example.reference.user_data[SOFT_LABELS] = soft_labels


def join_soft_labels(examples: Sequence[Example]) -> Optional[SoftLabels]:
    """Soft labels of Examples one after the other; None unless all have some."""
    each = [example.reference.user_data.get(SOFT_LABELS) for example in examples]
    found: List[SoftLabels] = [soft for soft in each if soft is not None]
    if not found or len(found) < len(each):
        return None
    if len(found) == 1:
        return found[0]
    emissions = numpy.concatenate([soft.emissions for soft in found])
    return SoftLabels(emissions, found[0].teacher)
