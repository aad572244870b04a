import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_birnn import __version__
from spacy_birnn.cli.app import COMMANDS

TEXT = "Ada Lovelace left London .\n"


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(TEXT)
    return path


@pytest.mark.parametrize("through_spacy", [False, True])
def test_the_real_command(ruler, text, run_process, through_spacy):
    result = run_process("tag", ruler, text, through_spacy=through_spacy)
    assert (result.returncode, result.stderr) == (0, b"")
    assert json.loads(result.stdout)["ents"] == [
        {"start": 0, "end": 12, "label": "PER"},
        {"start": 18, "end": 24, "label": "LOC"},
    ]


def test_standard_input(ruler, run_process):
    result = run_process(
        *["tag", ruler, "-", "--input-format", "jsonl", "--output-format", "conll"],
        input=b'{"tokens": ["Emmy", "left"]}\n',
    )
    assert result.stdout == b"Emmy\tB-PER\nleft\tO\n\n"
    assert result.stderr == b""


def test_our_components_with_confidences(birnn, corpus, tmp_path, run):
    out = tmp_path / "out.jsonl"
    assert run("tag", birnn, corpus, "-o", out).exit_code == 0
    first, second = [json.loads(line) for line in out.read_text().splitlines()]
    assert first["text"].split() == first["tokens"]
    assert first["tags"] == ["NNP", "NNP", "VBD", "NNP", "."]
    assert [ent["label"] for ent in second["ents"]] == ["PER", "LOC"]
    assert [chunk["label"] for chunk in second["spans"]["chunks"]] == ["NP", "VP", "NP"]
    for record in (first, second):
        spans = [*record["ents"], *record["spans"]["chunks"]]
        confidences = [*record["confidence"], *(s["confidence"] for s in spans)]
        assert all(0.5 < confidence <= 1.0 for confidence in confidences)


@pytest.fixture(scope="module")
def plain(birnn, tmp_path_factory):
    """The same pipeline, whose config asks for no confidences."""
    names = ("birnn_tagger", "birnn_chunker", "birnn_ner")
    settings = {f"components.{name}.confidence": False for name in names}
    path = tmp_path_factory.mktemp("plain") / "model"
    spacy.load(birnn, config=settings).to_disk(path)
    return str(path)


def spans_of(path):
    records = [json.loads(line) for line in path.read_text().splitlines()]
    return [[*record["ents"], *record["spans"]["chunks"]] for record in records]


def test_confidences_on_request(plain, birnn, corpus, tmp_path, run):
    out, again = tmp_path / "out.jsonl", tmp_path / "again.jsonl"
    assert run("tag", plain, corpus, "-o", out).exit_code == 0
    assert "confidence" not in out.read_text()
    arguments = ("--confidence", "--force")
    assert run("tag", plain, corpus, "-o", out, *arguments).exit_code == 0
    assert run("tag", birnn, corpus, "-o", again).exit_code == 0
    assert out.read_bytes() == again.read_bytes()
    assert "confidence" in out.read_text()


def test_a_least_confidence_on_request(plain, corpus, tmp_path, run):
    out = tmp_path / "out.jsonl"
    arguments = ("--confidence", "--force")
    run("tag", plain, corpus, "-o", out, *arguments)
    values = sorted(s["confidence"] for spans in spans_of(out) for s in spans)
    least = (values[0] + values[-1]) / 2
    options = (*arguments, "--min-confidence", least)
    for processes in (1, 2):
        made = run("tag", plain, corpus, "-o", out, *options, "--n-process", processes)
        assert made.exit_code == 0, made.output
        kept = [s["confidence"] for spans in spans_of(out) for s in spans]
        assert sorted(kept) == pytest.approx([v for v in values if v >= least])
        assert 0 < len(kept) < len(values)
    everything = ("--min-confidence", "1", "--force")
    assert run("tag", plain, corpus, "-o", out, *everything).exit_code == 0
    assert spans_of(out) == [[], []]


