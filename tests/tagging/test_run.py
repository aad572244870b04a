import csv
import gzip
import io
import json
import os

import fsspec
import pyarrow
import pytest
import spacy
from pyarrow import parquet
from spacy.tokens import Doc, DocBin
from spacy.training import Example

from spacy_birnn.errors import BirnnError
from spacy_birnn.tagging import chunks, zones
from spacy_birnn.tagging.arrow import target_fields
from spacy_birnn.tagging.run import tag as tag_files
from spacy_birnn.tagging.targets import Target

from .samples import TEXTS

ENTS = Target("ents")


FORMATS = ["text", "jsonl", "conll", "conllu", "spacy"]
OUTPUTS = ["jsonl", "conll", "conllu", "spacy", "parquet"]


def tag(nlp, tmp_path, inputs, format="jsonl", name="out", **settings):
    output = tmp_path / name
    settings = {"output_format": format, "force": True, **settings}
    tag_files(nlp, inputs, output, **settings)
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
    if format == "parquet":
        table = parquet.read_table(io.BytesIO(data))
        assert table.schema.field("ents").type == target_fields([ENTS])[1].type
        rows = table.to_pylist()
        assert all([e["label"] for e in row["ents"]] == ["PER", "LOC"] for row in rows)
        return [row["text"].strip() for row in rows]
    if format == "conllu":
        texts, docs = [], data.decode().split("# newdoc\n")[1:]
        for doc in docs:
            assert "\tname=B-PER\n2\tLovelace\t" in doc
            rows = [row.split("\t") for row in doc.strip().split("\n")[1:]]
            texts.append(" ".join(row[1] for row in rows))
        return texts
    documents = data.decode().split("-DOCSTART-\n\n")
    assert all("Ada\tB-PER\nLovelace\tI-PER\n" in document for document in documents)
    return [
        " ".join(row.split("\t")[0] for row in document.strip().split("\n"))
        for document in documents
    ]


@pytest.mark.parametrize("input_format", FORMATS)
@pytest.mark.parametrize("output_format", OUTPUTS)
def test_every_format_in_and_out(nlp, tmp_path, inputs, input_format, output_format):
    path = inputs[input_format]
    data = tag(nlp, tmp_path, [path], output_format, batch_size=7)
    assert read_texts(data, output_format) == TEXTS


def test_many_inputs_follow_one_another(nlp, tmp_path, inputs):
    files = [inputs["text"], inputs["conll"]]
    data = tag(nlp, tmp_path, files, "conll")
    assert read_texts(data, "conll") == TEXTS * 2


@pytest.mark.parametrize("batch_size", [1, 7, 50])
@pytest.mark.parametrize("output_format", ["jsonl", "conll", "conllu", "spacy"])
def test_same_bytes_for_any_batch_size(
    nlp, tmp_path, inputs, output_format, batch_size
):
    """Behaviour 1, seen from the outside: order, contexts and bytes stay."""
    files = list(inputs.values())
    expected = tag(nlp, tmp_path, files, output_format)
    assert read_texts(expected, output_format) == TEXTS * 5
    assert tag(nlp, tmp_path, files, output_format, batch_size=batch_size) == expected


def test_what_goes_past_the_pipeline_stays_with_its_doc(nlp, tmp_path, inputs):
    files = [inputs["jsonl"], inputs["text"]]
    ids = [*range(len(TEXTS)), *[None] * len(TEXTS)]
    lines = tag(nlp, tmp_path, files, batch_size=7).splitlines()
    assert [json.loads(line).get("id") for line in lines] == ids
    data = tag(nlp, tmp_path, files, "spacy", batch_size=7)
    docs = DocBin().from_bytes(data).get_docs(nlp.vocab)
    assert [doc.user_data.get("id") for doc in docs] == ids


def test_annotation_of_the_input_stays(nlp, tmp_path, inputs):
    data = tag(nlp, tmp_path, [inputs["spacy"]], "spacy", batch_size=7)
    docs = list(DocBin().from_bytes(data).get_docs(spacy.blank("xx").vocab))
    assert [doc.user_data["id"] for doc in docs] == list(range(len(TEXTS)))
    spans = [doc.spans["own"][0] for doc in docs]
    assert [span.kb_id_ for span in spans] == [f"Q{i}" for i in range(len(TEXTS))]
    assert {span.label_ for span in spans} == {"OWN"}
    assert {doc[0].tag_ for doc in docs} == {"NNP"}


