"""`birnn_chunker`: groups of spans."""

import pytest
import spacy
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example

from spacy_birnn.errors import BirnnError

from .toys import SENTENCES, config, doc_of, examples, shake, train, trained, untrained


def spans(doc, key="chunks"):
    return [(s.start, s.end, s.label_) for s in doc.spans[key]]


def test_scores_only_when_confidence_is_wanted():
    doc = trained("birnn_chunker", confidence=True)(SENTENCES[0][0])
    scores = doc.spans["chunks"].attrs["scores"]
    assert len(scores) == len(doc.spans["chunks"]) == 4
    assert all(type(score) is float and 0.5 < score <= 1.0 for score in scores)
    assert not doc.user_data
    doc = trained("birnn_chunker")(SENTENCES[0][0])
    assert "scores" not in doc.spans["chunks"].attrs


def test_another_key():
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("birnn_chunker", config=config(spans_key="slots"))
    data = examples(nlp, "spans")
    for example in data:
        example.reference.spans["slots"] = list(example.reference.spans.pop("chunks"))
    nlp.initialize(lambda: data)
    assert pipe.labels == ("NP", "PP", "VP")
    train(nlp, data, 40)
    doc = nlp(SENTENCES[1][0])
    assert spans(doc, "slots") == spans(data[1].reference, "slots")
    assert "chunks" not in doc.spans
    assert nlp.evaluate(data)["spans_slots_f"] == 1.0


def test_earlier_spans_stay_unless_overwritten():
    for overwrite in (False, True):
        nlp = trained("birnn_chunker", confidence=True, overwrite=overwrite)
        alone = spans(nlp(SENTENCES[0][0]))
        doc = doc_of(nlp, SENTENCES[0][0])
        given = Span(doc, 2, 4, label="MINE", kb_id="Q1")
        attrs = {"scores": [0.25], "source": "me"}
        doc.spans["chunks"] = SpanGroup(doc, name="chunks", attrs=attrs, spans=[given])
        doc.spans["other"] = [given]
        nlp(doc)
        group = doc.spans["chunks"]
        assert len(group.attrs["scores"]) == len(group)
        if overwrite:
            assert spans(doc) == alone
            assert "source" not in group.attrs
        else:
            assert spans(doc) == [(0, 2, "NP"), (2, 4, "MINE"), (4, 6, "NP")]
            assert (group.attrs["scores"][1], group.attrs["source"]) == (0.25, "me")
            assert group[1].kb_id_ == "Q1"
        assert spans(doc, "other") == [(2, 4, "MINE")]


def test_scores_of_earlier_spans_stay_without_confidences():
    nlp = trained("birnn_chunker")
    doc = doc_of(nlp, SENTENCES[0][0])
    group = SpanGroup(doc, name="chunks", attrs={"scores": [0.25]})
    group.append(Span(doc, 2, 4, label="MINE"))
    doc.spans["chunks"] = group
    assert nlp(doc).spans["chunks"].attrs == {"scores": [None, 0.25, None]}
    assert nlp(SENTENCES[0][0]).spans["chunks"].attrs == {}


def test_spans_of_unknown_confidence():
    nlp = trained("birnn_chunker", confidence=True)
    doc = doc_of(nlp, SENTENCES[0][0])
    doc.spans["chunks"] = [Span(doc, 3, 4, label="A"), Span(doc, 2, 4, label="B")]
    nlp(doc)
    assert spans(doc)[1:3] == [(2, 4, "B"), (3, 4, "A")]
    assert doc.spans["chunks"].attrs["scores"][1:3] == [None, None]


def test_spans_do_not_overlap_and_are_in_order():
    nlp = untrained("birnn_chunker")
    for _ in range(5):
        shake(nlp)
        found = spans(nlp("a b  c d \n e f g"))
        for before, after in zip(found, found[1:]):
            assert before[1] <= after[0]


def test_spans_that_overlap_cannot_be_learned():
    nlp = untrained("birnn_chunker")
    example = examples(nlp, "spans")[0]
    reference = example.reference
    reference.spans["chunks"] = [
        Span(reference, 0, 3, label="NP"),
        Span(reference, 2, 4, label="VP"),
    ]
    with pytest.raises(BirnnError, match=r"^\[B025\].*'lives in' \(token 2\)"):
        nlp.update([example])


def test_scores_of_gold_that_is_absent():
    nlp = trained("birnn_chunker")
    bare = Doc(nlp.vocab, words=["Anna"])
    scores = nlp.evaluate([Example(bare, bare.copy())])
    assert scores["spans_chunks_seqeval_f"] is None


def test_the_group_of_candidates_is_taken():
    nlp = spacy.blank("en")
    with pytest.raises(BirnnError, match=r"^\[B499\] .*'birnn_candidates' is"):
        nlp.add_pipe("birnn_chunker", config=config(spans_key="birnn_candidates"))
