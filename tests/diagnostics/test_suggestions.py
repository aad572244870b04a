"""Suggestions in the form of each tool, and back through the reader of exports."""

import json
from datetime import datetime

import pytest
import spacy
from spacy.tokens import Doc, Span

from spacy_birnn.data.spans import SpansCorpus
from spacy_birnn.diagnostics.selection import Selected
from spacy_birnn.diagnostics.suggestions import FORMATS, selected_bytes
from spacy_birnn.tagging.targets import Target
from spacy_birnn.tagging.texts import RECORD

NLP = spacy.blank("en")
TEXT = "In Zürich \U0001f600 Ada met Bob."
ENTS = [(3, 9, "LOC"), (12, 15, "PER"), (20, 23, "PER")]


def selected(ents=ENTS, **record):
    doc = NLP(TEXT)
    doc.ents = [doc.char_span(a, b, label=label) for a, b, label in ents]
    doc.user_data[RECORD] = record
    return Selected(doc, 0, 0.25)


def written(format, *chosen, target=None):
    target = target or Target("ents")
    data = selected_bytes(chosen, target, format).decode("utf-8")
    if format == "label-studio":
        return json.loads(data)
    return [json.loads(line) for line in data.splitlines()]


def test_prodigy():
    (task,) = written("prodigy", selected(id=7, text="other"))
    assert task["text"] == TEXT
    assert task["meta"] == {"id": 7, "uncertainty": 0.25}
    assert [token["text"] for token in task["tokens"]] == [t.text for t in NLP(TEXT)]
    for span, (start, end, label) in zip(task["spans"], ENTS, strict=True):
        assert (span["start"], span["end"], span["label"]) == (start, end, label)
        first, last = (
            task["tokens"][span[key]] for key in ("token_start", "token_end")
        )
        assert (first["start"], last["end"]) == (start, end)
    joined = "".join(t["text"] + " " * t["ws"] for t in task["tokens"])
    assert joined == TEXT
    assert [token["id"] for token in task["tokens"]] == list(range(len(NLP(TEXT))))


def test_doccano():
    (line,) = written("doccano", selected(id=7))
    want = {"id": 7, "uncertainty": 0.25, "text": TEXT, "label": [*map(list, ENTS)]}
    assert line == want


def test_label_studio_counts_as_a_browser_does():
    (task,) = written("label-studio", selected(id=7))
    assert task["data"] == {"id": 7, "uncertainty": 0.25, "text": TEXT}
    (prediction,) = task["predictions"]
    units = TEXT.encode("utf-16-le")
    for result, (start, end, label) in zip(prediction["result"], ENTS, strict=True):
        assert (result["from_name"], result["to_name"]) == ("label", "text")
        assert result["type"] == "labels"
        value = result["value"]
        assert value["labels"] == [label]
        found = units[2 * value["start"] : 2 * value["end"]].decode("utf-16-le")
        assert found == value["text"] == TEXT[start:end]
    assert [r["value"]["start"] for r in prediction["result"]] == [3, 13, 21]


@pytest.mark.parametrize("format", ["jsonl", "prodigy", "label-studio"])
def test_dates_and_bytes_of_tables_are_written_as_tag_writes_them(format):
    """Columns of Parquet and Arrow hold what JSON has no form for."""
    day = datetime(2020, 1, 1)
    text = json.dumps(written(format, selected(when=day, raw=b"\x00\x01")))
    assert '"2020-01-01T00:00:00"' in text
    assert '"AAE="' in text


def test_jsonl_is_what_tag_writes():
    (line,) = written("jsonl", selected(id=7))
    assert line["ents"] == [{"start": a, "end": b, "label": c} for a, b, c in ENTS]
    assert (line["id"], line["uncertainty"], line["text"]) == (7, 0.25, TEXT)


@pytest.mark.parametrize("format", ["prodigy", "doccano", "jsonl"])
def test_accepted_as_they_are_they_are_read_back(format, tmp_path):
    path = tmp_path / "export.jsonl"
    path.write_bytes(
        selected_bytes([selected(), selected(ents=[])], Target("ents"), format)
    )
    first, second = SpansCorpus(path)(NLP)
    found = [(e.start_char, e.end_char, e.label_) for e in first.reference.ents]
    assert found == ENTS
    assert second.reference.has_annotation("ENT_IOB")
    assert not second.reference.ents


def test_label_studio_suggestions_are_no_annotation_until_they_are_submitted(tmp_path):
    path = tmp_path / "export.json"
    tasks = written("label-studio", selected())
    path.write_text(json.dumps(tasks))
    with pytest.warns(UserWarning, match="W105"):
        (example,) = SpansCorpus(path)(NLP)
    assert not example.reference.has_annotation("ENT_IOB")
    tasks[0]["annotations"] = tasks[0].pop("predictions")  # as it exports them
    path.write_text(json.dumps(tasks))
    (example,) = SpansCorpus(path)(NLP)
    found = [(e.start_char, e.end_char, e.label_) for e in example.reference.ents]
    assert found == ENTS


def test_spans_of_a_group_and_tags():
    doc = Doc(NLP.vocab, words=["Ada", " ", "met"], tags=["NNP", "_SP", "VBD"])
    doc.spans["chunks"] = [Span(doc, 0, 1, label="NP")]
    item = Selected(doc, 0, 0.5)
    (line,) = written("doccano", item, target=Target("spans", "chunks"))
    assert line["label"] == [[0, 3, "NP"]]
    (line,) = written("doccano", item, target=Target("tag"))
    assert line["label"] == [[0, 3, "NNP"], [6, 9, "VBD"]]
    (task,) = written("prodigy", item, target=Target("tag"))
    assert [span["token_start"] for span in task["spans"]] == [0, 2]


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_chosen(format):
    assert written(format) == []
