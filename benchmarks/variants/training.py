"""Train a variant through `spacy train`, score it, and keep both in its folder."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Dict

from measures.machine import machine_facts

from . import clock
from .grid import Variant

CONFIG = Path(__file__).parents[2] / "configs" / "conll2003.cfg"
RECORD = "record.json"


@dataclass(frozen=True)
class Recipe:
    """What is the same for all variants. Paths must be absolute.

    Attributes:
        train, dev: What `split-conll2003` of the project makes of train.
        test: testa: a development set, which chooses nothing here.
        vectors: Folder of the word vectors.
        epochs: How many passes over train.
        max_steps: Stop after so many steps; 0 for the whole training.
    """

    train: Path
    dev: Path
    test: Path
    vectors: Path
    epochs: int
    max_steps: int

    @property
    def length(self) -> Dict[str, int]:
        return {"epochs": self.epochs, "max_steps": self.max_steps}


def folder_of(models: Path, variant: Variant, seed: int) -> Path:
    return models / f"{variant.name}-seed{seed}"


def read_record(folder: Path) -> Dict[str, Any]:
    """What `train` returned when it trained what is in this folder."""
    return read_json(folder / RECORD)


def train(variant: Variant, seed: int, recipe: Recipe, models: Path) -> Dict[str, Any]:
    """Train and score a variant. Its folder appears when everything is in it.

    Raises:
        subprocess.CalledProcessError: Training or scoring failed.
    """
    folder = folder_of(models, variant, seed)
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    model = unfinished / "model-best"
    run_training(variant, seed, recipe, unfinished)
    shutil.rmtree(unfinished / "model-last")
    metrics = unfinished / "testa.json"
    spacy("birnn", "evaluate", model, recipe.test, "-o", metrics)
    spent = read_json(unfinished / "clock.json")
    record = {
        **asdict(variant),
        "seed": seed,
        **recipe.length,
        "dev_f": read_json(model / "meta.json")["performance"]["ents_f"],
        "testa_f": read_json(metrics)["ents_f"],
        "train_tokens_per_second": round(spent["words"] / spent["seconds"], 1),
        "train_seconds": round(spent["seconds"], 1),
        "machine": machine_facts(),
    }
    text = json.dumps(record, indent=2)
    (unfinished / RECORD).write_text(text + "\n", encoding="utf8")
    unfinished.rename(folder)
    return record


def run_training(variant: Variant, seed: int, recipe: Recipe, output: Path) -> None:
    overrides = {
        **variant.overrides,
        "paths.train": recipe.train,
        "paths.dev": recipe.dev,
        "paths.vectors": recipe.vectors,
        "system.seed": seed,
        "training.max_epochs": recipe.epochs,
        "training.max_steps": recipe.max_steps,
        "training.patience": 0,
        "training.logger.@loggers": "benchmarks.StepClock.v1",
        "training.logger.path": output / "clock.json",
    }
    options = [f"--{key}={value}" for key, value in overrides.items()]
    spacy("train", CONFIG, "-o", output, "--code", clock.__file__, *options)


def spacy(*arguments: object) -> None:
    """`python -m spacy ARGUMENT…` on one thread."""
    subprocess.run(
        [sys.executable, "-m", "spacy", *map(str, arguments)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=True,
    )


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf8"))
