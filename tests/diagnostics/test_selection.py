"""The texts worth annotating next: how unsure, in which order, and none twice."""

import math

import pytest
import spacy
from spacy.tokens import Doc

from spacy_birnn.diagnostics.selection import (
    LEAST_RESERVE,
    MEASURES,
    Selected,
    select,
    uncertainties,
    without_duplicates,
)
from spacy_birnn.errors import BirnnError

from ..pipeline.toys import config, examples, found, texts, trained

every_measure = pytest.mark.parametrize("by", MEASURES)

POOL = [
    "Anna Berg lives in Old Harbour .",
    "It often rains there .",
    "Berg rains May",
    "",
    "Otto in Harbour hired",
    " \n ",
    "Old May hired Anna there",
]


def docs_of(nlp, lines):
    return [nlp.make_doc(line) for line in lines]


def chosen_texts(chosen):
    return [item.doc.text for item in chosen]


def test_uncertainties_equal_enumeration():
    nlp = trained(steps=6)
    pipe = nlp.get_pipe("birnn_ner")
    docs = [Doc(nlp.vocab, words=line.split()) for line in ("Anna rains", "Old May in")]
    every = pipe.k_best(docs, k=1000)
    for doc, readings, entropy, margin in zip(
        docs, every, uncertainties(pipe, docs), uncertainties(pipe, docs, "margin")
    ):
        probabilities = [math.exp(log) for _, log in readings]
        assert sum(probabilities) == pytest.approx(1.0)
        nats = -sum(p * math.log(p) for p in probabilities if p)
        assert entropy == pytest.approx(nats / len(doc), rel=1e-6)
        best, second = probabilities[:2]
        assert margin == pytest.approx(1.0 - (best - second), rel=1e-6)


@every_measure
def test_documents_without_words_and_with_one_reading(by):
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_tagger", config=config())
    nlp.initialize(lambda: examples(nlp, "tag"))
    pipe = nlp.get_pipe("birnn_tagger")
    docs = docs_of(nlp, ["", "Anna", " \n"])
    values = uncertainties(pipe, docs, by)
    assert [math.isnan(value) for value in values] == [True, False, True]


def test_one_possible_reading_is_no_uncertainty():
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_tagger", config=config())
    nlp.initialize(lambda: examples(nlp, "tag"))
    pipe = nlp.get_pipe("birnn_tagger")
    pipe.cfg["masked"] = list(pipe.labels[1:])  # all labels but one
    docs = docs_of(nlp, ["Anna Berg"])
    assert uncertainties(pipe, docs) == [0.0]
    assert uncertainties(pipe, docs, "margin") == [0.0]


@every_measure
def test_the_least_sure_come_first(by):
    nlp = trained(steps=12)
    pipe = nlp.get_pipe("birnn_ner")
    docs = docs_of(nlp, POOL)
    values = uncertainties(pipe, docs, by)
    chosen = select(nlp, docs, 3, by=by)
    ranked = sorted(
        (i for i, value in enumerate(values) if not math.isnan(value)),
        key=lambda i: -values[i],
    )
    assert [item.index for item in chosen] == ranked[:3]
    for item in chosen:
        assert item.uncertainty == pytest.approx(values[item.index], rel=1e-6)
        assert item.doc.text == POOL[item.index]
        assert found(item.doc) == found(nlp(POOL[item.index]))
    assert 0 not in ranked[:3]  # it was learned by heart


@every_measure
def test_all_where_there_are_not_enough(by):
    nlp = trained(steps=12)
    chosen = select(nlp, docs_of(nlp, POOL), 100, by=by)
    assert sorted(item.index for item in chosen) == [0, 1, 2, 4, 6]
    assert select(nlp, [], 5, by=by) == []


def test_the_temperature_counts():
    nlp = trained(steps=12)
    pipe, docs = nlp.get_pipe("birnn_ner"), docs_of(nlp, POOL[:3])
    before = uncertainties(pipe, docs)
    pipe.temperature = 3.0
    assert all(b > a for a, b in zip(before, uncertainties(pipe, docs)))


