"""benchmarks/tradeoff.py: the grid, what is trained again, the table and the plot."""

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import ClassVar

import pytest
import torch
import tradeoff
from spacy.util import load_config
from variants import clock, grid, report

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
    config = load_config(tradeoff.CONFIG)
    for key in encode.split("."):
        config = config[key]
    for variant in grid.GRID:
        names = {key.removeprefix(f"{encode}.") for key in variant.overrides}
        assert names <= set(config)
    assert DEFAULT.overrides[f"{encode}.width"] == config["width"] == 200
    one_way = grid.Variant(directions=1)
    assert one_way.overrides[f"{encode}.width"] == 100
    assert one_way.overrides[f"{encode}.bidirectional"] is False


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
    """Stands in for spaCy's training and the model that it makes, and counts.

    Attributes:
        trained: The overrides of each training.
        fails_at: Which training ends with an error, counted from 1; 0 for none.
    """

    meta: ClassVar = {"performance": {"ents_f": 0.25}}

    def __init__(self):
        self.trained = []
        self.fails_at = 0

    def train(self, config, output, overrides):
        assert torch.get_num_threads() == 1
        self.trained.append(overrides)
        for model in "model-best", "model-last":
            (output / model).mkdir()
        if len(self.trained) == self.fails_at:
            raise RuntimeError("interrupted")
        clock = Path(overrides["training.logger.path"])
        clock.write_text('{"words": 300.0, "seconds": 2.0}', encoding="utf8")

    def load(self, path):
        assert path.name == "model-best"
        return self

    def evaluate(self, examples):
        return {"ents_f": 0.5}


@pytest.fixture
def fake(monkeypatch):
    fake = FakeSpacy()
    monkeypatch.setattr(tradeoff, "train", fake.train)
    monkeypatch.setattr(tradeoff.spacy, "load", fake.load)
    monkeypatch.setattr(tradeoff, "read_columns", lambda *_: [])
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


def test_an_interrupted_training_goes_on_where_it_stopped(train, fake, tmp_path):
    fake.fails_at = 3
    with pytest.raises(RuntimeError):
        train()
    names = [variant.name for variant in grid.GRID]
    kept = {path.name for path in (tmp_path / "models").iterdir()}
    assert kept == {
        f"{names[0]}-seed0",
        f"{names[1]}-seed0",
        f"{names[2]}-seed0.unfinished",
    }
    entries = train()
    assert len(fake.trained) == 3 + len(names) - 2
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


def test_a_seed_is_a_run_of_its_own(train, fake):
    entries = train("--seeds", "3", "5", "--epochs", "2")
    assert {entry["seed"] for entry in entries} == {3, 5}
    assert len(entries) == len(fake.trained) == 2 * len(grid.GRID)
    assert fake.trained[-1]["system.seed"] == 5
    assert fake.trained[-1]["training.max_epochs"] == 2


def test_models_of_another_length_are_not_taken(train, fake):
    train()
    with pytest.raises(SystemExit, match="was trained with --epochs 8, not 9"):
        train("--epochs", "9")
    assert len(fake.trained) == len(grid.GRID)


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
    _, _, first, second, _, last = "\n".join(report.table(ENTRIES)).splitlines()
    assert first == "| LSTM | 1 | 1 | 100 | 92.00 | 94.00 | – | – | 15,000 |"
    assert second == (
        "| **LSTM** | **2** | **1** | **100** | **93.50 ± 0.71** | **95.50 ± 0.71** "
        "| **100,000** | **1.00** | **15,000** |"
    )
    assert last == (
        "8 epochs; seed 0, 1; median of 5 rounds; one thread; AVX2; torch 2.6."
    )


def test_the_table_takes_the_place_of_the_last_one():
    page = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
    once = report.insert(page, ["new", "lines"])
    assert once == f"before\n{report.BEGIN}\nnew\nlines\n{report.END}\nafter\n"
    assert report.insert(once, ["new", "lines"]) == once
    for broken in "nothing", report.BEGIN, f"{report.END} {report.BEGIN}":
        with pytest.raises(ValueError, match="are missing"):
            report.insert(broken, [])


def test_the_same_results_give_the_same_picture(tmp_path):
    pytest.importorskip("matplotlib")
    entries = [*ENTRIES, timed(ONE_WAY, 150_000.0, 1.5)]
    for name in "a.svg", "b.svg":
        report.draw(report.results_of(entries), tmp_path / "new" / name)
    first, second = (
        (tmp_path / "new" / name).read_bytes() for name in ("a.svg", "b.svg")
    )
    assert first == second
    assert b"<svg" in first
