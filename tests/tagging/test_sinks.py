import io
import json

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span, SpanGroup, Token

from spacy_birnn.data.conll import create_conll_reader
from spacy_birnn.errors import BirnnError
from spacy_birnn.tagging.sinks import SINKS, to_record
from spacy_birnn.tagging.sources import Context
from spacy_birnn.tagging.targets import Target

VOCAB = spacy.blank("en").vocab
ENTS, CHUNKS, TAG, POS = (
    Target("ents"),
    Target("spans", "chunks"),
    Target("tag"),
    Target("pos"),
)


@pytest.fixture
def doc():
    doc = Doc(
        VOCAB,
        words=["Ada", "Lovelace", " ", "left", "London", "."],
        spaces=[True, True, False, True, False, False],
        tags=["NNP", "NNP", "_SP", "VBD", "NNP", "."],
        pos=["PROPN", "PROPN", "SPACE", "VERB", "PROPN", "PUNCT"],
    )
    doc.set_ents([Span(doc, 0, 2, "PER"), Span(doc, 4, 5, "LOC")])
    doc.spans["chunks"] = [Span(doc, 0, 3, "NP"), Span(doc, 3, 4, "VP")]
    return doc


def write(format, docs, targets):
    file = io.BytesIO()
    sink = SINKS[format](file, targets)
    for item in docs:
        sink.write(*item if isinstance(item, tuple) else (item, Context()))
    sink.finish()
    return file.getvalue()


def conll(docs, targets):
    return write("conll", docs, targets).decode()


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


def test_jsonl_lets_other_keys_pass_and_ours_win(doc):
    context = Context(meta={"id": 2**70, "text": "old", "ents": "old", "x": "é"})
    line = write("jsonl", [(doc, context)], [ENTS])
    record = json.loads(line)
    assert record["id"] == 2**70
    assert record["text"] == doc.text
    assert record["ents"][0]["label"] == "PER"
    assert "é".encode() in line
    assert line.count(b"\n") == 1


def test_conll_leaves_white_space_out(doc):
    assert conll([doc], [ENTS]) == (
        "Ada\tB-PER\nLovelace\tI-PER\nleft\tO\nLondon\tB-LOC\n.\tO\n\n"
    )


def test_conll_columns_end_with_entities(doc):
    rows = conll([doc], [ENTS, CHUNKS, TAG]).splitlines()
    assert rows[1:3] == ["Lovelace\tNNP\tI-NP\tI-PER", "left\tVBD\tB-VP\tO"]


def test_conll_documents_and_sentences():
    docs = [
        Doc(VOCAB, words=["a", "\n", "b"], sent_starts=[True, True, False]),
        Doc(VOCAB, words=["c"]),
        Doc(VOCAB, words=[]),
        Doc(VOCAB, words=["d"]),
    ]
    for doc in docs:
        doc.set_ents([])
    assert conll(docs, [ENTS]) == (
        "a\tO\n\nb\tO\n\n-DOCSTART-\n\nc\tO\n\n-DOCSTART-\n\n-DOCSTART-\n\nd\tO\n\n"
    )
    pieces = [(docs[1], Context()), (docs[3], Context(starts_document=False))]
    assert conll(pieces, [ENTS]) == "c\tO\n\nd\tO\n\n"


def test_conll_entity_over_a_sentence_start_is_iob2_in_both():
    doc = Doc(VOCAB, words=["a", "b", "c"], sent_starts=[True, True, False])
    doc.set_ents([Span(doc, 0, 3, "X")])
    assert conll([doc], [ENTS]) == "a\tB-X\n\nb\tB-X\nc\tI-X\n\n"


def test_conll_cells_are_never_split():
    doc = Doc(VOCAB, words=["New\tYork", "a b", "c\nd"])
    doc.set_ents([])
    assert conll([doc], [ENTS]) == "New York\tO\na b\tO\nc d\tO\n\n"


def test_conll_tokens_never_start_a_document(tmp_path):
    words = ["-DOCSTART-", "-DOCSTART-s", "a-DOCSTART-"]
    doc = Doc(VOCAB, words=words, tags=["-DOCSTART-", "X", "X"])
    doc.set_ents([])
    path = tmp_path / "a.conll"
    path.write_text(conll([doc, doc], [TAG, ENTS]))
    reader = create_conll_reader(path, {"tag": 1}, docs="document")
    read = [example.reference for example in reader(spacy.blank("en"))]
    assert [[token.text for token in doc] for doc in read] == [
        [" -DOCSTART-", " -DOCSTART-s", "a-DOCSTART-"]
    ] * 2
    assert [token.tag_ for token in read[0]] == [" -DOCSTART-", "X", "X"]


def test_conll_missing_tag_is_an_underscore():
    doc = Doc(VOCAB, words=["a", "b"], tags=["X", ""])
    assert conll([doc], [TAG]) == "a\tX\nb\t_\n\n"


def test_conll_custom_attribute():
    Token.set_extension("written", default=None)
    try:
        doc = Doc(VOCAB, words=["a", "b"])
        doc[0]._.written = "X"
        assert conll([doc], [Target("_.written")]) == "a\tX\nb\t_\n\n"
        assert to_record(doc, [Target("_.written")])["tags"] == ["X", ""]
    finally:
        Token.remove_extension("written")


def test_conll_refuses_spans_that_overlap(doc):
    doc.spans["chunks"] = [Span(doc, 0, 3, "NP"), Span(doc, 1, 4, "NP")]
    with pytest.raises(BirnnError, match=r"\[B212\] doc\.spans\['chunks'\]"):
        conll([doc], [CHUNKS])


def test_docbin_keeps_user_data_and_annotation(doc):
    doc.user_data["x"] = {"a": [1, "two"]}
    context = Context(meta={"id": 3, "text": "old"})
    data = write("spacy", [(doc, context)], [ENTS])
    (restored,) = DocBin().from_bytes(data).get_docs(VOCAB)
    assert restored.to_json() == doc.to_json()
    assert restored.user_data["x"] == {"a": (1, "two")}
    assert restored.user_data["id"] == 3
    assert "text" not in restored.user_data
    assert [span.label_ for span in restored.spans["chunks"]] == ["NP", "VP"]


def test_docbin_refuses_numbers_that_it_cannot_hold(doc):
    with pytest.raises(BirnnError, match=r"\[B218\] id"):
        write("spacy", [(doc, Context(meta={"id": 2**70}))], [ENTS])