def test_near_duplicates_are_left_out():
    nlp = trained(steps=12)
    lines = [
        "Berg rains May",
        "berg rains may",
        "Old May hired 25 of 1990",
        "Old May hired 13 of 1870",
        "It often rains there .",
    ]
    chosen = select(nlp, docs_of(nlp, lines), 5)
    assert len(chosen) == 3
    assert {item.index // 2 for item in chosen} == {0, 1, 2}
    assert len(select(nlp, docs_of(nlp, lines), 5, similarity=1.1)) == 5
    # the less sure one of each pair stays
    values = uncertainties(nlp.get_pipe("birnn_ner"), docs_of(nlp, lines))
    for item in chosen:
        pair = [i for i in range(5) if i // 2 == item.index // 2]
        assert values[item.index] == max(values[i] for i in pair)


def test_similarity_is_that_of_jaccard():
    nlp = spacy.blank("en")
    docs = docs_of(nlp, ["a b c d", "a b c e", "a b c d e", "f"])
    ranked = [Selected(doc, i, 1.0) for i, doc in enumerate(docs)]

    def kept(similarity, n=4):
        return [item.index for item in without_duplicates(ranked, n, similarity)]

    assert kept(0.8) == [0, 1, 3]  # 4 of 5
    assert kept(0.81) == [0, 1, 2, 3]
    assert kept(0.6) == [0, 3]  # 3 of 5
    assert kept(0.01) == [0, 3]  # no word in common
    assert kept(0.8, n=2) == [0, 1]
    assert kept(0.8, n=3) == [0, 1, 3]


def test_more_than_is_held():
    nlp = trained(steps=12)
    lines = [POOL[i % 3] for i in range(LEAST_RESERVE + 50)]
    (chosen,) = select(nlp, docs_of(nlp, lines), 1, similarity=2.0)
    values = uncertainties(nlp.get_pipe("birnn_ner"), docs_of(nlp, lines[:3]))
    assert chosen.doc.text == POOL[values.index(max(values))]


def test_docs_are_read_once_as_a_stream():
    nlp = trained(steps=6)
    stream = (nlp.make_doc(text) for text in texts())
    assert len(select(nlp, stream, 2)) == 2
    assert next(stream, None) is None


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"by": "luck"}, "B442.*luck.*entropy, margin"),
        ({"n": 0}, "B443.* 0 "),
        ({"similarity": 0.0}, "B444.*0.0"),
        ({"similarity": math.nan}, "B444"),
        ({"component": "other"}, "B441.*birnn_ner.*'other'"),
    ],
)
def test_arguments_out_of_range(arguments, code):
    with pytest.raises(BirnnError, match=code):
        select(trained(steps=6), [], **{"n": 1, **arguments})


def test_several_components_must_be_told_apart():
    nlp = spacy.blank("en")
    for factory in ("birnn_tagger", "birnn_ner"):
        nlp.add_pipe(factory, config=config())
    nlp.initialize(lambda: [*examples(nlp, "ents"), *examples(nlp, "tag")])
    with pytest.raises(BirnnError, match=r"B441.*birnn_tagger, birnn_ner"):
        select(nlp, [], 1)
    for component in ("birnn_tagger", "birnn_ner"):
        (chosen,) = select(nlp, docs_of(nlp, ["Anna"]), 1, component=component)
        (value,) = uncertainties(nlp.get_pipe(component), [chosen.doc])
        assert chosen.uncertainty == pytest.approx(value)


def test_a_pipeline_that_is_not_ours():
    with pytest.raises(BirnnError, match=r"B440.*none"):
        select(spacy.blank("en"), [], 1)


@every_measure
def test_sentences_of_a_later_component_do_not_count(by):
    """The component read the text as one sequence."""
    text = "Old May hired Anna . It rains there . Otto lives in May ."
    nlp = trained(steps=6)
    (alone,) = select(nlp, docs_of(nlp, [text]), 1, by=by)
    nlp.add_pipe("sentencizer")
    (split,) = select(nlp, docs_of(nlp, [text]), 1, by=by)
    assert len(list(split.doc.sents)) == 3
    assert split.uncertainty == alone.uncertainty
    nlp.remove_pipe("sentencizer")
    nlp.add_pipe("sentencizer", first=True)
    nlp.rename_pipe("birnn_ner", "names")
    (known,) = select(nlp, docs_of(nlp, [text]), 1, by=by)
    assert known.uncertainty != alone.uncertainty
