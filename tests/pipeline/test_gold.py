"""What an example says of the predicted tokens, above all where they are others."""

import numpy
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_birnn.errors import BirnnError
from spacy_birnn.pipeline import gold
from spacy_birnn.pipeline.codec import BEGIN, INSIDE, MISSING, OUTSIDE

VOCAB = spacy.blank("en").vocab
TYPES = ["LOC", "PER"]
B, I, O, X = BEGIN, INSIDE, OUTSIDE, MISSING  # noqa: E741


def doc(words, **annotation):
    """A document without spaces, so that any tokenization fits any other."""
    return Doc(VOCAB, words=words, spaces=[False] * len(words), **annotation)


def entities(predicted, words, ents):
    example = Example(doc(predicted), doc(words, ents=ents))
    iob, types = gold.entities(example, TYPES.index)
    kept = (iob == BEGIN) | (iob == INSIDE)
    return iob.tolist(), [TYPES[i] for i in types[kept]]


def test_same_tokens():
    words = ["Anna", "in", "Rio", "Tinto"]
    ents = ["B-PER", "O", "B-LOC", "I-LOC"]
    assert entities(words, words, ents) == ([B, O, B, I], ["PER", "LOC", "LOC"])


@pytest.mark.parametrize(
    ("predicted", "iob"),
    [
        (["An", "na", "in", "Rio", "Tinto"], [B, I, O, B, I]),
        (["Anna", "in", "RioTinto"], [B, O, B]),
        (["Anna", "inRio", "Tinto"], [B, X, X]),  # a part of Rio Tinto is no entity
        (["AnnainRioTinto"], [X]),
        (["Anna", "in", " ", "Rio", " ", "Tinto"], [B, O, O, B, I, I]),
    ],
)
def test_other_tokens(predicted, iob):
    words = ["Anna", "in", "Rio", "Tinto"]
    found, _ = entities(predicted, words, ["B-PER", "O", "B-LOC", "I-LOC"])
    assert found == iob


def test_missing_entities():
    words = ["a", "b", "c", "d"]
    ents = ["", "B-LOC", "I-LOC", ""]
    assert entities(words, words, ents)[0] == [X, B, I, X]
    assert entities(["a", "bc", "d"], words, ents)[0] == [X, B, X]
    assert entities(["a", "b", "cd"], words, ents)[0] == [X, X, X]
    for tags in (["U-LOC", "-", "O", "-"], ["U-LOC", None, "O", None]):
        example = Example.from_dict(doc(words), {"entities": tags})
        assert gold.entities(example, TYPES.index)[0].tolist() == [B, X, O, X]


def test_an_unannotated_document_is_missing_and_an_empty_one_is_outside():
    words = ["a", "b"]
    bare = Example(doc(words), doc(words))
    assert gold.entities(bare, TYPES.index)[0].tolist() == [X, X]
    reference = doc(words)
    reference.ents = []
    known = Example(doc(words), reference)
    assert gold.entities(known, TYPES.index)[0].tolist() == [O, O]


def test_blocked_tokens_are_known_to_be_no_entity():
    reference = doc(["a", "b", "c"])
    reference.set_ents([], blocked=[reference[1:2]], default="missing")
    example = Example(doc(["a", "b", "c"]), reference)
    assert gold.entities(example, TYPES.index)[0].tolist() == [X, O, X]
    example = Example(doc(["a", "bc"]), reference)
    assert gold.entities(example, TYPES.index)[0].tolist() == [X, X]


pieces = st.lists(st.integers(1, 3), min_size=1, max_size=6)


@given(data=st.data())
def test_alignment_never_invents(data):
    """Every aligned span covers the text of a gold one; known outside stays outside."""
    text = "abcdefghijkl"[: data.draw(st.integers(1, 12))]

    def cut():
        cuts = data.draw(st.sets(st.integers(1, max(len(text) - 1, 1))))
        at = [0, *sorted(cuts & set(range(1, len(text)))), len(text)]
        return [text[i:j] for i, j in zip(at, at[1:])]

    words, predicted = cut(), cut()
    kind = st.sampled_from(["O", "", "B-PER", "I-PER", "B-LOC"])
    ents = [data.draw(kind) for _ in words]
    for i, tag in enumerate(ents):
        before = ents[i - 1] if i else ""
        if tag == "I-PER" and not before.endswith("PER"):
            ents[i] = "B-PER"
    reference = doc(words, ents=ents)
    example = Example(doc(predicted), reference)
    iob, types = gold.entities(example, TYPES.index)
    assert len(iob) == len(types) == len(predicted)

    def characters(document, codes, kinds):
        out = []
        for token, code, label in zip(document, codes, kinds):
            begin = (BEGIN if code == BEGIN else code, label)
            inside = (INSIDE if code in (BEGIN, INSIDE) else code, label)
            out += [begin] + [inside] * (len(token) - 1)
        return out

    truth = characters(
        reference,
        [token.ent_iob for token in reference],
        [token.ent_type_ or None for token in reference],
    )
    kinds = [TYPES[k] if c in (B, I) else None for c, k in zip(iob, types)]
    for ours, true in zip(characters(example.predicted, iob, kinds), truth):
        assert ours[0] == MISSING or ours == true
    inside_after_missing = (iob[1:] == INSIDE) & (iob[:-1] == MISSING)
    assert not inside_after_missing.any()
    if words == predicted:
        assert iob.tolist() == [token.ent_iob for token in reference]


