"""Tags: accuracy and scores against the scorers', groups, confusions."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.training import Example

from spacy_birnn.diagnostics.bootstrap import Bootstrap
from spacy_birnn.diagnostics.tables import NONE
from spacy_birnn.diagnostics.tag_analysis import KNOWLEDGE, TagAnalysis
from spacy_birnn.diagnostics.training_words import TrainingWords
from spacy_birnn.scorers import seqeval_score, tag_prf

from .toys import VOCAB

TAGS = st.lists(st.tuples(*[st.sampled_from("NVA")] * 2), min_size=1, max_size=6)


def example(words, gold, predicted):
    sides = (predicted, gold)
    return Example(*(Doc(VOCAB, words=list(words), tags=list(tags)) for tags in sides))


@given(st.lists(TAGS, min_size=1, max_size=4))
@settings(deadline=None, max_examples=50)
def test_scores_are_those_of_the_scorers(docs):
    examples = [example("abcdef"[: len(d)], *zip(*d, strict=True)) for d in docs]
    analysis = TagAnalysis(examples, "tag", bootstrap=lambda n: Bootstrap(n, 5))
    total = analysis.total().model
    assert total.value == pytest.approx(
        seqeval_score(examples, target="tag")["tag_acc"]
    )
    by_tag = tag_prf(examples, "tag")
    assert {row.name for row in analysis.scores()} == set(by_tag)
    for row in analysis.scores():
        expected = by_tag[row.name]
        assert row.model.gold == expected["support"]
        assert row.model.value == pytest.approx(expected["f"])
        assert row.model.precision or pytest.approx(expected["p"]) == 0.0
        assert row.model.recall or pytest.approx(expected["r"]) == 0.0
    assert sum(analysis.confusion().values()) == total.gold
    assert len(analysis.errors()) == total.gold - total.right


def test_groups_by_what_training_knows():
    train = [example(["a", "b", "b", "c"], "NNVA", "NNVA")]
    found = example(["a", "b", "c", "d"], "NNNN", "NNAV")
    analysis = TagAnalysis([found], "tag", training=TrainingWords(train, "tag"))
    table = {row.name: row.model for row in analysis.groups()[0].rows}
    right = [(table[name].right, table[name].gold) for name in KNOWLEDGE]
    assert right == [(1, 1), (1, 1), (0, 1), (0, 1)]
    often = {r.name: r.model.value for r in analysis.groups()[1].rows}
    assert often == {"0": 0.0, "1": 0.5, "2–4": 1.0}


def test_words_that_the_pipeline_cuts_otherwise_are_misses():
    gold = Doc(VOCAB, words=["ab", "cd", "ef"], tags=["N", "N", "V"])
    predicted = Doc(
        VOCAB,
        words=["a", "b", "c", "d", "ef"],
        spaces=[False, True, False, True, False],
        tags=["N", "V", "N", "N", "V"],
    )
    analysis = TagAnalysis([Example(predicted, gold)], "tag")
    assert analysis.confusion() == {("N", NONE): 1, ("N", "N"): 1, ("V", "V"): 1}
    assert analysis.total().model.predicted == 2
    assert analysis.labels == ["N", "V"]


def test_missing_tags_and_sentences():
    gold = Doc(VOCAB, words=["a", "b", "c"], tags=["N", "", "V"], sent_starts=[1, 0, 1])
    predicted = Doc(VOCAB, words=["a", "b", "c"], tags=["V", "V", "V"])
    bare = Doc(VOCAB, words=["a"])
    examples = [Example(bare.copy(), bare), Example(predicted, gold)]
    (error,) = TagAnalysis(examples, "tag").records()
    assert (error["doc"], error["sentence"], error["text"]) == (1, 0, "a b")
    assert (error["word"], error["gold"], error["predicted"]) == ("a", "N", "V")


def test_who_errs():
    ours = example("abcd", "NNNN", "NVVN")
    theirs = example("abcd", "NNNN", "VVNN")
    analysis = TagAnalysis([ours], "tag", baseline=[theirs])
    found = {(r["word"], r["by"]) for r in analysis.records()}
    assert found == {("a", "baseline"), ("b", "both"), ("c", "model")}
    assert analysis.total().difference == 0.0
