"""Words as they arrive, in whatever pieces, and the rows that are written of them."""

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

from spacy_birnn.errors import BirnnError
from spacy_birnn.tagging.live import (
    Row,
    read_text,
    read_words,
    to_conll_row,
    to_json_row,
)

COLUMNS = "Ada\tNNP\r\nZürich NNP\n10\u00a0000 CD\n\n-DOCSTART- -X-\n😀  SYM\nend"
TEXT = "Ada sah Zürich. \n\n10\u00a0000 😀 end"


def cut(text, places):
    """The bytes of a text in pieces, cut anywhere, also inside of a character."""
    data = text.encode()
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in zip(bounds, bounds[1:])]


places = st.lists(st.integers(0, 200), max_size=8)


@given(places)
def test_words_of_columns_are_those_of_the_readers_of_files(places):
    want = [["Ada"], ["Zürich"], ["10\u00a0000"], None, None, ["😀"], ["end"]]
    assert list(read_words(cut(COLUMNS, places), None)) == want


def test_another_column():
    lines = [b"a NNP B-PER\n", b"b VB"]
    assert list(read_words(lines, 1)) == [["NNP"], ["VB"]]
    assert list(read_words(lines, -1)) == [["B-PER"], ["VB"]]
    with pytest.raises(BirnnError, match=r"^\[B479\] .*no column 2 in the line 'b VB'"):
        list(read_words(lines, 2))


@given(places)
def test_text_is_cut_at_blanks_and_lines(places):
    nlp = spacy.blank("de")
    found = list(read_text(cut(TEXT, places), nlp))
    words = [word for part in found for word in part or ["\n"]]
    lines = [[token.text for token in nlp(line.strip())] for line in TEXT.split("\n")]
    assert words == [*lines[0], "\n", "\n", *lines[2]]


@pytest.mark.parametrize("reader", [read_words, read_text])
def test_a_mark_of_utf_8_is_no_word_and_other_bytes_are_none(reader):
    argument = None if reader is read_words else spacy.blank("en")
    assert list(reader([b"\xef\xbb", b"\xbfAda"], argument)) == [["Ada"]]
    with pytest.raises(BirnnError, match=r"^\[B477\]"):
        list(reader([b"Ada\n", b"\xff\n"], argument))


def test_rows():
    row = Row(3, "a\tb", {"tag": None, "ents": "B-PER"}, {"tag": None, "ents": 0.5})
    word, *labels = to_conll_row(row).split("\t")  # a tab within would be a column
    assert (word[0], word[-1], labels) == ("a", "b", ["_", "B-PER"])
    assert to_json_row(row) == (
        '{"index": 3, "word": "a\\tb", "tag": null, "ents": "B-PER", '
        '"confidence": {"tag": null, "ents": 0.5}}'
    )