@pytest.mark.parametrize(
    ("iob", "rows", "expected"),
    [
        ([B, I, I], [0, 2], [B, I]),
        ([B, I, I], [1, 2], [B, I]),
        ([B, I, I], [2], [B]),
        ([B, B, I], [0, 2], [B, B]),
        ([B, O, B, I], [0, 3], [B, B]),
        ([X, B, I, X], [0, 2, 3], [X, B, X]),
        ([B, I, B], [0, 1], [B, I]),
        ([B], [], []),
    ],
)
def test_spans_begin_at_their_first_word(iob, rows, expected):
    found = gold.begin_at_words(numpy.array(iob), numpy.array(rows, dtype="int64"))
    assert found.tolist() == expected


# --- groups of spans ------------------------------------------------------------------


def group(predicted, words, spans, key="chunks"):
    reference = doc(words)
    if spans is not None:
        reference.spans[key] = [
            Span(reference, start, end, label=label) for start, end, label in spans
        ]
    example = Example(doc(predicted), reference)
    return gold.span_group(example, "chunks", TYPES.index)[0].tolist()


def test_a_group_that_is_absent_is_missing_and_an_empty_one_is_outside():
    words = ["a", "b"]
    assert group(words, words, None) == [X, X]
    assert group(words, words, [(0, 1, "LOC")], key="other") == [X, X]
    assert group(words, words, []) == [O, O]
    assert group(["ab"], words, None) == [X]
    assert group(["ab"], words, []) == [O]


def test_group_of_spans():
    words, spans = ["a", "b", "c"], [(1, 3, "PER"), (0, 1, "LOC")]
    assert group(words, words, spans) == [B, B, I]
    assert group(["a", "bc"], words, spans) == [B, B]
    assert group(["ab", "c"], words, spans) == [X, X]


@pytest.mark.parametrize("spans", [[(0, 2, "PER"), (1, 3, "LOC")], [(1, 1, "PER")]])
def test_spans_that_tags_cannot_say_are_an_error(spans):
    words = ["a", "b", "c"]
    with pytest.raises(BirnnError, match=r"^\[B025\] doc.spans\['chunks'\].*token 1"):
        group(words, words, spans)


# --- tags -----------------------------------------------------------------------------


def tags(predicted, words, values):
    example = Example(doc(predicted), doc(words, tags=values))
    return gold.tags(example, lambda d: [token.tag_ for token in d])


def test_tags():
    words, values = ["a", "b", "c"], ["N", "", "N"]
    assert tags(words, words, values) == ["N", None, "N"]
    assert tags(["a", "b", "c1"], ["a", "b", "c", "1"], [*values, "N"]) == [
        "N",
        None,
        "N",
    ]
    assert tags(["ab", "c"], words, ["N", "V", "N"]) == [None, "N"]
    assert tags(["ab", "c"], words, ["N", "", "N"]) == [None, "N"]
    assert tags(["abc"], words, ["N", "N", "N"]) == ["N"]
    assert tags(["a", "bb", "b"], ["a", "bbb"], ["N", "V"]) == ["N", "V", "V"]


def test_unknown_type_is_raised_through():
    with pytest.raises(ValueError, match="ORG"):
        entities(["a"], ["a"], ["B-ORG"])
    assert numpy.array_equal(gold.same_tokens(Example(doc(["a"]), doc(["a"]))), True)


def test_sentences_are_counted_in_the_references():
    references = [
        doc(["a", "b"]),
        doc([]),
        doc(["a"], sent_starts=[True]),
        doc(["a", "b", "c"], sent_starts=[True, False, True]),
        doc(["a", "b", "c"], sent_starts=[True, None, None]),
    ]
    for reference, count in zip(references, (1, 0, 1, 2, 1), strict=True):
        words = [token.text for token in reference]
        assert gold.count_sentences([Example(doc(words), reference)]) == count
    both = [Example(doc([]), reference) for reference in references]
    assert gold.count_sentences(both) == 5