def test_vocabulary_does_not_grow_with_the_stream(nlp, tmp_path, monkeypatch, inputs):
    """It learns what comes first, then forgets each portion."""
    monkeypatch.setattr(zones, "KEPT", len(nlp.vocab) + 5)
    monkeypatch.setattr(chunks, "PORTION", 400)
    before = len(nlp.vocab.strings)
    for format in ("text", "spacy"):
        data = tag(nlp, tmp_path, [inputs[format]], batch_size=3)
        assert read_texts(data, "jsonl") == TEXTS
    learned = len(nlp.vocab.strings) - before
    assert 5 < learned < len(TEXTS)


def test_places_of_forgotten_strings_are_given_back(nlp, tmp_path, monkeypatch):
    """The map doubles where they are not, and what stays is as it was."""
    text = tmp_path / "new.txt"
    text.write_text("".join(f"word{i} in London\n" for i in range(3000)))
    monkeypatch.setattr(zones, "KEPT", 0)
    monkeypatch.setattr(chunks, "PORTION", 400)
    monkeypatch.setattr(zones, "FORGOTTEN", 10**9)
    grown, kept = spacy.blank("xx"), spacy.blank("xx")
    expected = tag(grown, tmp_path, [text])
    strings = list(kept.vocab.strings)
    monkeypatch.setattr(zones, "FORGOTTEN", 0.1)
    assert tag(kept, tmp_path, [text]) == expected
    assert list(kept.vocab.strings) == strings
    assert kept.vocab.strings._map.capacity < grown.vocab.strings._map.capacity / 4


def test_words_that_fit_are_learned_for_good(nlp, tmp_path, inputs):
    tag(nlp, tmp_path, [inputs["text"]])
    assert all(str(i) in nlp.vocab.strings for i in range(len(TEXTS)))


def test_bad_line_leaves_nothing_behind(nlp, tmp_path):
    path = tmp_path / "a.jsonl"
    good = json.dumps({"text": "Ada Lovelace left London . " * 50}) + "\n"
    path.write_text(good * 200 + "{\n" + good * 200)
    with pytest.raises(BirnnError, match=r"\[B206\] .*:201:"):
        tag(nlp, tmp_path, [path], batch_size=8)
    assert os.listdir(tmp_path) == ["a.jsonl"]


def test_what_comes_before_a_bad_line_is_written(nlp, tmp_path, inputs):
    with inputs["text"].open("ab") as file:
        file.write(b"\xff\n")
    told = pytest.raises(BirnnError, match=r"^\[B108\] .*a\.txt:51:")
    with (tmp_path / "out").open("wb") as file, told:
        tag_files(nlp, [inputs["text"]], file)
    assert read_texts((tmp_path / "out").read_bytes(), "jsonl") == TEXTS


def test_failed_run_keeps_the_older_output(nlp, tmp_path, inputs):
    tag(nlp, tmp_path, [inputs["text"]])
    older = (tmp_path / "out").read_bytes()
    inputs["jsonl"].write_text("{")
    with pytest.raises(BirnnError, match=r"^\[B206\] .*a\.jsonl:1:"):
        tag(nlp, tmp_path, [inputs["text"], inputs["jsonl"]])
    assert (tmp_path / "out").read_bytes() == older


def test_output_may_not_be_the_input(nlp, tmp_path, inputs):
    before = inputs["jsonl"].read_bytes()
    with pytest.raises(BirnnError, match="B219"):
        tag(nlp, tmp_path, [inputs["jsonl"]], name="a.jsonl")
    assert inputs["jsonl"].read_bytes() == before


def test_long_texts_where_no_component_minds(nlp, tmp_path):
    nlp.max_length = 10
    path = tmp_path / "a.txt"
    path.write_text("Ada Lovelace left London .\n")
    assert b"LOC" in tag(nlp, tmp_path, [path])
    assert nlp.max_length == 10
    nlp.add_pipe("parser")
    with pytest.raises(BirnnError, match="B210"):
        tag(nlp, tmp_path, [path])


def test_progress_sees_every_doc(nlp, tmp_path, inputs):
    seen = []

    def watch(status):
        seen.append((status.documents, status.tokens, status.bytes))
        assert status.total == size
        assert list(status.workers.values()) == [status.tokens]

    size = inputs["text"].stat().st_size
    tag(nlp, tmp_path, [inputs["text"]], batch_size=20, progress=watch)
    assert [counts[:2] for counts in seen] == [(20, 140), (40, 280), (50, 350)]
    assert seen[-1][2] == size


