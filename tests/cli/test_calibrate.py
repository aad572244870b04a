"""`calibrate` through the real command line."""

import subprocess
import sys

import pytest
import spacy

ERRORS = """\
Ada NNP B-NP B-LOC
Lovelace NNP I-NP I-LOC
left VBD B-VP O
Emmy VBD B-VP O
. . O O
"""
"""A sentence that the pipeline reads otherwise, for all of its components."""


@pytest.fixture
def dev(corpus):
    corpus.write_text(f"{corpus.read_text()}\n{ERRORS}")
    return corpus


COLUMNS = ("--columns", "word=0,tag=1,chunks=2,ents=3")


def test_the_real_command(birnn, dev, tmp_path, run_process):
    out = tmp_path / "calibrated"
    result = run_process("calibrate", birnn, dev, "-o", out, *COLUMNS)
    assert (result.returncode, result.stderr) == (0, b"")
    printed = result.stdout.decode()
    assert printed.endswith(f"Wrote {out}.\n")
    nlp, before = spacy.load(out), spacy.load(birnn)
    for name in ("birnn_tagger", "birnn_chunker", "birnn_ner"):
        temperature = nlp.get_pipe(name).temperature
        assert f"{name}: temperature {temperature:.3f}\n" in printed
        assert temperature > 1.0 == before.get_pipe(name).temperature
    assert printed.count("NLL, nats per word") == 3
    assert printed.count("(ECE)") == 3
    for text in ("Ada Lovelace left London .", "Emmy left Oslo"):
        doc, same = nlp(text), before(text)
        assert [t.tag_ for t in doc] == [t.tag_ for t in same]
        assert [(e.text, e.label_) for e in doc.ents] == [
            (e.text, e.label_) for e in same.ents
        ]
        for ent, sure in zip(doc.ents, same.ents):
            assert ent._.confidence < sure._.confidence


def test_one_component(birnn, dev, tmp_path, run):
    out = tmp_path / "calibrated"
    arguments = ("calibrate", birnn, dev, "-o", out, "--component", "birnn_ner")
    result = run(*arguments, "--columns", "word=0,ents=3")
    assert result.exit_code == 0, result.output
    nlp = spacy.load(out)
    assert nlp.get_pipe("birnn_ner").temperature > 1.0
    assert nlp.get_pipe("birnn_tagger").temperature == 1.0
    assert "birnn_tagger" not in result.stdout


def test_what_is_there_is_not_replaced(birnn, dev, tmp_path, run):
    out = tmp_path / "calibrated"
    arguments = ("calibrate", birnn, dev, "-o", out, *COLUMNS)
    assert run(*arguments).exit_code == 0
    meta = (out / "meta.json").read_bytes()
    result = run(*arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"[B202] {out} exists already")
    (out / "old").write_text("")
    assert run(*arguments, "--force").exit_code == 0
    assert (out / "meta.json").read_bytes() == meta
    assert not (out / "old").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["calibrated", "corpus.conll"]


def test_an_empty_folder_is_taken_and_another_never(birnn, dev, tmp_path, run):
    out = tmp_path / "out"
    out.mkdir()
    assert run("calibrate", birnn, dev, "-o", out, *COLUMNS).exit_code == 0
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("all my work")
    result = run("calibrate", birnn, dev, "-o", precious, "--force", *COLUMNS)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"[B447] {precious} is no pipeline")
    assert (precious / "thesis.txt").read_text() == "all my work"
    # A project has a config too.
    (precious / "config.cfg").write_text("[nlp]")
    result = run("calibrate", birnn, dev, "-o", precious, "--force", *COLUMNS)
    assert result.stderr.startswith(f"[B447] {precious} is no pipeline")
    assert (precious / "thesis.txt").read_text() == "all my work"


def test_what_is_read_is_never_replaced(birnn, dev, tmp_path, run, monkeypatch):
    for out in (dev, dev.parent, birnn):
        result = run("calibrate", birnn, dev, "-o", out, "--force", *COLUMNS)
        assert result.exit_code == 1
        assert result.stderr.startswith(f"[B219] {out} is read")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    result = run("calibrate", birnn, dev, "-o", ".", *COLUMNS)
    assert result.stderr.startswith(f"[B203] Cannot write {here}: the command")


def test_the_folder_is_there_though_nobody_reads_the_table(birnn, dev, tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "spacy_birnn.cli", "calibrate", birnn, dev]
    with subprocess.Popen([*command, "-o", out, *COLUMNS], stdout=subprocess.PIPE) as p:
        p.stdout.close()
    assert (out / "meta.json").is_file()


def test_mistakes_are_one_line_and_leave_nothing(birnn, ruler, corpus, tmp_path, run):
    out = tmp_path / "out"
    empty = tmp_path / "empty.conll"
    empty.write_text("")
    cases = [
        (ruler, corpus, [], "[B440]"),
        (birnn, tmp_path / "nowhere", [], "[B105]"),
        (tmp_path / "nomodel", corpus, [], "[B204]"),
        (birnn, corpus, COLUMNS, "[B446]"),
        (birnn, empty, [], "[B118]"),
        (birnn, corpus, ["--columns", "word=0,ents=3"], "[B445]"),
        (birnn, corpus, ["--component", "ner", *COLUMNS], "[B441]"),
    ]
    for model, data, options, code in cases:
        result = run("calibrate", model, data, "-o", out, *options)
        assert result.exit_code == 1, (code, result.output)
        last = result.stderr.splitlines()[-1]
        assert last.startswith(code), (code, result.stderr)
        assert not out.exists()
    result = run("calibrate", birnn, corpus, "-o", tmp_path / "no" / "out")
    assert result.stderr.startswith("[B203]")
