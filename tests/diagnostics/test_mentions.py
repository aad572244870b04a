"""Spans as characters of their sentence, whatever the tokens are."""

import pytest
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_birnn.diagnostics.mentions import Mention, read_sentences

from .toys import VOCAB, doc_of


def test_other_tokens_and_characters_beyond_the_basic_plane():
    gold = doc_of(["🎉Ada", "Lovelace", "left"], ["B-PER", "I-PER", "O"])
    words, spaces = (
        ["🎉", "Ada", "Love", "lace", "left"],
        [False, True, False, True, True],
    )
    predicted = Doc(
        VOCAB, words=words, spaces=spaces, ents=["O", "B-PER", "I-PER", "I-PER", "O"]
    )
    (sentence,) = read_sentences([Example(predicted, gold)], "ents")
    assert sentence.text == "🎉Ada Lovelace left"
    assert sentence.gold == [Mention(0, 13, "PER")]
    assert sentence.predicted == [Mention(1, 13, "PER")]
    assert sentence.surface(sentence.predicted[0]) == "Ada Lovelace"
    assert sentence.words(sentence.predicted[0]) == ["🎉Ada", "Lovelace"]


def test_a_span_that_crosses_a_sentence_is_split():
    doc = doc_of(
        ["a", "b", "c", "d"], ["O", "B-X", "I-X", "I-X"], [True, False, True, True]
    )
    first, second, third = read_sentences([Example(doc, doc)], "ents")
    assert first.gold == [Mention(2, 3, "X")]
    assert second.gold == [Mention(0, 1, "X", is_rest=True)]
    assert third.gold == third.predicted == [Mention(0, 1, "X", is_rest=True)]
    assert [s.number for s in (first, second, third)] == [0, 1, 2]


def test_white_space_at_the_edge_of_a_span_does_not_count():
    gold = doc_of(["Ada", "left"], ["B-PER", "O"])
    predicted = Doc(VOCAB, words=["Ada", "\n", "left"], ents=["B-PER", "I-PER", "O"])
    (sentence,) = read_sentences([Example(predicted, gold)], "ents")
    assert sentence.gold == sentence.predicted


def test_missing_annotation_is_neither_right_nor_wrong():
    gold = Doc(VOCAB, words=["Ada", "saw", "Oslo"], ents=["B-PER", "O", ""])
    predicted = doc_of(["Ada", "saw", "Oslo"], ["O", "O", "B-LOC"])
    unknown = Doc(VOCAB, words=["Ada"])
    examples = [Example(predicted, gold), Example(doc_of(["Ada"], ["B-PER"]), unknown)]
    (sentence,) = read_sentences(examples, "ents")
    assert (len(sentence.gold), sentence.predicted) == (1, [])


@pytest.mark.parametrize("has_scores", [True, False])
def test_groups_of_spans_and_their_scores(has_scores):
    doc = Doc(VOCAB, words=["a", "b", "c"])
    doc.spans["np"] = [Span(doc, 2, 3, "NP"), Span(doc, 0, 2, "NP")]
    if has_scores:
        doc.spans["np"].attrs["scores"] = [0.25, 0.75]
    (sentence,) = read_sentences([Example(doc, doc)], "spans", "np")
    found = [(m.start, m.end, m.confidence) for m in sentence.predicted]
    expected = [0.75, 0.25] if has_scores else [None, None]
    assert found == [(0, 3, expected[0]), (4, 5, expected[1])]
    assert read_sentences([Example(doc, doc)], "spans", "other") == []


def test_confidences_of_entities():
    doc = doc_of(["a", "b"], ["B-X", "B-Y"], confidences=[0.5, 0.75])
    (sentence,) = read_sentences([Example(doc, doc)], "ents")
    assert [m.confidence for m in sentence.predicted] == [0.5, 0.75]
