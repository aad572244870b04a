"""The plumbing of benchmarks/: how runs are paired, kept, judged and shown."""

import json
import os
import pkgutil
import random
import subprocess
import sys
from pathlib import Path

import compare
import numpy
import pytest
import records
import spacy
import stages
import torch
import vector_coverage
import white_space
from measures import crf, processes, reading, rows, terminal, timing
from spacy.tokens import Doc

from spacy_birnn.data.corpus import AnyCorpus

from .conftest import ROOT

BENCHMARKS = ROOT / "benchmarks"


IMPORT = """
import sys
from importlib import import_module
from pathlib import Path

folder = Path(sys.argv[1])
paths = [str(folder), *(path for path in sys.path[1:] if "scripts" not in path)]
for script in sorted(folder.glob("*.py")):
    for name in [path.stem for path in (folder.parent / "scripts").glob("*.py")]:
        sys.modules.pop(name, None)
    sys.path[:] = paths
    import_module(script.stem)
"""


def test_each_script_finds_what_it_imports_by_itself():
    """As `python benchmarks/NAME.py` does, whose path holds its own folder alone."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    command = [sys.executable, "-c", IMPORT, str(BENCHMARKS)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


# --- reading --------------------------------------------------------------------------


def test_the_files_that_are_read_hold_the_same(tmp_path):
    rows = [["New", "NNP", "B-NP", "I-LOC"], ["York", "NNP", "I-NP", "I-LOC"]]
    rows += [["fell", "VBD", "B-VP", "O"], ["EU", "NNP", "B-NP", "I-ORG"]]
    pairs = [[row[0], row[-1]] for row in rows]
    assert reading.as_bioes(pairs).split()[1::2] == ["B-LOC", "E-LOC", "O", "S-ORG"]
    nlp = spacy.blank("en")
    for text in (reading.as_columns(pairs), reading.as_bioes(pairs)):
        (tmp_path / "a").write_text(text)
        (example,) = AnyCorpus(tmp_path / "a")(nlp)
        assert [ent.text for ent in example.reference.ents] == ["New York", "EU"]
    (tmp_path / "b").write_text(reading.as_conllu(rows))
    (example,) = AnyCorpus(tmp_path / "b")(nlp)
    assert [token.text for token in example.reference] == [row[0] for row in rows]
    assert example.reference.has_annotation("DEP")


# --- terminal -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "is_blank"),
    [
        ("", True),
        ("Loading x …\r", False),
        ("Loading x …\r" + 11 * " " + "\r", True),
        ("\r\x1b[2KReading \x1b[38;5;5m━━━\x1b[0m 12 documents", False),
        ("Reading 12 documents\r\x1b[2K", True),
        ("\x1b[?25h", True),
    ],
)
def test_a_blank_line_of_a_terminal(line, is_blank):
    assert terminal.is_blank(line) == is_blank


def test_the_longest_silence(tmp_path):
    code = (
        "import sys, time\n"
        "def work(seconds):\n"
        "    until = time.process_time() + seconds\n"
        "    while time.process_time() < until: pass\n"
        "print('busy …', end='\\r', flush=True); work(0.4)\n"
        "print('done      ', flush=True); work(0.2)\n"
    )
    command = [sys.executable, "-c", code]
    found = terminal.longest_silence(command, tmp_path, dict(os.environ))
    assert 0.1 < found.longest < 0.4 < found.seconds
    with pytest.raises(subprocess.CalledProcessError):
        terminal.longest_silence([*command[:2], "1 / 0"], tmp_path, dict(os.environ))


# --- timing ---------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is told to go on."""

    class Clock:
        now = 0.0

        def go_on(self, seconds):
            self.now += seconds

    clock = Clock()
    monkeypatch.setattr(timing, "_clock", lambda: clock.now)
    return clock


@pytest.fixture
def side(clock):
    """Makes sides whose runs take given seconds, one after the other."""

    def make(*seconds):
        left = iter(seconds)
        return timing.Side(lambda _: clock.go_on(next(left)))

    return make