def test_a_resumed_run_has_the_same_least_confidence(plain, corpus, tmp_path, run):
    out = tmp_path / "out"
    options = ("--shard-size", 1, "--min-confidence")
    assert run("tag", plain, corpus, "-o", out, *options, 0.2).exit_code == 0
    result = run("tag", plain, corpus, "-o", out, *options, 0.3, "--resume")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"[B261] {out} cannot be resumed")


def test_confidences_of_a_pipeline_that_is_not_ours(ruler, text, tmp_path, run):
    for option in (["--confidence"], ["--min-confidence", "0.5"]):
        result = run("tag", ruler, text, "-o", tmp_path / "out.jsonl", *option)
        assert result.exit_code == 1
        assert result.stderr.startswith("[B440] The pipeline has no birnn_ner")
    assert run("tag", ruler, text, "--min-confidence", 1.5).exit_code == 2


def test_conll_out_is_the_corpus_again(birnn, corpus, tmp_path, run):
    out = tmp_path / "out.conll"
    assert run("tag", birnn, corpus, "-o", out).exit_code == 0
    assert out.read_text().replace("\t", " ").strip() == corpus.read_text().strip()


@pytest.mark.skipif(os.name == "nt", reason="processes are never forked there")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_our_components_in_several_processes(birnn, corpus, tmp_path, run, method):
    lines = corpus.read_text() * 20
    corpus.write_text(lines)
    one, many = tmp_path / "one.spacy", tmp_path / "many.spacy"
    code = f"""if True:
        import multiprocessing, sys
        from spacy_birnn.cli import main
        multiprocessing.set_start_method("{method}")
        main()
    """
    line = ["tag", birnn, corpus, "--batch-size", "7"]
    assert run(*line, "-o", one).exit_code == 0
    result = subprocess.run(
        [sys.executable, "-c", code, *line, "-o", many, "--n-process", "2"],
        capture_output=True,
        timeout=600,
    )
    assert (result.returncode, result.stderr) == (0, b"")
    assert many.read_bytes() == one.read_bytes()


def test_processes_do_not_share_a_gpu(ruler, text, run):
    result = run("tag", ruler, text, "--n-process", "2", "--gpu-id", "0")
    assert result.exit_code == 2
    assert result.stderr.startswith("[B201] ")
    assert "--gpu-id" in result.stderr


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
@pytest.mark.parametrize(
    ("fate", "code"), [("os.kill(os.getpid(), 9)", b"[B224] "), ("1 / 0", b"[B225] ")]
)
def test_a_worker_that_fails_is_one_line(ruler, text, tmp_path, fate, code):
    """Such as one that the system kills for want of memory."""
    script = f"""if True:
        import os
        from spacy_birnn.cli import main
        from spacy_birnn.tagging.chunks import ChunkTagger
        ChunkTagger.tag = lambda *_: {fate}
        main()
    """
    result = subprocess.run(
        [sys.executable, "-c", script, "tag", ruler, text]
        + ["-o", "out.jsonl", "--n-process", "2"],
        cwd=tmp_path,
        capture_output=True,
        timeout=600,
    )
    assert result.returncode == 1
    assert result.stderr.startswith(code)
    assert result.stderr.count(b"\n") == 1
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize(
    ("name", "option", "starts"),
    [
        ("out.jsonl", None, b"{"),
        ("out.conll", None, b"Ada\t"),
        ("out.spacy", None, b"\x78"),
        ("out", None, b"{"),
        ("out.jsonl", "conll", b"Ada\t"),
    ],
)
def test_output_format_by_name_or_option(
    ruler, text, tmp_path, run, name, option, starts
):
    out = tmp_path / name
    options = ["--output-format", option] if option else []
    assert run("tag", ruler, text, "-o", out, *options).exit_code == 0
    assert out.read_bytes().startswith(starts)


def test_gz_in(ruler, tmp_path, run):
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(TEXT.encode() * 2, mtime=0))
    result = run("tag", ruler, path)
    assert len(result.stdout.splitlines()) == 2


def test_force_replaces(ruler, text, tmp_path, run):
    out = tmp_path / "out.jsonl"
    out.write_text("older")
    assert run("tag", ruler, text, "-o", out, "--force").exit_code == 0
    assert json.loads(out.read_text())["text"] == TEXT.strip()


