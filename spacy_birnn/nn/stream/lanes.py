"""Many streams side by side, from rows of a table of forms to decisions."""

from typing import Dict, Iterator, NamedTuple, Optional, Sequence, Union

import numpy
from numpy import ndarray

from ..crf.fixed_lag import FixedLagChain
from ..decoder import PreparedDecoder
from .encoders import INPUTS, Ahead, OneWay
from .one_by_one import OneByOne


class Decision(NamedTuple):
    """One word in each of M lanes.

    Attributes:
        lanes: which, (M,).
        classes: the class of each word's label, (M,).
        confidence: its marginal probability, (M,).
        closed: probability of exactly the span that ended before the word, (M,); NaN
            where none did, None where spans are not followed.
    """

    lanes: ndarray
    classes: ndarray
    confidence: ndarray
    closed: Optional[ndarray]


class Lanes:
    """Encode and decide the words of many streams.

    Args:
        encoder: see `encoders`.
        decoder: makes emissions of hidden states.
        decisions: makes labels of emissions.
        masked: labels that are not to be found.
        lag: words that a label waits for.
        n_lanes: how many there are.

    Attributes:
        n_lanes: how many there are.
        lag: words that a label waits for.
    """

    def __init__(
        self,
        encoder: Union[OneWay, Ahead],
        decoder: PreparedDecoder,
        decisions: Union[FixedLagChain, OneByOne],
        masked: Sequence[int],
        lag: int,
        n_lanes: int,
    ) -> None:
        self.n_lanes, self.lag = n_lanes, lag
        self._encoder, self._decoder, self._decisions = encoder, decoder, decisions
        self._masked = list(masked)
        shape = (n_lanes, lag + 1, decoder.n_labels)
        # Emissions of the last words, the earliest first, and of how many.
        self._window = numpy.zeros(shape)
        self._counts = numpy.zeros(n_lanes, dtype="int64")
        self._arrays: Dict[str, ndarray] = {
            "window": self._window,
            "waiting": self._counts,
            **encoder.arrays,
            **decisions.arrays,
        }

    def push(
        self,
        lanes: ndarray,
        tables: Sequence[ndarray],
        rows: ndarray,
        lengths: ndarray,
    ) -> Iterator[Decision]:
        """Take new words and decide for those that have waited long enough.

        Args:
            lanes: in ascending order, (M,).
            tables: each form's part of the pre-activations.
            rows: which of their rows each word has, lane by lane.
            lengths: words per lane, none of them 0, (M,).

        Yields:
            In each lane word by word.
        """
        for own, hidden in self._encoder.push(lanes, tables, rows, lengths):
            n_words = hidden.shape[1]
            emissions = self._emissions(hidden.reshape(len(own) * n_words, -1))
            found = self._arrived(own, emissions.reshape(len(own), n_words, -1))
            if found is not None:
                yield found

    def _emissions(self, hidden: ndarray) -> ndarray:
        emissions = self._decoder.emissions(hidden).astype("float64")
        if self._masked:
            emissions[:, self._masked] = -numpy.inf
        return emissions

    def _arrived(self, lanes: ndarray, emissions: ndarray) -> Optional[Decision]:
        """Put the emissions of the last words (M, T, L), one of them new, into the
        window, and decide for the earliest where it is full."""
        if self.lag == 0:
            return self._decide(lanes, emissions)
        is_all, n_words = len(lanes) == self.n_lanes, emissions.shape[1]
        rows = slice(None) if is_all else lanes
        if is_all:
            self._window[:, :-1] = self._window[:, 1:]
        else:
            self._window[lanes, :-1] = self._window[lanes, 1:]
        self._window[rows, -n_words:] = emissions
        counts = self._counts[rows] + 1
        self._counts[rows] = numpy.minimum(counts, self.lag)
        (full,) = (counts > self.lag).nonzero()
        if not len(full):
            return None
        ready = lanes if len(full) == len(lanes) else lanes[full]
        return self._decide(
            ready, self._window if len(ready) == self.n_lanes else self._window[ready]
        )

    def _decide(self, lanes: ndarray, emissions: ndarray) -> Decision:
        rows = slice(None) if len(lanes) == self.n_lanes else lanes
        return Decision(lanes, *self._decisions.decide(rows, emissions))

    def end(self, lanes: ndarray) -> Iterator[Decision]:
        """Decide for all that waits in these lanes, (M,) in ascending order: their
        sequences end. `begin` is to follow."""
        if self.lag:
            sizes, window = self._counts[lanes], self._window[lanes, 1:]
            for own, found in self._decisions.end(lanes, window, sizes):
                yield Decision(own, *found)

    def ended(self, lanes: ndarray) -> ndarray:
        """After `end`, the probability of exactly the span that ended with the
        sequence, (M,); NaN where none did."""
        return self._decisions.ended(lanes)

    def open_span(self, lane: int) -> float:
        """Probability that the span which the last decision left open begins where it
        does and goes on to there at least."""
        return float(self._decisions.arrays["span"][lane])

    def begin(self, lanes: ndarray, carry: bool) -> None:
        """Begin a sequence in these lanes.

        Args:
            lanes: (M,).
            carry: with the encoder's state as it is.
        """
        self._counts[lanes] = 0
        self._decisions.begin(lanes)
        self._encoder.begin(lanes)
        if not carry:
            self._encoder.forget(lanes)

    # --- lanes that come and go -------------------------------------------------------

    def copy_from(self, other: "Lanes") -> None:
        """Take over the lanes of another, which has no more of them."""
        for name, array in self._arrays.items():
            array[: other.n_lanes] = other._arrays[name]

    def save(self, lane: int) -> Dict[str, ndarray]:
        """The state of a lane; what the encoder can compute again is left out."""
        return {
            name: array[lane].copy()
            for name, array in self._arrays.items()
            if name != INPUTS
        }

    def load(self, lane: int, saved: Dict[str, ndarray]) -> None:
        """Take what `save` gave, of a stream with the same lag over the same model."""
        for name, array in saved.items():
            self._arrays[name][lane] = array

    def read_ahead(self, lane: int, tables: Sequence[ndarray], rows: ndarray) -> None:
        """Take in again the words that wait for their labels, of a lane that was
        loaded; `tables` and `rows` as for `push`."""
        if isinstance(self._encoder, Ahead):
            self._encoder.read_ahead(lane, tables, rows)
