"""`tag MODEL - --stream` through the real command line."""

import json
import os
import re
import subprocess
import sys

import pytest

WORDS = b"Ada\nLovelace\nleft\nLondon\n.\n\nEmmy\nsaw\n"
ROWS = [
    "Ada\tNNP\tB-NP\tB-PER",
    "Lovelace\tNNP\tI-NP\tI-PER",
    "left\tVBD\tB-VP\tO",
    "London\tNNP\tB-NP\tB-LOC",
    ".\t.\tO\tO",
    "",
    "Emmy\tNNP\tB-NP\tB-PER",
    "saw\tVBD\tB-VP\tO",
    "",
]


def test_a_label_is_there_before_the_next_word(birnn):
    command = [sys.executable, "-m", "spacy_birnn.cli", "tag", birnn, "-", "--stream"]
    with subprocess.Popen(
        [*command, "--lag", "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as process:
        process.stdin.write(b"Ada Lovelace left")
        process.stdin.flush()
        # "left" may go on; with a lag of 1 that is one label.
        assert process.stdout.readline().split(b"\t")[0] == b"Ada"
        process.stdin.write(b" London .\nEm")
        process.stdin.flush()
        rest = [process.stdout.readline() for _ in range(5)]
        assert [row.split(b"\t")[0] for row in rest[:4]] == WORDS.split()[1:5]
        assert rest[4] == b"\n"
        process.stdin.write(b"my")
        process.stdin.close()
        last = process.stdout.read().splitlines()
        assert (last[0].split(b"\t")[0], last[1]) == (b"Emmy", b"")
        assert process.wait(60) == 0


def test_all_lags_and_inputs(birnn, run):
    command = ["tag", birnn, "-", "--stream", "--lag", 20]
    columns = run(*command, "--input-format", "conll", input=WORDS)
    assert columns.exit_code == 0, columns.output
    assert columns.output.splitlines() == ROWS
    text = b"Ada Lovelace left London .\nEmmy saw"
    assert run(*command, input=text).output == columns.output
    assert run("tag", birnn, "-", "--stream", input=b"").output == ""


def test_objects_with_confidences(birnn, run):
    result = run(
        *["tag", birnn, "-", "--stream", "--output-format", "jsonl"],
        input="Ada left .\n\n\nZoë".encode(),
    )
    rows = [json.loads(line) for line in result.output.splitlines()]
    assert [(row["index"], row["word"]) for row in rows] == [
        (0, "Ada"),
        (1, "left"),
        (2, "."),
        (3, "Zoë"),
    ]
    assert {row["ents"][0] for row in rows} <= set("BIO")
    for row in rows:
        assert row.keys() == {"index", "word", "tag", "chunks", "ents", "confidence"}
        assert all(0.0 < p <= 1.0 for p in row["confidence"].values())


def test_a_column_of_many(birnn, run):
    command = ["tag", birnn, "-", "--stream", "--input-format", "conll"]
    given = b"1 Ada\n2 left\n\n"
    result = run(*command, "--columns", "word=1", input=given)
    assert [row.split("\t")[0] for row in result.output.split("\n")[:2]] == [
        "Ada",
        "left",
    ]
    result = run(*command, "--columns", "word=2", input=given)
    assert result.exit_code == 1
    assert result.stderr.startswith("[B479] Standard input: there is no column 2")


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--stream", "--lag", "-1"], 2, "B201.*--lag"),
        (["--lag", "2", "--input-format", "text"], 2, "B201.*for --stream only"),
        (["--stream", "-o", "out.conll"], 2, "B201.*--output.*not with --stream"),
        (["--stream", "--n-process", "2"], 2, "B201.*--n-process.*not with --stream"),
        (["--stream", "--force"], 2, "B201.*--force.*not with --stream"),
        (["--stream", "--input-format", "csv"], 2, "B201.*csv.*text or conll"),
        (["--stream", "--output-format", "spacy"], 2, "B201.*spacy.*conll or jsonl"),
        (["--stream", "--columns", "word=1"], 2, "B201.*--columns.*word=N alone"),
        (
            ["--stream", "--input-format", "conll", "--columns", "word=0,sentence=1"],
            *(2, "B201.*--columns.*word=N alone"),
        ),
    ],
)
def test_wrong_usage(birnn, run, options, status, message):
    result = run("tag", birnn, "-", *options, input=b"a\n")
    assert result.exit_code == status
    assert_one_line(result.stderr, message)


def test_files_are_not_streamed(birnn, corpus, run):
    result = run("tag", birnn, corpus, "--stream")
    assert result.exit_code == 2
    assert_one_line(result.stderr, "B201.*give - and no file")


def test_pipelines_and_bytes_that_cannot_be_streamed(birnn, ruler, run):
    result = run("tag", ruler, "-", "--stream", input=b"a\n")
    assert result.exit_code == 1
    assert_one_line(result.stderr, r"B478.*it has: entity_ruler")
    result = run("tag", birnn, "-", "--stream", input=b"a\n\xff\n")
    assert result.exit_code == 1
    assert_one_line(result.stderr, r"B477.*no UTF-8")


def assert_one_line(text, pattern):
    (line,) = text.splitlines()
    assert re.search(pattern, line), line
