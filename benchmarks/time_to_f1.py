"""Processor time from nothing to a score on dev: ours against spaCy's `ner`.

    python benchmarks/time_to_f1.py --train eng.train --dev eng.testa --vectors DIR \
        --columns word=0,ents=3 --stop-at 0.918 --runs 2

The systems take turns, on one thread, from the same word vectors: the config of
`init-config --task ner` under `spacy-birnn train` and under `spacy train`, spaCy's
recommended `ner`, whose table of vectors gets the spellings that ours finds, and with
`--before CHECKOUT` an earlier state of this project, under `spacy train`. Start-up,
evaluation and saving count. Prints seconds to the score and the share of them that
were updates; the evaluations go to `benchmarks/results/time_to_f1.json`. With a score
that is never reached, such as 2, trainings are whole.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import spacy
from baselines import SETTINGS
from compare import Checkout
from corpora import add_forms
from measures import score_clock
from measures.machine import machine_facts
from measures.processes import COMMAND_LINE
from options import existing
from records import add_result
from spacy.cli.init_config import init_config as spacy_init_config
from thinc.api import Config

from spacy_birnn.cli.init_config import init_config, to_text
from spacy_birnn.cli.options import parse_columns
from spacy_birnn.data.conll import ConllCorpus

RESULTS = Path(__file__).resolve().parent / "results" / "time_to_f1.json"
BEFORE = "before, under spacy train"
SYSTEMS = ("ours", "ours under spacy train", "spacy ner", BEFORE)
Row = Dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--train", type=existing, required=True)
    parser.add_argument("--dev", type=existing, required=True)
    parser.add_argument(
        "--vectors", type=existing, required=True, help="spaCy's directory"
    )
    parser.add_argument("--columns", type=parse_columns, default="word=0,ents=-1")
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=SYSTEMS[:3])
    parser.add_argument("--before", type=existing, help="checkout of an earlier state")
    parser.add_argument("--stop-at", type=float, required=True, help="from 0 to 1")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--max-epochs", type=int, default=25)
    args = parser.parse_args()
    times: Dict[str, List[Optional[float]]] = {name: [] for name in args.systems}
    with tempfile.TemporaryDirectory() as temp:
        folder = Path(temp)
        for seed in range(args.runs):
            for system in args.systems:
                rows, first_line = run(system, seed, args, folder)
                seconds = report(system, seed, rows, args.stop_at, first_line)
                times[system].append(seconds)
    summary(times)


def run(
    system: str, seed: int, args: argparse.Namespace, folder: Path
) -> Tuple[List[Row], float]:
    """Train until the score is reached, or to the end.

    Returns:
        The evaluations, and the seconds until the first line was shown.
    """
    config, vectors, env = (
        ours(args),
        args.vectors,
        {**os.environ, "OMP_NUM_THREADS": "1"},
    )
    if system == BEFORE:
        metadata = folder / "metadata"
        metadata.mkdir(exist_ok=True)
        checkout = Checkout.of(args.before, Path(sys.executable), metadata)
        config, env = of_checkout(args, folder, checkout), checkout.env
    if system == "spacy ner":
        config, vectors = spacys(args), folder / "vectors"
        if not vectors.exists():
            vectors_with_forms(args).to_disk(vectors)
    config["paths"].update(
        train=str(args.train), dev=str(args.dev), vectors=str(vectors)
    )
    log = folder / "log.jsonl"
    config["system"]["seed"] = seed
    config["training"]["max_epochs"] = args.max_epochs
    config["training"]["logger"] = {
        "@loggers": "benchmarks.ScoreClock.v1",
        "path": str(log),
        "stop_at": args.stop_at,
    }
    path = folder / "config.cfg"
    path.write_text(to_text(config), encoding="utf8")
    module = "spacy_birnn.cli" if system == "ours" else "spacy"
    command = [sys.executable, "-m", module, "train", str(path), "-o"]
    command += [str(folder / "out"), "--code", score_clock.__file__]
    first_line = show(
        [*command, *(["--force"] if system == "ours" else [])], folder, env
    )
    rows = [json.loads(line) for line in log.read_text("utf8").splitlines()]
    return rows, first_line


def show(command: List[str], folder: Path, env: Dict[str, str]) -> float:
    """Run a command; the seconds until its first line."""
    began = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, env=env, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        first_line = time.perf_counter() - began
        process.stdout.read()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return first_line


def ours(args: argparse.Namespace) -> Config:
    config = init_config("ner", "efficiency", columns=args.columns)
    config["corpora"]["dev"]["joined"] = 0  # all are scored on the file's sentences
    return config


def of_checkout(args: argparse.Namespace, folder: Path, checkout: Checkout) -> Config:
    """What `init-config` of a checkout writes."""
    path = folder / "before.cfg"
    path.unlink(missing_ok=True)
    columns = ",".join(f"{key}={value}" for key, value in args.columns.items())
    options = ("--task", "ner", "--columns", columns)
    checkout.run("-c", COMMAND_LINE, "init-config", path, *options)
    return Config().from_disk(path, interpolate=False)


def spacys(args: argparse.Namespace) -> Config:
    """What spaCy recommends, at the sizes that are best for it here (see baselines.py),
    with our reader in the place of its own."""
    config = spacy_init_config(
        lang="en", pipeline=["ner"], optimize="accuracy", gpu=False
    )
    config["components"]["tok2vec"]["model"]["encode"].update(SETTINGS["efficiency"])
    for name, corpus in ours(args)["corpora"].items():
        config["corpora"][name] = corpus
    return config


def vectors_with_forms(args: argparse.Namespace) -> spacy.language.Language:
    """A pipeline whose vectors are found under every spelling of the corpora."""
    nlp = spacy.blank("en")
    nlp.vocab.vectors.from_disk(args.vectors / "vocab")
    words = {
        token.text
        for path in (args.train, args.dev)
        for example in ConllCorpus(path, columns=args.columns)(nlp)
        for token in example.reference
    }
    add_forms(nlp.vocab.vectors, words)
    return nlp


def report(
    system: str, seed: int, rows: List[Row], stop_at: float, first_line: float
) -> Optional[float]:
    """Print and keep what a run has come to; seconds to the score."""
    last = rows[-1]
    reached = next((row["seconds"] for row in rows if row["score"] >= stop_at), None)
    stages = [row.pop("stages") for row in rows][-1]
    share = stages[score_clock.UPDATES] / last["seconds"]
    facts = {
        "system": system,
        "seed": seed,
        "stop_at": stop_at,
        "seconds": reached,
        "seconds_to_first_line": round(first_line, 2),
        "seconds_to_first_score": rows[0]["seconds"],
        "share_of_updates": round(share, 4),
        "stages": {stage: round(seconds, 3) for stage, seconds in stages.items()},
        "best": max(row["score"] for row in rows),
        "evaluations": rows,
        "machine": machine_facts(),
    }
    add_result(RESULTS, facts, key=("system", "seed", "stop_at"))
    what = f"{reached:.1f} s" if reached else f"never (best {facts['best']:.4f})"
    print(f"{system:<24} seed {seed}: {what}, {share:.1%} in updates", flush=True)
    first = rows[0]["seconds"]
    print(f"  first line {first_line:.1f} s, first evaluation {first:.1f} s")
    for stage, seconds in stages.items():
        print(f"  {stage:<22} {seconds:6.1f} s {seconds / last['seconds']:6.1%}")
    return reached


def summary(times: Dict[str, List[Optional[float]]]) -> None:
    medians = {}
    for system, seconds in times.items():
        known = [value for value in seconds if value is not None]
        if known:
            medians[system] = statistics.median(known)
            spread = f"{min(known):.1f} to {max(known):.1f}"
            print(f"{system:<24} median {medians[system]:.1f} s ({spread})")
    for other in "spacy ner", BEFORE:
        if "ours" in medians and other in medians:
            print(f"ours / {other}: {medians['ours'] / medians[other]:.3f}")


if __name__ == "__main__":
    main()
