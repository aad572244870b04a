"""Joined Docs keep what their parts have."""

import numpy
import pytest
import spacy
import torch
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span, Token
from spacy.training import Example

from spacy_birnn.data.neighbours import ALL, Neighbours, join, join_annotated
from spacy_birnn.nn.crf.chain import ChainScores
from spacy_birnn.pipeline.soft_labels import (
    SOFT_LABELS,
    SoftLabels,
    TeacherChain,
    attach,
)

NLP = spacy.blank("en")


def example(words, spaces=None, **annotation):
    predicted = Doc(NLP.vocab, words, spaces, sent_starts=starts(words))
    annotation.setdefault("sent_starts", starts(words))
    return Example(predicted, Doc(NLP.vocab, words, spaces, **annotation))


def starts(words):
    return [i == 0 for i in range(len(words))]


def sentences(n):
    """Sentences of two tokens, of which the first says which one it is."""
    return [example([str(i), "."]) for i in range(n)]


def test_only_the_reference_knows_where_sentences_begin():
    joined = join(sentences(3))
    assert joined.reference.text.split() == ["0", ".", "1", ".", "2", "."]
    assert [t.text for t in joined.predicted] == [t.text for t in joined.reference]
    assert not joined.predicted.has_annotation("SENT_START")
    assert [t.is_sent_start for t in joined.reference] == [True, False] * 3


def test_annotation_of_tokens():
    one = example(
        ["Ann", "ran"],
        tags=["N", "V"],
        pos=["PROPN", "VERB"],
        lemmas=["Ann", "run"],
        morphs=["Number=Sing", ""],
        heads=[1, 1],
        deps=["nsubj", "ROOT"],
        ents=["B-PER", "O"],
    )
    two = example(
        ["to", "Rome"],
        tags=["P", "N"],
        pos=["ADP", "PROPN"],
        lemmas=["to", "Rome"],
        morphs=["", ""],
        heads=[1, 1],
        deps=["case", "ROOT"],
        ents=["", "B-LOC"],
    )
    gold = join([one, two]).reference
    assert [t.tag_ for t in gold] == ["N", "V", "P", "N"]
    assert [t.pos_ for t in gold] == ["PROPN", "VERB", "ADP", "PROPN"]
    assert [t.lemma_ for t in gold] == ["Ann", "run", "to", "Rome"]
    assert [t.head.i for t in gold] == [1, 1, 3, 3]
    assert [t.dep_ for t in gold] == ["nsubj", "ROOT", "case", "ROOT"]
    assert [t.ent_iob_ for t in gold] == ["B", "O", "", "B"]  # "": not known
    assert [(ent.text, ent.label_) for ent in gold.ents] == [
        ("Ann", "PER"),
        ("Rome", "LOC"),
    ]


def test_entities_that_touch_stay_two():
    one, two = example(["in", "Rome"]), example(["Rome", "ran"])
    one.reference.ents = [Span(one.reference, 1, 2, "LOC")]
    two.reference.ents = [Span(two.reference, 0, 1, "LOC")]
    assert [ent.text for ent in join([one, two]).reference.ents] == ["Rome", "Rome"]


def test_groups_of_spans_unless_one_sentence_lacks_them():
    examples = sentences(3)
    for i, each in enumerate(examples):
        doc = each.reference
        doc.spans["chunks"] = [Span(doc, 0, 1, "NP")] if i else []
        if i:
            doc.spans["partial"] = []
    gold = join(examples).reference
    assert list(gold.spans) == ["chunks"]
    assert [(s.start, s.end, s.label_) for s in gold.spans["chunks"]] == [
        (2, 3, "NP"),
        (4, 5, "NP"),
    ]


@pytest.fixture
def slot():
    Token.set_extension("joined_slot", default=None)
    yield
    Token.remove_extension("joined_slot")


@pytest.mark.parametrize("spaces", [None, [False, False]])
def test_custom_attributes_of_tokens(slot, spaces):
    examples = [example([word, "x"], spaces) for word in ("a", "bcd", "e")]
    for i, each in enumerate(examples):
        each.reference[1]._.joined_slot = f"S{i}"
    gold = join(examples).reference
    assert [t._.joined_slot for t in gold] == [None, "S0", None, "S1", None, "S2"]


