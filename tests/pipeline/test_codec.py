"""The batch codec against the plain one in `schemes`."""

from itertools import product

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_birnn import schemes
from spacy_birnn.pipeline.codec import MISSING, FlatSpan, SpanCodec, spans_to_arrays

TYPES = ["LOC", "A-B"]
SCHEMES = ["bioes", "iob2"]

sentence = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from([None, *range(len(TYPES))])),
    min_size=1,
    max_size=6,
)
"""Pieces of a sentence: how long, and of which type."""


def spans_of(pieces, offset=0):
    """Spans, and the length of the sentence."""
    spans, at = [], offset
    for size, kind in pieces:
        if kind is not None:
            spans.append(FlatSpan(at, at + size, kind))
        at += size
    return spans, at - offset


def flatten(batch):
    spans, lengths = [], []
    for pieces in batch:
        found, length = spans_of(pieces, sum(lengths))
        spans += found
        lengths.append(length)
    return spans, lengths


def named(codec, ids):
    return [codec.labels[i] for i in ids]


@pytest.mark.parametrize("scheme", SCHEMES)
@given(batch=st.lists(sentence, max_size=4))
def test_encode_and_decode_as_schemes(scheme, batch):
    codec = SpanCodec(TYPES, scheme)
    spans, lengths = flatten(batch)
    breaks = numpy.cumsum([0, *lengths])
    iob, types = spans_to_arrays(spans, sum(lengths))
    ids = codec.encode(iob, types, breaks)
    expected = []
    for pieces in batch:
        found, length = spans_of(pieces)
        plain = [(start, end, TYPES[kind]) for start, end, kind in found]
        expected += schemes.encode(plain, length, scheme)
    assert named(codec, ids) == expected
    assert codec.decode(ids) == spans
    assert codec.repair(ids, lengths) == spans


@pytest.mark.parametrize("scheme", SCHEMES)
@given(data=st.data(), lengths=st.lists(st.integers(1, 6), min_size=1, max_size=4))
def test_repair_as_schemes(scheme, data, lengths):
    codec = SpanCodec(TYPES, scheme)
    label = st.integers(0, len(codec.labels) - 1)
    total = sum(lengths)
    ids = numpy.array(data.draw(st.lists(label, min_size=total, max_size=total)))
    expected, offset = [], 0
    for length in lengths:
        tags = named(codec, ids[offset : offset + length])
        for start, end, name in schemes.decode(tags, scheme)[0]:
            expected.append((start + offset, end + offset, TYPES.index(name)))
        offset += length
    assert codec.repair(ids, lengths) == expected


@pytest.mark.parametrize("scheme", SCHEMES)
def test_spans_are_split_where_a_sequence_begins(scheme):
    codec = SpanCodec(TYPES, scheme)
    iob, types = spans_to_arrays([(0, 4, 0)], 4)
    ids = codec.encode(iob, types, numpy.array([0, 3, 4]))
    assert codec.decode(ids) in ([(0, 3, 0), (3, 4, 0)],)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_missing_tokens_have_no_label(scheme):
    codec = SpanCodec(TYPES, scheme)
    iob, types = spans_to_arrays([(1, 2, 0)], 4)
    iob[2] = MISSING
    ids = codec.encode(iob, types, numpy.array([0, 4]))
    single = "S-LOC" if scheme == "bioes" else "B-LOC"
    assert ids[2] == -1
    assert named(codec, ids[[0, 1, 3]]) == ["O", single, "O"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_path_and_follower(scheme):
    codec = SpanCodec(TYPES, scheme)
    for length in (1, 2, 4):
        span = FlatSpan(3, 3 + length, 1)
        tags = schemes.encode([(0, length, "A-B")], length, scheme)
        assert named(codec, codec.path(span)) == tags
        follower = codec.follower(span)
        assert (codec.labels[follower] if follower >= 0 else None) == (
            None if scheme == "bioes" else "I-A-B"
        )


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("length", [1, 2, 3])
def test_repaired_probability_by_enumeration(scheme, length):
    codec = SpanCodec(["LOC", "PER"] if scheme == "iob2" else ["LOC"], scheme)
    random = numpy.random.RandomState(length)
    probabilities = random.dirichlet([0.5] * len(codec.labels), size=length)
    totals, readings = {}, {}
    for ids in product(range(len(codec.labels)), repeat=length):
        weight = numpy.prod([probabilities[i, label] for i, label in enumerate(ids)])
        spans = codec.repair(numpy.array(ids), [length])
        readings[tuple(spans)] = readings.get(tuple(spans), 0.0) + weight
        for span in spans:
            totals[span] = totals.get(span, 0.0) + weight
    assert len(totals) == length * (length + 1) / 2 * len(codec.types)
    for span, total in totals.items():
        found = codec.repaired_probability(
            *(probabilities, span.start, span.end, [span]),
            *(span.start == 0, span.end == length),
        )
        assert found == pytest.approx(total, abs=1e-12)
    for spans, total in readings.items():
        found = codec.repaired_probability(probabilities, 0, length, spans, True, True)
        assert found == pytest.approx(total, abs=1e-12)


def test_no_tokens_at_all():
    codec = SpanCodec(TYPES, "bioes")
    nothing = numpy.zeros(0, dtype="int64")
    assert codec.encode(nothing, nothing, numpy.array([0])).tolist() == []
    assert codec.decode(nothing) == []
    assert codec.repair(nothing, []) == []


@pytest.mark.parametrize("scheme", ["bioes", "iob2"])
def test_inside_gaps(scheme):
    """`I-X` between words of one span, in one sequence."""
    codec = SpanCodec(["PER", "LOC"], scheme)
    spans = [(0, 3, 0), (3, 5, 0), (6, 8, 1)]
    iob, types = spans_to_arrays(spans, 8)
    ids = codec.encode(iob, types, numpy.array([0]))
    expected = ["I-PER", "I-PER", "O", "I-PER", "O", "O", "I-LOC"]
    assert codec.inside_gaps(ids, numpy.array([0, 8])) == expected
    expected[1] = "O"  # a sequence begins there
    assert codec.inside_gaps(ids, numpy.array([0, 2, 8])) == expected
    assert codec.inside_gaps(ids[:0], numpy.array([0])) == []


@pytest.mark.parametrize("scheme", ["bioes", "iob2"])
def test_ids_of_a_type(scheme):
    codec = SpanCodec(["PER", "LOC"], scheme)
    found = [codec.labels[i] for i in codec.ids_of(1)]
    assert found == [label for label in codec.labels if label.endswith("-LOC")]
