import gzip
import json
import os
import subprocess
import sys
from itertools import count

import pytest
import spacy
from spacy.tokens import Doc, DocBin

from spacy_birnn.errors import BirnnError
from spacy_birnn.tagging import stream
from spacy_birnn.tagging.sources import Context, Item
from spacy_birnn.tagging.stream import tag_files, tag_items

TEXTS = [f"Ada Lovelace left London {i} times ." for i in range(50)]


def tag(nlp, tmp_path, inputs, format="jsonl", name="out", **settings):
    output = tmp_path / name
    tag_files(nlp, inputs, output, format, **settings)
    return output.read_bytes()


@pytest.fixture
def inputs(tmp_path):
    """The same documents in all formats."""
    nlp = spacy.blank("en")
    docs = [Doc(nlp.vocab, words=text.split()) for text in TEXTS]
    text, jsonl = tmp_path / "a.txt", tmp_path / "a.jsonl"
    conll, spacy_file = tmp_path / "a.conll", tmp_path / "a.spacy"
    text.write_text("".join(f"{text}\n" for text in TEXTS))
    jsonl.write_text("".join(json.dumps({"text": t}) + "\n" for t in TEXTS))
    rows = "\n\n".join("\n".join(text.split()) for text in TEXTS)
    conll.write_text(rows.replace("\n\n", "\n\n-DOCSTART-\n\n"))
    conllu = tmp_path / "a.conllu"
    rest = "\t_\t_\t_\t_\t0\troot\t_\t_"
    conllu.write_text(
        "\n\n".join(
            "# newdoc\n"
            + "\n".join(f"{i}\t{w}{rest}" for i, w in enumerate(t.split(), 1))
            for t in TEXTS
        )
    )
    DocBin(docs=docs).to_disk(spacy_file)
    return {
        "text": text,
        "jsonl": jsonl,
        "conll": conll,
        "conllu": conllu,
        "spacy": spacy_file,
    }


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


@pytest.mark.parametrize(("batch_size", "n_process"), [(1, 1), (7, 2), (256, 2)])
def test_same_bytes_for_any_batch_size_and_n_process(
    nlp, tmp_path, inputs, batch_size, n_process
):
    """Behaviour 1, seen from the outside: order, contexts and bytes stay."""
    lines = [{"text": text, "id": i} for i, text in enumerate(TEXTS)]
    inputs["jsonl"].write_text("".join(json.dumps(line) + "\n" for line in lines))
    files = [(inputs["jsonl"], "jsonl"), (inputs["spacy"], "spacy")]
    expected = tag(nlp, tmp_path, files)
    ids = [json.loads(line).get("id") for line in expected.splitlines()]
    assert ids == [*range(len(TEXTS)), *[None] * len(TEXTS)]
    settings = {"batch_size": batch_size, "n_process": n_process}
    assert tag(nlp, tmp_path, files, **settings) == expected


@pytest.mark.parametrize("n_process", [1, 2])
def test_vocabulary_does_not_grow_with_the_stream(
    nlp, tmp_path, monkeypatch, inputs, n_process
):
    monkeypatch.setattr(stream, "PORTION", 400)
    before = len(nlp.vocab.strings)
    data = tag(nlp, tmp_path, [(inputs["text"], "text")], n_process=n_process)
    assert read_texts(data, "jsonl") == TEXTS
    assert len(nlp.vocab.strings) - before < len(TEXTS)
    # The strings of a .spacy file outlive the zones.
    data = tag(nlp, tmp_path, [(inputs["spacy"], "spacy")], batch_size=3)
    assert read_texts(data, "jsonl") == TEXTS


def test_stream_is_read_as_it_is_needed(nlp):
    """An endless source: only so much is read as is asked for."""
    read = count()
    items = (Item(f"London {next(read)}", Context()) for _ in count())
    tagged = tag_items(nlp, items, batch_size=4)
    docs = [next(tagged)[0] for _ in range(6)]
    tagged.close()
    assert [doc.ents[0].label_ for doc in docs] == ["LOC"] * 6
    assert next(read) <= 12


@pytest.mark.parametrize("n_process", [1, 2])
def test_bad_line_leaves_nothing_behind(nlp, tmp_path, n_process):
    path = tmp_path / "a.jsonl"
    good = json.dumps({"text": "Ada Lovelace left London . " * 50}) + "\n"
    path.write_text(good * 200 + "{\n" + good * 200)
    with pytest.raises(BirnnError, match=r"\[B206\] .*:201:"):
        tag(nlp, tmp_path, [(path, "jsonl")], batch_size=8, n_process=n_process)
    assert os.listdir(tmp_path) == ["a.jsonl"]


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


def test_closing_early_ends_the_workers():
    """In a process of its own: what would hang is its exit."""
    code = """if True:
        import spacy
        from spacy_birnn.tagging.sources import Context, Item
        from spacy_birnn.tagging.stream import tag_items
        nlp = spacy.blank("en")
        items = (Item("word " * 2000, Context()) for _ in range(10_000))
        tagged = tag_items(nlp, items, batch_size=16, n_process=2)
        next(tagged)
        tagged.close()
    """
    result = subprocess.run(
        [sys.executable, "-c", code], timeout=120, capture_output=True, text=True
    )
    assert (result.returncode, result.stderr) == (0, "")


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

    def watch(tagged):
        for doc, context in tagged:
            seen.append(doc.text)
            yield doc, context

    tag(nlp, tmp_path, [(inputs["text"], "text")], progress=watch)
    assert seen == TEXTS
