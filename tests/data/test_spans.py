import json
import warnings

import pytest
import spacy

from spacy_birnn.data.annotation import read_texts
from spacy_birnn.data.corpus import AnyCorpus, sniff
from spacy_birnn.data.spans import SpansCorpus
from spacy_birnn.errors import BirnnError

NLP = spacy.blank("en")
TEXT = "Mary Smith left Lyon."
SPANS = [(0, 10, "PER"), (16, 20, "LOC")]
FOUND = [("Mary Smith", "PER"), ("Lyon", "LOC")]


def dicts(spans=SPANS, start="start", end="end"):
    return [{start: s, end: e, "label": label} for s, e, label in spans]


def label_studio(spans=SPANS, text=TEXT, **settings):
    result = [
        {
            "from_name": "label",
            "type": "labels",
            "value": {"start": s, "end": e, "text": text[s:e], "labels": [label]},
        }
        for s, e, label in spans
    ]
    return {"result": result, **settings}


def token(i, start, end):
    return {"text": TEXT[start:end], "start": start, "end": end, "id": i, "ws": True}


EXPORTS = {
    "prodigy": {"text": TEXT, "spans": dicts(), "answer": "accept"},
    "prodigy with tokens": {
        "text": TEXT,
        "tokens": [token(0, 0, 4), token(1, 5, 10), token(2, 11, 15), token(3, 16, 20)],
        "spans": [{**span, "token_start": 0} for span in dicts()],
        "answer": "accept",
    },
    "doccano": {"id": 3, "text": TEXT, "label": [list(span) for span in SPANS]},
    "older doccano": {"text": TEXT, "labels": [list(span) for span in SPANS]},
    "doccano with relations": {
        "text": TEXT,
        "entities": dicts(start="start_offset", end="end_offset"),
        "relations": [],
    },
    "label studio": {"data": {"text": TEXT}, "annotations": [label_studio()]},
    "label studio, other key": {
        "data": {"review": TEXT, "stars": 3},
        "annotations": [label_studio()],
    },
    "short label studio": {
        "text": TEXT,
        "entity": [r["value"] for r in label_studio()["result"]],
        "annotator": 1,
    },
    "ours": {"text": TEXT, "ents": dicts(), "spans": {"chunks": dicts(SPANS[:1])}},
    "spacy 2": [TEXT, {"entities": [list(span) for span in SPANS]}],
}
# Nobody has annotated the text, or the answer was no.
NOTHING = {
    "prodigy rejected": {"text": TEXT, "spans": dicts(), "answer": "reject"},
    "prodigy ignored": {"text": TEXT, "spans": dicts(), "answer": "ignore"},
    "a text": {"text": TEXT, "meta": {"source": "x"}},
    "label studio": {"data": {"text": TEXT}, "annotations": []},
    "label studio skipped": {
        "data": {"text": TEXT},
        "annotations": [label_studio(was_cancelled=True)],
    },
}


@pytest.fixture
def write(tmp_path):
    def write_file(*records, name="export", is_list=False):
        path = tmp_path / name
        lines = (json.dumps(record) + "\n" for record in records)
        path.write_text(json.dumps(records, indent=1) if is_list else "".join(lines))
        return path

    return write_file


def read(path, reader=SpansCorpus, **settings):
    return [eg.reference for eg in reader(path, **settings)(NLP)]


def ents(doc):
    return [(ent.text, ent.label_) for ent in doc.ents]


@pytest.mark.parametrize("name", EXPORTS)
@pytest.mark.parametrize("is_list", [False, True])
@pytest.mark.parametrize("reader", [SpansCorpus, AnyCorpus])
def test_exports_are_told_apart(write, name, is_list, reader):
    if name == "spacy 2" and not is_list:
        pytest.skip("it was a list in Python")
    path = write(EXPORTS[name], EXPORTS[name], is_list=is_list)
    assert sniff(path) == "spans"
    docs = read(path, reader)
    assert [ents(doc) for doc in docs] == [FOUND, FOUND]
    assert [t.ent_iob_ for t in docs[0]] == ["B", "I", "O", "B", "O"]


@pytest.mark.parametrize("name", NOTHING)
def test_unannotated_is_not_without_entities(write, name):
    path = write(EXPORTS["doccano"], NOTHING[name])
    first, second = read(path)
    assert ents(first) == FOUND
    assert not second.has_annotation("ENT_IOB")
    accepted = {"text": TEXT, "answer": "accept"}
    for empty in (accepted, {"text": TEXT, "label": []}):
        (doc,) = read(write(empty))
        assert [t.ent_iob_ for t in doc] == ["O"] * 5
    with pytest.warns(UserWarning, match=r"^\[W105\] .*\(ents\)"):
        read(write(NOTHING[name]))


