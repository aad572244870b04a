"""Look-up of words: exact form, lower case, digits as 0."""

import numpy
import pytest
from spacy.strings import get_string_id
from spacy.vectors import Vectors

from spacy_birnn.models.vectors import (
    RULES,
    coverage_line,
    find,
    look_up,
    no_own,
    row_finder,
    rows_to_vectors,
)

from .tiny import blank_vocab, make_vocab

TABLE = ["Paris", "paris", "the", "0000", "covid-00", "COVID-00", "Ab0"]


def search(form, table=TABLE, own=()):
    rows = {get_string_id(word): row for row, word in enumerate(table)}
    own = {get_string_id(word) for word in own}
    key = get_string_id(form)
    found = find(form, key, rows.get, own.__contains__)
    together = look_up([form], [key], rows.get, own.__contains__)
    assert together.keys == [found.key]
    assert together.rows.tolist() == [-1 if found.row is None else found.row]
    return found, RULES[found.rule]


@pytest.mark.parametrize(
    ("form", "word", "rule"),
    [
        ("Paris", "Paris", "exact"),
        ("paris", "paris", "exact"),
        ("PARIS", "paris", "lower"),
        ("The", "the", "lower"),
        ("1999", "0000", "digits"),
        ("١٩٩٩", "0000", "digits"),
        ("0000", "0000", "exact"),
        ("COVID-19", "COVID-00", "digits"),
        ("Covid-19", "covid-00", "digits"),
        ("Ab7", "Ab0", "digits"),
        ("covid-00", "covid-00", "exact"),
    ],
)
def test_order_of_the_rules(form, word, rule):
    found, name = search(form)
    assert name == rule
    assert found.row == TABLE.index(word)
    assert found.key == get_string_id(word)


def test_unknown_words_keep_their_own_key_and_numbers_share_one():
    for form in ("Berlin", "199", "x1"):
        found, name = search(form)
        assert (found.row, name) == (None, "unknown")
    assert search("Berlin")[0].key == get_string_id("Berlin")
    assert search("199")[0].key == search("271")[0].key == get_string_id("000")


def test_words_with_a_row_of_their_own_are_found_too():
    found, name = search("Berlin", own=["berlin"])
    assert (found.key, found.row, name) == (get_string_id("berlin"), None, "lower")
    assert search("Berlin", own=["berlin", "Berlin"])[1] == "exact"
    assert search("THE", own=["THE"])[0].row is None


@pytest.mark.parametrize(
    ("form", "looked_for"),
    [
        ("dog", ["dog"]),
        ("Dog", ["Dog", "dog"]),
        ("a1", ["a1", "a0", "a0"]),
        ("A1", ["A1", "a1", "A0", "a0"]),
    ],
)
def test_only_what_differs_is_looked_for(form, looked_for):
    asked = []
    find(form, get_string_id(form), asked.append, no_own)
    assert asked == [get_string_id(word) for word in looked_for]


def test_rows_to_vectors():
    vectors = make_vocab().vectors
    found = rows_to_vectors(vectors, ["the", "dog", "cat"], numpy.array([2, -1, 4]), 6)
    assert found.tolist() == [[3.0] * 6, [0.0] * 6, [5.0] * 6]
    assert found.dtype == numpy.float32
    assert not rows_to_vectors(vectors, ["a"], numpy.array([-1]), 6).any()
    found[:] = 9
    assert vectors.data.max() == 5.0


def test_an_empty_table_finds_nothing():
    vectors = blank_vocab().vectors
    assert row_finder(vectors)(get_string_id("the")) is None
    assert rows_to_vectors(vectors, ["the"], numpy.array([-1]), 4).shape == (1, 4)


def test_a_floret_table_finds_everything():
    vocab = blank_vocab()
    data = numpy.random.normal(size=(50, 6)).astype("f")
    vectors = Vectors(
        strings=vocab.strings,
        mode="floret",
        data=data,
        hash_count=2,
        minn=2,
        maxn=3,
        bow="<",
        eow=">",
    )
    row_of = row_finder(vectors)
    assert row_of(get_string_id("anything")) is not None
    forms = ["anything", "At", "1999"]
    found = rows_to_vectors(vectors, forms, numpy.array([0, -1, 0]), 6)
    numpy.testing.assert_allclose(found[0], vectors["anything"], atol=1e-6)
    numpy.testing.assert_allclose(found[2], vectors["1999"], atol=1e-6)
    assert not found[1].any()


def test_coverage_line():
    line = coverage_line("ner", [80, 10, 6, 4], ["Xyz", "qux"])
    assert line == (
        "ner: word vectors of 100 tokens: 80.0 % exact, 10.0 % lower, 6.0 % digits, "
        "4.0 % unknown (such as Xyz, qux)"
    )
    assert "(such as" not in coverage_line("ner", [1, 0, 0, 0], [])
    assert "0.0 % exact" in coverage_line("ner", [0, 0, 0, 0], [])
