"""The questions that streams ask of the component whose labels they are."""

from typing import List, Optional, Protocol, Tuple

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ...models.streaming import StreamedModel
from .transcript import Settings, Transcript


class Component(Protocol):
    """A component that can be streamed."""

    name: str
    vocab: Vocab

    @property
    def needs_confidence(self) -> bool:
        """Whether the probability of whole spans is wanted."""

    def __call__(self, doc: Doc) -> Doc:
        """Annotate a document."""

    def streamed_model(self) -> StreamedModel:
        """The model with the weights that it has now."""

    def checksum_of(self, model: StreamedModel) -> str:
        """A checksum over the component, whose model this is."""

    def stream_settings(self) -> Settings:
        """How labels are told."""

    def masked_ids(self) -> List[int]:
        """The decoder's labels that no update has taught yet."""

    def labels_of(self, doc: Doc) -> List[Tuple[str, Optional[float]]]:
        """The label of each token of a document that the component has annotated, and
        its marginal probability."""

    def annotate_stream(
        self, doc: Doc, transcript: Transcript, span: Optional[float]
    ) -> None:
        """Annotate a document by the labels that are final; the probability of the
        span that is open, if any."""
