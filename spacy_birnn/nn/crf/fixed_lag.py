"""A linear chain whose labels are decided while the emissions arrive.

Fixed-lag decisions: the label of a token is decided when `lag` more emissions are
there. It is that of the best label sequence so far that agrees with all that was
decided before, so that the whole is always a valid sequence (Viterbi 1967; fixed-lag
smoothing: Rabiner 1989, §III, with a backward pass of `lag` steps). Its probability is
the marginal one given all emissions so far, whatever was decided: filtering where the
lag is 0, else smoothing.

Messages are logs in float64, one row per lane. Forward ones have one entry more than
there are labels: the state before the first token, whose transitions are the start
scores.

Notation: L labels, M lanes at work, T emissions that wait for a decision.
"""

from typing import Dict, Iterator, NamedTuple, Optional, Tuple, Union

import numpy
from numpy import add, exp, log, maximum, minimum, ndarray

from ..stream.classes import LabelClasses
from .chain import ChainScores

SMALL = 1e-250
"""A sum of factors below it may have lost some to underflow, and is made in logs."""

Rows = Union[ndarray, slice]


class Decided(NamedTuple):
    """One token in each of M lanes.

    Attributes:
        classes: (M,) of their labels.
        confidence: (M,) marginal probability of the class.
        closed: (M,) probability of exactly the span that ended before the token, NaN
            where none did; None where spans are not followed.
    """

    classes: ndarray
    confidence: ndarray
    closed: Optional[ndarray]


class Move:
    """Transitions as they are needed again and again.

    Args:
        scores: (I, J) of adjacent states [from, to], `-inf` where forbidden.
    """

    def __init__(self, scores: ndarray) -> None:
        self.scores = scores
        finite = scores[scores > -numpy.inf]
        self._top = float(finite.max()) if len(finite) else 0.0
        self._factors = numpy.exp(scores - self._top)

    def sum(self, logs: ndarray) -> ndarray:
        """Log of the sum over the first state, (M, I) to (M, J)."""
        top = maximum.reduce(logs, 1, keepdims=True)
        sums = exp(logs - top) @ self._factors
        if minimum.reduce(sums, None) > SMALL:
            found = log(sums, sums)
            found += top + self._top
            return found
        return self._sum_in_logs(logs)

    def _sum_in_logs(self, logs: ndarray) -> ndarray:
        pairs = logs[:, :, None] + self.scores
        top = pairs.max(1)
        shift = numpy.where(top > -numpy.inf, top, 0.0)
        with numpy.errstate(divide="ignore"):
            return numpy.log(numpy.exp(pairs - shift[:, None]).sum(1)) + shift


