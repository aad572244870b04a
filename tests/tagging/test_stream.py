import gzip
import json
import os

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_birnn.errors import BirnnError
from spacy_birnn.tagging import tagger
from spacy_birnn.tagging.stream import tag_files

from .samples import TEXTS


def tag(nlp, tmp_path, inputs, format="jsonl", name="out", **settings):
    output = tmp_path / name
    tag_files(nlp, inputs, output, format, **settings)
    return output.read_bytes()


def read_texts(data, format):
    if format == "jsonl":
        records = [json.loads(line) for line in data.decode().splitlines()]
        assert all(
            [ent["label"] for ent in record["ents"]] == ["PER", "LOC"]
            for record in records
        )
        return [record["text"].strip() for record in records]
    if format == "spacy":
        docs = list(DocBin().from_bytes(data).get_docs(spacy.blank("en").vocab))
        assert all([e.label_ for e in doc.ents] == ["PER", "LOC"] for doc in docs)
        return [doc.text.strip() for doc in docs]
    documents = data.decode().split("-DOCSTART-\n\n")
    assert all("Ada\tB-PER\nLovelace\tI-PER\n" in document for document in documents)
    return [
        " ".join(row.split("\t")[0] for row in document.strip().split("\n"))
        for document in documents
    ]


@pytest.mark.parametrize("input_format", ["text", "jsonl", "conll", "conllu", "spacy"])
@pytest.mark.parametrize("output_format", ["jsonl", "conll", "spacy"])
def test_every_format_in_and_out(nlp, tmp_path, inputs, input_format, output_format):
    path = inputs[input_format]
    data = tag(nlp, tmp_path, [(path, input_format)], output_format, batch_size=7)
    assert read_texts(data, output_format) == TEXTS


def test_many_inputs_follow_one_another(nlp, tmp_path, inputs):
    files = [(inputs["text"], "text"), (inputs["conll"], "conll")]
    data = tag(nlp, tmp_path, files, "conll")
    assert read_texts(data, "conll") == TEXTS * 2


@pytest.mark.parametrize("batch_size", [1, 7, 50])
@pytest.mark.parametrize("output_format", ["jsonl", "conll", "spacy"])
def test_same_bytes_for_any_batch_size(
    nlp, tmp_path, inputs, output_format, batch_size
):
    """Behaviour 1, seen from the outside: order, contexts and bytes stay."""
    files = [(path, format) for format, path in inputs.items()]
    expected = tag(nlp, tmp_path, files, output_format)
    assert read_texts(expected, output_format) == TEXTS * 5
    assert tag(nlp, tmp_path, files, output_format, batch_size=batch_size) == expected


def test_what_goes_past_the_pipeline_stays_with_its_doc(nlp, tmp_path, inputs):
    files = [(inputs["jsonl"], "jsonl"), (inputs["text"], "text")]
    ids = [*range(len(TEXTS)), *[None] * len(TEXTS)]
    lines = tag(nlp, tmp_path, files, batch_size=7).splitlines()
    assert [json.loads(line).get("id") for line in lines] == ids
    data = tag(nlp, tmp_path, files, "spacy", batch_size=7)
    docs = DocBin().from_bytes(data).get_docs(nlp.vocab)
    assert [doc.user_data.get("id") for doc in docs] == ids


def test_annotation_of_the_input_stays(nlp, tmp_path, inputs):
    data = tag(nlp, tmp_path, [(inputs["spacy"], "spacy")], "spacy", batch_size=7)
    docs = list(DocBin().from_bytes(data).get_docs(spacy.blank("xx").vocab))
    assert [doc.user_data["id"] for doc in docs] == list(range(len(TEXTS)))
    spans = [doc.spans["own"][0] for doc in docs]
    assert [span.kb_id_ for span in spans] == [f"Q{i}" for i in range(len(TEXTS))]
    assert {span.label_ for span in spans} == {"OWN"}
    assert {doc[0].tag_ for doc in docs} == {"NNP"}


def test_vocabulary_does_not_grow_with_the_stream(nlp, tmp_path, monkeypatch, inputs):
    """It learns what comes first, then forgets each portion."""
    monkeypatch.setattr(tagger, "KEPT", len(nlp.vocab) + 5)
    monkeypatch.setattr(tagger, "PORTION", 400)
    before = len(nlp.vocab.strings)
    for format in ("text", "spacy"):
        data = tag(nlp, tmp_path, [(inputs[format], format)], batch_size=3)
        assert read_texts(data, "jsonl") == TEXTS
    learned = len(nlp.vocab.strings) - before
    assert 5 < learned < len(TEXTS)


