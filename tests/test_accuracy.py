"""benchmarks/accuracy.py: cells and their files, layouts of dev, and the tables."""

import json
from dataclasses import replace
from pathlib import Path

import accuracy
import numpy
import pytest
import spacy
from recipes import boundaries, cells, pairs, scoring, table, training, with_dev
from recipes.corpora import CORPORA
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_birnn.schemes import decode

SENTENCE = "Ann B-person\nLee I-person\nran O\n\nto O\nRome B-location\n\n"
MEASURED = cells.RESULTS
HEAD = table.table([])
BRIEFLY = ["--set", "training.max_steps=2", "--set", "training.eval_frequency=1"]


@pytest.fixture(autouse=True)
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(cells, "RESULTS", tmp_path / "results")
    return tmp_path / "results"


@pytest.fixture
def places(tmp_path):
    """Options of `train`, with the files of WNUT-17 and some vectors there."""
    data, vectors = tmp_path / "data", tmp_path / "vectors"
    data.mkdir()
    corpus = CORPORA["wnut17"]
    for name in (corpus.train, corpus.dev, corpus.test):
        (data / name).write_text(SENTENCE * 6)
    nlp = spacy.blank("en")
    nlp.vocab.set_vector("ran", numpy.full(4, 0.5, "float32"))
    nlp.to_disk(vectors)
    folders = {"--data": data, "--vectors": vectors, "--models": tmp_path / "models"}
    return [str(part) for option in folders.items() for part in option]


# --- cells ----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_cell_is_trained_kept_and_gone_on_with(places, results, monkeypatch, capsys):
    command = ["train", "wnut17", "--name", "brief", *BRIEFLY, *places]
    accuracy.main([*command, "--seeds", "0"])
    assert "\n| wnut17 | brief | 1 |" in capsys.readouterr().out
    cell = cells.read_cell(results / "wnut17-brief.json")
    (run,) = cell.runs
    assert set(run["dev"]) == {"sentences", "running", "newlines"}
    assert run["test"] is None
    assert [line.split(", ")[1] for line in run["curve"]] == [
        "step 0",
        "step 1",
        "step 2",
    ]
    assert run["seconds"] > 0
    assert "max_steps = 2" in cell.config
    assert "@batchers" in cell.config

    # What is there is not trained again, and test is scored with what is there.
    monkeypatch.setattr(training, "train", lambda *_: pytest.fail("trained again"))
    accuracy.main([*command, "--seeds", "0", "--test"])
    (tested,) = cells.read_cell(cell.path).runs
    assert {**tested, "test": None} == run
    assert 0 <= tested["test"] <= 1
    monkeypatch.setattr(training, "score_test", lambda *_: pytest.fail("read again"))
    accuracy.main([*command, "--seeds", "0", "--test"])


def test_runs_of_another_config_are_not_mixed(places, results, capsys, monkeypatch):
    config = cells.make_config(CORPORA["wnut17"], "efficiency", {})
    cells.open_cell("wnut17", "brief", config).add(fake_run(0))
    with pytest.raises(SystemExit) as end:
        accuracy.main(["train", "wnut17", "--name", "brief", *BRIEFLY, *places])
    assert end.value.code == 1
    assert "another config" in capsys.readouterr().err


def test_two_trainings_at_once_keep_each_other_s_runs():
    config = cells.make_config(CORPORA["wnut17"], "efficiency", {})
    first, second = (cells.open_cell("wnut17", "brief", config) for _ in range(2))
    first.add(fake_run(2))
    second.add(fake_run(0))
    first.add({**fake_run(2), "seconds": 7.0})
    kept = cells.read_cell(first.path).runs
    assert [(run["seed"], run["seconds"]) for run in kept] == [
        (0, fake_run(0)["seconds"]),
        (2, 7.0),
    ]
    assert first.runs == kept


def test_a_config_from_before_start_from_is_the_same():
    config = cells.make_config(CORPORA["wnut17"], "efficiency", {})
    now = config.to_str(interpolate=False)
    config["paths"].pop("start_from")
    config["initialize"]["after_init"] = None
    before = config.to_str(interpolate=False)
    assert cells.is_same(before, now)
    started = cells.make_config(
        CORPORA["wnut17"], "efficiency", {"paths.start_from": "model"}
    )
    assert not cells.is_same(before, started.to_str(interpolate=False))


