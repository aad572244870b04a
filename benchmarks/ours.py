"""Train and score our pipelines through `spacy project run`, with several seeds.

    python benchmarks/ours.py --workflow wnut17 --var wnut17_dir=DIR \
        --var glove=glove.6B.100d.txt.gz --seeds 0 1 2

Each seed runs the project's own commands; what `spacy birnn evaluate` writes is kept in
`benchmarks/results/ours`, with the best score on dev and the training time.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple

from spacy_birnn.files import replacing

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "ours"


class Cell(NamedTuple):
    """Commands of project.yml that train and score one pipeline, and their outputs."""

    prepare: List[str]
    train: str
    evaluate: str
    model: str
    metrics: str


CELLS: Dict[str, Cell] = {
    "wnut17": Cell(
        ["fetch-wnut17", "verify-wnut17", "vectors"],
        "train-wnut17",
        "evaluate-wnut17",
        "training/wnut17",
        "wnut17.json",
    ),
    "conll2003": Cell(
        ["verify-conll2003", "vectors", "split-conll2003"],
        "train-conll2003",
        "evaluate-conll2003",
        "training/conll2003",
        "conll2003-testa-dev.json",
    ),
    "conll2000": Cell(
        ["fetch-conll2000", "verify-conll2000", "vectors"],
        "train-conll2000",
        "evaluate-conll2000",
        "training/conll2000",
        "conll2000.json",
    ),
    "ud-upos": Cell(
        ["fetch-ud-english", "verify-ud-english", "vectors"],
        "train-ud-upos",
        "evaluate-ud-upos",
        "training/ud_upos",
        "ud_upos.json",
    ),
    "ud-xpos": Cell(
        ["fetch-ud-english", "verify-ud-english", "vectors"],
        "train-ud-xpos",
        "evaluate-ud-xpos",
        "training/ud_xpos",
        "ud_xpos.json",
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--workflow", choices=CELLS, required=True)
    parser.add_argument("--var", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    cell = CELLS[args.workflow]
    overrides = [f"--vars.{pair}" for pair in args.var]
    for command in cell.prepare:
        project_run(command, overrides, args.threads)
    for seed in args.seeds:
        result = run_seed(cell, seed, overrides, args.threads)
        save(cell, seed, result)


def run_seed(
    cell: Cell, seed: int, overrides: List[str], threads: int
) -> Dict[str, Any]:
    """Train and score once; the clock counts the processor time of training.

    Processor time on one thread is the wall time of an idle machine. Starting Python,
    reading the files, initialising and scoring dev all count.
    """
    overrides = [*overrides, f"--vars.seed={seed}"]
    began, wall = processor_seconds(), time.perf_counter()
    project_run(cell.train, overrides, threads, force=True)
    seconds, wall_seconds = processor_seconds() - began, time.perf_counter() - wall
    project_run(cell.evaluate, overrides, threads, force=True)
    metrics = json.loads((ROOT / "metrics" / cell.metrics).read_text(encoding="utf8"))
    meta = ROOT / cell.model / "model-best" / "meta.json"
    performance = json.loads(meta.read_text(encoding="utf8"))["performance"]
    main_key = next(key for key in MAIN_SCORES if performance.get(key))
    return {
        **metrics,
        "seed": seed,
        "threads": threads,
        "best_dev": performance[main_key],
        "train_seconds": round(seconds, 1),
        "train_wall_seconds": round(wall_seconds, 1),
    }


MAIN_SCORES = ("ents_f", "spans_chunks_f", "pos_acc", "tag_acc")


def project_run(
    command: str, overrides: List[str], threads: int, force: bool = False
) -> None:
    flags = ["--force"] if force else []
    subprocess.run(
        [sys.executable, "-m", "spacy", "project", "run", command, ".", *flags]
        + overrides,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": str(threads)},
        check=True,
    )


def processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def save(cell: Cell, seed: int, result: Dict[str, Any]) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{Path(cell.metrics).stem}-seed{seed}.json"
    with replacing(path) as file:
        file.write(json.dumps(result, indent=2).encode("utf8") + b"\n")
    print(f"{path.name}: dev {result['best_dev']:.4f}", flush=True)


if __name__ == "__main__":
    main()