def test_sides_run_in_turn_and_preparing_does_not_count(clock):
    seen = []

    def side(name, cost):
        def prepare():
            clock.go_on(100)
            return len(seen)

        def run(given):
            seen.append((name, given))
            clock.go_on(cost + given)

        return timing.Side(run, prepare)

    seconds = timing.alternate([side("a", 10), side("b", 20)], runs=2)
    assert seen == [("a", 0), ("b", 1), ("a", 2), ("b", 3), ("a", 4), ("b", 5)]
    assert seconds == [[12, 14], [23, 25]]


def test_the_processors_clock_counts_work_and_that_of_children_but_no_waiting():
    began = timing.processor_time()
    subprocess.run([sys.executable, "-c", "sum(range(5_000_000))"], check=True)
    worked = timing.processor_time() - began
    assert worked > 0.01
    began = timing.processor_time()
    timing.time.sleep(0.5)
    assert timing.processor_time() - began < 0.25


def test_threads_are_set_and_restored():
    before = torch.get_num_threads()
    with timing.threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


# --- rows -----------------------------------------------------------------------------


def test_a_speed_is_a_ratio_of_neighbours(side):
    """The median of the ratios, not the ratio of the medians."""
    comparison = rows.Comparison(
        "case",
        600,
        side(99, 1.0, 2.0, 6.0),
        [rows.Peer("other", lambda: side(99, 4.0, 5.0, 6.0), target=2.0)],
    )
    [row] = comparison.rows(runs=3)
    assert row["value"] == {"median": 2.5, "min": 1.0, "max": 4.0}
    assert row["ours"] == {"median": 300, "min": 100, "max": 600}
    assert row["other"] == {"median": 120, "min": 100, "max": 150}
    assert (row["case"], row["against"], row["unit"]) == ("case", "other", "tokens/s")
    assert (row["runs"], row["target"]) == (3, 2.0)


def test_without_peers_our_side_has_a_row_of_its_own(side):
    [row] = rows.Comparison("case", 600, side(99, 1.0, 2.0, 3.0)).rows(runs=3)
    assert row["ours"] == {"median": 300, "min": 200, "max": 600}


def entry(**changed):
    spread = {"median": 2.0, "min": 1.5, "max": 2.5}
    return {
        "measure": "tagging",
        "case": "small",
        "against": "torch",
        "threads": 1,
        "unit": "tokens/s",
        "ours": {**spread, "median": 123456.0},
        "other": {**spread, "median": 61728.0},
        "value": spread,
        "value_unit": "x",
        "target": 1.8,
        "at_most": False,
        "machine": {"cpu": "A Processor", "cpu_capability": "AVX512"},
        **changed,
    }


def test_the_table():
    *_, line = records.markdown(rows.HEADER, [rows.cells_of(entry())])
    assert line == (
        "| tagging | small | torch | 1 | 123,456 tokens/s | 61,728 tokens/s "
        "| 2.00 x (1.50–2.50) | ≥ 1.8 x | met | A Processor, AVX-512 |"
    )


@pytest.mark.parametrize(
    ("target", "at_most", "verdict"),
    [
        (2.0, False, "met"),
        (2.1, False, "**missed**"),
        (2.0, True, "met"),
        (1.9, True, "**missed**"),
        (None, False, ""),
    ],
)
def test_targets(target, at_most, verdict):
    cells = dict(zip(rows.HEADER, rows.cells_of(entry(target=target, at_most=at_most))))
    assert cells[""] == verdict


def test_a_result_takes_the_place_of_its_own_entry_alone(tmp_path):
    path = tmp_path / "new" / "speed.json"
    key = ("measure", "threads")
    for threads, runs in (1, 5), (2, 5), (1, 7):
        run = {"measure": "crf", "threads": threads, "runs": runs}
        records.add_result(path, run, key)
    kept = [(entry["threads"], entry["runs"]) for entry in records.read_results(path)]
    assert kept == [(2, 5), (1, 7)]
    assert [file.name for file in path.parent.iterdir()] == ["speed.json"]


# --- fresh processes ------------------------------------------------------------------