def test_summary(nlp, tmp_path, inputs):
    summary = tag_files(nlp, inputs["text"], tmp_path / "out")
    assert summary[:4] == (50, 350, {"LOC": 50, "PER": 50}, 0)
    assert summary.seconds > 0
    assert summary.rate == pytest.approx(350 / summary.seconds)
    json.dumps(summary.to_dict())


def test_no_blank_at_the_end_of_a_text_that_is_made_of_tokens(nlp, tmp_path, inputs):
    for format in ("conll", "conllu", "jsonl"):
        lines = tag(nlp, tmp_path, [inputs[format]]).splitlines()
        assert json.loads(lines[1])["text"] == TEXTS[1]


def test_folders_and_globs_are_read_in_order(nlp, tmp_path):
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    for name in ("b.txt", "a.txt", "sub/c.txt", ".hidden.txt", "_SUCCESS"):
        (folder / name).write_text(f"{name}\n")
    expected = ["a.txt", "b.txt", "sub/c.txt"]
    for given in (folder, f"{folder}/**/*.txt"):
        lines = tag(nlp, tmp_path, [given]).splitlines()
        assert [json.loads(line)["text"] for line in lines] == expected
    with pytest.raises(BirnnError, match="B257"):
        tag(nlp, tmp_path, [f"{folder}/*.jsonl"])


def test_whole_files(nlp, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("Ada Lovelace\nleft London\n")
    (line,) = tag(nlp, tmp_path, [path], whole_files=True).splitlines()
    record = json.loads(line)
    assert record["text"] == path.read_text()
    assert record["file"] == str(path)
    assert len(record["ents"]) == 2


def test_nested_fields(nlp, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"a": {"b": "Ada Lovelace", "n": 1}, "id": 2}) + "\n")
    (line,) = tag(nlp, tmp_path, [path], text_field="a.b").splitlines()
    record = json.loads(line)
    assert (record["text"], record["a"]["n"], record["id"]) == ("Ada Lovelace", 1, 2)
    with pytest.raises(BirnnError, match=r"\[B207\] .*'a.c'"):
        tag(nlp, tmp_path, [path], text_field="a.c")


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv(nlp, tmp_path, delimiter):
    path = tmp_path / "a.csv"
    rows = [["id", "body"], ["1", 'Ada "x"\nLovelace, left'], ["2", "London"]]
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    lines = tag(nlp, tmp_path, [path], text_field="body").splitlines()
    records = [json.loads(line) for line in lines]
    assert [[r["id"], r["body"]] for r in records] == rows[1:]
    assert [r["text"] for r in records] == [row[1] for row in rows[1:]]
    with pytest.raises(BirnnError, match=r"\[B252\] .*id, body"):
        tag(nlp, tmp_path, [path])