def test_spacy_out_can_be_loaded(birnn, text, tmp_path, run):
    out = tmp_path / "out.spacy"
    assert run("tag", birnn, text, "-o", out).exit_code == 0
    (doc,) = DocBin().from_disk(out).get_docs(spacy.blank("en").vocab)
    assert [ent.label_ for ent in doc.ents] == ["PER", "LOC"]
    assert 0.5 < doc.ents[0]._.confidence <= 1.0


def test_columns_say_where_the_words_are(ruler, tmp_path, run):
    path = tmp_path / "a.conll"
    path.write_text("1 Emmy\n2 left\n")
    line = ["tag", ruler, path, "--output-format", "conll", "--columns", "word=1"]
    assert run(*line).stdout == "Emmy\tB-PER\nleft\tO\n\n"
    (tmp_path / "a.jsonl").write_text('{"text": "Ada"}\n')
    assert run(*line, tmp_path / "a.jsonl").exit_code == 0


def test_files_of_tokens_are_read_as_convert_reads_them(ruler, tmp_path, run):
    path = tmp_path / "a.csv.conll"
    path.write_text("n;form;l\n1;Ada;O\n1;Lovelace;O\n1;;O\n2;Emmy;O\n")
    line = ["tag", ruler, path, "--output-format", "conll"]
    line += ["--columns", "word=1,sentence=0", "--separator", "semicolon"]
    result = run(*line, "--header", "--empty-words", "replace")
    expected = "Ada\tB-PER\nLovelace\tI-PER\n\ufffd\tO\n\nEmmy\tB-PER\n"
    assert result.stdout.rstrip("\n") == expected.rstrip("\n"), result.output


def test_options_that_nothing_reads_are_wrong_usage(ruler, text, run):
    for option in ("--separator=tab", "--no-header", "--empty-words=drop", "-T"):
        result = run("tag", ruler, text, option)
        assert result.exit_code == 2
        assert "only, and no input holds any" in result.stderr
    result = run("tag", ruler, text, "--encoding", "klingon")
    assert (result.exit_code, result.stderr[:6]) == (1, "[B140]")


def test_help_names_the_one_column_that_counts(run):
    shown = " ".join(run("tag", "--help").stdout.split())
    assert "--columns word=N" in shown
    assert "chunks" not in shown


def test_columns_in_a_txt_are_told(ruler, tmp_path, run, run_process):
    path = tmp_path / "a.txt"
    path.write_text("Emmy O\nleft O\n")
    result = run_process("tag", ruler, path)
    assert len(result.stdout.splitlines()) == 2
    assert result.stderr.startswith(f"[W201] {path} ".encode())
    assert result.stderr.count(b"\n") == 1
    assert run("tag", ruler, path, "--input-format", "text").stderr == ""
    result = run("tag", ruler, path, "--input-format", "conll")
    assert len(result.stdout.splitlines()) == 1
    assert result.stderr == ""


def test_version(run):
    assert run("--version").stdout == f"spacy-birnn {__version__}\n"


def test_help_has_examples(run):
    for command in COMMANDS:
        result = run(command, "--help")
        assert result.exit_code == 0
        assert "Examples:" in result.stdout
        assert f"spacy-birnn {command}" in result.stdout


def test_the_last_line_counts(ruler, text, tmp_path, run):
    out = tmp_path / "out.jsonl"
    result = run("tag", ruler, text, "-o", out)
    counts = rf"^Wrote {out}: 1 document, 5 tokens, 2 spans, in [\d.]+ s \([\d,]+ tok"
    assert re.match(counts, result.stdout)
    assert result.stdout.count("\n") == 1
    assert run("tag", ruler, text).stdout.startswith("{")


def test_the_summary_as_json(ruler, text, tmp_path, run):
    result = run("tag", ruler, text, "-o", tmp_path / "out.jsonl", "--json")
    summary = json.loads(result.stdout)
    assert summary["documents"] == 1
    assert summary["tokens"] == 5
    assert summary["entities"] == {"LOC": 1, "PER": 1}
    assert summary["skipped"] == 0
    assert summary["seconds"] > 0
    result = run("tag", ruler, text, "--json")
    assert json.loads(result.stderr)["documents"] == 1
    assert json.loads(result.stdout)["text"] == TEXT.strip()