@pytest.mark.parametrize("name", [*EXPORTS, *NOTHING])
@pytest.mark.parametrize("is_list", [False, True])
def test_texts_alone(name, is_list):
    record = {**EXPORTS, **NOTHING}[name]
    lines = (
        json.dumps([record], indent=1).split("\n") if is_list else [json.dumps(record)]
    )
    if name != "spacy 2" or is_list:
        assert list(read_texts(lines, "x")) == [(TEXT, record)]


def test_of_several_annotations_the_ground_truth_counts(write):
    other = label_studio([(0, 4, "X")])
    truth = label_studio(ground_truth=True)
    for annotations, expected in [
        ([other, truth], FOUND),
        ([other, label_studio()], [("Mary", "X")]),
        ([{**other, "was_cancelled": True}, label_studio()], FOUND),
    ]:
        path = write({"data": {"text": TEXT}, "annotations": annotations})
        assert ents(read(path)[0]) == expected


def test_both_sides_have_the_tokens_of_the_pipeline(write):
    (example,) = SpansCorpus(write(EXPORTS["doccano"]))(NLP)
    for doc in (example.predicted, example.reference):
        assert [t.text for t in doc] == ["Mary", "Smith", "left", "Lyon", "."]
        assert doc.text == TEXT
        assert not doc.has_annotation("SENT_START")
    assert not example.predicted.has_annotation("ENT_IOB")


def test_chunks(write):
    path = write({"text": TEXT, "spans": {"np": dicts()}, "ents": []})
    (doc,) = read(path, target="chunks", spans_key="np")
    assert [(s.text, s.label_) for s in doc.spans["np"]] == FOUND
    (doc,) = read(write(EXPORTS["doccano"]), target="chunks")
    assert [(s.text, s.label_) for s in doc.spans["chunks"]] == FOUND
    assert not doc.has_annotation("ENT_IOB")


# "Smi" ends inside a token.
CROSSING = {"text": TEXT, "label": [[0, 8, "PER"], [16, 20, "LOC"]]}


@pytest.mark.parametrize(
    ("mode", "expected", "iob"),
    [
        ("expand", FOUND, "BIOBO"),
        ("contract", [("Mary", "PER"), ("Lyon", "LOC")], "BOOBO"),
        ("strict", [("Lyon", "LOC")], "--OBO"),
    ],
)
def test_spans_that_cross_tokens(write, mode, expected, iob):
    path = write(CROSSING)
    message = rf"^\[W107\] .*1 of 2 spans .*{mode}.*export:1: 'Mary Smi'"
    with pytest.warns(UserWarning, match=message):
        (doc,) = read(path, alignment_mode=mode)
    assert ents(doc) == expected
    assert "".join(t.ent_iob_ or "-" for t in doc) == iob


def test_a_group_with_a_gap_is_unknown(write):
    path = write(CROSSING, EXPORTS["doccano"])
    with pytest.warns(UserWarning, match=r"^\[W107\]"):
        first, second = read(path, target="chunks", alignment_mode="strict")
    assert "chunks" not in first.spans
    assert len(second.spans["chunks"]) == 2