def test_keys_that_have_come_since_then_with_their_defaults():
    config = cells.make_config(CORPORA["wnut17"], "efficiency", {})
    cells.open_cell("wnut17", "brief", config).add(fake_run(0))
    text = config.to_str(interpolate=False)
    path = cells.RESULTS / "wnut17-brief.json"
    for line, is_same in (("votes = 0.0\n", True), ("dropout = 0.5\n", False)):
        assert line in text
        kept = {"config": text.replace(line, "", 1), "runs": [fake_run(0)]}
        path.write_text(json.dumps({"corpus": "wnut17", "recipe": "brief", **kept}))
        if is_same:
            assert cells.open_cell("wnut17", "brief", config).run_of(0)
        else:
            with pytest.raises(cells.OtherConfig):
                cells.open_cell("wnut17", "brief", config)
    gone = text.replace("votes = 0.0", "none = 0.0")
    assert not cells.is_same(gone, text)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--set", "training.dropout=0.1"], "--name"),
        (["--recipe", "configs/none.cfg"], "--name"),
        (["--recipe", "none.cfg", "--name", "none"], "none.cfg"),
        (["--set", "training.none.none=0.1", "--name", "none"], "none"),
    ],
)
def test_settings_that_cannot_be(places, results, capsys, options, message):
    with pytest.raises(SystemExit) as end:
        accuracy.main(["train", "wnut17", *options, *places])
    assert end.value.code == 1
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not results.exists()


@pytest.mark.parametrize("corpus", CORPORA.values(), ids=CORPORA)
def test_a_recipe_is_chosen_by_the_score_of_its_corpus(corpus):
    weights = cells.make_config(corpus, "accuracy", {})["training"]["score_weights"]
    assert {key: w for key, w in weights.items() if w} == {corpus.score: 1.0}


def test_a_setting_is_a_key_and_a_value(capsys):
    assert accuracy.setting("a.b=0.5") == ("a.b", 0.5)
    assert accuracy.setting("a.b=frozen") == ("a.b", "frozen")
    with pytest.raises(SystemExit):
        accuracy.main(["train", "wnut17", "--set", "training"])


def test_a_tagger_learns_its_own_tags():
    for name, target in (("ud-upos", "pos"), ("ud-xpos", "tag")):
        config = cells.make_config(CORPORA[name], "accuracy", {"training.dropout": 0.1})
        assert config["components"]["birnn_tagger"]["target"] == target
        assert config["training"]["dropout"] == 0.1
        assert config["initialize"]["vectors"] == "${paths.vectors}"


# --- layouts of dev -------------------------------------------------------------------


def example(vocab, words, ents):
    starts = [i == 0 for i in range(len(words))]
    gold = Doc(vocab, words, sent_starts=starts, ents=ents)
    gold.spans["chunks"] = [Span(gold, e.start, e.end, e.label_) for e in gold.ents]
    return Example(Doc(vocab, words, sent_starts=starts), gold)


def test_running_text_has_no_sentence_starts():
    vocab = spacy.blank("en").vocab
    examples = [example(vocab, [str(i), "x"], ["B-X", "O"]) for i in range(5)]
    found = list(scoring.running_text(examples, size=2))
    assert [run.predicted.text.split()[::2] for run in found] == [
        ["0", "1"],
        ["2", "3"],
        ["4"],
    ]
    assert [len(run.reference.ents) for run in found] == [2, 2, 1]
    assert not found[0].predicted.has_annotation("SENT_START")


def test_line_breaks_within_spans_and_none_at_the_end():
    vocab = spacy.blank("en").vocab
    tags = ["O", "B-X", "I-X", "B-X"]
    found = scoring.break_lines(example(vocab, list("abcd"), tags), every=2)
    for doc in (found.predicted, found.reference):
        assert [token.text for token in doc] == ["a", "b", "\n", "c", "d"]
        assert [token.is_sent_start for token in doc] == [True] + [False] * 4
    for spans in (found.reference.ents, found.reference.spans["chunks"]):
        assert [(span.start, span.end) for span in spans] == [(1, 4), (4, 5)]
    assert not found.predicted.ents


@Language.component("names")
def name_capitals(doc):
    """Neighbouring words with a capital are one entity."""
    tags = ["O" if token.is_lower else "I-X" for token in doc]
    spans, _ = decode(tags, "iob1")
    doc.set_ents([Span(doc, start, end, label) for start, end, label in spans])
    return doc


