"""benchmarks/tradeoff.py: the grid, what is trained again, the table and the plot."""

import json
import subprocess
import sys
from dataclasses import asdict, replace
from itertools import combinations
from pathlib import Path

import pytest
import tradeoff
from spacy.util import load_config
from variants import clock, grid, labels, results, table, training

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


DEFAULT = grid.DEFAULT


# --- the grid -------------------------------------------------------------------------


def test_a_variant_differs_from_the_default_in_its_cell_or_in_one_number():
    assert len(grid.GRID) == len(set(grid.GRID)) == 11
    assert DEFAULT in grid.GRID
    for variant in grid.GRID:
        same_cell = replace(variant, cell="lstm", directions=2)
        changed = asdict(same_cell).items() - asdict(DEFAULT).items()
        assert len(changed) <= (variant == same_cell)


def test_the_width_is_of_all_directions_together():
    encode = grid.ENCODE
    config = load_config(training.CONFIG)
    for key in encode.split("."):
        config = config[key]
    for variant in grid.GRID:
        names = {key.removeprefix(f"{encode}.") for key in variant.overrides}
        assert names <= set(config)
    assert DEFAULT.overrides[f"{encode}.width"] == str(config["width"]) == "200"
    one_way = grid.Variant(directions=1)
    assert one_way.overrides[f"{encode}.width"] == "100"
    assert one_way.overrides[f"{encode}.bidirectional"] == "false"


# --- training -------------------------------------------------------------------------


def test_the_clock_leaves_out_the_steps_that_are_scored(monkeypatch):
    now = iter([0.0, 10.0, 11.0, 12.0, 15.0, 16.0, 90.0])
    monkeypatch.setattr(clock, "process_time", lambda: next(now))
    steps = clock.StepClock()
    steps.end_step({"step": 0, "words": 70})
    steps.begin_step()  # at 10
    steps.end_step(None)  # at 11
    steps.begin_step()  # at 12
    steps.end_step(None)  # at 15
    steps.begin_step()
    steps.end_step({"step": 3, "words": 400})
    assert steps.figures() == {"steps": 2, "seconds": 4.0, "words": 200.0}


class FakeSpacy:
    """Stands in for `python -m spacy`: writes what it would, and counts.

    Attributes:
        trained: The training options of each run.
        fails_at: Which training ends with an error, counted from 1; 0 for none.
    """

    def __init__(self):
        self.trained = []
        self.fails_at = 0

    def run(self, command, env, check):
        assert check
        assert env["OMP_NUM_THREADS"] == "1"
        task, *arguments = command[3:]
        output = Path(arguments[arguments.index("-o") + 1])
        if task == "birnn":
            output.write_text('{"ents_f": 0.5}', encoding="utf8")
            return
        self.trained.append(arguments)
        for model in "model-best", "model-last":
            (output / model).mkdir()
        if len(self.trained) == self.fails_at:
            raise subprocess.CalledProcessError(1, command)
        meta = output / "model-best" / "meta.json"
        meta.write_text('{"performance": {"ents_f": 0.25}}', encoding="utf8")
        clock = output / "clock.json"
        clock.write_text('{"words": 300.0, "seconds": 2.0}', encoding="utf8")


@pytest.fixture
def spacy(monkeypatch):
    fake = FakeSpacy()
    monkeypatch.setattr(training.subprocess, "run", fake.run)
    return fake


@pytest.fixture
def train(tmp_path, monkeypatch):
    """Runs the command `train`; afterwards the entries of the file of results."""
    output = tmp_path / "tradeoff.json"
    for name in "train", "dev", "testa":
        (tmp_path / name).touch()

    def run(*options):
        arguments = ["train", "--train", "train", "--dev", "dev", "--test", "testa"]
        arguments += ["--vectors", ".", "--models", "models", "-o", str(output)]
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["tradeoff.py", *arguments, *options])
        tradeoff.main()
        return json.loads(output.read_text(encoding="utf8"))

    return run