def test_what_was_skipped_is_counted_in_line_status_and_file(ruler, tmp_path, run):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "Ada"}\n{\n')
    line = ["tag", ruler, path, "--on-error", "skip"]
    result = run(*line, "-o", tmp_path / "out.jsonl")
    assert result.exit_code == 3
    errors = tmp_path / "out.jsonl.errors.jsonl"
    assert result.stdout.endswith(f" Skipped 1 document, see {errors}.\n")
    assert json.loads(errors.read_text())["line"] == 2
    result = run(*line)
    assert result.exit_code == 3
    first, last = result.stderr.splitlines()
    assert first.startswith(f"[B206] {path}:2: ")
    assert last == "Skipped 1 document."


def test_a_folder_and_a_resumed_run(ruler, tmp_path, run):
    path = tmp_path / "a.txt"
    path.write_text(TEXT * 5)
    line = ["tag", ruler, path, "-o", tmp_path / "out", "--shard-size", "2"]
    assert run(*line).exit_code == 0
    names = sorted(os.listdir(tmp_path / "out"))
    assert names == ["manifest.json", *(f"part-0000{i}.jsonl" for i in range(3))]
    result = run(*line, "--resume")
    assert "5 documents" in result.stdout
    assert result.stdout.endswith(" Resumed: 3 of 3 shards had been done before.\n")
    assert run(*line).stderr.startswith("[B263] ")


def test_standard_output_by_its_name(ruler, text, tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    expected = run("tag", ruler, text)
    named = run("tag", ruler, text, "-o", "-")
    assert (named.exit_code, named.stdout) == (0, expected.stdout)
    assert not (tmp_path / "-").exists()


def test_resuming_what_is_finished(ruler, text, tmp_path, run):
    out = tmp_path / "out.jsonl"
    line = ["tag", ruler, text, "-o", out, "--resume"]
    assert run(*line).stdout.startswith("Wrote ")
    result = run(*line)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{out} is there, so an earlier run has finished")
    (tmp_path / "out.jsonl.errors.jsonl").write_text("{}\n{}\n")
    result = run(*line)
    assert result.exit_code == 3
    assert result.stdout.endswith(f" Skipped 2 documents, see {out}.errors.jsonl.\n")


def test_fields(ruler, tmp_path, run):
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": {"b": "Emmy"}, "tokens": "unused"}\n')
    result = run("tag", ruler, path, "--text-field", "a.b")
    assert json.loads(result.stdout)["text"] == "Emmy"
    result = run("tag", ruler, path, "--text-field", "a.c")
    assert result.stderr.startswith(f"[B207] {path}:1: there is no 'a.c' (a ")


@pytest.mark.skipif(os.name == "nt", reason="pipes end otherwise there")
@pytest.mark.parametrize("n_process", ["1", "2"])
def test_a_reader_that_has_enough(ruler, tmp_path, n_process, is_group_alive):
    path = tmp_path / "a.txt"
    path.write_text(TEXT * 20_000)
    script = os.path.join(os.path.dirname(sys.executable), "spacy-birnn")
    with subprocess.Popen(
        [script, "tag", ruler, path, "--n-process", n_process],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout.readline().startswith(b"{")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(600) == 1
    assert not is_group_alive(process.pid)


def wait_for_output(folder):
    deadline = time.monotonic() + 600
    while not any(file.stat().st_size for file in folder.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def interruptible():
    """Jobs in the background of a shell start with Ctrl-C ignored, and pass that on."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("n_process", [1, 2])
def test_ctrl_c_leaves_nothing_behind(ruler, tmp_path, n_process, is_group_alive):
    """The input is a pipe that never ends, so the run is under way for sure."""
    script = os.path.join(os.path.dirname(sys.executable), "spacy-birnn")
    options = ["--input-format", "text", "-o", "out.jsonl", "--batch-size", "8"]
    with subprocess.Popen(
        [script, "tag", ruler, "-", *options, "--n-process", str(n_process)],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        process.stdin.write(TEXT.encode() * 2000)
        process.stdin.flush()
        wait_for_output(tmp_path)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(600) == 130
        assert process.stderr.read() == b""
    assert not is_group_alive(process.pid)
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no such device")
@pytest.mark.parametrize(("lines", "n_process"), [(1, "1"), (5000, "1"), (5000, "2")])
def test_a_full_disk_is_one_line(ruler, tmp_path, lines, n_process, run_process):
    path = tmp_path / "a.txt"
    path.write_text(TEXT * lines)
    with open("/dev/full", "wb") as full:
        result = run_process("tag", ruler, path, "--n-process", n_process, stdout=full)
    assert result.returncode == 1
    assert result.stderr.startswith(b"[B203] Cannot write <stdout>: ")
    assert result.stderr.count(b"\n") == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no such device")
def test_a_full_device_as_the_output_is_one_line(ruler, text, run_process):
    for options in ([], ["--n-process", "2"], ["--output-format", "spacy"]):
        result = run_process("tag", ruler, text, "-o", "/dev/full", *options)
        assert result.returncode == 1
        assert result.stderr.startswith(b"[B203] Cannot write /dev/full: No space left")
        assert result.stderr.count(b"\n") == 1
        assert result.stdout == b""


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not installed")
def test_between_two_pipes(ruler, tmp_path):
    """As people use it: unpack, tag, pick out."""
    (tmp_path / "x.gz").write_bytes(gzip.compress(TEXT.encode() * 300, mtime=0))
    script = os.path.join(os.path.dirname(sys.executable), "spacy-birnn")
    line = (
        f"zcat x.gz | {script} tag {ruler} - --input-format text | jq -r .ents[].label"
    )
    result = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=tmp_path,
        capture_output=True,
        timeout=600,
    )
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout == b"PER\nLOC\n" * 300


@pytest.mark.skipif(os.name == "nt", reason="there are no such terminals there")
def test_on_a_terminal(ruler, text, tmp_path):
    """A progress bar appears on stderr; binary output is refused on stdout."""
    script = os.path.join(os.path.dirname(sys.executable), "spacy-birnn")
    for n_process in ("1", "2"):
        out = tmp_path / f"out{n_process}.jsonl"
        line = [script, "tag", ruler, text, "-o", out, "--n-process", n_process]
        shown = on_terminal(line, "stderr")
        assert b"1 documents" in shown
        assert b"5 words" in shown
        assert out.exists()
    line = [script, "tag", ruler, text, "--output-format", "spacy"]
    assert on_terminal(line, "stdout") == b""


def on_terminal(line, stream):
    """Run a command with one stream on a terminal and return what it shows there."""
    master, slave = os.openpty()
    with subprocess.Popen(line, **{stream: slave}) as process:
        os.close(slave)
        shown = b""
        try:
            while chunk := os.read(master, 4096):
                shown += chunk
        except OSError:
            pass  # what Linux says at the end
        os.close(master)
        assert process.wait(600) == (0 if stream == "stderr" else 2)
    return shown


def test_text_in_utf_16(ruler, run, tmp_path):
    """It cannot be cut into lines, but read whole."""
    path = tmp_path / "a.txt"
    path.write_text("Ada Lovelace left London.\n", encoding="utf-16")
    result = run("tag", ruler, path)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"[B486] {path}: text and JSON lines in UTF-16 ")
    assert run("tag", ruler, path, "--whole-files").exit_code == 0


def test_a_dataset_without_a_name(ruler, run):
    result = run("tag", ruler, "hf:")
    assert result.exit_code == 1
    assert result.stderr.startswith("[B129] hf:: cannot be loaded as a dataset: name ")


@pytest.mark.parametrize("option", ["--text-field=body", "--whole-files"])
def test_options_for_other_formats_are_refused(ruler, corpus, run, option):
    result = run("tag", ruler, corpus, option)
    assert result.exit_code == 2
    assert "no input holds any" in result.stderr
