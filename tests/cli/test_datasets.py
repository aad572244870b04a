"""`convert` and `evaluate` on datasets of Hugging Face that lie on disk."""

import json
import warnings

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_birnn.data.corpus import AnyCorpus
from spacy_birnn.errors import BirnnError

ROWS = {
    "words": [["Ada", "Lovelace", "left", "London", "."], ["Emmy", "saw", "Oslo"]],
    "ner": [["B-PER", "I-PER", "O", "B-LOC", "O"], ["B-PER", "O", "B-LOC"]],
    "upos": [["PROPN", "PROPN", "VERB", "PROPN", "PUNCT"], ["PROPN", "VERB", "PROPN"]],
    "xpos": [["NNP", "NNP", "VBD", "NNP", "."], ["NNP", "VBD", "NNP"]],
}
COLUMNS = ["--tokens", "words", "--labels", "ner"]


@pytest.fixture
def parts(tmp_path, monkeypatch):
    """A saved folder of two splits, one without splits, and a file of each kind."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import datasets
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()
    train = datasets.Dataset.from_dict(ROWS)
    dev = train.select([1])
    datasets.DatasetDict(train=train, dev=dev).save_to_disk(tmp_path / "splits")
    train.save_to_disk(tmp_path / "single")
    train.to_parquet(tmp_path / "file.parquet")
    lines = [json.dumps({k: v[i] for k, v in ROWS.items()}) + "\n" for i in range(2)]
    (tmp_path / "file.jsonl").write_text("".join(lines))
    return tmp_path


def ents(path):
    docs = DocBin().from_disk(path).get_docs(spacy.blank("xx").vocab)
    return [[(ent.text, ent.label_) for ent in doc.ents] for doc in docs]


FIRST = [("Ada Lovelace", "PER"), ("London", "LOC")]
SECOND = [("Emmy", "PER"), ("Oslo", "LOC")]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("splits --split dev", [SECOND]),
        ("splits --split train[:1] --format datasets", [FIRST]),
        ("single", [FIRST, SECOND]),
        ("file.parquet", [FIRST, SECOND]),
        ("file.jsonl --format datasets", [FIRST, SECOND]),
    ],
)
def test_convert(parts, run, line, expected):
    name, *options = line.split()
    out = parts / "out.spacy"
    result = run("convert", parts / name, out, *COLUMNS, *options)
    assert result.exit_code == 0, result.output
    assert ents(out) == expected


def test_labels_are_what_the_pipeline_sets_or_the_target_says(parts, run, birnn):
    out = parts / "out.spacy"
    words = ["--tokens", "words"]
    options = [*words, "--labels", "upos", "--target", "pos"]
    assert run("convert", parts / "single", out, *options).exit_code == 0
    (doc, _) = DocBin().from_disk(out).get_docs(spacy.blank("xx").vocab)
    assert [token.pos_ for token in doc] == ROWS["upos"][0]
    # The first component of the pipeline sets tags.
    result = run("evaluate", birnn, parts / "single", *words, "--labels", "xpos")
    assert "tag: accuracy 100.00" in result.stdout, result.output


def test_evaluate(parts, run, ruler):
    result = run("evaluate", ruler, parts / "splits", *COLUMNS, "--split", "train")
    assert result.exit_code == 0, result.output
    assert "ents: 2 sentences" in result.stdout
    assert "recall  75.00" in result.stdout


def test_which_split_is_not_guessed(parts, run, ruler):
    for line in (["evaluate", ruler], ["convert"]):
        out = [] if line[0] == "evaluate" else [parts / "out.spacy"]
        result = run(*line, parts / "splits", *out, *COLUMNS)
        assert result.exit_code == 1
        assert result.stderr.startswith(f"[B485] {parts / 'splits'}: say which split")


def test_options_of_datasets_are_for_datasets_only(corpus, run, tmp_path):
    result = run("convert", corpus, tmp_path / "out.spacy", "--split", "train")
    assert result.stderr.startswith("[B226] --split is for datasets only")


def test_tokens_without_text_name_the_format(parts, run):
    result = run("convert", parts / "file.jsonl", parts / "out.spacy", "--lang", "en")
    assert result.exit_code == 1
    assert "--format datasets" in result.stderr


def test_the_reader_of_files_names_that_of_datasets(parts):
    for name in ("file.parquet", "single"):
        corpus = AnyCorpus(parts / name)
        with pytest.raises(BirnnError, match=r"^\[B489\] .*DatasetsCorpus"):
            list(corpus(spacy.blank("en")))
