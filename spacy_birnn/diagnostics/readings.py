"""The next best readings of a place in a text, with their exact probabilities."""

from typing import Dict, List, NamedTuple, Tuple

import numpy
import torch
from torch import Tensor

from ..pipeline.codec import FlatSpan, SpanCodec
from ..pipeline.spans import SpanPipe
from .chain import Chain, Path

K = 100
"""Label sequences, at most, among which readings are looked for."""

MARGIN = 3
"""Words on either side of a place that a reading may take in."""

TokenSpan = Tuple[int, int, str]
"""First token, the one after the last, and label."""


class Reading(NamedTuple):
    """A reading of a place: the spans that overlap it, or its tag.

    Attributes:
        spans: in order; none where the reading is that there is nothing.
        probability: of exactly these spans, 0…1.
    """

    spans: List[TokenSpan]
    probability: float


def span_readings(chain: Chain, span: FlatSpan, count: int) -> List[Reading]:
    """Find the most probable readings of the place of a predicted span.

    A reading is what a label sequence says of the span's words: which spans overlap
    them. They are looked for among the k best label sequences that differ from the
    predicted one near the span alone; the probability of each is exact, over all
    sequences that agree with it. Readings exclude one another.

    Args:
        chain: of a `birnn_ner` or `birnn_chunker`.
        span: over the chain's rows.
        count: how many, at most.

    Returns:
        The most probable first; the predicted span is always among them, even if it
        belongs to the best label sequence but is not that probable itself.
    """
    pipe = chain.pipe
    assert isinstance(pipe, SpanPipe)
    codec = pipe.codec
    _, first, end = chain.sequence_of(span.start)
    best = chain.decoder.k_best(
        chain.emissions[first:end],
        [end - first],
        K,
        _free_near(chain, span)[first:end],
    )[0]
    chosen = (span,)
    found: Dict[Tuple[FlatSpan, ...], float] = {
        chosen: _probability(chain, codec, span, chosen)
    }
    for ids, _ in best:
        spans = codec.repair(numpy.array(ids, dtype="int64"), [len(ids)])
        overlapping = tuple(
            FlatSpan(s.start + first, s.end + first, s.type)
            for s in spans
            if s.start + first < span.end and span.start < s.end + first
        )
        if overlapping not in found:
            found[overlapping] = _probability(chain, codec, span, overlapping)
    ranked = sorted(found, key=lambda spans: -found[spans])[:count]
    if chosen not in ranked:
        ranked[-1] = chosen
    return [
        Reading([_tokens(chain, codec, s) for s in spans], found[spans])
        for spans in ranked
    ]


def _free_near(chain: Chain, span: FlatSpan) -> Tensor:
    """The labels that each row may have if the rest stays as it was predicted, shape
    (N, L): without this, the k best sequences would be about other places."""
    free = torch.zeros_like(chain.emissions, dtype=torch.bool)
    free.scatter_(1, chain.best.unsqueeze(1), True)
    free[max(0, span.start - MARGIN) : span.end + MARGIN] = True
    permitted = chain.sequences.permitted_on(free.device)
    return free if permitted is None else free & permitted


def path_of(codec: SpanCodec, place: FlatSpan, spans: Tuple[FlatSpan, ...]) -> Path:
    """The labels that say: of all spans exactly these overlap a place."""
    start = min([place.start, *(span.start for span in spans)])
    end = max([place.end, *(span.end for span in spans)])
    labels = [codec.outside] * (end - start)
    not_next = -1
    for span in spans:
        labels[span.start - start : span.end - start] = codec.path(span)
        if span.end == end:
            not_next = codec.follower(span)
    return Path(start, labels, not_next)


def _probability(
    chain: Chain, codec: SpanCodec, place: FlatSpan, spans: Tuple[FlatSpan, ...]
) -> float:
    path = path_of(codec, place, spans)
    if not chain.decoder.is_independent:
        log = chain.log_probabilities(chain.emissions, path)
        return min(float(log.exp()), 1.0)
    # Tokens are labelled one by one and repaired: other labels are read so, too.
    _, first, end = chain.sequence_of(path.start)
    marginals = chain.marginals().cpu().double().numpy()
    bounds = path.start == first, path.end == end
    return codec.repaired_probability(marginals, path.start, path.end, spans, *bounds)


def _tokens(chain: Chain, codec: SpanCodec, span: FlatSpan) -> TokenSpan:
    start, end = chain.sequences.tokens(span.start, span.end)
    return start, end, codec.types[span.type]


def tag_readings(chain: Chain, row: int, count: int) -> List[Reading]:
    """Find the most probable tags of a word, the one that was predicted among them.

    The best sequence may have a tag that others are more probable than in its place.

    Args:
        chain: of a `birnn_tagger`.
        row: of the word.
        count: how many, at most.
    """
    marginals = chain.marginals()[row]
    ranked = marginals.topk(min(count, len(marginals))).indices.tolist()
    chosen = int(chain.best[row])
    if chosen not in ranked:
        ranked[-1] = chosen
    token = chain.rows[row]
    labels = chain.pipe.labels
    return [
        Reading([(token, token + 1, labels[i])], min(float(marginals[i]), 1.0))
        for i in ranked
    ]
