from collections import Counter

import pytest

from spacy_birnn.data.tags import TagReader, read_values, tell_tags
from spacy_birnn.errors import BirnnError
from spacy_birnn.schemes import tag_pairs


def where(token):
    return f"x:{token + 1}"


def tell(*sentences, label=None):
    pairs = Counter()
    for tags in sentences:
        pairs.update(tag_pairs(tags.split()))
    return tell_tags(pairs, label)


@pytest.mark.parametrize(
    ("tags", "expected", "scheme"),
    [
        ("B-PER I-PER O", "B-PER I-PER O", "iob2"),
        ("b-PER i-PER o", "B-PER I-PER O", "iob2"),
        ("B_PER I_PER O", "B-PER I-PER O", "iob2"),
        ("B:PER I:PER O", "B-PER I-PER O", "iob2"),
        ("PER-B PER-I O", "B-PER I-PER O", "iob2"),
        ("I_PER I_PER B_PER", "B-PER I-PER B-PER", "iob1"),
        ("B I O", "B-ENTITY I-ENTITY O", "iob2"),
        ("B M E S", "B-ENTITY I-ENTITY I-ENTITY B-ENTITY", "bmes"),
        ("B-X M-X E-X W-X", "B-X I-X I-X B-X", "bmes"),
        ("b-x l-x u-x", "B-x I-x B-x", "bilou"),
        ("B-a-b I-a-b -", "B-a-b I-a-b ", "iob2"),
        ("- _ O", "  O", "iob2"),
    ],
)
def test_spellings_are_told(tags, expected, scheme):
    reader = tell(tags)
    found, repaired = reader.read(tags.split(), where, "column")
    assert found == expected.split(" ")
    assert repaired == []
    assert reader.name == scheme


@pytest.mark.parametrize("tags", ["NN VB", "PER O", "B-PER NN", "Q-X O", "B- O"])
def test_what_is_no_span_tag_is_never_told(tags):
    with pytest.raises(BirnnError, match=r"^\[B114\] x:\d: unknown tag"):
        tell(tags).read(tags.split(), where, "column")


def test_a_spelling_that_not_all_tags_have():
    reader = tell("B-PER PER-I O")
    assert reader.read(["B-PER", "PER-I"], where, "column")[0] == ["B-PER", "I-PER"]


def test_a_prefix_alone_needs_a_label():
    assert tell("B I O", label="X").canonical("B") == "B-X"
    assert TagReader("bioes").canonical("S") is None
    assert TagReader("bioes", "X").canonical("S") == "S-X"
    with pytest.raises(BirnnError, match=r"^\[B141\] x:1: "):
        TagReader("iob2").read(["B"], where, "column")


@pytest.mark.parametrize(
    ("scheme", "good", "bad"),
    [
        ("io", ["PER", "I-PER", "O", "NN"], ["B-PER", "S-x"]),
        ("bmes", ["M-X", "W-X", "S-X", "B-X", "E-X"], ["I-X", "L-X", "U-X", "PER"]),
        ("iob1", ["B-X", "I-X"], ["E-X", "M-X", "W-X"]),
        ("bioes", ["E-X", "S-X"], ["M-X", "L-X"]),
    ],
)
def test_declared_schemes(scheme, good, bad):
    reader = TagReader(scheme)
    assert all(reader.canonical(tag) for tag in good)
    assert not any(reader.canonical(tag) for tag in bad)


def test_values():
    assert read_values("tag", ["NN", "_", "-"], where) == ["NN", "", "-"]
    assert read_values("pos", ["NOUN", "_", "-"], where) == ["NOUN", "", ""]
    with pytest.raises(BirnnError, match=r"^\[B113\] x:2: 'B'"):
        read_values("pos", ["NOUN", "B", "A"], where)
