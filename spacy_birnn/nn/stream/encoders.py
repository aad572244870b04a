"""The recurrence of many streams: words come in, rows for the decoder come out.

Each stream has a lane. An encoder keeps what its lanes carry from word to word, and
says for which of the last words the hidden states are new: of one direction, for the
word that came alone; of two, for all that the backward direction has read again.
"""

from typing import Dict, Iterator, NamedTuple, Sequence, Tuple

import numpy
from numpy import ndarray

from ..crf.fixed_lag import Rows
from ..rnn.predict import PreparedBiRNN, PreparedStack

INPUTS = "inputs"
"""The part of a lane that is read again: pre-activations of its latest words."""


class Arrival(NamedTuple):
    """One more word in each of M lanes.

    Attributes:
        lanes: which, (M,).
        hidden: hidden states of the last T words of each, (M, T, width), from the
            earliest to the one that has arrived.
    """

    lanes: ndarray
    hidden: ndarray


def in_turn(lanes: ndarray, lengths: ndarray) -> Iterator[Tuple[ndarray, Rows]]:
    """The lanes that have a first word, a second, …, and these words' flat rows."""
    if len(lanes) == 1:
        for t in range(int(lengths[0])):
            yield lanes, slice(t, t + 1)
        return
    starts = numpy.cumsum(lengths) - lengths
    longest = int(lengths.max())
    if longest == int(lengths.min()):
        for t in range(longest):
            yield lanes, starts + t
        return
    for t in range(longest):
        (active,) = (lengths > t).nonzero()
        yield lanes[active], starts[active] + t


class OneWay:
    """An encoder of one direction, of any depth.

    Args:
        encoder: prepared.
        n_lanes: how many there are.

    Attributes:
        arrays: what is known of each lane, lanes first.
    """

    def __init__(self, encoder: PreparedBiRNN, n_lanes: int) -> None:
        self._encoder = encoder
        self._state = encoder.new_state(n_lanes)
        self.arrays: Dict[str, ndarray] = {"state": numpy.moveaxis(self._state, 3, 0)}

    def forget(self, lanes: ndarray) -> None:
        """Begin with zeros."""
        self._state[:, :, :, lanes] = 0.0

    def begin(self, lanes: ndarray) -> None:
        """Begin a sequence with the state that the last one left: nothing to do."""

    def push(
        self,
        lanes: ndarray,
        tables: Sequence[ndarray],
        rows: ndarray,
        lengths: ndarray,
    ) -> Iterator[Arrival]:
        """Run on over new words.

        Args:
            lanes: in ascending order, (M,).
            tables: of `PreparedBiRNN.project`.
            rows: which of their rows each word has, lane by lane.
            lengths: words per lane, none of them 0, (M,).
        """
        H = run_on(self._encoder, self._state, lanes, tables, rows, lengths)
        for chosen, words in in_turn(lanes, lengths):
            yield Arrival(chosen, H[words, None])


def run_on(
    encoder: PreparedStack,
    state: ndarray,
    lanes: ndarray,
    tables: Sequence[ndarray],
    rows: ndarray,
    lengths: ndarray,
) -> ndarray:
    """Hidden states (N, width) of new words; the state of their lanes goes on."""
    if len(lanes) == state.shape[3]:
        return encoder.run(tables, rows, lengths.tolist(), state)
    own = state[:, :, :, lanes]
    H = encoder.run(tables, rows, lengths.tolist(), own)
    state[:, :, :, lanes] = own
    return H


class Ahead:
    """An encoder of two directions whose backward one reads the last words again.

    With each word it begins anew at it, with zeros, and runs back over `lookahead`
    words more: what it gives for the earliest of them is final then.

    Args:
        encoder: prepared, of depth one.
        lookahead: the words that a hidden state waits for.
        n_lanes: how many there are.

    Attributes:
        arrays: what is known of each lane, lanes first.
    """

    def __init__(self, encoder: PreparedBiRNN, lookahead: int, n_lanes: int) -> None:
        forward, backward = encoder.directions
        self._forward = PreparedStack([forward])
        self._backward = PreparedStack([backward])
        self._state, size = self._forward.new_state(n_lanes), lookahead + 1
        hidden, dtype = backward.hidden_size, self._state.dtype
        self._hidden = numpy.zeros((n_lanes, size, hidden), dtype)
        gates = backward.cell.n_gates * hidden
        self._inputs = numpy.zeros((n_lanes, size, gates), dtype)
        self._counts = numpy.zeros(n_lanes, dtype="int64")
        self.arrays: Dict[str, ndarray] = {
            "state": numpy.moveaxis(self._state, 3, 0),
            "hidden": self._hidden,
            INPUTS: self._inputs,
            "counts": self._counts,
        }

    def forget(self, lanes: ndarray) -> None:
        """Begin with zeros."""
        self._state[:, :, :, lanes] = 0.0

    def begin(self, lanes: ndarray) -> None:
        """Begin a sequence: what was before it is not read again."""
        self._counts[lanes] = 0

    def push(
        self,
        lanes: ndarray,
        tables: Sequence[ndarray],
        rows: ndarray,
        lengths: ndarray,
    ) -> Iterator[Arrival]:
        """Run on over new words, see `OneWay.push`."""
        H = run_on(self._forward, self._state, lanes, tables[:1], rows, lengths)
        inputs = tables[1][rows]
        size = self._hidden.shape[1]
        for chosen, words in in_turn(lanes, lengths):
            _append(self._hidden, chosen, H[words])
            _append(self._inputs, chosen, inputs[words])
            counts = numpy.minimum(self._counts[chosen] + 1, size)
            self._counts[chosen] = counts
            for count in numpy.unique(counts).tolist():
                own = chosen[counts == count]
                yield Arrival(own, self._read_again(own, count))

    def read_ahead(self, lane: int, tables: Sequence[ndarray], rows: ndarray) -> None:
        """Take in again the last words of a lane, whose state was loaded."""
        size = min(len(rows), self._hidden.shape[1])
        if size:
            self._inputs[lane, -size:] = tables[1][rows[-size:]]

    def _read_again(self, lanes: ndarray, count: int) -> ndarray:
        """Hidden states of both directions of the last words, (M, T, width)."""
        inputs = self._inputs[lanes, : -count - 1 : -1]  # from the last to the first
        table = inputs.reshape(len(lanes) * count, -1)
        rows, lengths = numpy.arange(len(table)), [count] * len(lanes)
        H = self._backward.run([table], rows, lengths)
        backward = H.reshape(len(lanes), count, -1)[:, ::-1]
        return numpy.concatenate([self._hidden[lanes, -count:], backward], 2)


def _append(window: ndarray, lanes: ndarray, new: ndarray) -> None:
    """Let the earliest go, and put the new ones, one per lane, at the end."""
    if window.shape[1] == 1:
        window[lanes, 0] = new
    elif len(lanes) == len(window):
        window[:, :-1] = window[:, 1:]
        window[:, -1] = new
    else:
        window[lanes, :-1] = window[lanes, 1:]
        window[lanes, -1] = new
