"""Documents cut into sentences."""

import numpy
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_birnn.distillation.pieces import Cutter, split

NLP = spacy.blank("en")


def cut(doc, inside=()):
    flags = numpy.zeros(len(doc), dtype=bool)
    flags[list(inside)] = True
    return [doc[first:end].text for first, end in Cutter()(doc, flags)]


def test_punctuation_ends_a_sentence():
    doc = NLP.make_doc("Ada left. Did Emmy? Yes")
    assert cut(doc) == ["Ada left.", "Did Emmy?", "Yes"]
    assert not doc.has_annotation("SENT_START")


def test_sentence_starts_that_are_there_count():
    words = ["a", ".", "b", "c"]
    doc = Doc(NLP.vocab, words=words, sent_starts=[True, False, False, True])
    assert cut(doc) == ["a . b", "c"]


def test_no_span_is_cut():
    doc = NLP.make_doc("In St. Louis it rains. Yes")
    starts = [token.i for token in doc if token.text in ("Louis", "Yes")]
    assert cut(doc, starts) == ["In St. Louis it rains. Yes"]


def test_what_has_no_word_is_left_out():
    assert cut(NLP.make_doc("")) == cut(NLP.make_doc(" \n ")) == []
    words = ["a", ".", "\n\n", "b"]
    doc = Doc(NLP.vocab, words=words, sent_starts=[True, False, True, True])
    assert [text.strip() for text in cut(doc)] == ["a .", "b"]


@given(
    flags=st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60),
    longest=st.integers(1, 9),
)
def test_pieces_cover_all_in_order(flags, longest):
    inside = numpy.array([is_inside for _, is_inside in flags], dtype=bool)
    starts = numpy.array([start for start, _ in flags], dtype=bool) & ~inside
    bounds = split(starts, inside, longest)
    assert [i for first, end in bounds for i in range(first, end)] == list(
        range(len(flags))
    )
    for first, end in bounds:
        assert first == 0 or not inside[first]
        assert not starts[first + 1 : end].any()
        assert end - first <= longest or inside[first + longest]


@pytest.mark.parametrize(("n", "pieces"), [(200, 1), (201, 2), (401, 3)])
def test_long_ones_are_cut(n, pieces):
    doc = Doc(NLP.vocab, words=["word"] * n)
    assert len(cut(doc)) == pieces
