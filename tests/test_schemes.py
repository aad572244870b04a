from itertools import pairwise, product

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_birnn.errors import BirnnError
from spacy_birnn.schemes import (
    SCHEMES,
    decode,
    detect,
    encode,
    expected_tags,
    is_tag,
    label_set,
    split_tag,
    transition_constraints,
)

LABELS = ["PER", "B-LOC", "x"]


@st.composite
def sequences(draw):
    """Spans that do not overlap, and the length of their sequence."""
    spans, position = [], 0
    for gap, length, label in draw(
        st.lists(
            st.tuples(st.integers(0, 2), st.integers(1, 3), st.sampled_from(LABELS)),
            max_size=6,
        )
    ):
        spans.append((position + gap, position + gap + length, label))
        position += gap + length
    return spans, position + draw(st.integers(0, 2))


@pytest.mark.parametrize("scheme", SCHEMES)
@given(sequence=sequences())
def test_decode_gives_back_what_was_encoded(scheme, sequence):
    spans, length = sequence
    tags = encode(reversed(spans), length, scheme)
    assert len(tags) == length
    assert decode(tags, scheme) == (spans, 0)


@pytest.mark.parametrize("scheme", SCHEMES)
@given(
    tags=st.lists(
        st.sampled_from(["O", *(f"{p}-{x}" for p in "BIESLU" for x in LABELS)])
    )
)
def test_decode_takes_any_tags(scheme, tags):
    spans, repairs = decode(tags, scheme)
    covered = [i for start, end, _ in spans for i in range(start, end)]
    assert covered == [i for i, tag in enumerate(tags) if tag != "O"]
    assert all(split_tag(tags[i])[1] == x for a, b, x in spans for i in range(a, b))
    assert 0 <= repairs <= len(tags) + 1
    fixed = encode(spans, len(tags), scheme)
    assert decode(fixed, scheme) == (spans, 0)
    # The tags were in order exactly if there is nothing to rewrite.
    assert (fixed == tags) == (repairs == 0)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_constraints_allow_exactly_what_needs_no_repair(scheme):
    labels = label_set(["A", "B"], scheme)
    start, pairs, end = transition_constraints(labels, scheme)
    assert start.dtype == pairs.dtype == end.dtype == bool
    for length in range(1, 5):
        for path in product(range(len(labels)), repeat=length):
            allowed = start[path[0]] and end[path[-1]]
            allowed = allowed and all(pairs[a, b] for a, b in pairwise(path))
            assert allowed == (decode([labels[i] for i in path], scheme)[1] == 0)


def test_raw_allows_everything():
    start, pairs, end = transition_constraints(["NN", "VB"], "raw")
    assert start.all()
    assert end.all()
    assert pairs.all()
    assert pairs.shape == (2, 2)
    assert label_set(["NN", "VB"], "raw") == ["NN", "VB"]


def test_label_sets():
    assert label_set(["b", "a"], "iob2") == ["O", "B-b", "I-b", "B-a", "I-a"]
    assert label_set(["a"], "bioes") == ["O", "B-a", "I-a", "E-a", "S-a"]
    assert label_set(["a"], "bilou") == ["O", "B-a", "I-a", "L-a", "U-a"]
    assert [a.shape for a in transition_constraints([], "iob2")] == [(0,), (0, 0), (0,)]


def test_the_schemes_write_the_same_spans_each_in_their_way():
    spans = [(0, 1, "A"), (1, 3, "A"), (4, 7, "B")]
    assert {s: " ".join(encode(spans, 8, s)) for s in SCHEMES} == {
        "iob1": "I-A B-A I-A O I-B I-B I-B O",
        "iob2": "B-A B-A I-A O B-B I-B I-B O",
        "bioes": "S-A B-A E-A O B-B I-B E-B O",
        "bilou": "U-A B-A L-A O B-B I-B L-B O",
    }


@pytest.mark.parametrize(
    ("tags", "scheme", "spans", "repairs"),
    [
        ("O I-A I-A O", "iob2", [(1, 3, "A")], 1),
        ("B-A I-B", "iob2", [(0, 1, "A"), (1, 2, "B")], 1),
        ("I-A I-B B-B", "iob1", [(0, 1, "A"), (1, 2, "B"), (2, 3, "B")], 0),
        ("B-A", "iob1", [(0, 1, "A")], 1),
        ("O E-A", "bioes", [(1, 2, "A")], 1),
        ("B-A I-A", "bioes", [(0, 2, "A")], 1),
        ("B-A O U-A", "bilou", [(0, 1, "A"), (2, 3, "A")], 1),
    ],
)
def test_repairs(tags, scheme, spans, repairs):
    assert decode(tags.split(), scheme) == (spans, repairs)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_detect(scheme):
    spans = [(0, 1, "A"), (1, 3, "A"), (4, 7, "B")]
    assert detect([["O"], encode(spans, 8, scheme), []]) == scheme


@pytest.mark.parametrize("scheme", SCHEMES)
@given(corpus=st.lists(sequences(), max_size=4))
def test_the_detected_scheme_reads_any_well_formed_corpus(scheme, corpus):
    sentences = [encode(spans, length, scheme) for spans, length in corpus]
    found = detect(sentences)
    assert [decode(tags, found) for tags in sentences] == [(s, 0) for s, _ in corpus]


def test_detect_where_both_iob_schemes_fit_or_neither_does():
    assert detect([]) == detect([["O", "-", ""]]) == "iob2"
    assert detect([["B-A", "I-A"], ["B-A", "I-A"], ["I-A"]]) == "iob2"
    assert detect([["I-A", "I-A"], ["I-A", "O"], ["B-A"]]) == "iob1"


def test_tags_of_a_scheme():
    assert split_tag("B-a-b") == ("B", "a-b")
    assert is_tag("E-A", "bioes")
    assert not is_tag("E-A", "iob2")
    assert not is_tag("B-", "iob2")
    assert not is_tag("BI-A", "iob2")
    assert is_tag("anything", "raw")
    assert expected_tags("bilou") == "O, B-LABEL, I-LABEL, L-LABEL or U-LABEL"


@pytest.mark.parametrize(
    "spans", [[(0, 2, "A"), (1, 3, "B")], [(2, 2, "A")], [(2, 4, "A")], [(-1, 1, "A")]]
)
def test_spans_that_cannot_be_written(spans):
    with pytest.raises(BirnnError, match=r"^\[B101\]"):
        encode(spans, 3, "iob2")


def test_unknown_tags_and_schemes():
    with pytest.raises(BirnnError, match=r"^\[B102\].*'PER'"):
        decode(["O", "PER"], "iob2")
    for use in (encode, decode):
        with pytest.raises(BirnnError, match=r"^\[B103\].*'bio'.*iob1"):
            use(*([[], 0] if use is encode else [["O"]]), "bio")
    with pytest.raises(BirnnError, match=r"^\[B103\]"):
        transition_constraints([], "bio")


def test_constraints_are_numpy():
    assert all(
        isinstance(a, numpy.ndarray) for a in transition_constraints(["O"], "iob2")
    )
