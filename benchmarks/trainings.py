"""Trainings of the `efficiency` config on other data, one process for each.

For scripts that ask for the data, not for the recipe: the config is what `init-config`
writes, and every training of a comparison takes the same number of steps.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Optional

from recipes.corpora import CORPORA

from spacy_birnn.cli.init_config import init_config

TRAIN = (sys.executable, "-m", "spacy_birnn.cli", "train")
CURVE, BEST, LAST = "curve.jsonl", "model-best", "model-last"


def train_ner(
    folder: Path,
    train: Path,
    dev: Path,
    vectors: Path,
    *,
    seed: int = 0,
    steps: Optional[int] = None,
    settings: Optional[Dict[str, Any]] = None,
) -> Path:
    """Train a `birnn_ner` on one thread, unless the folder holds it already.

    Args:
        folder: Takes the pipelines and the log.
        train, dev: CoNLL-2003 columns, or `.spacy` files.
        vectors: A folder of word vectors.
        seed: Of the weights and of the order.
        steps: So many steps, without early stopping, and dev is scored at the end
            alone: it chooses nothing. None for the config's own epochs, of which dev
            chooses the checkpoint.

    Returns:
        The pipeline: its averaged weights at the end, or those that dev has chosen.

    Raises:
        subprocess.CalledProcessError: Training failed; `train.log` says why.
    """
    model = folder / (BEST if steps is None else LAST)
    if (folder / "done").exists():
        return model
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config = init_config("ner", "efficiency", columns=CORPORA["conll2003"].columns)
    config["training"]["logger"] = {
        "@loggers": "spacy.ConsoleLogger.v3",
        "output_file": str(folder / CURVE),
    }
    config.to_disk(folder / "config.cfg", interpolate=False)
    changes: Dict[str, Any] = {
        **(settings or {}),
        "paths.train": train,
        "paths.dev": dev,
        "paths.vectors": vectors,
        "system.seed": seed,
    }
    if steps is not None:
        changes |= {
            "training.max_steps": steps,
            "training.max_epochs": 0,
            "training.patience": 0,
            "training.eval_frequency": steps,
            "corpora.dev.joined": 0,  # the score is that of single sentences
        }
    options = [f"--{key}={value}" for key, value in changes.items()]
    with (folder / "train.log").open("wb") as log:
        subprocess.run(
            [*TRAIN, folder / "config.cfg", "-o", folder, "--force", *options],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=log,
            stderr=subprocess.STDOUT,
            check=True,
        )
    unwanted = folder / (LAST if steps is None else BEST)
    shutil.rmtree(unwanted, ignore_errors=True)
    (folder / "checkpoint").unlink(missing_ok=True)
    (folder / "done").touch()
    return model


def last_score(folder: Path) -> float:
    """The score on dev, 0…1, of the last evaluation of a training."""
    rows = (folder / CURVE).read_text(encoding="utf8").splitlines()
    return json.loads(rows[-1])["score"]
