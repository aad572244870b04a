"""benchmarks/distillation.py: what it asks for, and what it says of two pipelines."""

import distillation
import pytest
import spacy
from recipes import cells, training
from recipes.corpora import CORPORA
from recipes.scoring import missed

CONLL = "Ada NNP B-NP B-PER\nleft VBD B-VP O\n\nOslo NNP B-NP B-LOC\n\n" * 6


@pytest.fixture(autouse=True)
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(cells, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(distillation, "RESULTS", tmp_path / "results.json")


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    corpus = CORPORA["conll2003"]
    for name in (corpus.train, corpus.dev):
        (folder / name).write_text(CONLL)
    return folder


def save(path, *patterns):
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": label, "pattern": word} for word, label in patterns])
    nlp.to_disk(path)
    return str(path)


def test_students_are_cells_with_what_they_were_distilled_from(
    data, tmp_path, monkeypatch, capsys
):
    asked = []

    def run(cell, seed, places, command):
        asked.append((seed, command))
        dev = {"sentences": 0.5 + seed / 10, "running": 0.5}
        machine = {"cpu_capability": "AVX512"}
        run = {"seed": seed, "dev": dev, "test": None, "seconds": 1.0}
        return {**run, "machine": machine}

    monkeypatch.setattr(training, "run", run)
    texts = tmp_path / "texts.txt"
    texts.write_text("Ada left.\n")
    teachers = [save(tmp_path / name, ("Ada", "PER")) for name in "ab"]
    options = ["--teachers", *teachers, "--texts", str(texts), "--data", str(data)]
    options += ["--vectors", str(tmp_path), "--models", str(tmp_path / "models")]
    command = ["train", "conll2003", "--name", "d", *options, "--sentences", "9"]
    distillation.main([*command, "--seeds", "0", "1"])
    distillation.main([*command, "--seeds", "1"])  # is there already
    assert [seed for seed, _ in asked] == [0, 1]
    words = asked[0][1][len(training.TRAIN) :]
    assert words == [
        *["--teacher", teachers[0], "--teacher", teachers[1]],
        *["--texts", str(texts), "--gold-weight", "0.5", "--sentences", "9"],
    ]
    assert asked[0][1][len(training.TRAIN) - 1] == "distil"
    cell = cells.read_cell(tmp_path / "results" / "conll2003-d.json")
    kept = list(map(distillation.short, words))
    assert [run["distilled from"] for run in cell.runs] == [kept, kept]
    assert kept[0] == "--teacher"
    assert kept[1] != words[1]
    assert words[1].endswith(kept[1])
    assert "| conll2003 | d | 2 | 55.00 ± 7.07 |" in capsys.readouterr().out


def test_two_pipelines_are_scored_and_timed(data, tmp_path, capsys):
    teacher = save(tmp_path / "a", ("Ada", "PER"), ("Oslo", "LOC"))
    student = save(tmp_path / "b", ("Ada", "PER"), ("Oslo", "PER"))
    options = ["--teacher", teacher, "--student", student, "--data", str(data)]
    distillation.main(["compare", *options, "--name", "x", "--runs", "1"])
    (entry,) = distillation.read_results(distillation.RESULTS)
    expected = {"teacher": 1.0, "student": 0.5, "agreement": 0.5}
    assert entry["sentences"] == entry["running"] == expected
    assert entry["teacher tokens/s"] > 0
    row = "| x | sentences | 100.00 | 50.00 | 50.00 |"
    assert row in capsys.readouterr().out
    distillation.main(["report"])
    assert row in capsys.readouterr().out


def test_mistakes_are_one_line(data, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        distillation.main(
            ["compare", "--teacher", str(tmp_path), "--student", str(tmp_path)]
            + ["--data", str(data)]
        )
    assert end.value.code == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_what_all_teachers_miss(data, tmp_path):
    """Ada and Oslo, six times each, of which each ruler finds some."""
    path = data / CORPORA["conll2003"].dev
    lost = []
    for name, patterns in (("a", [("Ada", "PER")]), ("b", [("Oslo", "ORG")])):
        nlp = spacy.load(save(tmp_path / name, *patterns))
        labels, total = missed(nlp, CORPORA["conll2003"], path)
        assert total == 12
        lost.append(labels)
    assert [len(labels) for labels in lost] == [6, 12]
    assert lost[0] & lost[1] == {(i, 0, 1, "LOC") for i in range(1, 12, 2)}
    said = distillation.say_missed({"of": 12, "by each": [6, 12], "by all": 6})
    assert said == "; of 12 labels they miss 6, 12, 6 all"
    assert distillation.say_missed(None) == ""
