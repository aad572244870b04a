"""`evaluate --report --errors --baseline` through the command line."""

import json

import pytest

GOLD = "Ada B-PER\nLovelace I-PER\n. O\n\nEmmy B-PER\nOslo B-LOC\nbei O\n"


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "a.conll"
    path.write_text(GOLD)
    return path


def test_report_errors_training_data_and_log(birnn, corpus, tmp_path, run):
    """All of it at once, for tags, chunks and entities."""
    page, errors, log = (tmp_path / name for name in ("r.html", "e.jsonl", "l.jsonl"))
    log.write_text('{"step": 0, "score": 0.5}\n{"step": 9, "score": 0.75}\n')
    data = tmp_path / "wrong.conll"
    data.write_text(corpus.read_text().replace("B-LOC", "B-ORG"))
    result = run(
        *("evaluate", birnn, data, "--columns", "word=0,tag=1,chunks=2,ents=3"),
        *("--report", page, "--errors", errors, "--train", corpus, "--log", log),
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith(f"\n\nWrote {page}, {errors}.\n")
    html = page.read_text()
    for part in ("Spans", "Tags", "By what training has seen", "<svg"):
        assert part in html
    assert "The best score on the development set was 75.0" in html
    assert "How far confidences can be trusted" in html
    records = [json.loads(line) for line in errors.read_text().splitlines()]
    assert {(r["target"], r["kind"], r["seen"]) for r in records} == {
        ("ents", "type", "other")
    }
    confidences = [r["predicted"]["confidence"] for r in records]
    assert confidences == sorted(confidences, reverse=True)
    for record in records:
        gold = record["gold"]
        assert record["text"][gold["start"] : gold["end"]] == gold["text"]


def test_a_pipeline_without_confidence_is_asked_for_it(
    birnn, ruler, corpus, data, tmp_path, run
):
    """Ours can say it whatever its config says; others cannot."""
    import spacy

    nlp = spacy.load(birnn, config={"components.birnn_ner.confidence": False})
    nlp.remove_pipe("birnn_tagger")
    nlp.remove_pipe("birnn_chunker")
    nlp.to_disk(tmp_path / "quiet")
    for model, is_sure in ((tmp_path / "quiet", True), (ruler, False)):
        page = tmp_path / "r.html"
        result = run("evaluate", model, data, "--report", page, "--force")
        assert result.exit_code == 0, result.output
        html = page.read_text()
        assert ("How far confidences can be trusted" in html) == is_sure
        assert "By what training has seen" not in html
        assert "development set" not in html


def test_baseline_is_compared_on_the_terminal_and_in_the_report(
    birnn, ruler, data, tmp_path, run
):
    result = run("evaluate", ruler, data, "--baseline", birnn)
    assert result.exit_code == 0, result.output
    assert f"ents: F1 of {birnn} " in result.stdout
    assert "95 % interval" in result.stdout
    page, errors = tmp_path / "r.html", tmp_path / "e.jsonl"
    line = ("evaluate", ruler, data, "--baseline", birnn, "--errors", errors)
    assert run(*line, "--report", page).exit_code == 0
    assert {json.loads(row)["by"] for row in errors.read_text().splitlines()} <= {
        "model",
        "baseline",
        "both",
    }
    html = page.read_text()
    assert "Against the baseline" in html
    assert "only the baseline errs" in html


def test_nothing_is_written_over_without_force_and_nothing_computed(
    data, tmp_path, run
):
    """The model does not even exist: the files are looked at first."""
    page, errors = tmp_path / "r.html", tmp_path / "e.jsonl"
    line = ("evaluate", "no-such-model", data, "--report", page, "--errors", errors)
    for taken in (page, errors):
        taken.write_text("mine")
        result = run(*line)
        assert result.exit_code == 1
        assert (
            result.stderr
            == f"[B202] {taken} exists already: give --force to replace it.\n"
        )
        assert taken.read_text() == "mine"
        taken.unlink()
    page.write_text("mine")
    assert run(*line, "--force").stderr.startswith("[B204] ")
    assert page.read_text() == "mine"
    assert not errors.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--train", "{data}"], "[B424] --train is shown in a report"),
        (["--log", "{data}", "--errors", "e.jsonl"], "[B424] --log is shown"),
        (["--report", "{tmp}/r.txt"], "[B227] "),
        (["--errors", "{tmp}/e.json"], "[B227] "),
        (["--report", "{data}"], "[B219] "),
        (["--report", "{tmp}/none/r.html"], "[B203] "),
        (["--report", "{tmp}/x", "--errors", "{tmp}/x"], "[B425] "),
        (["--report", "{tmp}/r.html", "--log", "{data}"], "[B423] "),
        (["--report", "{tmp}/r.html", "--log", "{tmp}/none"], "[B105] "),
        (["--report", "{tmp}/r.html", "--train", "{tmp}/none"], "[B105] "),
        (["--report", "{tmp}/r.html", "--train", "{empty}"], "[B118] "),
        (["--baseline", "no-such-model"], "[B204] "),
    ],
)
def test_mistakes_are_one_coded_line(ruler, data, tmp_path, run, options, message):
    empty = tmp_path / "empty.conll"
    empty.write_text("")
    places = {"data": data, "tmp": tmp_path, "empty": empty}
    result = run("evaluate", ruler, data, *[o.format(**places) for o in options])
    assert result.exit_code == 1
    assert result.stderr.startswith(message), result.stderr
    assert result.stderr.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"a.conll", "empty.conll"}