def test_places_of_forgotten_strings_are_given_back(nlp, tmp_path, monkeypatch):
    """The map doubles where they are not, and what stays is as it was."""
    text = tmp_path / "new.txt"
    text.write_text("".join(f"word{i} in London\n" for i in range(3000)))
    monkeypatch.setattr(tagger, "KEPT", 0)
    monkeypatch.setattr(tagger, "PORTION", 400)
    monkeypatch.setattr(tagger, "FORGOTTEN", 10**9)
    grown, kept = spacy.blank("xx"), spacy.blank("xx")
    expected = tag(grown, tmp_path, [(text, "text")])
    strings = list(kept.vocab.strings)
    monkeypatch.setattr(tagger, "FORGOTTEN", 0.1)
    assert tag(kept, tmp_path, [(text, "text")]) == expected
    assert list(kept.vocab.strings) == strings
    assert kept.vocab.strings._map.capacity < grown.vocab.strings._map.capacity / 4


def test_words_that_fit_are_learned_for_good(nlp, tmp_path, inputs):
    tag(nlp, tmp_path, [(inputs["text"], "text")])
    assert all(str(i) in nlp.vocab.strings for i in range(len(TEXTS)))


def test_bad_line_leaves_nothing_behind(nlp, tmp_path):
    path = tmp_path / "a.jsonl"
    good = json.dumps({"text": "Ada Lovelace left London . " * 50}) + "\n"
    path.write_text(good * 200 + "{\n" + good * 200)
    with pytest.raises(BirnnError, match=r"\[B206\] .*:201:"):
        tag(nlp, tmp_path, [(path, "jsonl")], batch_size=8)
    assert os.listdir(tmp_path) == ["a.jsonl"]


def test_what_comes_before_a_bad_line_is_written(nlp, tmp_path, inputs):
    with inputs["text"].open("ab") as file:
        file.write(b"\xff\n")
    with (tmp_path / "out").open("wb") as file, pytest.raises(BirnnError):
        tag_files(nlp, [(inputs["text"], "text")], file, "jsonl")
    assert read_texts((tmp_path / "out").read_bytes(), "jsonl") == TEXTS


def test_failed_run_keeps_the_older_output(nlp, tmp_path, inputs):
    tag(nlp, tmp_path, [(inputs["text"], "text")])
    older = (tmp_path / "out").read_bytes()
    inputs["jsonl"].write_text("{")
    with pytest.raises(BirnnError):
        tag(nlp, tmp_path, [(inputs["text"], "text"), (inputs["jsonl"], "jsonl")])
    assert (tmp_path / "out").read_bytes() == older


def test_gz_out_is_the_same_packed(nlp, tmp_path, inputs):
    plain = tag(nlp, tmp_path, [(inputs["text"], "text")])
    packed = tag(nlp, tmp_path, [(inputs["text"], "text")], name="out.jsonl.gz")
    assert gzip.decompress(packed) == plain
    assert packed == tag(nlp, tmp_path, [(inputs["text"], "text")], name="again.gz")


def test_output_may_be_the_input(nlp, tmp_path, inputs):
    files = [(inputs["jsonl"], "jsonl")]
    data = tag(nlp, tmp_path, files, name="a.jsonl", batch_size=3)
    assert read_texts(data, "jsonl") == TEXTS


def test_long_texts_where_no_component_minds(nlp, tmp_path):
    nlp.max_length = 10
    path = tmp_path / "a.txt"
    path.write_text("Ada Lovelace left London .\n")
    assert b"LOC" in tag(nlp, tmp_path, [(path, "text")])
    assert nlp.max_length == 10
    nlp.add_pipe("parser")
    with pytest.raises(BirnnError, match="B210"):
        tag(nlp, tmp_path, [(path, "text")])


def test_progress_sees_every_doc(nlp, tmp_path, inputs):
    seen = []

    def watch(stream):
        for records in stream:
            seen.append((records.documents, records.words))
            yield records

    tag(nlp, tmp_path, [(inputs["text"], "text")], batch_size=20, progress=watch)
    assert seen == [(20, 140), (20, 140), (10, 70)]
