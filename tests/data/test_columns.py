import pytest
import spacy

from spacy_birnn.data.arguments import WordFormat
from spacy_birnn.data.columns import read_blocks
from spacy_birnn.data.conll import ConllCorpus, read_words
from spacy_birnn.data.layout import tell_layout
from spacy_birnn.errors import BirnnError

NLP = spacy.blank("en")


def rows(text, sentence=None, **settings):
    layout, lines = tell_layout(text.split("\n"), "x", **settings)
    return [block.rows for block in read_blocks(lines, layout, "x", sentence)]


@pytest.mark.parametrize(
    ("text", "settings", "expected"),
    [
        ("a b\tO\n", {}, [["a b", "O"]]),
        ("a b\tO\n", {"separator": "blank"}, [["a", "b", "O"]]),
        ("a\u00a0b  \tO\n", {"separator": "blank"}, [["a\u00a0b", "O"]]),
        ("a b\tO\n", {"separator": "tab"}, [["a b", "O"]]),
        ("a b\n", {"separator": "tab"}, [["a b"]]),
        ("a\u00a0b  O\n", {}, [["a\u00a0b", "O"]]),
        ("a,O\nb,O\n", {}, [["a", "O"], ["b", "O"]]),
        ('",",O\n"""",O\n', {}, [[",", "O"], ['"', "O"]]),
        ("a;O\n;;\nb;O\n", {"separator": "semicolon"}, None),
        ("1,5 O\n2,7 O\n", {}, [["1,5", "O"], ["2,7", "O"]]),
        (", O\n. O\n", {}, [[",", "O"], [".", "O"]]),
        ("a,O\nb\n", {"separator": "blank"}, [["a,O"], ["b"]]),
    ],
)
def test_separators(text, settings, expected):
    found = rows(text, **settings)
    if expected is None:  # a row of separators alone ends a sentence
        assert found == [[["a", "O"]], [["b", "O"]]]
    else:
        assert found == [expected]


def test_the_usual_width_is_the_file_s():
    with pytest.raises(BirnnError, match=r"^\[B115\] x:1: 3 columns .* has 2"):
        rows("a b O\na O\nb O\n")


KAGGLE = (
    "Sentence #,Word,POS,Tag\nSentence: 1,Ann,NNP,B-per\n,left,VBD,O\n"
    'Sentence: 2,"10,000",CD,O\n,people,NNS,O\n'
)


def test_a_column_that_begins_sentences(tmp_path):
    path = tmp_path / "ner.csv"
    path.write_text(KAGGLE)
    columns = {"sentence": 0, "word": 1, "tag": 2, "ents": 3}
    docs = [eg.reference for eg in ConllCorpus(path, columns=columns, header=True)(NLP)]
    assert [[t.text for t in doc] for doc in docs] == [
        ["Ann", "left"],
        ["10,000", "people"],
    ]
    assert [t.tag_ for t in docs[1]] == ["CD", "NNS"]
    assert docs[0].ents[0].label_ == "per"


def test_a_long_comment_before_the_first_row():
    assert rows("# a long note\n" * 1500 + "a O\n") == [[["a", "O"]]]
    with pytest.raises(BirnnError, match=r"^\[B118\] x: "):
        rows("\n" * 1500 + "-DOCSTART- O\n")


def test_words_alone():
    sentences = list(read_words(["a O", "", "-DOCSTART- O", "", "b O"], "x"))
    assert [s.words for s in sentences] == [["a"], ["b"]]
    assert [s.starts_document for s in sentences] == [True, True]
    lines = ["1\ta\tO", "2\tb\tO", "3\tc\tO"]
    with pytest.warns(UserWarning, match=r"^\[W102\]"):
        assert [s.words for s in read_words(lines, "x")] == [["a", "b", "c"]]
    assert [s.words for s in read_words(lines, "x", WordFormat(1))] == [["a", "b", "c"]]
    for line, code in [("\tO", "B112"), ("a\tO\tx", "B115")]:
        with pytest.raises(BirnnError, match=rf"^\[{code}\] x:3: "):
            list(read_words(["a\tO", "b\tO", line], "x"))
    with pytest.raises(BirnnError, match=r"^\[B116\] x: .* column 7"):
        list(read_words(lines, "x", WordFormat(7)))


def test_running_text_is_told_from_columns():
    text = [
        "On Monday the firm hired two more people .",
        "Nobody knew .",
        "It rained .",
    ]
    layout, lines = tell_layout([*text[:2], text[0] + " It said so ."], "x")
    assert layout.is_prose
    with pytest.raises(BirnnError, match=r"^\[B494\] x looks like running text"):
        list(read_blocks(lines, layout, "x"))
    rows = ["a b c d e f O", "a b c d e f O", "a b c d e f O", "a O"]
    assert not tell_layout(rows, "x")[0].is_prose
    assert not tell_layout(["a x O", "b O"], "x")[0].is_prose
