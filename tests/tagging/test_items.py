import pickle
from itertools import count, islice

import pytest
import spacy
from spacy.tokens import Doc

from spacy_birnn.tagging.items import (
    CHUNK_SIZE,
    Chunk,
    Context,
    Item,
    Place,
    Words,
    cut,
)


def texts(*sizes):
    return [Item("x" * size, Context()) for size in sizes]


@pytest.mark.parametrize("words", [["Ada", "left", "."], ["Ada"], []])
@pytest.mark.parametrize("is_sentence", [True, False])
def test_words_become_the_doc_that_spacy_makes(words, is_sentence):
    vocab = spacy.blank("en").vocab
    starts = [True, *[False] * len(words)][: len(words)]
    expected = Doc(vocab, words=words, sent_starts=starts if is_sentence else None)
    doc = Words(words, is_sentence=is_sentence).make_doc(vocab)
    assert doc.to_bytes() == expected.to_bytes()
    assert doc.has_annotation("SENT_START") == expected.has_annotation("SENT_START")


def test_words_keep_their_spaces():
    vocab = spacy.blank("en").vocab
    assert Words(["Ca", "n't"], [False, True]).make_doc(vocab).text == "Can't "


def test_a_chunk_is_a_batch():
    items = texts(1, 2, 3, 4, 5)
    batches = [items[:2], items[2:4], items[4:]]
    assert list(cut(items, 2, 7)) == [Chunk(batch, 7) for batch in batches]
    assert list(cut(items, 5)) == [Chunk(items)]
    assert list(cut([], 5)) == []
    assert Chunk(items).size == 15


def test_a_chunk_of_long_documents_ends_before():
    items = texts(CHUNK_SIZE, 1, CHUNK_SIZE // 2, CHUNK_SIZE // 2, 1)
    assert [len(chunk.items) for chunk in cut(items, 100)] == [1, 3, 1]
    items = [Item(Words(["x"] * (CHUNK_SIZE // 10)), Context()) for _ in range(4)]
    assert [len(chunk.items) for chunk in cut(items, 100)] == [2, 2]


def test_what_was_read_before_an_error_comes_first():
    def broken():
        yield from texts(1, 2, 3)
        raise ValueError("bad line")

    chunks = cut(broken(), 2)
    assert [len(next(chunks).items), len(next(chunks).items)] == [2, 1]
    with pytest.raises(ValueError, match="bad line"):
        next(chunks)


def test_a_stream_is_read_as_it_is_needed():
    read = count()
    items = (Item(f"text {next(read)}", Context()) for _ in count())
    assert len(list(islice(cut(items, 4), 3))) == 3
    assert next(read) == 12


def test_items_can_be_sent():
    item = Item(Words(["Ada"], [True], True), Context({"id": 3}, False, Place(1, 2)))
    assert pickle.loads(pickle.dumps(item)) == item
