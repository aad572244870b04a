"""The methods that streaming adds to a component."""

import warnings
from abc import ABCMeta, abstractmethod
from typing import Any, List, Optional, Tuple
from weakref import WeakKeyDictionary

from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.api import Model

from ...errors import Warnings
from ...models.streaming import StreamedModel
from ...models.votes import has_votes
from .stream import Stream
from .streams import Streams
from .transcript import Settings, Transcript

_MODELS: "WeakKeyDictionary[Any, StreamedModel]" = WeakKeyDictionary()
"""The last one of each component; not in the component, which may be pickled."""


class StreamedPipe(metaclass=ABCMeta):
    """A component whose labels can follow the words.

    Attributes:
        cfg: holds the settings.
    """

    name: str
    vocab: Vocab
    model: Model
    cfg: dict

    def stream(self, lag: Optional[int] = 0, keep: bool = True) -> Stream:
        """Label words as they arrive, with the hidden state carried.

        Args:
            lag: words that a label waits for; None for all of them, with the labels of
                `nlp(doc)`.
            keep: keep words and labels for `Stream.doc`. Without, the memory of a
                stream does not grow.

        Raises:
            BirnnError: the component cannot be streamed, or is not initialized.
        """
        return self.streams(1, lag, keep)[0]

    def streams(self, n: int = 0, lag: Optional[int] = 0, keep: bool = True) -> Streams:
        """Label many texts at once as their words arrive.

        Args:
            n: how many are open at first; more may join.
            lag, keep: as for `stream`.

        Raises:
            BirnnError: the component cannot be streamed, or is not initialized.
        """
        self.check_initialized()
        if lag is not None and has_votes(self.model):
            warnings.warn(Warnings.W496.format(name=self.name), stacklevel=2)
        return Streams(self, n, lag, keep)

    @abstractmethod
    def check_initialized(self) -> None:
        """Raise unless the component is initialized."""

    @property
    @abstractmethod
    def needs_confidence(self) -> bool:
        """Whether the probability of whole spans is wanted."""

    @abstractmethod
    def __call__(self, doc: Doc) -> Doc:
        """Annotate a document."""

    @abstractmethod
    def checksum(self) -> str:
        """A checksum over the model and what training has found."""

    @abstractmethod
    def masked_ids(self) -> List[int]:
        """The decoder's labels that no update has taught yet."""

    @abstractmethod
    def stream_settings(self) -> Settings:
        """How labels are told."""

    @abstractmethod
    def labels_of(self, doc: Doc) -> List[Tuple[str, Optional[float]]]:
        """The label of each token of a document that the component has annotated, and
        its marginal probability."""

    @abstractmethod
    def annotate_stream(
        self, doc: Doc, transcript: Transcript, span: Optional[float]
    ) -> None:
        """Annotate a document by the labels that are final.

        Args:
            doc: of all words.
            transcript: of the stream.
            span: probability of the span that is open, if any.
        """

    def streamed_model(self) -> StreamedModel:
        """The model with the weights that it has now; the same object as long as they
        stay the same."""
        made, last = StreamedModel(self.model, self.vocab, self.name), _MODELS.get(self)
        if last is None or not last.is_same(made):
            _MODELS[self] = last = made
        return last

    def checksum_of(self, model: StreamedModel) -> str:
        """A checksum over the component, whose model this is; computed once."""
        if model.checksum is None:
            model.checksum = self.checksum()
        return model.checksum
