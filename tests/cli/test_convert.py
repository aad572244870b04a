import pytest
import spacy
from spacy.tokens import DocBin

COLUMNS = "word=0,tag=1,chunks=2,ents=3"


def load(path):
    return list(DocBin().from_disk(path).get_docs(spacy.blank("xx").vocab))


def test_the_real_command(corpus, tmp_path, run_process):
    out = tmp_path / "out.spacy"
    result = run_process("convert", corpus, out, "--columns", COLUMNS)
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.decode() == (
        f"Wrote {out}: 2 documents, 9 tokens.\n"
        "10 spans: NP 4, PER 2, LOC 2, VP 2.\n"
        "9 tags: NNP 5, VBD 2, . 2.\n"
    )
    first, _ = load(out)
    assert [(ent.text, ent.label_) for ent in first.ents] == [
        ("Ada Lovelace", "PER"),
        ("London", "LOC"),
    ]
    assert [span.label_ for span in first.spans["chunks"]] == ["NP", "VP", "NP"]
    assert [token.tag_ for token in first] == ["NNP", "NNP", "VBD", "NNP", "."]


def test_columns_default_to_word_and_ents(corpus, tmp_path, run):
    out = tmp_path / "out.spacy"
    assert run("convert", corpus, out).exit_code == 0
    first, _ = load(out)
    assert len(first.ents) == 2
    assert not first.spans
    assert not first[0].tag_


@pytest.mark.parametrize("options", [[], ["--format", "conllu"]])
def test_conllu(tmp_path, run, options):
    path, out = tmp_path / "a", tmp_path / "out.spacy"
    path.write_text("1\tAda\tAda\tPROPN\tNNP\t_\t0\troot\t_\t_\n")
    assert run("convert", path, out, *options).exit_code == 0
    result = run("convert", path, out, *options, "--force")
    assert result.stdout == f"Wrote {out}: 1 document, 1 token.\n1 tag: PROPN 1.\n"
    (doc,) = load(out)
    assert (doc[0].pos_, doc[0].tag_) == ("PROPN", "NNP")


def test_format_overrides_the_content(tmp_path, run):
    path, out = tmp_path / "a", tmp_path / "out.spacy"
    path.write_text("1\tAda\tAda\tPROPN\tNNP\t_\t0\troot\t_\tB-PER\n")
    line = ["convert", path, out, "--format", "conll", "--columns", "word=1,ents=9"]
    assert run(*line).exit_code == 0
    assert load(out)[0].ents[0].label_ == "PER"


def test_scheme_and_custom_attribute(tmp_path, run):
    path, out = tmp_path / "a", tmp_path / "out.spacy"
    path.write_text("Ada B-PER x\nEmmy I-PER y\n")
    options = ["--scheme", "raw", "--columns", "word=0,tag=1,_.slot=2"]
    assert run("convert", path, out, *options).exit_code == 0
    (doc,) = load(out)
    assert [token.tag_ for token in doc] == ["B-PER", "I-PER"]
    assert [token._.slot for token in doc] == ["x", "y"]


def test_columns_count_where_one_file_has_some(tmp_path, run):
    folder, out = tmp_path / "folder", tmp_path / "out.spacy"
    folder.mkdir()
    (folder / "a").write_text("1\tAda\tAda\tPROPN\tNNP\t_\t0\troot\t_\t_\n")
    (folder / "b").write_text("Ada U-PER\n")
    line = ["convert", folder, out, "--columns", "word=0,ents=1", "--scheme", "bilou"]
    assert run(*line).exit_code == 0
    assert [len(doc.ents) for doc in load(out)] == [0, 1]


def test_a_directory(tmp_path, run):
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / name).write_text("Ada B-PER\n")
    out = tmp_path / "out.spacy"
    assert run("convert", folder, out).exit_code == 0
    assert len(load(out)) == 2
    assert run("convert", folder, out, "--force").exit_code == 0


