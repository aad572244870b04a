"""Labels that are decided token by token, without a chain, while emissions arrive.

Tokens are independent: a label is the best of its own token. Labels of spans need not
fit together; they are repaired as everywhere else, from the left to the right: a label
that cannot go on with the span before it begins one.
"""

from typing import Dict, Iterator, Tuple

import numpy
from numpy import ndarray

from ..crf.fixed_lag import Decided, Rows
from .classes import LabelClasses


class OneByOne:
    """The last token of many sequences, each in a lane.

    Args:
        classes: what is decided.
        n_lanes: how many there are.
        with_spans: follow the probability of whole spans.
        temperature: divides all scores where probabilities are computed.

    Attributes:
        arrays: what is known of each lane, lanes first.
    """

    def __init__(
        self,
        classes: LabelClasses,
        n_lanes: int,
        with_spans: bool,
        temperature: float = 1.0,
    ) -> None:
        self._scale = 1.0 / temperature
        self._classes, self._with_spans = classes, with_spans
        n_labels = len(classes.of_label)
        self._goes_on = classes.continues.astype("float64")
        self.arrays: Dict[str, ndarray] = {
            "label": numpy.full(n_lanes, -1),
            "shares": numpy.zeros((n_lanes, n_labels)),
        }
        if with_spans:
            self.arrays["inside"] = numpy.zeros((n_lanes, n_labels))
            self.arrays["follower"] = numpy.full(n_lanes, -1)
            self.arrays["span"] = numpy.full(n_lanes, numpy.nan)

    def begin(self, lanes: Rows) -> None:
        """Begin a sequence in these lanes."""
        self.arrays["label"][lanes] = -1
        self.arrays["shares"][lanes] = 0.0
        if self._with_spans:
            self.arrays["follower"][lanes] = -1

    def decide(self, lanes: Rows, emissions: ndarray) -> Decided:
        """Decide the first of the emissions that wait, (M, T, L)."""
        return self._decide(lanes, emissions[:, 0])

    def end(
        self, lanes: ndarray, emissions: ndarray, sizes: ndarray
    ) -> Iterator[Tuple[ndarray, Decided]]:
        """Decide all that waits, see `FixedLagChain.end`."""
        n_steps = emissions.shape[1]
        for t in range(n_steps):
            (rows,) = (sizes >= n_steps - t).nonzero()
            if len(rows):
                yield lanes[rows], self._decide(lanes[rows], emissions[rows, t])

    def ended(self, lanes: ndarray) -> ndarray:
        """Probability of exactly the span that the last token ended, (M,); NaN where
        it ended none. To be asked before the next sequence begins."""
        found = self.arrays["inside"][lanes].sum(1)
        return numpy.where(self.arrays["follower"][lanes] >= 0, found, numpy.nan)

    def _decide(self, lanes: Rows, emissions: ndarray) -> Decided:
        arrays, classes = self.arrays, self._classes
        labels = emissions.argmax(1)
        before, earlier = arrays["label"][lanes], arrays["shares"][lanes]
        height = emissions.max(1, keepdims=True)
        shares = numpy.exp((emissions - height) * self._scale)
        shares /= shares.sum(1, keepdims=True)
        goes_on = (before >= 0) & classes.continues[before, labels]
        chosen = numpy.where(goes_on, classes.inside[labels], classes.start[labels])
        # By label: the probability that the token goes on with a span by this label.
        inner = (earlier @ self._goes_on) * shares
        outer = shares - inner
        members = numpy.where(
            goes_on[:, None],
            classes.inside == classes.inside[labels][:, None],
            classes.start == classes.start[labels][:, None],
        )
        of_class = numpy.where(goes_on[:, None], inner, outer) * members
        closed = None
        if self._with_spans:
            closed = self._follow_spans(lanes, chosen, goes_on, of_class, shares)
        arrays["label"][lanes], arrays["shares"][lanes] = labels, shares
        return Decided(chosen, numpy.clip(of_class.sum(1), 0.0, 1.0), closed)

    def _follow_spans(
        self,
        lanes: Rows,
        chosen: ndarray,
        goes_on: ndarray,
        started: ndarray,
        shares: ndarray,
    ) -> ndarray:
        """Go on with the sums over the labels that are read as exactly the span that is
        open; the probability of those that ended before this token, (M,)."""
        arrays, classes = self.arrays, self._classes
        inside, was_open = arrays["inside"][lanes], arrays["follower"][lanes] >= 0
        going = (inside @ self._goes_on) * shares
        closed = inside.sum(1) - going.sum(1)
        found = numpy.where(goes_on[:, None], going, started)
        arrays["inside"][lanes] = found
        arrays["follower"][lanes] = classes.follower[chosen]
        arrays["span"][lanes] = found.sum(1)
        return numpy.where(was_open & ~goes_on, numpy.clip(closed, 0, 1), numpy.nan)