def test_an_interrupted_training_goes_on_where_it_stopped(train, spacy, tmp_path):
    spacy.fails_at = 3
    with pytest.raises(subprocess.CalledProcessError):
        train()
    names = [variant.name for variant in grid.GRID]
    kept = {path.name for path in (tmp_path / "models").iterdir()}
    assert kept == {
        f"{names[0]}-seed0",
        f"{names[1]}-seed0",
        f"{names[2]}-seed0.unfinished",
    }
    entries = train()
    assert len(spacy.trained) == 3 + len(names) - 2
    assert len(entries) == len(names)
    first = tmp_path / "models" / f"{names[0]}-seed0"
    assert not (first / "model-last").exists()
    assert (
        entries[0].items()
        >= {
            "what": "training",
            **asdict(grid.GRID[0]),
            "seed": 0,
            "epochs": 8,
            "dev_f": 0.25,
            "testa_f": 0.5,
            "train_tokens_per_second": 150.0,
        }.items()
    )


def test_a_seed_is_a_run_of_its_own(train, spacy):
    entries = train("--seeds", "3", "5", "--epochs", "2")
    assert {entry["seed"] for entry in entries} == {3, 5}
    assert len(entries) == len(spacy.trained) == 2 * len(grid.GRID)
    assert "--system.seed=5" in spacy.trained[-1]
    assert "--training.max_epochs=2" in spacy.trained[-1]


def test_models_of_another_length_are_not_taken(train, spacy):
    train()
    with pytest.raises(SystemExit, match="was trained with --epochs 8, not 9"):
        train("--epochs", "9")
    assert len(spacy.trained) == len(grid.GRID)


# --- the report -----------------------------------------------------------------------

MACHINE = {"cpu_capability": "AVX2", "torch": "2.6"}


def trained(variant, seed, testa):
    return {
        "what": "training",
        **asdict(variant),
        "seed": seed,
        "epochs": 8,
        "max_steps": 0,
        "dev_f": testa + 0.02,
        "testa_f": testa,
        "train_tokens_per_second": 15000.0,
        "machine": MACHINE,
    }


def timed(variant, speed, ratio):
    return {
        "what": "speed",
        **asdict(variant),
        "seed": 0,
        "tokens_per_second": {"median": speed},
        "over_default": {"median": ratio},
        "runs": 5,
        "machine": MACHINE,
    }


ONE_WAY = grid.Variant(directions=1)
ENTRIES = [
    trained(DEFAULT, 0, 0.93),
    trained(DEFAULT, 1, 0.94),
    trained(ONE_WAY, 0, 0.92),
    timed(DEFAULT, 100_000.0, 1.0),
]


def test_the_table():
    _, _, first, second, _, last = "\n".join(table.table(ENTRIES)).splitlines()
    assert first == "| LSTM | 1 | 1 | 100 | 92.00 | 94.00 | – | – | 15,000 |"
    assert second == (
        "| **LSTM** | **2** | **1** | **100** | **93.50 ± 0.71** | **95.50 ± 0.71** "
        "| **100,000** | **1.00** | **15,000** |"
    )
    assert last == (
        "8 epochs; seed 0, 1; median of 5 rounds; one thread; AVX2; torch 2.6."
    )


def test_the_table_takes_the_place_of_the_last_one():
    page = f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n"
    once = table.insert(page, ["new", "lines"])
    assert once == f"before\n{table.BEGIN}\nnew\nlines\n{table.END}\nafter\n"
    assert table.insert(once, ["new", "lines"]) == once
    for broken in "nothing", table.BEGIN, f"{table.END} {table.BEGIN}":
        with pytest.raises(ValueError, match="are missing"):
            table.insert(broken, [])


def test_labels_cover_neither_markers_nor_each_other():
    points = [(200.0 + 6 * i, 150.0 + 4 * (i % 3)) for i in range(8)]
    frame, legend = labels.Box(0, 0, 400, 300), labels.Box(0, 0, 120, 300)
    boxes = labels.place(points, [(80.0, 12.0)] * 8, frame, 10.0, [legend])
    markers = [labels.Box.around(point, 10.0, 10.0) for point in points]
    assert all(frame.holds(box) for box in boxes)
    for one, other in combinations(boxes, 2):
        assert not one.meets(other)
    for box in boxes:
        assert not any(box.meets(other) for other in [legend, *markers])


def test_the_same_results_give_the_same_picture(tmp_path):
    pytest.importorskip("matplotlib")
    from variants import plot

    entries = [*ENTRIES, timed(ONE_WAY, 150_000.0, 1.5)]
    for name in "a.svg", "b.svg":
        plot.draw(results.results_of(entries), tmp_path / "new" / name)
    first, second = (
        (tmp_path / "new" / name).read_bytes() for name in ("a.svg", "b.svg")
    )
    assert first == second
    assert b"<svg" in first
