"""From hidden states to labels: emissions, a loss and exact inference for each decoder.

"crf": a linear-chain CRF (Lafferty et al. 2001), trained and decoded with the hard
constraints of the tag scheme. "constrained": tokens are trained one by one with a
softmax, and decoded together under the constraints (a CRF whose transitions are 0 or
forbidden). "softmax": tokens are trained and decoded one by one.

Probabilities of all three are those of a chain, whose temperature calibrates them.
"""

from itertools import accumulate, pairwise
from typing import List, Optional, Sequence, Tuple

import numpy
import torch
from numpy import ndarray
from torch import Tensor, nn
from torch.nn import functional as F

from .crf.crf import CRF
from .crf.cross_entropy import Target
from .crf.forward_backward import forward_backward
from .crf.viterbi import SingleViterbi
from .packing import Packing
from .votes import Mentions, Votes, add_votes

KBest = List[List[Tuple[List[int], float]]]

MAX_SMALL_ROWS = 100
"""Tokens, at most, whose emissions are a small product."""

MAX_ONE_BY_ONE = 4
"""So few sequences, at most, are faster decoded one by one than side by side."""


class SequenceDecoder(nn.Module):
    """A linear layer and what makes label sequences of its emissions.

    Everything works on the flat matrix of all tokens, one sequence after the other (N
    rows; L labels), and takes `permitted`, the labels that each token may have at all,
    shape (N, L), or None.

    Args:
        n_in: width of the hidden states.
        n_labels: number of labels.
        decoder: "crf", "constrained" or "softmax".
        start: labels that may begin a sequence, shape (L,); None for all.
        pairs: which label may follow which, shape (L, L), [from, to].
        end: labels that may end a sequence, shape (L,).
        votes: whether other mentions of a word add to its emissions.

    Attributes:
        keeps_constraints: whether all label sequences that it gives are valid under the
            constraints; else their spans are to be repaired.
        is_independent: whether tokens are labelled one by one, so that probabilities
            of several labels are products.
    """

    def __init__(
        self,
        n_in: int,
        n_labels: int,
        decoder: str = "crf",
        start: Optional[Tensor] = None,
        pairs: Optional[Tensor] = None,
        end: Optional[Tensor] = None,
        votes: bool = False,
    ):
        super().__init__()
        self.decoder = decoder
        self.keeps_constraints = decoder != "softmax"
        self.is_independent = decoder == "softmax"
        self.linear = nn.Linear(n_in, n_labels)
        nn.init.xavier_uniform_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        self.votes = Votes(n_in, n_labels) if votes else None
        constraints = {}
        if self.keeps_constraints:
            constraints = {
                "allowed_start": start,
                "allowed_pairs": pairs,
                "allowed_end": end,
            }
        self.crf = CRF(n_labels, trainable=decoder == "crf", **constraints)

    def forward(
        self,
        H: Tensor,
        dropout: float = 0.0,
        mentions: Optional[Mentions] = None,
        kept: Optional[Tensor] = None,
    ) -> Tensor:
        """Hidden states (N, n_in) to emissions (N, L).

        Args:
            H: hidden states of all tokens.
            dropout: of the hidden states.
            mentions: the tokens that get votes, where the decoder has them.
            kept: 1 for a token whose own emissions count, 0 for one that has its votes
                alone, shape (N, 1); all count by default.
        """
        H = F.dropout(H, dropout) if dropout else H
        own = self.linear(H)
        if self.votes is None or mentions is None:
            return own
        return (own if kept is None else own * kept) + self.votes(H, mentions)

    def loss(
        self,
        emissions: Tensor,
        lengths: Sequence[int],
        labels: Tensor,
        permitted: Optional[Tensor] = None,
    ) -> Tensor:
        """Negative log-likelihood of what is known, summed over the sequences.

        A missing label is summed over, not read as one: only the probability of what is
        known counts.

        Args:
            emissions: shape (N, L).
            lengths: tokens per sequence, shape (B,).
            labels: gold label of each token, -1 where missing, shape (N,).
            permitted: permitted labels, shape (N, L).
        """
        if self.decoder == "crf":
            return self.crf.loss(emissions, lengths, labels, permitted=permitted)
        if permitted is not None:
            emissions = emissions.masked_fill(~permitted, float("-inf"))
        return F.cross_entropy(emissions, labels, ignore_index=-1, reduction="sum")

    def distillation_loss(
        self,
        emissions: Tensor,
        lengths: Sequence[int],
        target: Target,
        permitted: Optional[Tensor] = None,
    ) -> Tensor:
        """Cross-entropy to a target distribution, summed over the sequences.

        With "crf" that of whole label sequences. With "softmax" and "constrained",
        which are trained token by token, that of the target's marginals, where a known
        gold label is mixed in for each token alone.

        Args:
            emissions: shape (N, L).
            lengths: tokens per sequence, shape (B,).
            target: a teacher's distribution, and gold labels.
            permitted: permitted labels, shape (N, L).
        """
        if self.decoder == "crf":
            return self.crf.cross_entropy(emissions, lengths, target, permitted)
        if permitted is not None:
            emissions = emissions.masked_fill(~permitted, float("-inf"))
        shares = _token_shares(emissions.detach(), lengths, target)
        logs = F.log_softmax(emissions, 1)
        # What is not permitted has a share of 0, and 0 · -inf would be NaN.
        return -(shares * logs.masked_fill(shares == 0, 0.0)).sum()

    @property
    def temperature(self) -> float:
        """The divisor of all scores where probabilities are asked for; 1 unless it was
        calibrated. No label depends on it."""
        return self.crf.temperature.item()

    @temperature.setter
    def temperature(self, value: float) -> None:
        self.crf.temperature.fill_(value)

    def calibration_loss(
        self,
        emissions: Tensor,
        lengths: Sequence[int],
        labels: Tensor,
        scale: Tensor,
        permitted: Optional[Tensor] = None,
    ) -> Tensor:
        """Negative log of the probability that this decoder gives to what is known, all
        scores being multiplied by `scale`; summed over the sequences.

        With "constrained" this is not the loss of training: probabilities are those
        among valid sequences. Differentiable with respect to `scale`; the other
        arguments are those of `loss`.
        """
        return self.crf.loss(emissions, lengths, labels, permitted, scale)

    @torch.no_grad()
    def decode(
        self,
        emissions: Tensor,
        lengths: Sequence[int],
        permitted: Optional[Tensor] = None,
    ) -> Tensor:
        """The most probable label sequence, shape (N,)."""
        if self.is_independent:
            if permitted is not None:
                emissions = emissions.masked_fill(~permitted, float("-inf"))
            return emissions.argmax(dim=1)
        return self.crf.viterbi(emissions, lengths, permitted)

    @torch.no_grad()
    def marginals(
        self,
        emissions: Tensor,
        lengths: Sequence[int],
        permitted: Optional[Tensor] = None,
    ) -> Tensor:
        """Probability of each label at each token, shape (N, L)."""
        return self.crf.marginals(emissions, lengths, permitted)

    @torch.no_grad()
    def entropy(
        self,
        emissions: Tensor,
        lengths: Sequence[int],
        permitted: Optional[Tensor] = None,
    ) -> Tensor:
        """Entropy of the label sequences of each sequence in nats, (B,) float64."""
        return self.crf.entropy(emissions, lengths, permitted)

    @torch.no_grad()
    def span_marginals(
        self,
        emissions: Tensor,
        lengths: Sequence[int],
        starts: Sequence[int],
        ends: Sequence[int],
        labels: Sequence[int],
        not_next: Optional[Sequence[int]] = None,
        permitted: Optional[Tensor] = None,
    ) -> Tensor:
        """Probability of exactly these spans, shape (S,), float64: see
        `CRF.span_log_marginals`."""
        return self.crf.span_marginals(
            emissions, lengths, starts, ends, labels, not_next, permitted
        )

    @torch.no_grad()
    def k_best(
        self,
        emissions: Tensor,
        lengths: Sequence[int],
        k: int,
        permitted: Optional[Tensor] = None,
    ) -> KBest:
        """The k most probable label sequences of each sequence, best first, with their
        natural log-probability among all valid ones; fewer where fewer exist."""
        return self.crf.k_best(emissions, lengths, k, permitted)


