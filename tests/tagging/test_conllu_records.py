import pytest
from spacy.tokens import Doc, Span
from spacy.training.converters import conllu_to_docs

from spacy_birnn.errors import BirnnError
from spacy_birnn.tagging.conllu_records import to_conllu_lines
from spacy_birnn.tagging.targets import Target

ENTS, CHUNKS = Target("ents"), Target("spans", "chunks")


def rows(lines):
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def test_columns(doc):
    lines = to_conllu_lines(doc, [CHUNKS, ENTS], True)
    assert lines[:2] == ["# newdoc", "# text = Ada Lovelace left London."]
    assert lines[-1] == ""
    assert rows(lines) == [
        ["1", "Ada", "_", "PROPN", "NNP", "_", "_", "_", "_", "name=B-PER|chunks=B-NP"],
        [
            *["2", "Lovelace", "_", "PROPN", "NNP", "_", "_", "_", "_"],
            "name=I-PER|chunks=I-NP",
        ],
        ["3", "left", "_", "VERB", "VBD", "_", "_", "_", "_", "name=O|chunks=B-VP"],
        [
            *["4", "London", "_", "PROPN", "NNP", "_", "_", "_", "_"],
            "name=B-LOC|chunks=O|SpaceAfter=No",
        ],
        ["5", ".", "_", "PUNCT", ".", "_", "_", "_", "_", "name=O|chunks=O"],
    ]


def test_spacy_reads_the_entities(doc):
    text = "\n".join(to_conllu_lines(doc, [ENTS], True)) + "\n"
    (read,) = conllu_to_docs(text, n_sents=1, no_print=True)
    found = [(ent.text, ent.label_) for ent in read.ents]
    assert found == [("Ada Lovelace", "PER"), ("London", "LOC")]
    assert [token.text for token in read] == ["Ada", "Lovelace", "left", "London", "."]


def test_sentences_heads_and_features(nlp):
    doc = Doc(
        nlp.vocab,
        words=["She", "left", ".", "Go", "!"],
        heads=[1, 1, 1, 3, 3],
        deps=["nsubj", "ROOT", "punct", "ROOT", "punct"],
        lemmas=["she", "leave", ".", "go", "!"],
        morphs=["Case=Nom", "", "", "", ""],
        sent_starts=[True, False, False, True, False],
    )
    doc.set_ents([])
    lines = to_conllu_lines(doc, [ENTS], False)
    assert lines.count("") == 2
    assert lines[0] == "# text = She left ."
    assert [(row[0], row[2], row[5], row[6], row[7]) for row in rows(lines)] == [
        ("1", "she", "Case=Nom", "2", "nsubj"),
        ("2", "leave", "_", "0", "root"),
        ("3", ".", "_", "2", "punct"),
        ("1", "go", "_", "0", "root"),
        ("2", "!", "_", "1", "punct"),
    ]


def test_cells_stay_cells(nlp):
    doc = Doc(nlp.vocab, words=["a\tb", "c|d"], spaces=[False, False])
    doc.set_ents([Span(doc, 0, 2, "X|Y=Z")])
    first, second = rows(to_conllu_lines(doc, [ENTS], True))
    assert (first[1], first[9]) == ("a b", r"name=B-X\pY-Z|SpaceAfter=No")
    assert second[9] == r"name=I-X\pY-Z"


def test_empty_docs_and_spans_that_overlap(nlp, doc):
    assert to_conllu_lines(Doc(nlp.vocab), [ENTS], True) == ["# newdoc"]
    doc.spans["chunks"] = [Span(doc, 0, 3, "NP"), Span(doc, 1, 4, "NP")]
    with pytest.raises(BirnnError, match="B212"):
        to_conllu_lines(doc, [CHUNKS], True)