def test_losses_beside_the_starts_of_sentences(tmp_path, capsys):
    (tmp_path / "eng.testa").write_text("met O\nAnn B-X\n\nLee B-X\nsaw O\nBo B-X\n\n")
    corpus = replace(CORPORA["conll2003"], columns={"word": 0, "ents": 1})
    nlp = spacy.blank("en")
    nlp.add_pipe("names")
    counts = boundaries.count_losses(nlp, corpus, tmp_path / "eng.testa")
    assert counts == {
        "gold": 3,
        "lost": 2,
        "lost beside a start": 2,
        "won": 0,
        "across": 1,
    }


def test_documents_are_scored_as_such(tmp_path):
    """`Ann` ends a sentence and `Lee` begins the next one: where no start lies between
    them they are found as one name."""
    lines = (
        "-DOCSTART- O\n\nmet O\nAnn B-X\n\nLee B-X\nsaw O\n\n-DOCSTART- O\n\nBo B-X\n\n"
    )
    (tmp_path / "eng.testa").write_text(lines)
    corpus = replace(CORPORA["conll2003"], columns={"word": 0, "ents": 1})
    nlp, lengths = spacy.blank("en"), []
    nlp.add_pipe("names")
    ruler = nlp.add_pipe("entity_ruler")  # scores entities
    ruler.add_patterns([{"label": "X", "pattern": "nobody"}])

    @Language.component("lengths")
    def note_length(doc):
        lengths.append((len(doc), doc.has_annotation("SENT_START")))
        return doc

    nlp.add_pipe("lengths")
    found = scoring.score_documents(nlp, corpus, tmp_path / "eng.testa")
    assert lengths == [
        *[(2, True), (2, True), (1, True)],
        *[(4, True), (1, True)],
        *[(4, False), (1, True)],
    ]
    assert found["sentences"] == 1.0
    assert found["running"] < 1.0


# --- the tables -----------------------------------------------------------------------


def fake_run(seed, dev=0.5, test=None, seconds=1800.0, processor="AVX512"):
    return {
        "seed": seed,
        "dev": {"sentences": dev, "running": dev - 0.1},
        "test": test,
        "seconds": seconds,
        "machine": {"cpu_capability": processor},
    }