def test_new_words_never_stop_coming(tmp_path):
    random.seed(1)  # the file has a seed of its own
    sentences = [["the", "cat", "sat"], ["so"]]
    texts = []
    for name in ("a", "b"):
        processes.write_text(tmp_path / name, sentences, n_words=40)
        texts.append((tmp_path / name).read_text(encoding="utf-8"))
    assert texts[0] == texts[1]
    lines = [line.split() for line in texts[0].splitlines()]
    assert [len(line) for line in lines] == [3, 1] * 10
    new = [set(line) - {"the", "cat", "sat", "so"} for line in lines]
    assert all(len(words) == 1 for words in new)
    assert len(set().union(*new)) == len(lines)
    assert sentences == [["the", "cat", "sat"], ["so"]]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_peak_memory_is_not_inherited():
    held = b"x" * (256 * 2**20)
    code = "from measures.child import peak_memory; print(peak_memory())"
    assert 2**20 < int(processes.run_python("-c", code)) < len(held)


# --- what has no public name ----------------------------------------------------------


def test_the_crf_of_a_pipeline_is_found():
    nlp = spacy.blank("en")
    nlp.add_pipe("birnn_ner").add_label("X")
    nlp.initialize()
    found, labels = crf.crf_of(nlp)
    assert labels == ["O", "B-X", "I-X", "E-X", "S-X"]
    assert found.transitions.shape == (5, 5)
    emissions = torch.eye(3).repeat(2, 1)
    best = crf.new_crf(3).viterbi(emissions, [4, 2])
    assert best.tolist() == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize("path", [*stages.TAGGING.values(), *stages.TRAINING.values()])
def test_every_stage_is_a_function_that_is_there(path):
    owner, name = path.rsplit(".", 1)
    found = vars(pkgutil.resolve_name(owner))[name]  # where it is put back, not a base
    assert callable(getattr(found, "__func__", found))


# --- two states of the code -----------------------------------------------------------


def test_a_row_is_slower_only_where_the_whole_interval_is_below():
    slow = [0.90 + 0.005 * i for i in range(15)]  # 0.9 … 0.97
    assert compare.judge(slow) == ("0.935", "0.915–0.955", "**slower**")
    assert compare.judge([*slow[:11], 1.0, 1.0, 1.0, 1.0])[2] == "no slower"
    assert compare.judge([1 / ratio for ratio in slow])[2] == "faster"


@pytest.mark.parametrize(("pairs", "is_enough"), [(1, False), (5, False), (6, True)])
def test_an_interval_takes_six_pairs(pairs, is_enough):
    assert (compare.judge([0.5] * pairs)[1] == "0.500–0.500") == is_enough


def test_the_interval_holds_the_true_median_as_often_as_it_says():
    """The share of samples of 15 whose interval holds the median of their source."""
    generator = random.Random(0)
    held = 0
    for _ in range(2000):
        ratios = [generator.lognormvariate(0, 0.3) for _ in range(15)]
        low, high = map(float, compare.judge(ratios)[1].split("–"))
        held += low <= 1 <= high
    assert 0.95 <= held / 2000 < 0.98  # 0.965 by the binomial


FAKE_SPEED = """
import sys
import spacy_birnn, srsly
row = {"case": "small", "ours": {"median": 2.0}, "unit": "s"}
srsly.write_json(sys.argv[sys.argv.index("-o") + 1], [row])
assert "--ours-only" in sys.argv and sys.argv[sys.argv.index("--runs") + 1] == "4"
"""


def test_a_comparison_goes_on_where_it_stopped(tmp_path, monkeypatch, capsys):
    """Over the checkout itself, with a stand-in for speed.py."""
    fake, output = tmp_path / "speed.py", tmp_path / "figures.json"
    fake.write_text(FAKE_SPEED, encoding="utf8")
    monkeypatch.setattr(compare, "SPEED", fake)
    arguments = ["compare.py", "--before", str(ROOT), "--after", str(ROOT)]
    arguments += ["--measure", "crf", "--runs", "4", "-o", str(output)]
    for pairs, lines in ("1", ["pair 1 of 1"]), ("3", ["pair 2 of 3", "pair 3 of 3"]):
        monkeypatch.setattr(sys, "argv", [*arguments, "--pairs", pairs])
        compare.main()
        *seen, _, _, row = capsys.readouterr().out.splitlines()
        assert seen == [f"crf: {line}" for line in lines]
        assert row == f"| crf | small | 1 | {pairs} | 1.000 | – | too few pairs |"
    figures = records.read_results(output)
    assert [pair["before"] for pair in figures] == [{"small": 0.5}] * 3
    figures[0]["commits"]["before"] = "another"
    records.write_results(output, figures)
    with pytest.raises(SystemExit, match="compares other commits"):
        compare.main()


