"""One sequence on a CPU, in numpy: the recurrence and Viterbi.

A step then has so few numbers that what counts is what a call costs, and numpy's cost a
third of torch's. One of them activates all gates: ``σ(x) = (1 + tanh(x/2)) / 2``, and
the argument of the gate that is a tanh is doubled already (`Cell.scaled`).

A step is (K, D, 1, H), of K gates, D directions and H hidden units: the gates lie side
by side in memory, and so do both directions of each. The last argument of numpy's
functions is where the result goes.
"""

from typing import Callable, Dict, Iterable, Iterator, List, Sequence

import numpy
import torch
from numpy import add, matmul, multiply, ndarray, subtract, tanh
from torch import Tensor, nn

from .weights import Weights

FEW = 4
"""So few sequences are faster one by one than side by side."""

BLOCK = 200
"""Steps whose gates are looked up at once: no more than a processor's cache holds."""

HALF = numpy.array(0.5, dtype="float32")


class SingleViterbi:
    """The best label sequence of one sequence.

    Args:
        weights: the chain's own scores, float64.
    """

    def __init__(self, weights: Weights) -> None:
        chain = [scores.cpu().clone().numpy() for scores in weights]
        self._start, leaving, self._end = chain
        self._arriving = leaving.T.copy()
        self._first = numpy.arange(0, leaving.size, len(leaving))

    def run(self, emissions: ndarray) -> List[int]:
        """Labels; of equal sequences the one that `viterbi` chooses.

        Args:
            emissions: (T, L) scores; ``-inf`` where forbidden.
        """
        if not len(emissions):
            return []
        # The best score of any prefix that ends in the label, and the label before.
        scores = emissions.astype("float64")
        scores[0] += self._start
        previous = numpy.empty((len(scores) - 1, len(self._first)), "int64")
        pairs, where = numpy.empty_like(self._arriving), numpy.empty_like(self._first)
        leaving, flat = numpy.empty_like(pairs), pairs.reshape(-1)
        for before, now, best in zip(scores[:-1], scores[1:], previous, strict=True):
            leaving[...] = before  # to add a row to a matrix takes longer than both
            add(self._arriving, leaving, pairs).argmax(1, best)
            add(now, flat[add(self._first, best, where)], now)
        labels = [(scores[-1] + self._end).argmax()]
        for best in previous[::-1]:
            labels.append(best[labels[-1]])
        return labels[::-1]


class SingleLayer:
    """One layer's recurrence, both directions in one loop over time.

    Args:
        layer: a torch layer of depth one.
        weights: (K·H, H) a direction, recurrent, scaled.
        bias: (K·H,) a direction: what the states' products are given, scaled.
    """

    def __init__(
        self, layer: nn.RNNBase, weights: Sequence[Tensor], bias: Sequence[Tensor]
    ) -> None:
        self._recur, self._hidden = CELLS[layer.mode], layer.hidden_size
        halved = [weight.reshape(-1, self._hidden, self._hidden) for weight in weights]
        # Transposed, so that a state is a row from the left.
        self._weights = _halved(torch.stack(halved, 1).transpose(2, 3))
        rows = [part.reshape(-1, 1, self._hidden) for part in bias]
        self._bias = _halved(torch.stack(rows, 1))

    def run(self, tables: Sequence[ndarray], rows: ndarray) -> ndarray:
        """Hidden states (T, D·H) of one sequence.

        Args:
            tables: shares in the gates, (R, K·H) a direction, scaled.
            rows: which of them each token has, shape (T,); at least one.
        """
        n_directions = len(tables)
        shape = (len(rows), n_directions, 1, self._hidden)
        states = numpy.empty(shape, self._bias.dtype)
        shares = self._shares(tables, [rows, rows[::-1]][:n_directions])
        self._recur(shares, states, self._weights, self._bias)
        both = [states[:, 0, 0], states[::-1, -1, 0]]
        return numpy.concatenate(both[:n_directions], 1)

    def _shares(
        self, tables: Sequence[ndarray], orders: Sequence[ndarray]
    ) -> Iterator[ndarray]:
        """The input's share in the halved arguments of each step, (K, D, 1, H)."""
        for first in range(0, len(orders[0]), BLOCK):
            chosen = [order[first : first + BLOCK] for order in orders]
            block = numpy.empty((len(chosen[0]), *self._bias.shape), self._bias.dtype)
            for d, (table, rows) in enumerate(zip(tables, chosen, strict=True)):
                gates = table.take(rows, 0).reshape(len(rows), -1, self._hidden)
                multiply(gates, HALF, block[:, :, d, 0])
            yield from block


def lstm(
    shares: Iterable[ndarray], states: ndarray, weights: ndarray, bias: ndarray
) -> None:
    """Fill in the hidden states (T, D, 1, H).

    Args:
        shares: the input's, in the halved arguments of each step, (K, D, 1, H).
        states: to be filled in.
        weights: (K, D, H, H), from a row of a state to its share.
        bias: of this share, (K, D, 1, H).
    """
    state, cell, squashed = numpy.zeros((3, *states.shape[1:]), states.dtype)
    total, sigmoids = numpy.empty((2, *bias.shape), bias.dtype)
    input_gate, forget, _, output = sigmoids
    new = total[2]
    for share, now in zip(shares, states, strict=True):
        matmul(state, weights, total)
        tanh(add(total, share, total), total)
        add(multiply(total, HALF, sigmoids), HALF, sigmoids)
        multiply(forget, cell, cell)
        add(cell, multiply(input_gate, new, new), cell)
        state = multiply(output, tanh(cell, squashed), now)


def gru(
    shares: Iterable[ndarray], states: ndarray, weights: ndarray, bias: ndarray
) -> None:
    """As `lstm`."""
    state, total = numpy.zeros(states.shape[1:], states.dtype), numpy.empty_like(bias)
    both, new = total[:2], total[2]
    sigmoids = numpy.empty_like(both)
    reset, update = sigmoids
    for share, now in zip(shares, states, strict=True):
        add(matmul(state, weights, total), bias, total)
        tanh(add(both, share[:2], both), both)
        add(multiply(both, HALF, sigmoids), HALF, sigmoids)
        tanh(add(multiply(reset, new, new), share[2], new), new)
        change = multiply(update, subtract(state, new, now), now)
        state = add(new, change, now)


def rnn(
    shares: Iterable[ndarray], states: ndarray, weights: ndarray, bias: ndarray
) -> None:
    """As `lstm`."""
    state, total = numpy.zeros(states.shape[1:], states.dtype), numpy.empty_like(bias)
    for share, now in zip(shares, states, strict=True):
        matmul(state, weights, total)
        state = tanh(add(total[0], share[0], now), now)


CELLS: Dict[str, Callable[..., None]] = {
    "LSTM": lstm,
    "GRU": gru,
    "RNN_TANH": rnn,
}
"""By the mode of torch's layers, as in `cells`."""


def _halved(weights: Tensor) -> ndarray:
    return weights.mul(0.5).contiguous().numpy()