def test_the_table_has_means_and_deviations(results, capsys):
    config = cells.make_config(CORPORA["ud-upos"], "efficiency", {})
    cell = cells.open_cell("ud-upos", "efficiency", config)
    for seed, dev in ((1, 0.52), (0, 0.5)):
        cell.add(fake_run(seed, dev, test=0.4))
    assert [run["seed"] for run in cells.read_cell(cell.path).runs] == [0, 1]
    slower = fake_run(0, seconds=3600.0, processor="AVX2")
    cells.open_cell("conll2003", "efficiency", config).add(slower)
    accuracy.main(["report"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "3 trainings, 2 hours of processor time"
    assert lines[2:4] == [
        "| conll2003 | efficiency | 1 | 50.00 | 40.00 | – | – | 1.00 (AVX2) |",
        "| ud-upos | efficiency | 2 | 51.00 ± 1.41 | 41.00 ± 1.41 | – | "
        "40.00 ± 0.00 | 0.50 |",
    ]


def test_each_cell_has_its_table(capsys):
    corpus = CORPORA["conll2003"]
    config = cells.make_config(corpus, "efficiency", {})
    few = cells.make_config(corpus, "efficiency", {"corpora.train.limit": 250})
    for name in ("sgd", "accuracy", "efficiency"):
        cells.open_cell("conll2003", name, config).add(fake_run(0))
    cells.open_cell("conll2003", "single", few).add(fake_run(0))
    texts = table.tables(cells.read_cells())
    pairs_of = texts.pop("PAIRS").splitlines()[2:]
    assert len(texts.pop("WITH DEV").splitlines()) == 2
    names = [
        [line.split(" | ")[1] for line in text.splitlines()[2:]]
        for text in texts.values()
    ]
    assert names == [["efficiency", "accuracy"], ["sgd"], ["single"]]
    assert all("conll2003" in line for line in pairs_of)
    accuracy.main(["report", "--recipes", "sgd"])
    assert capsys.readouterr().out.split("\n\n")[1] == texts["TRIED"]


def test_options_are_compared_in_pairs():
    """Of one corpus and seed each; a run that has no other is left out."""
    config = cells.make_config(CORPORA["conll2000"], "efficiency", {})
    scores = {
        ("conll2000", "word-dropout-05"): {0: 0.55, 1: 0.54, 2: 0.9},
        ("conll2000", "no-adversarial"): {0: 0.51, 1: 0.52, 3: 0.1},
        ("conll2003", "crossweigh"): {1: 0.7},
        ("conll2003", "constant-dropout"): {0: 0.2, 1: 0.75},
    }
    for (corpus, name), runs in scores.items():
        for seed, dev in runs.items():
            # What two kinds of processors take is not compared.
            other = seed == 1 and name in ("word-dropout-05", "crossweigh")
            run = fake_run(seed, dev, processor="AVX2" if other else "AVX512")
            cells.open_cell(corpus, name, config).add(run)
    assert pairs.pairs_table(cells.read_cells()).splitlines()[2:] == [
        "| `adversarial = 0.05`, chunks | conll2000 | efficiency of chunks | 2 | "
        "+3.00 ± 1.00 | +3.00 ± 1.00 | 1.00 x |",
        "| CrossWeigh | conll2003 | – | 1 | -5.00 | -5.00 | – |",
    ]


def test_what_was_trained_on_dev_too_stands_beside_what_dev_has_chosen():
    config = cells.make_config(CORPORA["wnut17"], "efficiency", {})
    chosen = cells.open_cell("wnut17", "efficiency", config)
    too = cells.open_cell("wnut17", "efficiency-with-dev", config, with_dev=True)
    for seed, test in ((0, 0.40), (1, 0.42), (2, 0.9)):
        chosen.add(fake_run(seed, test=test))
    for seed, test in ((0, 0.43), (1, 0.44), (5, 0.45)):
        too.add({**fake_run(seed, test=test), "dev": {}})
    assert cells.read_cell(too.path).with_dev
    cells.open_cell("wnut17", "lone-with-dev", config, with_dev=True).add(
        fake_run(0, test=0.5)
    )
    texts = table.tables(cells.read_cells())
    assert texts["WITH DEV"].splitlines()[2:] == [
        "| wnut17 | efficiency | 3 | 44.00 ± 1.00 | 2 | 41.00 ± 1.41 | "
        "+2.50 ± 0.50 | 0.50 |",
        "| wnut17 | lone | 1 | 50.00 | – | – | – | 0.50 |",
    ]
    assert "with-dev" not in texts["RECIPES"] + texts["TRIED"]
    with pytest.raises(cells.OtherConfig):
        cells.open_cell("wnut17", "efficiency", config, with_dev=True)


@pytest.mark.slow
def test_dev_is_trained_on_too(places, results, capsys):
    command = ["train", "wnut17", "--name", "brief", *BRIEFLY, *places]
    accuracy.main([*command, "--seeds", "0", "--with-dev", "--test"])
    assert "\n| wnut17 | brief-with-dev | 1 | – |" in capsys.readouterr().out
    (run,) = cells.read_cell(results / "wnut17-brief-with-dev.json").runs
    assert run["dev"] == {}
    assert run["curve"] == []
    assert 0 <= run["test"] <= 1
    models = Path(places[places.index("--models") + 1])
    output = models / "wnut17-brief-with-dev-seed0" / "output"
    assert [path.name for path in output.iterdir()] == ["model-last"]


def test_the_recipes_of_all_options_are_kept():
    """A typing error would leave pairs out without a word."""
    known = {path.stem for path in MEASURED.glob("*.json")}
    named = {
        f"{corpus}-{name}"
        for option in pairs.OPTIONS
        for corpus, *names in option.recipes
        for name in names
    }
    assert named <= known


def test_the_tables_go_between_their_lines(tmp_path, capsys):
    page = tmp_path / "page.md"
    places = [
        f"<!-- {part} -->\n{{}}\n<!-- {part} END -->\nb\n" for part in table.PARTS
    ]
    text = "a\n" + "".join(places)
    page.write_text(text.format(*["old"] * len(table.PARTS)))
    accuracy.main(["report", "--into", str(page)])
    empty = (HEAD, HEAD, HEAD, pairs.pairs_table([]), with_dev.with_dev_table([]))
    assert page.read_text() == text.format(*empty)
    page.write_text(f"<!-- {table.PARTS[0]} END -->")
    with pytest.raises(SystemExit):
        accuracy.main(["report", "--into", str(page)])
    assert f"<!-- {table.PARTS[0]} -->" in capsys.readouterr().err


def test_the_docs_say_what_was_measured(monkeypatch):
    monkeypatch.setattr(cells, "RESULTS", MEASURED)
    page = (Path(__file__).parents[1] / "docs" / "accuracy.md").read_text("utf-8")
    known = cells.read_cells()
    for text in (*table.tables(known).values(), table.total(known)):
        assert text in page
