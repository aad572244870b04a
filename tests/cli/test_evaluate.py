import json

import pytest


def test_table_of_entities_through_the_real_command(ruler, tmp_path, run_process):
    """The rules miss Oslo: 3 of 4 entities, none too many."""
    data = tmp_path / "a.conll"
    data.write_text("Ada B-PER\nLovelace I-PER\n. O\n\nEmmy B-PER\nOslo B-LOC\n")
    out = tmp_path / "metrics.json"
    out.write_text("older")
    result = run_process("evaluate", ruler, data, "-o", out)
    assert (result.returncode, result.stderr) == (0, b"")
    table = result.stdout.decode()
    assert "ents: 2 sentences, seqeval (default mode)" in table
    assert "PER     1.0000    1.0000    1.0000         2" in table
    assert "strict   precision 100.00   recall  66.67   F1  80.00" in table
    scores = json.loads(out.read_text())
    assert scores["ents_f"] == scores["ents_seqeval_f"] == pytest.approx(0.8)
    assert scores["ents_seqeval_strict_r"] == pytest.approx(2 / 3)
    assert scores["ents_per_type"]["LOC"]["r"] == 0.0
    assert scores["speed"] > 0


COLUMNS = "word=0,tag=1,chunks=2,ents=3"


def test_all_targets_of_a_pipeline(birnn, corpus, tmp_path, run):
    out = tmp_path / "metrics.json"
    result = run("evaluate", birnn, corpus, "-o", out, "--columns", COLUMNS)
    assert result.exit_code == 0, result.output
    for headline in ("tag: accuracy 100.00", "spans['chunks']: 2", "ents: 2"):
        assert headline in result.stdout
    scores = json.loads(out.read_text())
    for key in ("tag_acc", "spans_chunks_f", "ents_f", "ents_seqeval_strict_f"):
        assert scores[key] == 1.0
    assert scores["tag_per_type"]["NNP"] == {"p": 1.0, "r": 1.0, "f": 1.0, "support": 5}


def test_last_column_is_for_the_first_target(birnn, tmp_path, run):
    data = tmp_path / "a.conll"
    data.write_text("Ada NNP\nleft NNP\n")
    result = run("evaluate", birnn, data)
    assert "tag: accuracy 50.00" in result.stdout
    assert "VBD     0.0000    0.0000    0.0000         0" in result.stdout
    rest = "spans['chunks']: no gold annotation\n\nents: no gold annotation\n"
    assert result.stdout.endswith(f"\n\n{rest}")


def test_spacy_and_conllu_data(birnn, ruler, corpus, tmp_path, run):
    data = tmp_path / "a.spacy"
    assert run("convert", corpus, data).exit_code == 0
    assert "recall  75.00" in run("evaluate", ruler, data).stdout
    conllu = tmp_path / "a.conllu"
    rest = "_\t0\troot\t_\t_"
    conllu.write_text(f"1\tAda\tAda\tPROPN\tNNP\t{rest}\n")
    assert "tag: accuracy 100.00" in run("evaluate", birnn, conllu).stdout


def test_scheme_is_the_reader_s(ruler, tmp_path, run):
    data = tmp_path / "a.conll"
    data.write_text("Ada B-PER\nLovelace L-PER\nEmmy U-PER\n")
    for scheme in ("auto", "bilou"):
        result = run("evaluate", ruler, data, "--scheme", scheme)
        assert "F1 100.00" in result.stdout


def test_warnings_are_one_line(ruler, tmp_path, run_process):
    data = tmp_path / "a.conll"
    data.write_text("Emmy I-PER\n")
    result = run_process("evaluate", ruler, data, "--scheme", "iob2")
    assert result.returncode == 0
    assert result.stderr.startswith(b"[W101] ")
    assert result.stderr.count(b"\n") == 1
