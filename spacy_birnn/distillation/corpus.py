"""The corpus that a student learns from: annotated data, and another part of the texts
in each epoch, all with soft labels."""

import hashlib
import json
from typing import Any, Dict, Iterator, List, Optional, Tuple, cast

import numpy
from spacy.attrs import NORM, SENT_START
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.types import Ints2d

from ..data.joining import POSITION
from ..errors import BirnnError, Errors
from ..models.vocabularies import add_strings
from ..pipeline.base import BiRNNPipe
from ..pipeline.soft_labels import SoftLabels, TeacherChain, attach
from ..progress import show_progress
from ..training.dev_use import DevUse
from .student import add_labels, find_component_name, gold_reader
from .targets import GOLD, TEXTS, Piece, Targets

SENTENCES = 10_000
"""Sentences of an epoch where no annotated data says how long one is."""

_NO_START = 2**64 - 1  # -1, as a Doc's arrays have it


class DistilledCorpus:
    """A training corpus of targets, see `training.setup.EpochCorpus`.

    Each epoch has all the annotated data, and the next sentences of the texts, which
    begin anew after the last one.

    Args:
        targets: what the teachers have said, complete.
        gold_weight: the share of the gold labels where they are known, 0…1; the rest is
            the teachers'.
        sentences: of the texts in each epoch; None for as many as there are annotated
            documents, or `SENTENCES` where there are none.
        dev_use: what the development corpus is for, as when the targets were made.

    Raises:
        BirnnError: an argument is out of range.
    """

    def __init__(
        self,
        targets: Targets,
        *,
        gold_weight: float = 0.5,
        sentences: Optional[int] = None,
        dev_use: DevUse = DevUse.choose,
    ) -> None:
        check_shares(gold_weight, sentences)
        self.targets = targets
        self.gold_weight = gold_weight
        self.dev_use = dev_use
        self._n_gold = targets.size(GOLD)["pieces"]
        check_sentences(sentences, self._n_gold)
        self.n_texts = targets.size(TEXTS)["pieces"]
        wanted = (self._n_gold or SENTENCES) if sentences is None else sentences
        self.n_sentences = min(wanted, self.n_texts)
        self._gold: List[Example] = []
        self._epoch: Optional[Tuple[int, List[Example]]] = None

    @property
    def fingerprint(self) -> str:
        """The same for the same targets."""
        text = json.dumps(self.targets.plan(), sort_keys=True)
        return hashlib.blake2b(text.encode("utf8"), digest_size=16).hexdigest()

    @property
    def settings(self) -> Dict[str, Any]:
        """The shares of the annotated data and of the texts, where they count."""
        shares = {"gold weight": self.gold_weight} if self._n_gold else {}
        return {**shares, "sentences": self.n_sentences}

    def prepare(self, nlp: Language) -> None:
        """Give the component its labels."""
        pipe = cast(BiRNNPipe, nlp.get_pipe(find_component_name(nlp)))
        add_labels(pipe, self.targets.plan()["labels"])
        labels, _ = pipe.prepare_labels()
        self._teacher = TeacherChain(labels, self.targets.chain(), self.gold_weight)
        self._vocab = nlp.vocab

    def _read_gold(self, nlp: Language) -> None:
        """Read the annotated data, and give it soft labels."""
        reader = gold_reader(nlp.config.interpolate(), self.dev_use)
        self._gold = [] if reader is None else list(reader(nlp))
        pieces = list(self.targets.pieces(GOLD))
        if len(pieces) != len(self._gold):
            raise BirnnError(Errors.B459)
        for example, piece in zip(self._gold, pieces):
            if len(example.predicted) != len(piece.words):
                raise BirnnError(Errors.B459)
            attach(example, SoftLabels(piece.emissions, self._teacher))

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """The Examples of the first epoch.

        Raises:
            BirnnError: the annotated data is not that which the teachers have read.
        """
        self._read_gold(nlp)
        # Later epochs are read under the display of the training.
        first = self._sentences(0)
        what = "Reading what the teachers have said"
        examples = list(show_progress(first, what, "sentences", self.n_sentences))
        self._epoch = 0, [*self._gold, *examples]
        yield from self.of_epoch(0)

    def of_epoch(self, epoch: int) -> List[Example]:
        """The Examples of an epoch: the annotated ones, then sentences of the texts."""
        if self._epoch is None or self._epoch[0] != epoch:
            self._epoch = None  # before the next ones are made
            self._epoch = epoch, [*self._gold, *self._sentences(epoch)]
        return self._epoch[1]

    def _sentences(self, epoch: int) -> Iterator[Example]:
        for position, piece in enumerate(self._pieces(epoch), len(self._gold)):
            example = make_example(self._vocab, piece)
            example.reference.user_data[POSITION] = position
            attach(example, SoftLabels(piece.emissions, self._teacher))
            yield example

    def _pieces(self, epoch: int) -> Iterator[Piece]:
        if not self.n_sentences:
            return
        first = epoch * self.n_sentences % self.n_texts
        end = first + self.n_sentences
        yield from self.targets.pieces(TEXTS, first, min(end, self.n_texts))
        if end > self.n_texts:
            yield from self.targets.pieces(TEXTS, 0, end - self.n_texts)


def check_shares(gold_weight: float, sentences: Optional[int]) -> None:
    """Check the arguments of a `DistilledCorpus`.

    Raises:
        BirnnError: one is out of range.
    """
    if not 0.0 <= gold_weight <= 1.0:
        raise BirnnError(
            Errors.B458.format(name="gold_weight", value=gold_weight, expected="0 to 1")
        )
    if sentences is not None and sentences < 0:
        raise BirnnError(
            Errors.B458.format(name="sentences", value=sentences, expected="at least 0")
        )


def check_sentences(sentences: Optional[int], n_gold: int) -> None:
    """Check that an epoch of a `DistilledCorpus` has something to learn from.

    Args:
        sentences: see there.
        n_gold: annotated documents.

    Raises:
        BirnnError: it has nothing.
    """
    if sentences == 0 and not n_gold:
        expected = "more than 0 without annotated data"
        raise BirnnError(
            Errors.B458.format(name="sentences", value=0, expected=expected)
        )


def make_example(vocab: Vocab, piece: Piece) -> Example:
    """A sentence without annotation, as readers of annotated sentences make them."""
    doc = Doc(vocab, words=piece.words, spaces=piece.spaces)
    attrs = numpy.full((len(doc), 2), _NO_START, dtype="uint64")
    attrs[0, 0] = 1
    add_strings(vocab, set(piece.norms))
    attrs[:, 1] = [vocab.strings[norm] for norm in piece.norms]
    doc.from_array([SENT_START, NORM], cast(Ints2d, attrs))
    return Example(doc, doc.copy())
