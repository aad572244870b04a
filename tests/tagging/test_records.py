import json

from spacy.tokens import Doc, Span, SpanGroup, Token

from spacy_birnn.tagging.records import Layout, to_record
from spacy_birnn.tagging.targets import Target

ENTS, CHUNKS, TAG, POS = (
    Target("ents"),
    Target("spans", "chunks"),
    Target("tag"),
    Target("pos"),
)


def test_record_of_entities(doc):
    assert to_record(doc, [ENTS]) == {
        "text": "Ada Lovelace  left London.",
        "ents": [
            {"start": 0, "end": 12, "label": "PER"},
            {"start": 19, "end": 25, "label": "LOC"},
        ],
    }
    assert to_record(doc, [ENTS])["ents"] == doc.to_json()["ents"]


def test_record_of_spans(doc):
    spans = to_record(doc, [CHUNKS])["spans"]
    assert list(spans) == ["chunks"]
    first, second = spans["chunks"]
    assert first == {"start": 0, "end": 14, "label": "NP"}
    assert doc.text[second["start"] : second["end"]] == "left"
    assert to_record(doc, [Target("spans", "np")])["spans"] == {"np": []}


def test_record_of_tags(doc):
    record = to_record(doc, [TAG, POS])
    assert record["tokens"] == ["Ada", "Lovelace", " ", "left", "London", "."]
    assert record["tags"] == ["NNP", "NNP", "_SP", "VBD", "NNP", "."]
    assert record["pos"][:2] == ["PROPN", "PROPN"]
    assert "ents" not in record


def test_confidence_where_it_is_on(doc):
    for kind in (Span, Token):
        if not kind.has_extension("confidence"):
            kind.set_extension("confidence", default=None)
    doc.ents[0]._.confidence = 0.75
    doc[0]._.confidence = 0.5
    doc.spans["chunks"] = SpanGroup(
        doc, spans=list(doc.spans["chunks"]), attrs={"scores": [0.25, 1.0]}
    )
    record = to_record(doc, [ENTS, CHUNKS, TAG])
    assert [ent.get("confidence") for ent in record["ents"]] == [0.75, None]
    assert [span["confidence"] for span in record["spans"]["chunks"]] == [0.25, 1.0]
    assert record["confidence"] == [0.5, None, None, None, None, None]
    json.dumps(record)


def test_custom_attributes(nlp):
    Token.set_extension("written", default=None)
    try:
        doc = Doc(nlp.vocab, words=["a", "b"])
        doc[0]._.written = "X"
        assert to_record(doc, [Target("_.written")])["tags"] == ["X", ""]
    finally:
        Token.remove_extension("written")


def test_labels_with_tabs_and_line_ends_are_one_cell(doc):
    """Those of other components: ours have none."""
    doc.ents = [Span(doc, 0, 2, label="A\tB\nC")]
    assert Layout(doc).column(ENTS)[:2] == ["B-A B C", "I-A B C"]