@pytest.mark.filterwarnings("always")
def test_exports_of_annotation_tools(tmp_path, run):
    path, out = tmp_path / "doccano.jsonl", tmp_path / "out.spacy"
    path.write_text('{"text": "Ada-Lovelace left.", "label": [[0, 12, "PER"]]}\n')
    result = run("convert", path, out)
    said = f"Wrote {out}: 1 document, 5 tokens.\n1 span: PER 1.\n"
    assert result.stdout == said
    assert result.stderr.startswith("[W111] ")
    assert "--lang" in result.stderr
    assert [(ent.text, ent.label_) for ent in load(out)[0].ents] == [
        ("Ada-Lovelace", "PER")
    ]
    line = ["convert", path, out, "--force", "--lang", "en", "--target", "chunks"]
    assert run(*line).stderr == ""
    (doc,) = load(out)
    assert [t.text for t in doc] == ["Ada", "-", "Lovelace", "left", "."]
    assert [span.text for span in doc.spans["chunks"]] == ["Ada-Lovelace"]


def test_chunks_under_another_key(corpus, tmp_path, run):
    out = tmp_path / "out.spacy"
    line = ["convert", corpus, out, "--columns", "word=0,chunks=2"]
    assert run(*line, "--spans-key", "np").exit_code == 0
    assert set(load(out)[0].spans) == {"np"}


@pytest.mark.parametrize("n", [1, 2])
def test_limit(corpus, tmp_path, run, n):
    out = tmp_path / "out.spacy"
    assert run("convert", corpus, out, "--limit", n).exit_code == 0
    assert len(load(out)) == n


OPTIONS = [
    ("a,O\n,B-X\n", ["--separator", "comma", "--empty-words", "drop"], ["a"], []),
    ("Word NE\nAnn PER\n", ["--header", "--scheme", "io"], ["Ann"], [("Ann", "PER")]),
    ("Ann B\nLee I\n", ["--label", "PER"], ["Ann", "Lee"], [("Ann Lee", "PER")]),
    ("Ann O\n\nLee O\n", ["--docs", "document"], ["Ann", "Lee"], []),
    ("Ren\xe9 B-X\n", ["--encoding", "latin-1"], ["Ren\xe9"], [("Ren\xe9", "X")]),
    (
        "0,,x\n1,a,B-X\n",
        ["--columns", "word=1,ents=2", "--header"],
        ["a"],
        [("a", "X")],
    ),
]


@pytest.mark.filterwarnings("always")
@pytest.mark.parametrize(("text", "options", "words", "ents"), OPTIONS)
def test_options_of_columns(tmp_path, run, text, options, words, ents):
    path, out = tmp_path / "a", tmp_path / "out.spacy"
    path.write_bytes(text.encode("latin-1"))
    result = run("convert", path, out, *options)
    assert result.exit_code == 0, result.output
    (doc,) = load(out)
    assert [token.text for token in doc] == words
    assert [(ent.text.strip(), ent.label_) for ent in doc.ents] == ents


@pytest.mark.parametrize(
    ("options", "iob"),
    [
        ([], ["B", "O", "B", "O"]),
        (["--missing-label", "UNSURE"], ["B", "O", "", "O"]),
        (["--unmarked", "missing"], ["B", "", "B", ""]),
        (["--missing-label", "UNSURE", "--unmarked", "missing"], ["B", "", "", ""]),
    ],
)
def test_what_was_not_annotated(tmp_path, run, options, iob):
    path, out = tmp_path / "a.jsonl", tmp_path / "out.spacy"
    path.write_text(
        '{"text": "Emmy saw London today", '
        '"label": [[0, 4, "PER"], [9, 15, "UNSURE"]]}\n'
    )
    assert run("convert", path, out, "--lang", "en", *options).exit_code == 0
    (doc,) = load(out)
    assert [token.ent_iob_ for token in doc] == iob


def test_options_of_conllu(tmp_path, run):
    path, out = tmp_path / "a", tmp_path / "out.spacy"
    row = "{}\t{}\t_\tX\t_\t_\t_\t_\t_\t{}\n"
    path.write_text(
        row.format("1-2", "du", "_").replace("X", "_")
        + row.format(1, "de", "NE=O")
        + row.format(2, "le", "NE=O")
        + row.format(3, "Nord", "NE=B-LOC")
    )
    result = run("convert", path, out, "-T", "--ents-key", "NE")
    assert result.exit_code == 0, result.output
    (doc,) = load(out)
    assert [token.text for token in doc] == ["du", "Nord"]
    assert [ent.label_ for ent in doc.ents] == ["LOC"]
