"""A linear-chain conditional random field over a packed batch."""

from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import numpy
import torch
from torch import Tensor, nn

from ..packing import Lengths, Packing
from . import partial
from .chain import ChainScores
from .cross_entropy import Target, cross_entropy
from .entropy import entropy
from .forward_backward import forward_backward
from .k_best import k_best
from .likelihood import GoldScore, LogPartition, difference
from .span_marginals import span_log_marginals
from .viterbi import viterbi

Ints = Union[Tensor, numpy.ndarray, Sequence[int]]
Mask = Union[Tensor, numpy.ndarray]


class CRF(nn.Module):
    """Scores of a first, a pair of adjacent and a last label, over given emissions.

    Every method takes the tokens of all sequences one after the other: `emissions`
    (N, L) and `lengths` (B,), zeros allowed (or a `Packing` made of them). Labels that
    the constraints or `permitted` (N, L) forbid have probability exactly 0. Reduced
    precision is computed in float32. An empty sequence has one labelling, of
    probability 1.

    Probabilities, marginals and entropies are those of the scores divided by the
    temperature (Guo et al. 2017), emissions and transitions alike: it sharpens or
    flattens the distribution over label sequences, and their order stays. Training and
    `viterbi` do without it.

    Args:
        n_labels: L, how many labels there are.
        allowed_start: (L,) bool, the labels a sequence may begin with; None: all.
        allowed_pairs: (L, L) bool, the labels [from, to] that may be adjacent.
        allowed_end: (L,) bool, the labels a sequence may end with.
        trainable: With False there are no parameters, all transitions score 0: over
            log-softmax emissions this is constrained decoding.

    Attributes:
        temperature: () float64, 1 unless it was calibrated; part of the state.
        impossible: int64 count of the gold sequences that `loss` left out, because the
            constraints forbid them.
    """

    start: Tensor
    transitions: Tensor
    end: Tensor
    temperature: Tensor
    impossible: Tensor

    def __init__(
        self,
        n_labels: int,
        *,
        allowed_start: Optional[Mask] = None,
        allowed_pairs: Optional[Mask] = None,
        allowed_end: Optional[Mask] = None,
        trainable: bool = True,
    ) -> None:
        super().__init__()
        self.n_labels = n_labels
        shapes = {
            "start": ((n_labels,), allowed_start),
            "transitions": ((n_labels, n_labels), allowed_pairs),
            "end": ((n_labels,), allowed_end),
        }
        for name, (shape, allowed) in shapes.items():
            if trainable:
                self.register_parameter(name, nn.Parameter(torch.zeros(shape)))
            else:
                self.register_buffer(name, torch.zeros(shape), persistent=False)
            # Rebuilt from the labels, hence not part of the state.
            self.register_buffer(
                f"{name}_forbidden", _forbidden(allowed, shape), persistent=False
            )
        self.register_buffer("temperature", torch.ones((), dtype=torch.float64))
        self.register_buffer(
            "impossible", torch.zeros((), dtype=torch.int64), persistent=False
        )

    def log_partition(
        self, emissions: Tensor, lengths: Lengths, permitted: Optional[Mask] = None
    ) -> Tensor:
        """(B,) log of the sum over all permitted label sequences; differentiable.

        `-inf`, with gradient 0, where none is permitted; 0 for an empty sequence.
        """
        emissions, packing = self._prepare(emissions, lengths)
        scores = _restrict(emissions, self._mask(permitted, emissions))
        log_z = LogPartition.apply(scores, *self.chain(emissions.dtype), packing)
        return log_z.to(emissions.dtype)

    def score(self, emissions: Tensor, lengths: Lengths, labels: Ints) -> Tensor:
        """(B,) log-score, not normalised, of given labels (N,); differentiable.

        `-inf` where the constraints forbid them.
        """
        emissions, packing = self._prepare(emissions, lengths)
        ids = _ints(labels, emissions)
        score = GoldScore.apply(emissions, *self.chain(emissions.dtype), ids, packing)
        return score.to(emissions.dtype)

    def loss(
        self,
        emissions: Tensor,
        lengths: Lengths,
        gold: Union[Mask, Ints],
        permitted: Optional[Mask] = None,
        scale: Optional[Tensor] = None,
    ) -> Tensor:
        """Negative log-likelihood of what is known, summed over the sequences.

        Missing labels are summed over: a sequence counts `log Z(permitted) - log
        Z(gold)`, where Z(gold) sums all that the gold annotation leaves open. One in
        which nothing is known counts exactly 0. A gold sequence that the constraints or
        `permitted` forbid cannot be learned: it is left out and counted in
        `impossible`.

        Args:
            emissions: (N, L) scores.
            lengths: (B,) lengths.
            gold: Either (N,) label ids, -1 where missing, or (N, L) bool, the labels
                each token may have, all True where missing. Fastest when complete.
            permitted: (N, L) bool, the only labels that come into question at all.
            scale: () a factor of all scores, the inverse of a temperature, to
                differentiate with respect to; None for 1.

        Returns:
            () sum; divide it as you like.
        """
        emissions, packing = self._prepare(emissions, lengths)
        if scale is not None:
            emissions = emissions * scale
        permitted = self._mask(permitted, emissions)
        gold = torch.as_tensor(gold, device=emissions.device)
        if gold.dim() == 1:
            ids = gold.long()
        else:
            gold = gold.bool()
            ids = partial.single_labels(gold, permitted)
        scores = _restrict(emissions, permitted)
        chain = self.chain(emissions.dtype, scale)
        log_z = LogPartition.apply(scores, *chain, packing)
        if not (ids < 0).any():
            gold_score = GoldScore.apply(scores, *chain, ids, packing)
            known = gold_score.new_ones(len(gold_score), dtype=torch.bool)
        else:
            open_labels = partial.left_open(gold, ids, self.n_labels, permitted)
            known = partial.is_informative(open_labels, permitted, packing)
            chosen = _restrict(emissions, open_labels)
            gold_score = LogPartition.apply(chosen, *chain, packing)
        losses = difference(log_z, gold_score)
        counts = known & (losses != float("inf"))
        self.impossible += (known & ~counts).sum()
        return torch.where(counts, losses, 0.0).sum().to(emissions.dtype)

    def cross_entropy(
        self,
        emissions: Tensor,
        lengths: Lengths,
        target: Target,
        permitted: Optional[Mask] = None,
    ) -> Tensor:
        """Cross-entropy to a target distribution, summed over the sequences.

        See `cross_entropy.cross_entropy`. Gold sequences that the constraints or
        `permitted` forbid count as unknown, and in `impossible`.

        Args:
            emissions: (N, L) scores.
            lengths: (B,) lengths.
            target: a teacher's distribution, and gold labels.
            permitted: (N, L) bool, the only labels that come into question at all.

        Returns:
            () sum; differentiable with respect to this chain, not to the target.
        """
        emissions, packing = self._prepare(emissions, lengths)
        scores = _restrict(emissions, self._mask(permitted, emissions))
        loss = cross_entropy(scores, self.chain(emissions.dtype), packing, target)
        self.impossible += loss.impossible
        return loss.total.to(emissions.dtype)

    @torch.no_grad()
    def viterbi(
        self, emissions: Tensor, lengths: Lengths, permitted: Optional[Mask] = None
    ) -> Tensor:
        """(N,) int64, the best permitted labels; of equal ones the lower label.

        Where nothing is permitted the labels are not meaningful.
        """
        emissions, packing = self._prepare(emissions, lengths)
        scores = _restrict(emissions, self._mask(permitted, emissions))
        return viterbi(scores, self.chain(emissions.dtype), packing)

    @torch.no_grad()
    def k_best(
        self,
        emissions: Tensor,
        lengths: Lengths,
        k: int,
        permitted: Optional[Mask] = None,
    ) -> List[List[Tuple[List[int], float]]]:
        """The k best permitted label sequences, exactly, computed in float64.

        Returns:
            For each sequence, best first, (labels, natural log of the probability among
            all permitted ones); fewer than k where there are fewer, `[([], 0.0)]` for
            an empty sequence.

        Raises:
            ValueError: k is below 1.
        """
        if k < 1:
            raise ValueError(f"k must be at least 1, not {k}")
        scores, chain, packing = self._calibrated(
            emissions.double(), lengths, permitted
        )
        log_z = forward_backward(scores, chain, packing).log_z.tolist()
        paths = k_best(scores, chain, packing, k)
        return [
            [(labels, min(score - total, 0.0)) for labels, score in best]
            for best, total in zip(paths, log_z, strict=True)
        ]

    @torch.no_grad()
    def marginals(
        self, emissions: Tensor, lengths: Lengths, permitted: Optional[Mask] = None
    ) -> Tensor:
        """(N, L) probability of each label at each token."""
        scores, chain, packing = self._calibrated(emissions, lengths, permitted)
        return forward_backward(scores, chain, packing).marginals

    @torch.no_grad()
    def entropy(
        self, emissions: Tensor, lengths: Lengths, permitted: Optional[Mask] = None
    ) -> Tensor:
        """(B,) float64 entropy, in nats, of the distribution over label sequences."""
        scores, chain, packing = self._calibrated(
            emissions.double(), lengths, permitted
        )
        return entropy(scores, chain, packing)

    @torch.no_grad()
    def span_log_marginals(
        self,
        emissions: Tensor,
        lengths: Lengths,
        starts: Ints,
        ends: Ints,
        labels: Ints,
        not_next: Optional[Ints] = None,
        permitted: Optional[Mask] = None,
    ) -> Tensor:
        """(S,) float64 natural log of the probability of exactly these spans.

        Exact under the whole chain, not a product of token marginals: the probability
        of the first label, times that of each further one given the one before and all
        emissions.

        Args:
            emissions: (N, L) scores.
            lengths: (B,) lengths.
            starts: (S,) first row of each span in the flat batch.
            ends: (S,) the row after its last; greater than its start, and within the
                same sequence.
            labels: all spans' labels one after the other, one per token.
            not_next: (S,) a label that the token after the span must not have, -1 for
                none: in IOB2 a span of X goes on while I-X follows. Without effect at
                the end of a sequence.
            permitted: (N, L) bool, as elsewhere.
        """
        scores, chain, packing = self._calibrated(
            emissions.double(), lengths, permitted
        )
        return span_log_marginals(
            scores,
            chain,
            packing,
            _ints(starts, emissions),
            _ints(ends, emissions),
            _ints(labels, emissions),
            None if not_next is None else _ints(not_next, emissions),
        )

    def span_marginals(
        self,
        emissions: Tensor,
        lengths: Lengths,
        starts: Ints,
        ends: Ints,
        labels: Ints,
        not_next: Optional[Ints] = None,
        permitted: Optional[Mask] = None,
    ) -> Tensor:
        """(S,) float64 probability of exactly these spans: see `span_log_marginals`."""
        return self.span_log_marginals(
            emissions, lengths, starts, ends, labels, not_next, permitted
        ).exp()

    def _prepare(self, emissions: Tensor, lengths: Lengths) -> Tuple[Tensor, Packing]:
        packing = Packing.of(lengths, emissions.device)
        if emissions.shape != (len(packing), self.n_labels):
            raise ValueError(
                f"emissions are {tuple(emissions.shape)}, "
                f"not {(len(packing), self.n_labels)}"
            )
        if emissions.dtype != torch.float64:
            emissions = emissions.float()
        return emissions, packing

    def _calibrated(
        self, emissions: Tensor, lengths: Lengths, permitted: Optional[Mask]
    ) -> Tuple[Tensor, ChainScores, Packing]:
        """All scores, divided by the temperature."""
        emissions, packing = self._prepare(emissions, lengths)
        scale = self.temperature.reciprocal()
        scores = _restrict(emissions * scale, self._mask(permitted, emissions))
        return scores, self.chain(scores.dtype, scale), packing

    def chain(self, dtype: torch.dtype, scale: Optional[Tensor] = None) -> ChainScores:
        """The scores of the labels themselves, `-inf` where forbidden.

        Args:
            dtype: float32 or float64.
            scale: () a factor of all of them; None for 1.
        """
        chain = []
        for name in ChainScores._fields:
            scores = getattr(self, name).to(dtype)
            if scale is not None:
                scores = scores * scale
            forbidden = getattr(self, f"{name}_forbidden")
            if forbidden is not None:
                scores = scores.masked_fill(forbidden, float("-inf"))
            chain.append(scores)
        return ChainScores(*chain)

    def _load_from_state_dict(
        self, state_dict: Dict[str, Any], prefix: str, *args: Any
    ) -> None:
        """Load what was saved; of before there was a temperature, with one of 1."""
        state_dict.setdefault(f"{prefix}temperature", torch.ones_like(self.temperature))
        super()._load_from_state_dict(state_dict, prefix, *args)

    def _mask(self, mask: Optional[Mask], emissions: Tensor) -> Optional[Tensor]:
        if mask is None:
            return None
        return torch.as_tensor(mask, device=emissions.device).bool()


def _ints(values: Ints, like: Tensor) -> Tensor:
    return torch.as_tensor(values, device=like.device).long()


def _forbidden(allowed: Optional[Mask], shape: Tuple[int, ...]) -> Optional[Tensor]:
    """The opposite of a constraint; None where everything is allowed."""
    if allowed is None:
        return None
    permitted = torch.tensor(numpy.asarray(allowed), dtype=torch.bool)
    if permitted.shape != shape:
        raise ValueError(f"constraints are {tuple(permitted.shape)}, not {shape}")
    return None if permitted.all() else ~permitted


def _restrict(emissions: Tensor, permitted: Optional[Tensor]) -> Tensor:
    if permitted is None:
        return emissions
    return emissions.masked_fill(~permitted, float("-inf"))