def test_white_space_at_the_edge_is_left_out(write):
    path = write({"text": "in  New\nYork  now", "label": [[2, 14, "LOC"]]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (doc,) = read(path)
    assert ents(doc) == [("New\nYork", "LOC")]
    with pytest.warns(UserWarning, match=r"^\[W107\]"):
        (doc,) = read(write({"text": "a  b", "label": [[1, 3, "X"]]}))
    assert not doc.ents


def test_overlapping_spans(write):
    record = {"text": TEXT, "label": [[0, 4, "X"], [0, 10, "PER"], [0, 10, "PER"]]}
    with pytest.warns(UserWarning, match=r"^\[W108\] .*2 of 3 spans overlap"):
        (doc,) = read(write(record))
    assert ents(doc) == FOUND[:1]


def test_offsets_of_a_browser(write):
    """Beyond the first 65,536 characters a browser counts two for each."""
    text = "😀😀 Lyon 😀"
    value = {"start": 5, "end": 9, "text": "Lyon", "labels": ["LOC"]}
    path = write(
        {"data": {"text": text}, "annotations": [{"result": [{"value": value}]}]}
    )
    assert ents(read(path)[0]) == [("Lyon", "LOC")]
    value["text"] = "Paris"
    path = write(
        {"data": {"text": text}, "annotations": [{"result": [{"value": value}]}]}
    )
    with pytest.raises(BirnnError, match=r"^\[B147\] .*:1: .*'Paris'"):
        read(path)


def test_other_results_of_label_studio_are_passed_over(write):
    annotation = label_studio()
    annotation["result"] += [
        {"type": "choices", "value": {"choices": ["news"]}},
        {"type": "relation", "from_id": "a", "to_id": "b"},
    ]
    path = write({"data": {"text": TEXT}, "annotations": [annotation]})
    assert ents(read(path)[0]) == FOUND


# --- brat -----------------------------------------------------------------------------

ANN = (
    "T1\tPER 0 10\tMary Smith\nE1\tMove:T1\nT2\tLOC 16 20\tLyon\n"
    "#1\tAnnotatorNotes T2\tsure\n"
)


@pytest.fixture
def brat(tmp_path):
    folder = tmp_path / "brat"
    folder.mkdir()
    (folder / "a.txt").write_text(TEXT)
    (folder / "a.ann").write_text(ANN)
    (folder / "b.txt").write_text("\n\nNew York\nnow 😀 Lyon", encoding="utf-8")
    (folder / "b.ann").write_text("T1\tLOC 2 10\tNew York\nT2\tLOC 17 21\tLyon\n")
    (folder / "annotation.conf").write_text("[entities]\nPER\n")
    return folder


@pytest.mark.parametrize("reader", [SpansCorpus, AnyCorpus])
def test_brat(brat, reader):
    docs = read(brat, reader)
    assert [ents(doc) for doc in docs] == [
        FOUND,
        [("New York", "LOC"), ("Lyon", "LOC")],
    ]
    for name in ("a.txt", "a.ann"):
        assert [ents(doc) for doc in read(brat / name, reader)] == [FOUND]


def test_brat_spans_of_several_parts(brat):
    (brat / "a.ann").write_text("T1\tPER 0 4;11 15\tMary left\nT2\tLOC 16 20\tLyon\n")
    with pytest.warns(UserWarning, match=r"^\[W109\] .*1 spans have several parts"):
        (doc,) = read(brat / "a.ann")
    assert ents(doc) == FOUND[1:]
    assert "".join(t.ent_iob_ or "-" for t in doc) == "-O-BO"


@pytest.mark.parametrize(
    ("ann", "code"),
    [
        ("T1\tPER\tMary\n", "B145"),
        ("T1 PER 0 4 Mary\n", "B145"),
        ("T1\tPER 0 400\tMary\n", "B146"),
    ],
)
def test_brat_mistakes(brat, ann, code):
    (brat / "a.ann").write_text(f"#1\tx\ty\n{ann}")
    with pytest.raises(BirnnError, match=rf"^\[{code}\] .*a\.ann:2: "):
        read(brat)
    (brat / "a.txt").unlink()
    with pytest.raises(BirnnError, match=r"^\[B148\] .*a\.ann: .*a\.txt"):
        read(brat)


# --- mistakes -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "code", "part"),
    [
        ('{"text": "a", "label": [[0, 9, "X"]]}', "B146", "0-9"),
        ('{"text": "a", "label": [[1, 0, "X"]]}', "B146", "1-0"),
        ('{"text": "a", "label": ["sports"]}', "B145", '"sports"'),
        (
            '{"text": "a", "label": [{"start": "p[1]", "labels": ["X"]}]}',
            "B145",
            "p[1]",
        ),
        ('{"text": "a", "spans": [{"start": 0, "end": 1}]}', "B145", "no label"),
        ('{"text": "a", "label": [[0, 1, ""]]}', "B145", "no label"),
        (
            '{"text": "a", "label": [{"start": 0, "end": 1, "labels": []}]}',
            "B145",
            "no label",
        ),
        ('{"text": "a", "label": [[0, 1, 7]]}', "B145", "no span"),
        ('{"tokens": ["a"], "ner_tags": ["O"]}', "B145", "DatasetsCorpus"),
        ('{"body": "a"}', "B145", "body"),
        ('{"data": {"a": "x", "b": "y"}, "annotations": []}', "B145", "a, b"),
        ('{"text": "a', "B144", "JSON"),
        ('[1, {"text": "a"}]', "B144", ""),
        ("", "B118", ""),
    ],
)
def test_mistakes_in_a_file(tmp_path, line, code, part):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "ok", "label": []}\n' * bool(line) + line + "\n")
    with pytest.raises(BirnnError) as error:
        read(path)
    message = str(error.value)
    if line.startswith("["):
        code = "B145"
    assert message.startswith(f"[{code}] {path}")
    assert (f"{path}:2: " in message) == bool(line)
    assert part in message
    assert "\n" not in message