@pytest.mark.slow
def test_our_side_of_a_measure_runs_alone(tmp_path):
    pytest.importorskip("torchcrf")
    output = tmp_path / "speed.json"
    command = [
        BENCHMARKS / "speed.py",
        "--measure",
        "crf",
        "--ours-only",
        "--runs",
        "1",
    ]
    processes.run_python(*command, "-o", output)
    found = records.read_results(output)
    assert len(found) == 12
    assert all(row["ours"] == row["other"] for row in found)
    assert all(row["machine"]["cpu_capability"] for row in found)


def test_a_folder_that_is_no_checkout_is_refused(tmp_path, monkeypatch, capsys):
    arguments = ["--before", str(tmp_path), "--after", str(ROOT), "--measure", "crf"]
    monkeypatch.setattr(sys, "argv", ["compare.py", *arguments])
    with pytest.raises(SystemExit) as stopped:
        compare.main()
    assert stopped.value.code == 2
    assert f"{tmp_path} is no checkout of this project" in capsys.readouterr().err


@pytest.mark.parametrize("name", white_space.LAYOUTS)
def test_a_layout_changes_white_space_alone(name):
    """Words, annotation and the number of entities are those of the corpus."""
    layout = white_space.LAYOUTS[name]
    words = ["Old", "Harbour", "is", "far", "from", "here", "and", "New", "York", "."]
    ents = ["B-LOC", "I-LOC", *["O"] * 5, "B-LOC", "I-LOC", "O"]
    starts = [i % 10 == 0 for i in range(40)]
    vocab = spacy.blank("en").vocab
    gold = Doc(vocab, words=words * 4, ents=ents * 4, sent_starts=starts)
    example = white_space.lay_out(gold, layout)
    reference = example.reference
    kept = [token for token in reference if not token.is_space]
    assert [token.text for token in kept] == words * 4
    assert [entity.label_ for entity in reference.ents] == ["LOC"] * 8
    assert not any(entity[0].is_space for entity in reference.ents)
    spaces = [token.text for token in reference if token.is_space]
    n_between = 0 if layout.between is None else 3 // layout.every
    expected = [layout.within] * 4 * bool(layout.within)
    assert sorted(spaces) == sorted(expected + [layout.between] * n_between)
    assert example.predicted.has_annotation("SENT_START") is layout.split
    if layout.within:
        inside = [e for e in reference.ents if any(token.is_space for token in e)]
        assert [entity.text.split() for entity in inside] == [["New", "York"]] * 4


# --- vector coverage ------------------------------------------------------------------


def test_coverage_names_kinds_of_words_without_a_vector(tmp_path, capsys):
    nlp = spacy.blank("en")
    for word in ("oslo", "00"):
        nlp.vocab.set_vector(word, numpy.ones(2, dtype="float32"))
    nlp.to_disk(tmp_path / "vectors")
    words = ["Oslo", "17", "3rd", "a", "I", "U.S.", "n't", "--", "Bergen", "I"]
    path = tmp_path / "a.conll"
    path.write_text("".join(f"{word} O\n" for word in words), encoding="utf8")
    vector_coverage.main(
        [str(tmp_path / "vectors"), str(path), "-o", str(tmp_path / "out")]
    )
    found = json.loads((tmp_path / "out").read_text(encoding="utf8"))
    assert json.loads(capsys.readouterr().out) == found
    assert found["tokens"] == 10
    assert found["without a vector"] == 80.0
    shares = {kind: part["share"] for kind, part in found["kinds"].items()}
    assert shares == {
        "has a digit": 10.0,
        "one letter": 30.0,
        "has a dot": 10.0,
        "has an apostrophe": 10.0,
        "punctuation": 10.0,
        "other": 10.0,
    }
    assert found["kinds"]["one letter"]["examples"] == ["I", "a"]
