"""Which tokens take part in the sequences of a batch, and the way back."""

import numpy
import pytest
import spacy
import torch
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_birnn.models.sentences import DocBatch
from spacy_birnn.pipeline.sequences import Sequences

VOCAB = spacy.blank("xx").vocab
words = st.lists(st.sampled_from(["a", "b", " ", "\n", "\n\n"]), max_size=8)


def sequences_of(docs):
    return Sequences.of_words(DocBatch(docs).paragraphs)


def test_without_white_space_all_rows_take_part():
    found = sequences_of([Doc(VOCAB, words=["a", "b"]), Doc(VOCAB, words=["c"])])
    assert (found.lengths, found.rows, found.permitted) == ([2, 1], None, None)
    X = torch.rand(3, 2)
    assert found.select(X) is X
    assert found.tokens(1, 2) == (1, 2)
    assert found.permitted_on(torch.device("cpu")) is None


@given(texts=st.lists(words, max_size=4), data=st.data())
def test_spans_of_words_as_spans_of_tokens(texts, data):
    """The first and the last token are words; so are all that were in the span, and
    what lies between them is white space."""
    docs = [Doc(VOCAB, words=text) for text in texts]
    found = sequences_of(docs)
    tokens = [word for text in texts for word in text]
    kept = [i for i, word in enumerate(tokens) if not word.isspace()]
    assert sum(found.lengths) == len(kept)
    assert all(length > 0 for length in found.lengths)
    assert found.rows_per_doc(docs) == [
        sum(not word.isspace() for word in text) for text in texts
    ]
    flat = numpy.arange(len(tokens))
    assert found.select_array(flat).tolist() == kept
    assert found.select(torch.from_numpy(flat)).tolist() == kept
    if kept:
        start = data.draw(st.integers(0, len(kept) - 1))
        end = data.draw(st.integers(start + 1, len(kept)))
        first, last = found.tokens(start, end)
        inside = [i for i in range(first, last) if not tokens[i].isspace()]
        assert inside == kept[start:end]
        assert (first, last - 1) == (inside[0], inside[-1])


@pytest.mark.parametrize("given_mask", [False, True])
def test_without_labels(given_mask):
    permitted = numpy.array([[True, False, True], [True, True, True]])
    found = Sequences([2], permitted=permitted if given_mask else None)
    masked = found.without_labels([2], 3).permitted
    expected = [[True, not given_mask, False], [True, True, False]]
    assert masked.tolist() == expected
    assert permitted.all(0).tolist() == [True, False, True]  # a copy was changed
