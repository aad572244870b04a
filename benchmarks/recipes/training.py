"""Train a cell with one seed through `spacy-birnn train`, and score what came of it."""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, Optional, Sequence

import spacy
from measures.machine import machine_facts
from spacy.util import load_config_from_str

from .cells import Cell, Run
from .corpora import CORPORA
from .scoring import score_dev, score_test

TRAIN = (sys.executable, "-m", "spacy_birnn.cli", "train")
CONFIG = "config.cfg"
OUTPUT = "output"
MODEL = f"{OUTPUT}/model-best"
LAST = f"{OUTPUT}/model-last"
CURVE = "curve.jsonl"


@dataclass(frozen=True)
class Places:
    """Where things are.

    Attributes:
        data: The folder of the corpus.
        vectors: The folder of word vectors.
        models: What is trained goes into a folder of this one.
        threads: How many threads a training has.
    """

    data: Path
    vectors: Path
    models: Path
    threads: int = 1


def fill(
    cell: Cell,
    seeds: Sequence[int],
    places: Places,
    *,
    with_test: bool,
    command: Sequence[str] = TRAIN,
    facts: Optional[Run] = None,
) -> Iterator[Cell]:
    """Train the seeds of a cell that are not there yet.

    Args:
        cell: The recipe.
        seeds: Of the trainings that it is to hold.
        places: Where things are.
        with_test: Score test too, once for each training.
        command: See `run`.
        facts: What else is kept of each.

    Yields:
        The cell, after each seed.
    """
    for seed in seeds:
        done = cell.run_of(seed)
        if done is None:
            done = {**run(cell, seed, places, command), **(facts or {})}
            cell.add(done)
        if with_test and done["test"] is None:
            cell.add({**done, "test": test(cell, seed, places)})
        yield cell


def run(cell: Cell, seed: int, places: Places, command: Sequence[str] = TRAIN) -> Run:
    """Train with a seed and score on dev, unless that was trained on.

    A folder that is left from a training that was interrupted is removed. Seconds are
    those of the processor: on one thread, what an idle machine takes. Start-up, reading
    the files and scoring dev count.

    Args:
        cell: The recipe.
        seed: Of all that is random.
        places: Where things are.
        command: Trains, given a config, a folder and settings.

    Raises:
        subprocess.CalledProcessError: Training failed; its log is in the folder.
    """
    folder = folder_of(cell, seed, places)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    began, wall = processor_seconds(), time.perf_counter()
    train(cell, seed, places, folder, command)
    seconds, wall_seconds = processor_seconds() - began, time.perf_counter() - wall
    corpus = CORPORA[cell.corpus]
    dev = {}
    if not cell.with_dev:
        nlp = spacy.load(model_of(cell, seed, places))
        dev = score_dev(nlp, corpus, places.data / corpus.dev)
    return {
        "seed": seed,
        "dev": dev,
        "test": None,
        "seconds": round(seconds, 1),
        "wall_seconds": round(wall_seconds, 1),
        "threads": places.threads,
        "curve": read_curve(folder / CURVE),
        "machine": machine_facts(),
    }


def test(cell: Cell, seed: int, places: Places) -> Optional[float]:
    """Score what was trained on test; None where the corpus has none."""
    corpus = CORPORA[cell.corpus]
    if corpus.test is None:
        return None
    nlp = spacy.load(model_of(cell, seed, places))
    return score_test(nlp, corpus, places.data / corpus.test)


def folder_of(cell: Cell, seed: int, places: Places) -> Path:
    return places.models / f"{cell.path.stem}-seed{seed}"


def model_of(cell: Cell, seed: int, places: Places) -> Path:
    """What dev has chosen; where dev was trained on, what training has ended with."""
    return folder_of(cell, seed, places) / (LAST if cell.with_dev else MODEL)


def train(
    cell: Cell,
    seed: int,
    places: Places,
    folder: Path,
    command: Sequence[str] = TRAIN,
) -> None:
    corpus = CORPORA[cell.corpus]
    config = load_config_from_str(cell.config, interpolate=False)
    config["training"]["logger"] = {
        "@loggers": "spacy.ConsoleLogger.v3",
        "output_file": str(folder / CURVE),
    }
    config.to_disk(folder / CONFIG, interpolate=False)
    overrides = {
        "paths.train": places.data / corpus.train,
        "paths.dev": places.data / corpus.dev,
        "paths.vectors": places.vectors,
        "system.seed": seed,
    }
    options = [f"--{key}={value}" for key, value in overrides.items()]
    if cell.with_dev:
        options += ["--dev", "train"]
    with (folder / "train.log").open("wb") as log:
        subprocess.run(
            [*command, folder / CONFIG, "-o", folder / OUTPUT, *options],
            env={**os.environ, "OMP_NUM_THREADS": str(places.threads)},
            stdout=log,
            stderr=subprocess.STDOUT,
            check=True,
        )
    if not cell.with_dev:
        shutil.rmtree(folder / LAST)
    (folder / OUTPUT / "checkpoint").unlink()


def read_curve(path: Path) -> List[str]:
    """What the logger has written of each evaluation: epoch, step, loss and score."""
    rows = map(json.loads, path.read_text(encoding="utf8").splitlines())
    return [
        f"epoch {row['epoch']}, step {row['step']}, "
        f"loss {sum(row['losses'].values()):.3f}, dev {row['score']:.4f}"
        for row in rows
    ]


def processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
