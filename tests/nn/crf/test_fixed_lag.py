"""Decisions and probabilities of a stream against enumeration."""

import itertools
import math

import numpy
import pytest
import torch

from spacy_birnn import schemes
from spacy_birnn.nn.crf.crf import CRF
from spacy_birnn.nn.crf.fixed_lag import FixedLagChain, Move
from spacy_birnn.pipeline.codec import SpanCodec

from .brute_force import log_sum

TYPES = ["X", "Y"]


def chain_of(scheme, seed, scale=1.5):
    codec = SpanCodec(TYPES, scheme)
    start, pairs, end = schemes.transition_constraints(codec.labels, scheme)
    crf = CRF(
        len(codec.labels), allowed_start=start, allowed_pairs=pairs, allowed_end=end
    ).double()
    generator = torch.Generator().manual_seed(seed)
    for parameter in crf.parameters():
        parameter.data.normal_(0, scale, generator=generator)
    return codec, crf.chain(torch.float64)


def paths(chain, emissions, is_end):
    """The score of every label sequence over what has arrived."""
    start, transitions, end = (scores.tolist() for scores in chain)
    rows = emissions.tolist()
    for labels in itertools.product(range(len(start)), repeat=len(rows)):
        score = start[labels[0]] + sum(
            row[i] for row, i in zip(rows, labels, strict=True)
        )
        score += sum(transitions[i][j] for i, j in itertools.pairwise(labels))
        score += end[labels[-1]] if is_end else 0.0
        if score > -math.inf:
            yield labels, score


def spans_of(labels, codec):
    tags = [codec.labels[i] for i in labels]
    return schemes.decode(tags, codec.scheme)[0]


def by_enumeration(chain, classes, codec, emissions, lag):
    """Classes, their probabilities, and for each span that ended its probability."""
    decided, confidences, closed = [], [], {}
    n_tokens = len(emissions)
    for t in range(n_tokens):
        n_seen, is_end = min(t + lag + 1, n_tokens), t + lag >= n_tokens
        known = list(paths(chain, emissions[:n_seen], is_end))
        total = log_sum([score for _, score in known])
        agree = [
            (score, labels)
            for labels, score in known
            if [classes.of_label[i] for i in labels[:t]] == decided
        ]
        best = classes.of_label[max(agree)[1][t]]
        same = [s for labels, s in known if classes.of_label[labels[t]] == best]
        confidences.append(math.exp(log_sum(same) - total))
        span = open_span(decided, classes)
        if span and best != span[2]:
            closed[t] = span_probability(known, codec, span, t, total)
        decided.append(best)
    span = open_span(decided, classes)
    if span:
        known = list(paths(chain, emissions, True))
        total = log_sum([score for _, score in known])
        closed[n_tokens] = span_probability(known, codec, span, n_tokens, total)
    return decided, confidences, closed


def open_span(decided, classes):
    """Where the span of the last token began, its type, and the class that follows."""
    if not decided or classes.follower[decided[-1]] < 0:
        return None
    start = len(decided) - 1
    while classes.names[decided[start]].startswith("I-"):
        start -= 1
    name = classes.names[decided[-1]][2:]
    return start, name, classes.follower[decided[-1]]


def span_probability(known, codec, span, end, total):
    start, name, _ = span
    same = [
        score for labels, score in known if has_span(labels, codec, start, end, name)
    ]
    return math.exp(log_sum(same) - total) if same else 0.0


def has_span(labels, codec, start, end, name):
    """Whether exactly this span is there; one at the end of what has arrived, and that
    may still go on, is not asked for."""
    tags = [codec.labels[i] for i in labels]
    starts = tags[start][0] in "BS" and tags[start][2:] == name
    inner = all(tag[0] in "IE" and tag[2:] == name for tag in tags[start + 1 : end])
    after = end == len(tags) or not (tags[end][0] in "IE" and tags[end][2:] == name)
    return starts and inner and after


