"""Many streams at once."""

from itertools import chain
from operator import itemgetter
from typing import (
    Any,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    Union,
    cast,
)

import numpy
from spacy.tokens import Doc

from ...errors import BirnnError, Errors
from ...models.streaming import StreamedModel
from ...nn.stream.lanes import Decision, Lanes
from .checks import check_batch, check_lag, check_number
from .component import Component
from .storage import DamagedState, pack, unpack
from .stream import Stream
from .transcript import Segment, StreamedLabel, Transcript, Words

FORMAT_VERSION = 1

_lane_of = itemgetter(0)

Batch = Union[Sequence[Words], Mapping[int, Words]]


class Streams:
    """Streams that run side by side: a word in each costs little more than one.

    Args:
        component: whose labels they are.
        n: how many are open at first, with the numbers from 0.
        lag: words that a label waits for; None for all of them.
        keep: keep words and labels for `doc`; without, memory does not grow.

    Attributes:
        name: of the component.
        lag, keep: as given.

    Raises:
        BirnnError: a number is none, or the model cannot run with such a lag.
    """

    def __init__(
        self, component: Component, n: int, lag: Optional[int], keep: bool
    ) -> None:
        self.name, self.lag, self.keep = component.name, lag, keep
        self._component, self._settings = component, component.stream_settings()
        self._with_spans = component.needs_confidence and self._settings.is_of_spans
        self._model: StreamedModel = component.streamed_model()
        check_lag(lag, self._model, self.name)
        check_number(n, self.name)
        self._lanes: Optional[Lanes] = None
        if lag is not None:
            self._lanes = self._new_lanes(max(n, 1))
        self._open: Dict[int, Stream] = {}
        self._free = list(range(max(n, 1) - 1, -1, -1))
        for _ in range(n):
            self.join()

    def _new_lanes(self, n: int) -> Lanes:
        return self._model.new_lanes(
            self._settings.classes,
            self._component.masked_ids(),
            self.lag or 0,
            n,
            self._with_spans,
        )

    # --- coming and going -------------------------------------------------------------

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)

    def __iter__(self) -> Iterator[int]:
        """The numbers of the open streams, in ascending order."""
        return iter(sorted(self._open))

    def __getitem__(self, number: int) -> Stream:
        """An open stream.

        Raises:
            BirnnError: there is none of this number.
        """
        if number not in self._open:
            raise BirnnError(
                Errors.B475.format(name=self.name, which=number, n_open=len(self))
            )
        return self._open[number]

    def join(self, state: Optional[bytes] = None) -> int:
        """Open a stream, and give its number.

        Args:
            state: of `Stream.to_bytes`, to go on where that one was.
        """
        if not self._free:
            self._grow()
        number = self._free.pop()
        keep = self.keep or self.lag is None
        transcript = Transcript(self._settings, self._component.vocab, keep)
        stream = self._open[number] = Stream(self, number, transcript)
        if state is not None:
            try:
                stream.from_bytes(state)
            except BaseException:
                self._leave(stream)
                raise
        return number

    def _grow(self) -> None:
        n = len(self._open)
        if self._lanes is not None:
            lanes = self._new_lanes(2 * n)
            lanes.copy_from(self._lanes)
            self._lanes = lanes
        self._free = list(range(2 * n - 1, n - 1, -1))

    def _leave(self, stream: Stream) -> None:
        stream._is_open = False
        del self._open[stream._lane]
        self._free.append(stream._lane)
        if self._lanes is not None:
            self._lanes.begin(numpy.array([stream._lane]), carry=False)

    # --- all at once ------------------------------------------------------------------

    def push(self, batch: Batch) -> List[List[StreamedLabel]]:
        """Take words of many streams, and give the labels that have become final.

        Args:
            batch: words for each open stream, in the order of their numbers (an empty
                list where there are none), or a dict of them by number.

        Returns:
            The labels of each entry of the batch, in its order.

        Raises:
            BirnnError: a stream is not open, the batch has not one entry for each, or
                something is no word. No stream has then taken any.
        """
        if isinstance(batch, Mapping):
            streams = [self[number] for number in batch]
            return self._push(streams, list(batch.values()))
        if len(batch) != len(self._open):
            raise BirnnError(
                Errors.B476.format(
                    name=self.name, found=len(batch), n_open=len(self._open)
                )
            )
        return self._push([self._open[number] for number in self], batch)

    def break_(
        self, numbers: Iterable[int], carry: bool = False
    ) -> List[List[StreamedLabel]]:
        """As `Stream.break_`, of several streams; the labels of each.

        Raises:
            BirnnError: one is not open, or named twice.
        """
        return self._break(self._chosen(numbers), carry)

    def finish(
        self, numbers: Optional[Iterable[int]] = None
    ) -> List[List[StreamedLabel]]:
        """As `Stream.finish`, of several streams, all by default; the labels of each.
        Their numbers are free afterwards.

        Raises:
            BirnnError: one is not open, or named twice.
        """
        return self._finish(self._chosen(self if numbers is None else numbers))

    def _chosen(self, numbers: Iterable[int]) -> List[Stream]:
        streams: Dict[int, Stream] = {}
        for number in numbers:
            if number in streams:
                raise BirnnError(Errors.B484.format(name=self.name, which=number))
            streams[number] = self[number]
        return list(streams.values())

    # --- for a stream -----------------------------------------------------------------

    def _push(
        self, streams: List[Stream], batch: Sequence[Words]
    ) -> List[List[StreamedLabel]]:
        if not self._model.is_current:
            raise BirnnError(Errors.B468.format(name=self.name))
        has_space = check_batch(batch, self.name)
        going: List[Tuple[int, Sequence[str]]] = []
        others: Dict[Stream, List[Segment]] = {}
        is_plain = self._lanes is not None and not has_space
        for stream, words in zip(streams, batch, strict=True):
            plain = cast(Sequence[str], words)
            if is_plain and stream._transcript.take_words(plain):
                going.append((stream._lane, plain))
            else:
                stream._transcript.keep_blanks(words)
                others[stream] = stream._transcript.segments(words)
        self._run(going)
        n_turns = max(map(len, others.values())) if others else 0
        for turn in range(n_turns):
            turns = {s: found[turn] for s, found in others.items() if turn < len(found)}
            self._advance(turns)
        return [stream._transcript.hand_over() for stream in streams]

    def _advance(self, turns: Dict[Stream, Segment]) -> None:
        for carry in (False, True):
            ending = [s for s, turn in turns.items() if turn.carry is carry]
            if ending:
                self._end(ending, carry)
            if not carry:
                for stream in ending:
                    stream._transcript.begin_sentence()
        if self._lanes is None:
            for stream, turn in turns.items():
                stream._transcript.note(turn.tokens)
            return
        self._run(
            [
                (stream._lane, stream._transcript.take(turn.tokens))
                for stream, turn in turns.items()
            ]
        )

    def _run(self, going: Sequence[Tuple[int, Sequence[str]]]) -> None:
        """Run on over words that their transcripts have taken, by lane."""
        going = [(lane, words) for lane, words in going if words]
        if not going or self._lanes is None:
            return
        if len(going) > 1:
            going = sorted(going, key=_lane_of)
        lanes, words = zip(*going, strict=True)
        sizes = numpy.array(list(map(len, words)))
        flat = words[0] if len(words) == 1 else list(chain.from_iterable(words))
        tables, rows = self._model.look_up(flat)
        for decision in self._lanes.push(numpy.array(lanes), tables, rows, sizes):
            self._tell(decision)

    def _tell(self, decision: Decision) -> None:
        """Hand decisions to their streams."""
        streams = self._open
        lanes, classes, confidence, closed = decision
        told = zip(lanes.tolist(), classes.tolist(), confidence.tolist(), strict=True)
        if closed is None:
            for lane, chosen, share in told:
                streams[lane]._transcript.decide(chosen, share)
            return
        for (lane, chosen, share), ended in zip(told, closed.tolist(), strict=True):
            streams[lane]._transcript.decide(chosen, share, ended)

    def _end(self, streams: List[Stream], carry: bool) -> None:
        """End the sequences of some streams, and begin others."""
        if self._lanes is not None and streams:
            lanes = numpy.array(sorted(stream._lane for stream in streams))
            for decision in self._lanes.end(lanes):
                self._tell(decision)
            if self._with_spans:
                ended = self._lanes.ended(lanes).tolist()
                for lane, probability in zip(lanes.tolist(), ended, strict=True):
                    self._open[lane]._transcript.end_span(probability)
            self._lanes.begin(lanes, carry)
            for stream in streams:
                stream._transcript.end()

    def _break(self, streams: List[Stream], carry: bool) -> List[List[StreamedLabel]]:
        if self.lag is None and carry:
            raise BirnnError(Errors.B469.format(name=self.name))
        self._end(streams, carry)
        for stream in streams:
            stream._transcript.begin_sentence()
        return [stream._transcript.hand_over() for stream in streams]

    def _finish(self, streams: List[Stream]) -> List[List[StreamedLabel]]:
        if self.lag is None:
            for stream in streams:
                self._finish_whole(stream)
        else:
            self._end(streams, carry=False)
        for stream in streams:
            self._leave(stream)
        return [stream._transcript.hand_over() for stream in streams]

    def _finish_whole(self, stream: Stream) -> None:
        """Label all words at once, as the component does with a document."""
        doc = self._component(stream._transcript.new_doc())
        stream._doc = doc if self.keep else None
        found = self._component.labels_of(doc)
        for token, (label, confidence) in zip(doc, found, strict=True):
            stream._transcript.ready.append(
                StreamedLabel(token.i, token.text, label, confidence)
            )

    def _doc_of(self, stream: Stream) -> Doc:
        if stream._doc is not None:
            return stream._doc.copy()
        doc = stream._transcript.new_doc()
        if self._lanes is not None:
            span = None
            if self._with_spans and stream._is_open:
                span = self._lanes.open_span(stream._lane)
            self._component.annotate_stream(doc, stream._transcript, span)
        return doc

    def _save(self, stream: Stream) -> bytes:
        if not self._model.is_current:
            raise BirnnError(Errors.B468.format(name=self.name))
        facts, numbers = stream._transcript.save()
        arrays: Dict[str, Any] = (
            {} if self._lanes is None else self._lanes.save(stream._lane)
        )
        facts.update(
            format=FORMAT_VERSION,
            component=self._component.checksum_of(self._model),
            lag=self.lag,
            keep=self.keep,
            with_spans=self._with_spans,
        )
        return pack(facts, {**arrays, **numbers})

    def _load(self, stream: Stream, data: bytes) -> None:
        if stream._transcript.n_tokens:
            raise BirnnError(Errors.B474.format(name=self.name))
        try:
            facts, arrays = unpack(data)
        except DamagedState:
            raise BirnnError(Errors.B471.format(name=self.name)) from None
        if facts["format"] != FORMAT_VERSION:
            raise BirnnError(
                Errors.B482.format(
                    name=self.name, found=facts["format"], known=FORMAT_VERSION
                )
            )
        if facts["component"] != self._component.checksum_of(self._model):
            raise BirnnError(Errors.B472.format(name=self.name))
        settings = (self.lag, self.keep, self._with_spans)
        if (facts["lag"], facts["keep"], facts["with_spans"]) != settings:
            raise BirnnError(
                Errors.B473.format(
                    name=self.name,
                    found=facts["lag"],
                    kept=facts["keep"],
                    spans="with" if facts["with_spans"] else "without",
                    lag=self.lag,
                    keep=self.keep,
                )
            )
        stream._transcript.load(facts, arrays)
        if self._lanes is not None:
            kept = {name: a for name, a in arrays.items() if "kept" not in name}
            self._lanes.load(stream._lane, kept)
            waiting = stream._transcript.waiting
            if waiting:
                self._lanes.read_ahead(stream._lane, *self._model.look_up(waiting))
