"""Several teachers as one: the average of their scores.

A logarithmic opinion pool of conditional random fields (Smith, Cohn & Osborne 2005) is
again one: its emissions and transitions are the means of theirs.
"""

from typing import List, Sequence

import numpy
import torch
from spacy.tokens import Doc
from torch import Tensor

from .. import schemes
from ..errors import BirnnError, Errors, describe_error
from ..nn.crf.chain import ChainScores
from ..nn.crf.viterbi import viterbi
from ..nn.packing import Packing
from ..pipeline.base import BiRNNPipe
from .teachers import Teacher, name_of

LOWEST = -1000.0
"""The least score of a label, against the best one of its token: half precision ends
soon after it."""


class Pool:
    """The average of several teachers.

    Args:
        teachers: at least one.
        student: has its labels.

    Attributes:
        labels: those of the student's decoder, L of them.
        chain: the scores of the labels themselves, `-inf` where the scheme forbids.
    """

    def __init__(self, teachers: Sequence[Teacher], student: BiRNNPipe) -> None:
        self.teachers = teachers
        self.student = student
        self.labels, scheme = student.prepare_labels()
        self.chain = mean_chain([teacher.chain for teacher in teachers])
        allowed = schemes.transition_constraints(self.labels, scheme)
        self.chain = ChainScores(
            *(
                scores.masked_fill(~torch.from_numpy(mask), float("-inf"))
                for scores, mask in zip(self.chain, allowed, strict=True)
            )
        )
        prefixes = [schemes.split_tag(label)[0] for label in self.labels]
        is_inside = [scheme != "raw" and schemes.stays_inside(p) for p in prefixes]
        self._is_inside = numpy.array(is_inside)

    def emissions(self, docs: Sequence[Doc]) -> Tensor:
        """The emissions of all tokens, shape (N, L), float16; the best of each is 0.

        Raises:
            BirnnError: a teacher fails.
        """
        scores = torch.stack([_ask(teacher, docs) for teacher in self.teachers])
        mean = scores.mean(0)
        mean = mean - mean.amax(1, keepdim=True)
        return mean.clamp_min(LOWEST).half()

    def inside(self, docs: Sequence[Doc], emissions: Tensor) -> numpy.ndarray:
        """Which tokens continue a span of the best label sequence, shape (N,).

        White space within a span does, too.
        """
        n_tokens = len(emissions)
        if not self._is_inside.any():
            return numpy.zeros(n_tokens, dtype=bool)
        sequences = self.student.find_sequences(list(docs), keep_preset=False)
        rows = sequences.select(emissions).float()
        ids = viterbi(rows, self.chain, Packing.of(sequences.lengths)).numpy()
        is_inside = numpy.append(self._is_inside[ids], False)
        if sequences.rows is None:
            return is_inside[:-1]
        following = numpy.searchsorted(sequences.rows, numpy.arange(n_tokens))
        return is_inside[following]


def _ask(teacher: Teacher, docs: Sequence[Doc]) -> Tensor:
    try:
        return teacher.emissions(docs)
    except BirnnError:
        raise
    except Exception as error:
        # Any component of anybody can be in a teacher.
        reason = describe_error(error)
        message = Errors.B480.format(name=name_of(teacher.nlp), reason=reason)
        raise BirnnError(message) from error


def mean_chain(chains: List[ChainScores]) -> ChainScores:
    """The mean of the scores of several chains."""
    return ChainScores(*(torch.stack(scores).mean(0) for scores in zip(*chains)))