def stream(chain, classes, emissions, lag, n_lanes=3, lane=1):
    """The same through one lane among others that stand still."""
    made = FixedLagChain(chain, classes, n_lanes, with_spans=True)
    lanes, decided, confidences, closed = numpy.array([lane]), [], [], {}

    def note(found):
        if not numpy.isnan(found.closed[0]):
            closed[len(decided)] = found.closed[0]
        decided.append(found.classes[0])
        confidences.append(found.confidence[0])

    for t in range(lag, len(emissions)):
        note(made.decide(lanes, emissions[None, t - lag : t + 1]))
    rest = min(lag, len(emissions))
    if rest:
        padded = numpy.zeros((1, lag, emissions.shape[1]))
        padded[0, lag - rest :] = emissions[len(emissions) - rest :]
        for which, found in made.end(lanes, padded, numpy.array([rest])):
            assert which.tolist() == [lane]
            note(found)
    (last,) = made.ended(lanes)
    if not numpy.isnan(last):
        closed[len(decided)] = last
    return decided, confidences, closed


@pytest.mark.parametrize("lag", [0, 1, 2, 5])
@pytest.mark.parametrize("scheme", ["bioes", "iob2"])
@pytest.mark.parametrize("seed", range(4))
def test_decisions_and_probabilities(scheme, lag, seed):
    codec, chain = chain_of(scheme, seed)
    classes, rng = codec.classes, numpy.random.default_rng(seed)
    emissions = rng.normal(size=(4, len(codec.labels))) * 2
    want = by_enumeration(chain, classes, codec, emissions, lag)
    found = stream(chain, classes, emissions, lag)
    assert found[0] == want[0]
    numpy.testing.assert_allclose(found[1], want[1], rtol=0, atol=1e-9)
    assert found[2].keys() == want[2].keys()
    for place, probability in want[2].items():
        assert found[2][place] == pytest.approx(probability, abs=1e-9)
    names = [classes.names[i] for i in found[0]]
    assert schemes.decode(names, "iob2")[1] == 0  # nothing had to be repaired


@pytest.mark.parametrize("scheme", ["bioes", "iob2"])
def test_some_span_ends_and_goes_on(scheme):
    """The seeds above decide for spans of several tokens."""
    found = set()
    for seed in range(4):
        codec, chain = chain_of(scheme, seed)
        rng = numpy.random.default_rng(seed)
        emissions = rng.normal(size=(4, len(codec.labels))) * 2
        decided, _, closed = stream(chain, codec.classes, emissions, 1)
        found.update(codec.classes.names[i][0] for i in decided)
        found.update(["closed"] if closed else [])
    assert found == {"B", "I", "O", "closed"}


def test_lanes_do_not_mix():
    codec, chain = chain_of("bioes", 0)
    classes, rng = codec.classes, numpy.random.default_rng(7)
    emissions = rng.normal(size=(5, 3, len(codec.labels)))
    together = FixedLagChain(chain, classes, 5, with_spans=True)
    everyone = together.decide(slice(None), emissions)
    for lane in range(5):
        alone = FixedLagChain(chain, classes, 1, with_spans=True)
        one = alone.decide(numpy.array([0]), emissions[lane : lane + 1])
        assert one.classes[0] == everyone.classes[lane]
        assert one.confidence[0] == pytest.approx(everyone.confidence[lane], abs=1e-12)


def test_sums_that_underflow_are_made_in_logs():
    scores = numpy.array([[0.0, -2000.0], [-numpy.inf, -1000.0]])
    logs = numpy.array([[0.0, -1500.0]])
    found = Move(scores).sum(logs)
    numpy.testing.assert_allclose(found, [[0.0, -2000.0]], rtol=1e-12)
    assert Move(scores).sum(numpy.array([[-numpy.inf, 0.0]]))[0, 0] == -numpy.inf
