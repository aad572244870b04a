"""`explain` through the command line."""

import os

import pytest
import spacy

TEXT = "Ada Lovelace left London ."


def test_terminal(birnn, run_process):
    result = run_process("explain", birnn, TEXT, "--readings", "2")
    assert (result.returncode, result.stderr) == (0, b"")
    text = result.stdout.decode()
    for part in ("Ada Lovelace  PER  0.9", "London  LOC  0.9", "occlusion", "gradient"):
        assert part in text
    # Two readings of each of the two entities.
    assert text.count("Ada Lovelace PER") == 1
    assert sum(line.startswith("  0.") for line in text.splitlines()) == 4


def test_page(birnn, tmp_path, run):
    page = tmp_path / "why.html"
    result = run("explain", birnn, TEXT, "-o", page)
    assert (result.exit_code, result.stdout) == (0, f"Wrote {page}.\n")
    html = page.read_text()
    for part in ("Ada Lovelace", "Words, by occlusion", "Letters, by gradient × input"):
        assert part in html
    assert "<script" not in html
    assert "http" not in html.replace("http-equiv", "")
    result = run("explain", birnn, TEXT, "-o", page)
    assert result.stderr.startswith("[B202] ")
    assert run("explain", birnn, "<b>Ada</b>", "-o", page, "--force").exit_code == 0
    assert "<b>Ada" not in page.read_text()


def test_other_components_and_standard_input(birnn, run):
    result = run("explain", birnn, "-", "--component", "birnn_tagger", input="Ada left")
    assert result.exit_code == 0, result.output
    assert "Ada  NNP  0." in result.stdout
    assert "left  VBD" in result.stdout
    result = run("explain", birnn, TEXT, "--component", "birnn_chunker")
    assert "Ada Lovelace  NP" in result.stdout


def test_what_min_confidence_leaves_out_is_said(birnn, tmp_path, run):
    nlp = spacy.load(birnn, config={"components.birnn_ner.min_confidence": 1.0})
    nlp.to_disk(tmp_path / "strict")
    result = run("explain", tmp_path / "strict", TEXT)
    assert "below min_confidence: left out" in result.stdout


def test_a_text_in_which_nothing_is_found(birnn, tmp_path, run):
    result = run("explain", birnn, ". .", "--component", "birnn_ner")
    assert "birnn_ner finds nothing in this text." in result.stdout
    page = tmp_path / "why.html"
    assert run("explain", birnn, ". .", "-o", page).exit_code == 0
    assert "finds nothing" in page.read_text()


def test_a_name_that_looks_like_markup(birnn, tmp_path, run):
    nlp = spacy.load(birnn)
    nlp.rename_pipe("birnn_ner", "ner[/v2]")
    nlp.to_disk(tmp_path / "named")
    result = run("explain", tmp_path / "named", "the .", "--component", "ner[/v2]")
    assert (result.exit_code, result.stdout) == (
        0,
        "ner[/v2] finds nothing in this text.\n",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{ruler}", TEXT], "[B440] The pipeline has no birnn_ner"),
        (["{birnn}", TEXT, "--component", "x"], "[B441] "),
        (["{birnn}", " "], "[B428] "),
        (["{birnn}", TEXT, "-o", "{tmp}/why.txt"], "[B227] "),
        (["{birnn}", TEXT, "-o", "{tmp}/none/why.html"], "[B203] "),
        (["no-such-model", TEXT], "[B204] "),
    ],
)
def test_mistakes_are_one_coded_line(birnn, ruler, tmp_path, run, arguments, message):
    places = {"birnn": birnn, "ruler": ruler, "tmp": tmp_path}
    result = run("explain", *[a.format(**places) for a in arguments])
    assert result.exit_code == 1
    assert result.stderr.startswith(message), result.stderr
    assert result.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_the_folder_above_a_pipeline(birnn, tmp_path, run):
    (tmp_path / "model").mkdir()
    spacy.load(birnn).to_disk(tmp_path / "model" / "model-best")
    result = run("explain", tmp_path / "model", TEXT)
    assert result.stderr.startswith("[B204] ")
    best = tmp_path / "model" / "model-best"
    assert result.stderr.endswith(f" Did you mean {best}?\n")
    assert "Did you mean" not in run("explain", tmp_path, TEXT).stderr


def test_bytes_that_are_no_text(birnn, run_process):
    result = run_process("explain", birnn, "-", input=b"caf\xe9\n")
    assert result.returncode == 1
    assert result.stderr.startswith(b"[B477]")
    assert result.stderr.count(b"\n") == 1


def test_a_terminal_that_is_not_utf_8_shows_what_it_can(birnn, run_process):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    for through_spacy in (False, True):
        result = run_process(
            *("explain", birnn, "Ada sah Zürich ."),
            through_spacy=through_spacy,
            env=environment,
        )
        assert (result.returncode, result.stderr) == (0, b"")
        assert rb"Z\xfcrich" in result.stdout
