"""`select` through the real command line."""

import json

import pytest

from spacy_birnn.diagnostics.suggestions import FORMATS

LINES = [
    "Ada Lovelace left London .",
    "Grace Hopper saw Paris in May .",
    "",
    "the Oslo Lovelace . London Emmy saw",
    "the oslo Lovelace . London Emmy saw",
]
NER = ("--component", "birnn_ner")


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "texts.jsonl"
    records = [{"text": line, "id": i} for i, line in enumerate(LINES)]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def read(path):
    text = path.read_text("utf-8")
    if path.suffix == ".json":
        return json.loads(text)
    return [json.loads(line) for line in text.splitlines()]


def test_the_real_command(birnn, texts, tmp_path, run_process):
    out = tmp_path / "next.jsonl"
    result = run_process("select", birnn, texts, "-n", 2, "-o", out, *NER)
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.decode().startswith(f"Wrote {out}: 2 texts, ")
    first, second = read(out)
    assert first["uncertainty"] >= second["uncertainty"] > 0.0
    assert {first["id"], second["id"]} <= {1, 3, 4}
    assert "ents" in first
    assert all("confidence" in ent for ent in first["ents"])  # as the config wants


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("by", ["entropy", "margin"])
def test_formats_and_measures(birnn, texts, tmp_path, run, format, by):
    out = tmp_path / f"next{FORMATS[format].ending}"
    result = run(
        *["select", birnn, texts, "-n", 10, "-o", out, *NER],
        *["--format", format, "--by", by],
    )
    assert result.exit_code == 0, result.output
    found = read(out)
    assert len(found) == 3  # no empty one, and no near duplicate
    data = [record.get("data", record) for record in found]
    assert {record["text"] for record in data} < set(LINES)
    values = [record.get("meta", record)["uncertainty"] for record in data]
    assert values == sorted(values, reverse=True)


def test_near_duplicates_on_request(birnn, texts, tmp_path, run):
    out = tmp_path / "next.jsonl"
    arguments = ["select", birnn, texts, "-n", 10, "-o", out, *NER, "--similarity", 2]
    assert run(*arguments).exit_code == 0
    assert len(read(out)) == 4


def test_what_tag_reads(birnn, corpus, tmp_path, run):
    lines = tmp_path / "a.txt"
    lines.write_text("Ada left .\nEmmy saw Oslo .\n")
    table = tmp_path / "b.csv"
    table.write_text('number,body\n7,"Ada, Emmy left"\n')
    out = tmp_path / "next.jsonl"
    assert run("select", birnn, lines, corpus, "-n", 9, "-o", out, *NER).exit_code == 0
    assert len(read(out)) == 3  # one stands in both
    columns = ["--text-field", "body", "--force"]
    result = run("select", birnn, table, "-n", 9, "-o", out, *NER, *columns)
    assert result.exit_code == 0, result.output
    (record,) = read(out)
    assert (record["number"], record["text"]) == ("7", "Ada, Emmy left")
    whole = ["--whole-files", "--force"]
    assert run("select", birnn, lines, "-n", 9, "-o", out, *NER, *whole).exit_code == 0
    assert len(read(out)) == 1
    piped = ["select", birnn, "-", "--input-format", "text", "-n", 1, "-o", out]
    assert run(*piped, *NER, "--force", input="Emmy left\n").exit_code == 0
    assert read(out)[0]["text"] == "Emmy left"


def test_mistakes_are_one_line_and_leave_nothing(birnn, ruler, texts, tmp_path, run):
    out = tmp_path / "next.jsonl"
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"text": "Ada left"}\n{"no": 1}\n')
    blank = tmp_path / "blank.jsonl"
    blank.write_text('{"text": " "}\n')
    cases = [
        (ruler, texts, [], "[B440]"),
        (birnn, texts, [], "[B441]"),
        (birnn, texts, ["--component", "ner"], "[B441]"),
        (birnn, tmp_path / "nowhere", NER, "[B105]"),
        (tmp_path / "nomodel", texts, NER, "[B204]"),
        (birnn, bad, NER, f"[B207] {bad}:2"),
        (birnn, blank, NER, f"[B449] No text with a word in {blank}:"),
        (birnn, texts, [*NER, "--similarity", "0"], "[B444]"),
        (birnn, texts, [*NER, "--format", "label-studio"], "[B227]"),
        (birnn, texts, [*NER, "--columns", "word=0"], "[B201]"),
    ]
    for model, data, options, code in cases:
        result = run("select", model, data, "-n", 2, "-o", out, *options)
        assert result.exit_code == (2 if code == "[B201]" else 1), (code, result.output)
        assert result.stderr.startswith(code), (code, result.stderr)
        assert result.stderr.count("\n") == 1
        assert not out.exists()
    result = run("select", birnn, texts, "-n", 0, "-o", out)
    assert result.exit_code == 2
    before = texts.read_bytes()
    result = run("select", birnn, texts, "-n", 2, "-o", texts, "--force", *NER)
    assert result.stderr.startswith("[B219]")
    out.write_text("mine")
    result = run("select", birnn, texts, "-n", 2, "-o", out, *NER)
    assert result.stderr.startswith("[B202]")
    assert (texts.read_bytes(), out.read_text()) == (before, "mine")
