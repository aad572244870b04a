"""Sentence starts and white space of a batch."""

import numpy
import pytest
import spacy
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_birnn.models import sentences as module
from spacy_birnn.models.sentences import DocBatch, portions

VOCAB = spacy.blank("xx").vocab


def make(words, starts=None):
    return Doc(VOCAB, words=words, sent_starts=starts)


@pytest.mark.parametrize(
    ("words", "starts", "lengths", "without"),
    [
        ([], None, [], []),
        (["a"], None, [1], [1]),
        (["a", "b", "c"], None, [3], [3]),
        (["a", "b", "c"], [True, False, True], [2, 1], [2, 1]),
        (["a", "b", "c"], [False, None, True], [2, 1], [2, 1]),
        (["a", " ", "c"], [True, False, True], [2, 1], [1, 1]),
        (["a", "\n", "c"], [True, True, True], [1, 1, 1], [1, 1]),
        ([" ", "\t"], None, [2], []),
        ([" ", "a"], [True, True], [1, 1], [1]),
    ],
)
def test_one_document(words, starts, lengths, without):
    found = DocBatch([make(words, starts)]).sentences
    assert found.lengths == lengths
    assert found.space.tolist() == [word.isspace() for word in words]
    assert found.words_only().lengths == without
    assert not found.words_only().space.any()
    assert len(found.words_only().space) == sum(without)


@pytest.mark.parametrize(
    ("words", "starts", "lengths", "without"),
    [
        (["a", "\n", "b"], None, [3], [2]),
        (["a", "\n\n", "b"], None, [2, 1], [1, 1]),
        (["a", "\n\n", "b"], [True, False, False], [2, 1], [1, 1]),
        (["a", "\n", " ", "\r\n", "b", "c"], None, [4, 2], [1, 2]),
        (["a", "\r\n", "b", "\n", "c"], None, [5], [3]),
        (["\n\n", "a"], None, [1, 1], [1]),
        (["a", "\n\n"], None, [2], [1]),
    ],
)
def test_paragraphs_end_at_blank_lines(words, starts, lengths, without):
    batch = DocBatch([make(words, starts)])
    assert batch.paragraphs.lengths == lengths
    assert batch.paragraphs.words_only().lengths == without
    assert batch.sentences.lengths == [len(words)]


def test_blank_lines_are_those_of_one_document():
    """A line break that ends a document and one that begins the next are not two."""
    batch = DocBatch([make(["a", "\n"]), make(["\n", "b"])])
    assert batch.paragraphs.lengths == [2, 2]


def test_a_batch():
    docs = [make(["a", "b"]), make([]), make(["c", " ", "d"], [True, False, True])]
    found = DocBatch(docs).sentences
    assert found.lengths == [2, 2, 1]
    assert found.words_only().lengths == [2, 1, 1]
    assert found.space.tolist() == [False, False, False, True, False]


def test_no_documents():
    assert DocBatch([]).sentences.lengths == []
    assert DocBatch([make([])]).sentences.words_only().lengths == []


def test_nothing_is_copied_without_white_space():
    found = DocBatch([make(["a", "b"])]).sentences
    assert found.words_only() is found
    assert DocBatch([make(["a", "b"])]).paragraphs.lengths == [2]
    assert isinstance(found.space, numpy.ndarray)


def test_the_documents_stay_as_they_are():
    doc = make(["a", " ", "b"])
    assert DocBatch([doc]).sentences.lengths == [3]
    assert not doc.has_annotation("SENT_START")


def test_portions_keep_documents_whole(monkeypatch):
    monkeypatch.setattr(module, "PORTION", 5)
    docs = [make(["a"] * n) for n in (2, 2, 0, 1, 9, 0, 3, 0)]
    found = list(portions(iter(docs)))
    assert [[len(doc) for doc in portion] for portion in found] == [
        [2, 2, 0, 1],
        [9],
        [0, 3, 0],
    ]
    assert [doc for portion in found for doc in portion] == docs
    assert all(isinstance(portion, DocBatch) for portion in found)
    assert list(portions([])) == []


def test_a_portion_has_one_vocabulary():
    vocabs = [Vocab(), Vocab()]
    docs = [Doc(vocabs[i], words=["a"]) for i in (0, 0, 1, 0)]
    assert [len(portion) for portion in portions(docs)] == [2, 1, 1]
