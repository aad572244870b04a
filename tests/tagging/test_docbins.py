import io
import pickle

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span, SpanGroup

from spacy_birnn.errors import BirnnError
from spacy_birnn.tagging.docbins import pack_docs, take_apart


@pytest.fixture
def docs(nlp, doc):
    """All that a doc can hold, and docs that hold nothing."""
    doc.user_data["x"] = {"a": [1, "two"]}
    doc.user_data["._.", "confidence", 0, 12] = 0.5
    doc.cats = {"news": 0.25}
    parsed = Doc(
        nlp.vocab,
        words=["She", "sleeps"],
        lemmas=["she", "sleep"],
        heads=[1, 1],
        deps=["nsubj", "ROOT"],
        morphs=["Case=Nom", ""],
        sent_starts=[True, False],
    )
    parsed[1].norm_ = "sleep-norm"
    span = Span(parsed, 0, 1, "PRON", kb_id="Q1", span_id="S1")
    parsed.set_ents([Span(parsed, 1, 2, "VERB", kb_id="Q2", span_id="S2")])
    parsed.spans["a"] = SpanGroup(parsed, spans=[span], attrs={"scores": [0.5]})
    parsed.spans["b"] = []
    return [doc, Doc(nlp.vocab), parsed, Doc(nlp.vocab, words=["a", "b"])]


def take_all(data, name="a.spacy"):
    return list(take_apart(io.BytesIO(data), name))


def test_packed_as_spacy_packs(docs):
    expected = DocBin(store_user_data=True, docs=docs).to_bytes()
    assert pack_docs(docs).to_bytes() == expected
    assert pack_docs([]).to_bytes() == DocBin(store_user_data=True).to_bytes()


def test_numbers_that_are_too_large(doc):
    doc.user_data.update({"id": 2**70, ("._.", "x", None, None): 1})
    with pytest.raises(BirnnError, match=r"\[B218\] id: "):
        pack_docs([doc])


def test_taken_apart_and_sent_it_is_the_same(docs):
    data = DocBin(store_user_data=True, docs=docs).to_bytes()
    vocab = spacy.blank("en").vocab
    sent = pickle.loads(pickle.dumps(take_all(data)))
    again = [packed.make_doc(vocab) for packed in sent]
    assert [len(packed) for packed in sent] == [len(doc) for doc in again]
    assert DocBin(store_user_data=True, docs=again).to_bytes() == data
    assert again[0].user_data["x"] == {"a": (1, "two")}


def test_each_doc_comes_with_its_own_strings(docs):
    """A doc is sent without those of all the others."""
    data = DocBin(docs=docs).to_bytes()
    first = take_all(data)[0].make_doc(spacy.blank("xx").vocab)
    assert "Lovelace" in first.vocab.strings
    assert "sleep-norm" not in first.vocab.strings
    assert "Q1" not in first.vocab.strings


def test_older_files_and_those_with_less(docs):
    docbin = DocBin(attrs=["TAG"], docs=docs)
    docbin.span_groups[0] = b""
    again = take_all(docbin.to_bytes())[0].make_doc(spacy.blank("en").vocab)
    assert [token.tag_ for token in again] == [token.tag_ for token in docs[0]]
    assert again.user_data == {}


def test_a_damaged_doc_is_told_when_it_is_made(docs):
    (packed,) = take_all(DocBin(docs=docs[:1]).to_bytes(), "bad.spacy")
    packed.tokens = packed.tokens[:, 1:]
    with pytest.raises(BirnnError, match=r"\[B124\] bad\.spacy: "):
        packed.make_doc(spacy.blank("en").vocab)