def test_items_of_a_list_are_counted(write):
    path = write(EXPORTS["doccano"], 7, is_list=True)
    with pytest.raises(BirnnError, match=r"^\[B145\] .*export, item 2: .*int"):
        read(path)


def test_texts_that_are_too_long(write):
    nlp = spacy.blank("en")
    nlp.max_length = 5
    with pytest.raises(BirnnError, match=r"^\[B210\] .*export:1: "):
        list(SpansCorpus(write(EXPORTS["doccano"]))(nlp))


def iob(doc):
    return [token.ent_iob_ for token in doc]


PARTS = [(0, 10, "PER"), (11, 15, "UNSURE")]
TOOLS = {
    "prodigy": {"text": TEXT, "spans": dicts(PARTS), "answer": "accept"},
    "doccano": {"text": TEXT, "label": [list(span) for span in PARTS]},
    "label studio": {"data": {"text": TEXT}, "annotations": [label_studio(PARTS)]},
}
every_tool = pytest.mark.parametrize("tool", TOOLS)


@every_tool
def test_a_label_for_what_is_not_annotated(write, tool):
    (doc,) = read(write(TOOLS[tool]), missing_label="UNSURE")
    assert iob(doc) == ["B", "I", "", "O", "O"]
    assert [ent.label_ for ent in doc.ents] == ["PER"]
    (doc,) = read(write(TOOLS[tool]))  # without the setting it is a label like others
    assert [ent.label_ for ent in doc.ents] == ["PER", "UNSURE"]


@every_tool
def test_the_rest_of_a_text_may_be_unknown(write, tool):
    (doc,) = read(write(TOOLS[tool]), missing_label="UNSURE", unmarked="missing")
    assert iob(doc) == ["B", "I", "", "", ""]
    (doc,) = read(write(TOOLS[tool]), unmarked="missing")
    assert iob(doc) == ["B", "I", "B", "", ""]


def test_where_an_entity_is_marked_it_is_known(write):
    spans = [*SPANS, (0, 21, "UNSURE")]
    path = write({"text": TEXT, "spans": dicts(spans), "answer": "accept"})
    (doc,) = read(path, missing_label="UNSURE")
    assert iob(doc) == ["B", "I", "", "B", ""]


def test_of_a_group_all_is_unknown_then(write):
    path = write(TOOLS["doccano"], EXPORTS["doccano"])
    first, second = read(path, target="chunks", missing_label="UNSURE")
    assert "chunks" not in first.spans
    assert len(second.spans["chunks"]) == 2


def test_mistakes_in_the_settings():
    for settings, code in [
        ({"target": "tag"}, "B139"),
        ({"alignment_mode": "loose"}, "B139"),
        ({"unmarked": "maybe"}, "B139"),
        ({"unmarked": "missing", "target": "chunks"}, "B448"),
        ({"limit": -1}, "B138"),
        ({"encoding": "utf-9"}, "B140"),
    ]:
        with pytest.raises(BirnnError, match=rf"^\[{code}\] "):
            SpansCorpus("x", **settings)
    with pytest.raises(BirnnError, match=r"^\[B104\] "):
        SpansCorpus(None)


def test_resolves_from_a_config(write):
    config = spacy.util.load_config_from_str(
        f"""
        [corpus]
        @readers = "spacy-birnn.SpansCorpus.v1"
        path = "{write(EXPORTS["doccano"], EXPORTS["doccano"])}"
        target = "chunks"
        spans_key = "np"
        alignment_mode = "strict"
        limit = 1
        """
    )
    (example,) = spacy.registry.resolve(config)["corpus"](NLP)
    assert len(example.reference.spans["np"]) == 2


def test_brat_offsets_of_another_version(brat):
    """The text was saved with other line ends than the offsets count."""
    (brat / "a.ann").write_text("T1\tPER 1 5\tMary\n")
    with pytest.raises(BirnnError, match=r"B147.*a\.ann:1.*'Mary'"):
        read(brat / "a.ann")
    (brat / "a.ann").write_text("T1\tPER 0 4\n")  # brat's own always repeats them
    assert len(read(brat / "a.ann")) == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ('{"text": "Mary \\ud83d", "label": [[0, 4, "PER"]]}', "B144"),
        ("null", "B145"),
        ('[{"data": {"text": "a"}, "annotations": [{"result": null}]}]', "B145"),
    ],
)
def test_exports_that_hold_no_text_or_no_marks(tmp_path, content, code):
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(BirnnError, match=code):
        list(SpansCorpus(path)(NLP))