@pytest.mark.filterwarnings("always")
def test_data_that_are_empty_or_without_gold(ruler, data, tmp_path, run):
    from spacy.tokens import DocBin

    page = tmp_path / "r.html"
    data.write_text("")
    assert run("evaluate", ruler, data, "--report", page).stderr.startswith("[B118] ")
    DocBin().to_disk(tmp_path / "none.spacy")
    result = run("evaluate", ruler, tmp_path / "none.spacy", "--report", page)
    assert result.stderr.startswith("[B214] ")
    data.write_text('{"text": "Ada left."}\n')
    result = run("evaluate", ruler, data, "--report", page)
    assert result.exit_code == 1
    assert "[B214] " in result.stderr
    assert not page.exists()


def test_a_baseline_that_sets_something_else(birnn, ruler, data, tmp_path, run):
    import spacy

    nlp = spacy.load(birnn)
    for name in ("birnn_ner", "birnn_chunker"):
        nlp.remove_pipe(name)
    nlp.to_disk(tmp_path / "tagger")
    result = run("evaluate", ruler, data, "--baseline", tmp_path / "tagger")
    assert result.stderr.startswith("[B426] ")


def test_without_matplotlib(ruler, data, tmp_path, run, monkeypatch):
    monkeypatch.setattr("spacy_birnn.diagnostics.figures.find_spec", lambda _: None)
    result = run("evaluate", ruler, data, "--report", tmp_path / "r.html")
    assert result.exit_code == 1
    assert "[B413] " in result.stderr
    assert "pip install 'spacy-birnn[report]'" in result.stderr
    # Without a page there is nothing to draw.
    result = run("evaluate", ruler, data, "--errors", tmp_path / "e.jsonl")
    assert result.exit_code == 0


def test_nothing_is_left_where_the_page_cannot_be_made(
    ruler, data, tmp_path, run, monkeypatch
):
    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("spacy_birnn.diagnostics.report.Report.to_html", fail)
    page, errors = tmp_path / "r.html", tmp_path / "e.jsonl"
    errors.write_text("older")
    result = run(
        "evaluate", ruler, data, "--report", page, "--errors", errors, "--force"
    )
    assert result.exit_code != 0
    assert errors.read_text() == "older"
    assert {path.name for path in tmp_path.iterdir()} == {"a.conll", "e.jsonl"}


def test_training_data_are_read_whole_and_as_they_are(ruler, tmp_path, run):
    """DATA is cut and has columns; TRAIN is another file of another format."""
    data, train = tmp_path / "a.conll", tmp_path / "train.spacy"
    data.write_text("Oslo LOC B-LOC\n\nAda PER B-PER\n")
    columns = ["--columns", "word=0,ents=2"]
    other = tmp_path / "b.conll"
    other.write_text("Ada O\n\nOslo B-LOC\n")
    assert run("convert", other, train).exit_code == 0
    errors = tmp_path / "errors.jsonl"
    result = run(
        *["evaluate", ruler, data, *columns, "--limit", "1"],
        *["--train", train, "--errors", errors],
    )
    assert result.exit_code == 0, result.output
    (error,) = map(json.loads, errors.read_text().splitlines())
    assert (error["text"], error["seen"]) == ("Oslo", "same")


def test_confidences_of_tags_are_of_their_own_tagger(birnn, tmp_path, run):
    """Of several taggers `token._.confidence` is the last one's."""
    import spacy

    nlp = spacy.load(birnn)
    nlp.remove_pipe("birnn_ner")
    nlp.remove_pipe("birnn_chunker")
    doc = spacy.tokens.Doc(nlp.vocab, words=["a", "b"], pos=["NOUN", "VERB"])
    examples = [spacy.training.Example(nlp.make_doc("a b"), doc)]
    second = nlp.add_pipe("birnn_tagger", name="second", config={"target": "pos"})
    second.initialize(lambda: examples, nlp=nlp)
    nlp.to_disk(tmp_path / "two")
    data = tmp_path / "a.conll"
    data.write_text("Ada NNP NOUN\nleft VBD VERB\nOslo ZZ X\n")
    errors = tmp_path / "e.jsonl"
    command = ("evaluate", tmp_path / "two", data, "--errors", errors)
    result = run(*command, "--columns", "word=0,tag=1,pos=2")
    assert result.exit_code == 0, result.output
    records = [json.loads(line) for line in errors.read_text().splitlines()]
    known = {(r["target"], "confidence" in r) for r in records}
    assert known == {("tag", False), ("pos", True)}


@pytest.mark.filterwarnings("always")
def test_training_data_without_the_labels_tell_nothing(ruler, data, tmp_path, run):
    """As if they were not given: what is not annotated was not never seen."""
    import spacy
    from spacy.tokens import DocBin

    train, errors = tmp_path / "train.spacy", tmp_path / "e.jsonl"
    DocBin(docs=[spacy.blank("en")("Ada went to Oslo.")]).to_disk(train)
    page = tmp_path / "r.html"
    outputs = ["--report", page, "--errors", errors]
    result = run("evaluate", ruler, data, *outputs, "--train", train)
    assert result.exit_code == 0, result.output
    assert f"[W441] {train}: the training data have no labels of ents" in result.stderr
    assert "By what training has seen" not in page.read_text()
    records = [json.loads(line) for line in errors.read_text().splitlines()]
    assert records
    assert not any("seen" in record for record in records)
