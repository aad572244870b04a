"""One stream: what a user holds of it."""

from typing import TYPE_CHECKING, List, Optional

from spacy.tokens import Doc

from ...errors import BirnnError, Errors
from .transcript import StreamedLabel, Transcript, Words

if TYPE_CHECKING:
    from .streams import Streams


class Stream:
    """The words of one text or conversation, labelled as they arrive.

    Made by `pipe.stream()`, or by `pipe.streams(n)`, which runs many side by side.
    """

    def __init__(self, streams: "Streams", lane: int, transcript: Transcript) -> None:
        self._streams, self._lane = streams, lane
        self._transcript = transcript
        self._is_open = True
        self._doc: Optional[Doc] = None

    def push(self, words: Words) -> List[StreamedLabel]:
        """Take words, and give the labels that have become final.

        Args:
            words: a list of words, or a `Doc`, of which the words, the blanks and the
                sentence starts count.

        Raises:
            BirnnError: the stream is finished, or these are no words.
        """
        self._check_open("push")
        return self._streams._push([self], [words])[0]

    def break_(self, carry: bool = False) -> List[StreamedLabel]:
        """End a sequence, such as a sentence: all its labels become final.

        Args:
            carry: the next sequence begins with the encoder's state, as if the words
                went on; else with zeros, as `nlp(doc)` does.

        Returns:
            The labels that were waiting; with `lag=None` they come with `finish`.
        """
        self._check_open("break_")
        return self._streams._break([self], carry)[0]

    def finish(self) -> List[StreamedLabel]:
        """End the stream; the labels that were waiting."""
        self._check_open("finish")
        return self._streams._finish([self])[0]

    def doc(self) -> Doc:
        """A `Doc` of all that was pushed, annotated as `nlp(doc)` does it. Words whose
        labels are not final are not annotated; with `lag=None` those are all until
        `finish`.

        Raises:
            BirnnError: the stream was opened with `keep=False`.
        """
        if not self._streams.keep:
            raise BirnnError(Errors.B470.format(name=self._streams.name))
        return self._streams._doc_of(self)

    def to_bytes(self) -> bytes:
        """The state of the stream, to be taken up again by `from_bytes`."""
        self._check_open("to_bytes")
        return self._streams._save(self)

    def from_bytes(self, data: bytes) -> "Stream":
        """Go on where a stream was when `to_bytes` was called. To be called first.

        Raises:
            BirnnError: the bytes are cut or altered, or of another model or another
                lag; or this stream has words already.
        """
        self._check_open("from_bytes")
        self._streams._load(self, data)
        return self

    def _check_open(self, what: str) -> None:
        if not self._is_open:
            raise BirnnError(Errors.B466.format(name=self._streams.name, what=what))
