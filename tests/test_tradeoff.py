"""benchmarks/tradeoff.py: the grid, what is trained again, the table and the plot."""

import json
import sys
from typing import ClassVar

import pytest
import torch
import tradeoff
from spacy.util import load_config
from tradeoff import DEFAULT, GRID, Variant

from spacy_birnn.training.progress import Progress

# --- the grid -------------------------------------------------------------------------


def test_a_variant_differs_from_the_default_in_its_cell_or_in_one_number():
    assert len(GRID) == len(set(GRID)) == 11
    assert DEFAULT in GRID
    for variant in GRID:
        same_cell = variant._replace(cell="lstm", directions=2)
        changed = [a for a, b in zip(same_cell, DEFAULT) if a != b]
        assert len(changed) <= (variant == same_cell)


def test_the_width_is_of_all_directions_together():
    encode = tradeoff.ENCODE
    config = load_config(tradeoff.CONFIG)
    for key in encode.split("."):
        config = config[key]
    for variant in GRID:
        names = {key.removeprefix(f"{encode}.") for key in variant.overrides}
        assert names <= set(config)
    assert DEFAULT.overrides[f"{encode}.width"] == config["width"] == 200
    one_way = Variant(directions=1)
    assert one_way.overrides[f"{encode}.width"] == 100
    assert one_way.overrides[f"{encode}.bidirectional"] is False


# --- training -------------------------------------------------------------------------


class FakeSpacy:
    """Stands in for training and the model that it makes, and counts.

    Attributes:
        trained: The config of each training.
        fails_at: Which training ends with an error, counted from 1; 0 for none.
    """

    meta: ClassVar = {"performance": {"ents_f": 0.25}}

    def __init__(self):
        self.trained = []
        self.fails_at = 0

    def train(self, config, output, force):
        assert torch.get_num_threads() == 1
        self.trained.append(config)
        for model in "model-best", "model-last":
            (output / model).mkdir(parents=True, exist_ok=True)
        if len(self.trained) == self.fails_at:
            raise RuntimeError("interrupted")
        return None, Progress(words=300, seconds_in_updates=2.0), None

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
    monkeypatch.setattr(tradeoff, "read_corpus", lambda *_: [])
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
    names = [variant.name for variant in GRID]
    entries = train()
    assert len(fake.trained) == 3 + len(names) - 2
    assert len(entries) == len(names)
    first = tmp_path / "models" / f"{names[0]}-epochs8-seed0"
    assert not (first / "model-last").exists()
    assert (
        entries[0].items()
        >= {
            "what": "training",
            **GRID[0]._asdict(),
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
    assert len(entries) == len(fake.trained) == 2 * len(GRID)
    assert fake.trained[-1]["system"]["seed"] == 5
    assert fake.trained[-1]["training"]["max_epochs"] == 2


def test_models_of_another_length_are_trained_anew(train, fake):
    train()
    train("--epochs", "9")
    assert len(fake.trained) == 2 * len(GRID)


# --- the report -----------------------------------------------------------------------

MACHINE = {"cpu_capability": "AVX2", "torch": "2.6"}


def trained(variant, seed, testa):
    return {
        "what": "training",
        **variant._asdict(),
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
        **variant._asdict(),
        "seed": 0,
        "tokens_per_second": {"median": speed},
        "over_default": {"median": ratio},
        "runs": 5,
        "machine": MACHINE,
    }


ONE_WAY = Variant(directions=1)
ENTRIES = [
    trained(DEFAULT, 0, 0.93),
    trained(DEFAULT, 1, 0.94),
    trained(ONE_WAY, 0, 0.92),
    timed(DEFAULT, 100_000.0, 1.0),
]


def test_the_report(tmp_path, monkeypatch, capsys):
    """One that was not timed is left out. The same results give the same picture."""
    pytest.importorskip("matplotlib")
    results = tmp_path / "results.json"
    results.write_text(json.dumps(ENTRIES), encoding="utf8")
    pictures = []
    for name in "a.svg", "b.svg":
        arguments = ["report", "-o", str(results), "--plot", str(tmp_path / name)]
        monkeypatch.setattr(sys, "argv", ["tradeoff.py", *arguments])
        tradeoff.main()
        _, _, *lines = capsys.readouterr().out.splitlines()
        assert lines == [
            "| **LSTM** | **2** | **1** | **100** | **93.50 ± 0.71** "
            "| **95.50 ± 0.71** | **100,000** | **1.00** | **15,000** |",
            "",
            "Epochs: 8; seeds: 0, 1; one thread.",
        ]
        pictures.append((tmp_path / name).read_bytes())
    assert pictures[0] == pictures[1]
    assert b"<svg" in pictures[0]