def _token_shares(emissions: Tensor, lengths: Sequence[int], target: Target) -> Tensor:
    """Probability of each label at each token under a target, shape (N, L).

    Args:
        emissions: the student's, `-inf` where forbidden, shape (N, L).
        lengths: tokens per sequence, shape (B,).
        target: a teacher's distribution, and gold labels.
    """
    teacher = target.emissions.to(emissions.dtype)
    teacher = teacher.masked_fill(emissions == float("-inf"), float("-inf"))
    if any(scores.count_nonzero() for scores in target.chain):
        packing = Packing.of(lengths, emissions.device)
        shares = forward_backward(teacher, target.chain, packing).marginals
    else:
        shares = F.softmax(teacher, 1)
    if target.labels is None:
        return shares
    known = (target.labels >= 0)[:, None]
    gold = F.one_hot(target.labels.clamp_min(0), emissions.size(1))
    mixed = target.gold_weight * gold + (1.0 - target.gold_weight) * shares
    return torch.where(known, mixed, shares)


class PreparedDecoder:
    """Predicts what a `SequenceDecoder` does with the weights that it has now.

    On a CPU, what is small is done in numpy, whose calls cost a third of torch's. Large
    products are torch's: two libraries with threads of their own get in each other's
    way.

    Attributes:
        n_labels: L.
    """

    @torch.no_grad()
    def __init__(self, decoder: SequenceDecoder) -> None:
        self._decoder = decoder
        linear, votes = decoder.linear, decoder.votes
        self.n_labels = len(linear.bias)
        # One product gives the votes too: what takes time is to read H.
        rows = [linear.weight] if votes is None else [linear.weight, votes.votes.weight]
        self._rows = torch.cat(rows).cpu()
        bias = linear.bias.new_zeros(len(self._rows), 1)
        bias[: self.n_labels, 0] = linear.bias
        self._bias_column = bias.cpu()
        self._weight = self._rows.t().contiguous().numpy()
        self._bias = self._bias_column.flatten().numpy()
        self._single: Optional[SingleViterbi] = None
        if not decoder.is_independent:
            self._single = SingleViterbi(decoder.crf.chain(torch.float64))

    def emissions(self, H: ndarray, mentions: Optional[Mentions] = None) -> ndarray:
        """Hidden states (N, n_in) to emissions (N, L), as `SequenceDecoder.forward`."""
        H, n_labels = H.astype(self._weight.dtype, copy=False), self.n_labels
        if len(H) <= MAX_SMALL_ROWS:
            scores = H @ self._weight + self._bias
        else:
            # With the few labels as rows the product takes up to a third less than with
            # them as columns.
            rows = torch.addmm(self._bias_column, self._rows, torch.from_numpy(H).t())
            scores = rows.t().contiguous().numpy()
        if scores.shape[1] == n_labels:
            return scores
        own, cast = scores[:, :n_labels], scores[:, n_labels:]
        return own.copy() if mentions is None else add_votes(own, cast, mentions)

    def decode(
        self,
        emissions: Tensor,
        lengths: Sequence[int],
        permitted: Optional[Tensor] = None,
    ) -> ndarray:
        """As `SequenceDecoder.decode`, an array of shape (N,)."""
        if self._single is None or len(lengths) > MAX_ONE_BY_ONE or emissions.is_cuda:
            return self._decoder.decode(emissions, lengths, permitted).cpu().numpy()
        if permitted is not None:
            emissions = emissions.masked_fill(~permitted, float("-inf"))
        scores, bounds = emissions.numpy(), pairwise(accumulate(lengths, initial=0))
        labels = [label for a, b in bounds for label in self._single.run(scores[a:b])]
        return numpy.array(labels, dtype="int64")
