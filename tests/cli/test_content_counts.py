"""Counts of what documents hold."""

from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_birnn.cli.content_counts import ContentCounts


def test_the_first_labels_and_documents_without_any():
    vocab, counts = Vocab(), ContentCounts()
    docs = [Doc(vocab, words=["a", "b"], ents=[f"B-L{i}", "O"]) for i in range(12)]
    docs += [Doc(vocab, words=["a", "b"], ents=["B-L7", "I-L7"]), Doc(vocab)]
    assert list(counts.counting(docs)) == docs
    total, spans = counts.lines()
    assert total == "14 documents, 26 tokens."
    assert spans.startswith("13 spans: L7 2, L0 1, ")
    assert spans.endswith(", and 2 more labels; 1 document without any.")


def test_what_is_not_annotated_has_no_line():
    counts = ContentCounts()
    counts.add(Doc(Vocab(), words=["a"]))
    assert counts.lines() == ["1 document, 1 token."]
