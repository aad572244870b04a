import json

import pytest
import spacy


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


def test_a_pipeline_of_several_targets_knows_the_columns_of_its_training(
    birnn, corpus, tmp_path, run
):
    nlp = spacy.load(birnn)
    columns = {"word": 0, "tag": 1, "chunks": 2, "ents": -1}
    nlp.config["corpora"] = {"dev": {"columns": columns}}
    nlp.to_disk(tmp_path / "trained")
    result = run("evaluate", tmp_path / "trained", corpus)
    assert result.exit_code == 0, result.output
    for headline in ("tag: accuracy 100.00", "spans['chunks']: 2", "ents: 2"):
        assert headline in result.stdout
    # What is said in words comes first.
    said = ["--columns", "word=0,ents=3"]
    result = run("evaluate", tmp_path / "trained", corpus, *said)
    assert "tag: no gold annotation" in result.stdout
    for name in ("birnn_tagger", "birnn_chunker"):
        nlp.remove_pipe(name)
    nlp.to_disk(tmp_path / "alone")
    other = tmp_path / "other.conll"
    other.write_text("Emmy B-PER\nsaw O\nOslo B-LOC\n. O\n")
    assert "F1 100.00" in run("evaluate", tmp_path / "alone", other).stdout


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


@pytest.mark.filterwarnings("always")
def test_options_are_the_reader_s(ruler, tmp_path, run):
    """What can be said to `convert` can be said here."""
    data = tmp_path / "a"
    data.write_text("0\tAda\tPER\n1\tLovelace\tPER\n2\t\tO\n3\tEmmy\tPER\n")
    options = ["--columns", "word=1,ents=2", "--scheme", "io", "--empty-words", "drop"]
    result = run("evaluate", ruler, data, *options)
    assert result.exit_code == 0, result.output
    assert "F1 100.00" in result.stdout
    data.write_text("1\tEmmy\tEmmy\tNNP\tNNP\t_\t0\tROOT\t_\tB-PER\n")
    assert run("evaluate", ruler, data).stderr.startswith("[B113] ")
    result = run("evaluate", ruler, data, "--columns", "word=1,ents=9")
    assert "F1 100.00" in result.stdout


@pytest.mark.filterwarnings("always")
def test_exports_of_annotation_tools(ruler, birnn, tmp_path, run):
    data = tmp_path / "doccano.jsonl"
    data.write_text('{"text": "Emmy saw London.", "label": [[0, 4, "PER"]]}\n')
    result = run("evaluate", ruler, data)
    assert "precision  50.00   recall 100.00" in result.stdout
    line = ["evaluate", birnn, data, "--target", "chunks"]
    assert "spans['chunks']: 1 sentences" in run(*line).stdout


@pytest.mark.filterwarnings("always")
def test_what_was_not_annotated_is_not_scored(ruler, tmp_path, run):
    data = tmp_path / "doccano.jsonl"
    data.write_text(
        '{"text": "Emmy saw London.", "label": [[0, 4, "PER"], [9, 15, "UNSURE"]]}\n'
    )
    result = run("evaluate", ruler, data)
    assert "precision  50.00   recall  50.00" in result.stdout
    for options in (["--missing-label", "UNSURE"], ["--unmarked", "missing"]):
        result = run("evaluate", ruler, data, "--missing-label", "UNSURE", *options)
        assert "precision 100.00   recall 100.00" in result.stdout
    chunks = ["--target", "chunks", "--unmarked", "missing"]
    assert run("evaluate", ruler, data, *chunks).stderr.startswith("[B448] ")


@pytest.mark.filterwarnings("always")
def test_labels_with_nothing_in_common(ruler, tmp_path, run):
    data = tmp_path / "a.conll"
    data.write_text("Emmy B-person\nsaw O\nOslo B-place\n")
    result = run("evaluate", ruler, data)
    assert result.exit_code == 0
    assert result.stderr.startswith("[W110] ")
    assert "(person, place)" in result.stderr
    assert "(PER)" in result.stderr
    data.write_text("Emmy B-PER\nsaw O\nOslo B-place\n")
    assert run("evaluate", ruler, data).stderr == ""


@pytest.mark.filterwarnings("always")
def test_entities_in_misc_need_their_key(ruler, tmp_path, run):
    data = tmp_path / "a.conllu"
    data.write_text("1\tEmmy\t_\tX\t_\t_\t_\t_\t_\tNER=B-PER\n")
    result = run("evaluate", ruler, data)
    assert result.exit_code == 1
    assert "--ents-key NER" in result.stderr
    assert "F1 100.00" in run("evaluate", ruler, data, "--ents-key", "NER").stdout
