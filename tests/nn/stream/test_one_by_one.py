"""Independent labels that are repaired as they come, against enumeration."""

import itertools
import math

import numpy
import pytest

from spacy_birnn import schemes
from spacy_birnn.nn.stream.one_by_one import OneByOne
from spacy_birnn.pipeline.codec import SpanCodec


@pytest.mark.parametrize("scheme", ["bioes", "iob2"])
@pytest.mark.parametrize("seed", range(6))
def test_labels_and_probabilities(scheme, seed):
    codec = SpanCodec(["X", "Y"] if scheme == "iob2" else ["X"], scheme)
    classes, rng = codec.classes, numpy.random.default_rng(seed)
    emissions = rng.normal(size=(4, len(codec.labels))) * 2
    shares = numpy.exp(emissions)
    shares /= shares.sum(1, keepdims=True)

    decisions = OneByOne(classes, 3, with_spans=True)
    lanes, told, confidences, closed = numpy.array([2]), [], [], {}
    for t, row in enumerate(emissions):
        found = decisions.decide(lanes, row[None, None])
        told.append(classes.names[found.classes[0]])
        confidences.append(found.confidence[0])
        if not math.isnan(found.closed[0]):
            closed[t] = found.closed[0]
    (last,) = decisions.ended(lanes)
    if not math.isnan(last):
        closed[len(emissions)] = last

    best = [codec.labels[i] for i in emissions.argmax(1)]
    want = schemes.encode(schemes.decode(best, scheme)[0], len(best), "iob2")
    assert told == want
    probability = dict.fromkeys(enumerate(want), 0.0)
    spans = schemes.decode(want, "iob2")[0]
    of_spans = dict.fromkeys(spans, 0.0)
    for ids in itertools.product(range(len(codec.labels)), repeat=4):
        share = math.prod(shares[t, i] for t, i in enumerate(ids))
        read = schemes.decode([codec.labels[i] for i in ids], scheme)[0]
        for place in enumerate(schemes.encode(read, 4, "iob2")):
            if place in probability:
                probability[place] += share
        for span in set(read) & set(spans):
            of_spans[span] += share
    numpy.testing.assert_allclose(confidences, list(probability.values()), atol=1e-9)
    assert {end: of_spans[s, end, name] for s, end, name in spans} == pytest.approx(
        closed, abs=1e-9
    )


def test_a_new_sequence_knows_nothing_of_the_last():
    codec = SpanCodec(["X"], "bioes")
    emissions = numpy.full((1, 1, 5), -9.0)
    emissions[0, 0, codec.labels.index("I-X")] = 9.0
    decisions = OneByOne(codec.classes, 1, with_spans=True)
    told = []
    for begins in (False, False, True):
        if begins:
            decisions.begin(numpy.array([0]))
        found = decisions.decide(slice(None), emissions)
        told.append(codec.classes.names[found.classes[0]])
    assert told == ["B-X", "I-X", "B-X"]