@pytest.mark.parametrize("spaces", [None, [False, True, False]])
def test_as_spacys_own_from_docs(spaces):
    docs = [
        example(words, spaces[: len(words)] if spaces else None, pos=["X"] * len(words))
        for words in (["a", "b", "c"], [], ["d", "\n"], ["e"])
    ]
    theirs = Doc.from_docs([eg.reference for eg in docs])
    ours = join(docs).reference
    assert ours.text == theirs.text
    assert (ours.to_array(ALL) == theirs.to_array(ALL)).all()


def test_soft_labels_of_all():
    chain = ChainScores(torch.zeros(1), torch.zeros(1, 1), torch.zeros(1))
    teacher = TeacherChain(["A"], chain)
    examples = sentences(3)
    for i, each in enumerate(examples):
        attach(each, SoftLabels(numpy.full((2, 1), i, "float16"), teacher))
    joined = join(examples).reference.user_data[SOFT_LABELS]
    assert joined.emissions[:, 0].tolist() == [0, 0, 1, 1, 2, 2]
    assert joined.teacher is teacher
    plain = join([*examples, *sentences(1)]).reference.user_data
    assert SOFT_LABELS not in plain


def test_norms_of_the_tokenizer():
    doc = NLP.make_doc("I can't go")
    other = NLP.make_doc("on")
    joined = join([Example(doc, doc.copy()), Example(other, other.copy())])
    assert [t.norm_ for t in joined.predicted] == ["i", "can", "not", "go", "on"]


def test_spaces_that_a_file_does_not_tell_stay_unknown():
    known, unknown = example(["a", "b"], [True, False]), example(["c"])
    assert not join([known, known]).reference.has_unknown_spaces
    assert join([known, unknown]).reference.has_unknown_spaces
    assert join([unknown, unknown]).predicted.has_unknown_spaces


def test_a_sentence_without_tokens():
    gold = join([example([]), example(["a"]), example([])])
    assert gold.reference.text.strip() == gold.predicted.text.strip() == "a"


def test_other_tokens_on_both_sides():
    words, gold = Doc(NLP.vocab, ["a-b", "c"]), Doc(NLP.vocab, ["a", "-", "b", "c"])
    gold.ents = [Span(gold, 0, 3, "X")]
    joined = join([Example(words, gold), Example(words.copy(), gold.copy())])
    tags = joined.get_aligned_ner()
    assert tags == ["U-X", "O", "U-X", "O"]


WORDS = st.lists(st.sampled_from(["a", "b", "\n"]), max_size=4)


@given(
    docs=st.lists(WORDS, min_size=2, max_size=6),
    are_spaces_known=st.booleans(),
    is_annotated=st.booleans(),
    data=st.data(),
)
def test_any_run_is_as_if_it_were_joined_alone(
    docs, are_spaces_known, is_annotated, data
):
    """Whatever the others have that were read with it."""
    examples = []
    for i, words in enumerate(docs):
        spaces = [i % 2 == 0] * len(words) if are_spaces_known else None
        annotation = {"pos": ["X"] * len(words)} if is_annotated and i % 2 else {}
        examples.append(example(words, spaces, **annotation))
    first = data.draw(st.integers(0, len(docs) - 2))
    last = data.draw(st.integers(first + 2, len(docs)))
    corpus = Neighbours(examples)
    joined, alone = corpus.join(first, last), join(examples[first:last])
    for ours, theirs in (
        (joined.predicted, alone.predicted),
        (joined.reference, alone.reference),
        (joined.reference, join_annotated([e.reference for e in examples[first:last]])),
    ):
        assert ours.text == theirs.text
        assert (ours.to_array(ALL) == theirs.to_array(ALL)).all()
    assert corpus.n_tokens(first, last) == len(joined)


def test_a_group_of_spans_that_a_later_sentence_lacks():
    examples = sentences(3)
    for each in examples[:2]:
        each.reference.spans["chunks"] = [Span(each.reference, 0, 1, "NP")]
    assert not join(examples).reference.spans