class FixedLagChain:
    """The messages of many sequences, each in a lane.

    Args:
        chain: the chain's own scores, float64.
        classes: what is decided.
        n_lanes: how many there are.
        with_spans: follow the probability of whole spans.
        temperature: divides all scores where probabilities are computed.

    Attributes:
        arrays: what is known of each lane, lanes first.
    """

    def __init__(
        self,
        chain: ChainScores,
        classes: LabelClasses,
        n_lanes: int,
        with_spans: bool,
        temperature: float = 1.0,
    ) -> None:
        start, transitions, self._end = (
            s.detach().cpu().clone().numpy() for s in chain
        )
        moves = numpy.concatenate([transitions, start[None]])
        self._scale = scale = 1.0 / temperature
        self._forward, self._moves = Move(moves * scale), moves
        arriving = transitions.T.copy()
        self._backward, self._arriving = Move(arriving * scale), arriving
        self._classes, self._with_spans = classes, with_spans
        self._fresh = numpy.full(len(start) + 1, -numpy.inf)
        self._fresh[-1] = 0.0
        self._members = classes.padded(before=len(start))
        # Where the row of each lane begins in the scores of all labels.
        self._offsets = numpy.arange(n_lanes)[:, None] * len(start)
        self.arrays: Dict[str, ndarray] = {
            "sums": numpy.tile(self._fresh, (n_lanes, 1)),
            # Only the labels of the last class that was decided may go on.
            "best": numpy.zeros((n_lanes, self._members.shape[1])),
            "class": numpy.full(n_lanes, -1),
        }
        if with_spans:
            self.arrays["inside"] = numpy.tile(self._fresh, (n_lanes, 1))
            self.arrays["follower"] = numpy.full(n_lanes, -1)
            self.arrays["span"] = numpy.full(n_lanes, numpy.nan)

    def begin(self, lanes: Rows) -> None:
        """Begin a sequence in these lanes."""
        self.arrays["sums"][lanes] = self._fresh
        self.arrays["best"][lanes] = 0.0
        self.arrays["class"][lanes] = -1
        if self._with_spans:
            self.arrays["inside"][lanes] = self._fresh
            self.arrays["follower"][lanes] = -1

    def decide(self, lanes: Rows, emissions: ndarray) -> Decided:
        """Decide the first of the emissions that wait, (M, T, L)."""
        ahead = self._ahead(emissions[:, 1:]) if emissions.shape[1] > 1 else None
        return self._decide(lanes, emissions[:, 0], ahead)

    def end(
        self, lanes: ndarray, emissions: ndarray, sizes: ndarray
    ) -> Iterator[Tuple[ndarray, Decided]]:
        """Decide all that waits: sequences end after it.

        Args:
            lanes: (M,).
            emissions: (M, T, L), those of each lane at the end.
            sizes: how many each lane has, (M,).

        Yields:
            Token by token, the lanes that have one, and what was decided.
        """
        n_steps = emissions.shape[1]
        ends = numpy.broadcast_to(self._end, emissions[:, 0].shape)
        messages = [(ends * self._scale, ends)]
        for t in range(n_steps - 1, 0, -1):
            messages.append(self._step_back(emissions[:, t], *messages[-1]))
        for t, (sums, best) in enumerate(reversed(messages)):
            (rows,) = (sizes >= n_steps - t).nonzero()
            if len(rows):
                ahead = sums[rows], best[rows]
                yield (
                    lanes[rows],
                    self._decide(lanes[rows], emissions[rows, t], ahead),
                )

    def ended(self, lanes: ndarray) -> ndarray:
        """Probability of exactly the span that the last token ended, (M,); NaN where
        it ended none. To be asked before the next sequence begins."""
        last = self.arrays["sums"][lanes, :-1]
        inside = self.arrays["inside"][lanes, :-1]
        end = self._end * self._scale
        with numpy.errstate(invalid="ignore"):  # a sequence without a token
            found = numpy.exp(_log_sum(inside + end) - _log_sum(last + end))
        return numpy.where(self.arrays["follower"][lanes] >= 0, found, numpy.nan)

    def _ahead(self, emissions: ndarray) -> Tuple[ndarray, ndarray]:
        """Messages (M, L) of the emissions (M, T, L) after a token: sums and maxima."""
        zeros = numpy.zeros((len(emissions), emissions.shape[2]))
        messages = zeros, zeros
        for t in range(emissions.shape[1] - 1, -1, -1):
            messages = self._step_back(emissions[:, t], *messages)
        return messages

    def _step_back(
        self, emissions: ndarray, sums: ndarray, best: ndarray
    ) -> Tuple[ndarray, ndarray]:
        following = (emissions + best)[:, :, None] + self._arriving
        return (
            self._backward.sum(emissions * self._scale + sums),
            maximum.reduce(following, 1),
        )

    def _decide(
        self,
        lanes: Rows,
        emissions: ndarray,
        ahead: Optional[Tuple[ndarray, ndarray]],
    ) -> Decided:
        arrays, classes = self.arrays, self._classes
        scaled = emissions * self._scale
        sums = together = self._forward.sum(arrays["sums"][lanes]) + scaled
        best = scores = self._best(lanes) + emissions
        if ahead is not None:
            together, scores = sums + ahead[0], best + ahead[1]
        chosen = classes.of_label[scores.argmax(1)]
        top = maximum.reduce(together, 1, keepdims=True)
        shares = exp(together - top)
        total = add.reduce(shares, 1)
        shares *= classes.members[chosen]
        confidence = add.reduce(shares, 1) / total
        closed = None
        if self._with_spans:
            sums_ahead = 0.0 if ahead is None else ahead[0]
            log_total = log(total) + top[:, 0]
            closed = self._follow_spans(
                lanes, chosen, scaled, sums, sums_ahead, log_total
            )
        # The state before the first token is left for good.
        if ahead is not None:
            top = maximum.reduce(sums, 1, keepdims=True)
        arrays["sums"][lanes, :-1], arrays["sums"][lanes, -1] = sums - top, -numpy.inf
        kept = best.take(self._members[chosen] + self._offsets[: len(best)])
        arrays["best"][lanes] = kept - maximum.reduce(kept, 1, keepdims=True)
        arrays["class"][lanes] = chosen
        if self._with_spans:
            arrays["inside"][lanes, :-1] -= top
        return Decided(chosen, minimum(confidence, 1.0), closed)

    def _best(self, lanes: Rows) -> ndarray:
        """The best score of a sequence that agrees with what was decided and ends in
        each label, (M, L), without the label's emission."""
        members = self._members[self.arrays["class"][lanes]]
        pairs = self._moves[members]
        pairs += self.arrays["best"][lanes][:, :, None]
        return maximum.reduce(pairs, 1)

    def _follow_spans(
        self,
        lanes: Rows,
        chosen: ndarray,
        emissions: ndarray,
        sums: ndarray,
        sums_ahead: Union[ndarray, float],
        total: ndarray,
    ) -> ndarray:
        """Go on with the sums over the label sequences that have exactly the span that
        is open; the probability of those that ended before this token, (M,)."""
        arrays, classes = self.arrays, self._classes
        follower, inside = arrays["follower"][lanes], arrays["inside"][lanes]
        going = self._forward.sum(inside) + emissions
        is_open = follower >= 0
        stays = is_open & (chosen == follower)
        ended = numpy.where(classes.members[follower], -numpy.inf, going + sums_ahead)
        closed = numpy.exp(_log_sum(ended) - total)
        started = numpy.where(stays[:, None], going, sums)
        started = started + classes.penalty[chosen]
        arrays["inside"][lanes, :-1] = started
        arrays["inside"][lanes, -1] = -numpy.inf
        arrays["follower"][lanes] = classes.follower[chosen]
        arrays["span"][lanes] = numpy.exp(_log_sum(started + sums_ahead) - total)
        return numpy.where(is_open & ~stays, closed, numpy.nan)


def _log_sum(logs: ndarray) -> ndarray:
    """Log-sum-exp of each row; `-inf` where all are."""
    top = maximum.reduce(logs, 1)
    if top.min() > -numpy.inf:
        return log(add.reduce(exp(logs - top[:, None]), 1)) + top
    shift = numpy.where(top > -numpy.inf, top, 0.0)
    with numpy.errstate(divide="ignore"):
        return log(exp(logs - shift[:, None]).sum(1)) + shift
