import io
import json

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span, Token

from spacy_birnn.data.conll import ConllCorpus
from spacy_birnn.errors import BirnnError
from spacy_birnn.tagging.items import Context
from spacy_birnn.tagging.sinks import SINKS
from spacy_birnn.tagging.targets import Target

VOCAB = spacy.blank("en").vocab
ENTS, CHUNKS, TAG, POS = (
    Target("ents"),
    Target("spans", "chunks"),
    Target("tag"),
    Target("pos"),
)


def write(format, docs, targets):
    """Write docs, each with its context or a plain one, in two batches."""
    tagged = [item if isinstance(item, tuple) else (item, Context()) for item in docs]
    file = io.BytesIO()
    writer = SINKS[format].writer(file)
    for batch in (tagged[:1], tagged[1:]):
        writer.write(SINKS[format].pack(batch, targets))
    writer.finish()
    return file.getvalue()


def conll(docs, targets):
    return write("conll", docs, targets).decode()


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


def test_conll_tokens_never_start_a_document_or_a_file(tmp_path):
    words = ["-DOCSTART-", "-DOCSTART-s", "a-DOCSTART-", "\ufeff", "\ufeffa"]
    doc = Doc(VOCAB, words=words, tags=["-DOCSTART-", *"XXXX"])
    doc.set_ents([])
    path = tmp_path / "a.conll"
    path.write_text(conll([doc, doc], [TAG, ENTS]))
    reader = ConllCorpus(path, columns={"tag": 1}, docs="document")
    read = [example.reference for example in reader(spacy.blank("en"))]
    assert [[token.text for token in doc] for doc in read] == [words] * 2
    assert [token.tag_ for token in read[0]] == ["-DOCSTART-", *"XXXX"]


def test_conll_missing_tag_is_an_underscore():
    doc = Doc(VOCAB, words=["a", "b"], tags=["X", ""])
    assert conll([doc], [TAG]) == "a\tX\nb\t_\n\n"


def test_conll_custom_attribute():
    Token.set_extension("written", default=None)
    try:
        doc = Doc(VOCAB, words=["a", "b"])
        doc[0]._.written = "X"
        assert conll([doc], [Target("_.written")]) == "a\tX\nb\t_\n\n"
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