def test_csv_with_a_row_too_long(nlp, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,x\nAda,1\nAda,1,2\n")
    with pytest.raises(BirnnError, match=r"\[B255\] .*a\.csv:3: 3 fields .* 2"):
        tag(nlp, tmp_path, [path])


def test_zstandard_is_unpacked(nlp, tmp_path, inputs):
    data = inputs["text"].read_bytes()
    sink = pyarrow.BufferOutputStream()
    with pyarrow.CompressedOutputStream(sink, "zstd") as packed:
        packed.write(data)
    content = sink.getvalue().to_pybytes()
    path = tmp_path / "a.txt.zst"
    path.write_bytes(content + content)
    assert read_texts(tag(nlp, tmp_path, [path]), "jsonl") == TEXTS * 2
    path.write_bytes(content[:-20])
    with pytest.raises(BirnnError, match=r"\[B109\] .*a\.txt\.zst"):
        tag(nlp, tmp_path, [path])


def test_object_stores(nlp, inputs):
    """In and out, one file and a folder; fsspec's own store lies in memory."""
    store = fsspec.filesystem("memory")
    store.pipe("/in/a.txt", inputs["text"].read_bytes())
    store.pipe("/in/sub/b.jsonl", inputs["jsonl"].read_bytes())
    tag_files(nlp, "memory://in", "memory://out/all.jsonl", batch_size=7)
    assert read_texts(store.cat("/out/all.jsonl"), "jsonl") == TEXTS * 2
    assert list(store.find("/out")) == ["/out/all.jsonl"]
    tag_files(nlp, "memory://in/*.txt", "memory://shards", shard_size=20)
    parts = sorted(name for name in store.find("/shards") if "part-" in name)
    assert len(parts) == 3
    assert read_texts(b"".join(map(store.cat, parts)), "jsonl") == TEXTS
    again = tag_files(
        nlp, "memory://in/*.txt", "memory://shards", shard_size=20, resume=True
    )
    assert (again.documents, again.resumed) == (50, 3)
    with pytest.raises(BirnnError, match="B105"):
        tag_files(nlp, "memory://absent.txt", "memory://out/x")
    with pytest.raises(BirnnError, match=r"\[B250\] .*ssh://"):
        tag_files(nlp, "ssh://host/a.txt", "memory://out/x")


def test_a_saved_dataset(nlp, tmp_path):
    datasets = pytest.importorskip("datasets")
    rows = datasets.Dataset.from_dict({"text": TEXTS, "id": list(range(50))})
    datasets.DatasetDict({"train": rows, "test": rows.select(range(3))}).save_to_disk(
        tmp_path / "saved"
    )
    lines = tag(nlp, tmp_path, [tmp_path / "saved"], batch_size=9).splitlines()
    assert [json.loads(line)["id"] for line in lines] == list(range(50))
    lines = tag(nlp, tmp_path, [f"hf:{tmp_path / 'saved'}:test"]).splitlines()
    assert [json.loads(line)["text"] for line in lines] == TEXTS[:3]


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"on_error": "maybe"}, "B265"),
        ({"batch_size": 0}, "B265"),
        ({"n_process": 0}, "B265"),
        ({"engine": "spark"}, "B265"),
        ({"output_format": "xml"}, "B265"),
        ({"input_format": "xml"}, "B256"),
        ({"shard_size": "10 parsecs"}, "B259"),
        ({"num_gpus": 1}, "B268"),
    ],
)
def test_settings_that_mean_nothing(nlp, tmp_path, inputs, settings, code):
    with pytest.raises(BirnnError, match=code):
        tag_files(nlp, inputs["text"], tmp_path / "out", **settings)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_document_of_a_million_tokens_is_tagged_whole(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_ner")
    gold = Doc(nlp.vocab, words=["Ada", "left"], ents=["B-PER", "O"])
    nlp.initialize(lambda: [Example(Doc(nlp.vocab, words=["Ada", "left"]), gold)])
    path = tmp_path / "a.txt"
    path.write_text("Ada left " * 500_000 + "\nAda\n")
    out = tmp_path / "out.conll"
    assert tag_files(nlp, path, out)[:2] == (2, 1_000_001)
    assert out.read_bytes().count(b"\t") == 1_000_001


def test_the_file_of_errors_is_not_read_either(nlp, tmp_path):
    """Neither what it holds nor the input is lost."""
    errors = tmp_path / "out.jsonl.errors.jsonl"
    errors.write_text('{"record": "Ada left."}\n')
    before = errors.read_bytes()
    with pytest.raises(BirnnError, match="B219"):
        tag(nlp, tmp_path, [errors], name="out.jsonl", text_field="record", force=True)
    other = tmp_path / "a.txt"
    other.write_text("Ada left.\n")
    with pytest.raises(BirnnError, match=r"B202.*errors\.jsonl"):
        tag(nlp, tmp_path, [other], name="out.jsonl", force=False)
    assert errors.read_bytes() == before


def test_a_folder_may_be_called_as_a_protocol_is(nlp, tmp_path, inputs, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("file", "local"):
        assert tag_files(nlp, [inputs["text"]], f"{name}/").documents > 0


def test_a_url_of_the_input_is_the_input(nlp, tmp_path, inputs):
    before = inputs["text"].read_bytes()
    url = f"file://{inputs['text']}"
    with pytest.raises(BirnnError, match="B219"):
        tag(nlp, tmp_path, [url], name=inputs["text"].name, force=True)
    assert inputs["text"].read_bytes() == before


def test_gz_out_is_the_same_packed(nlp, tmp_path, inputs):
    plain = tag(nlp, tmp_path, [inputs["text"]])
    packed = tag(nlp, tmp_path, [inputs["text"]], name="out.jsonl.gz")
    assert gzip.decompress(packed) == plain
    assert packed[4:8] == bytes(4)  # no time
    assert packed == tag(nlp, tmp_path, [inputs["text"]], name="again.gz")
