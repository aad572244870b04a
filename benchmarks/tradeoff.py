"""Speed against accuracy of the recurrent encoder: cells, directions, depth and size.

    python benchmarks/tradeoff.py train --train FILE --dev FILE --test FILE \\
        --vectors DIR --models DIR
    python benchmarks/tradeoff.py time --test FILE --models DIR
    python benchmarks/tradeoff.py report

`train` trains and scores every variant that is not yet in the folder of models, `time`
times all of them in one run, `report` makes the table and the plot. See README.md.
"""

import argparse
import shutil
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Dict

import spacy
import srsly
from common import (
    DATASETS,
    a_file,
    a_folder,
    add_result,
    at_least,
    read_columns,
    read_results,
)
from measures.inputs import count_tokens, load_new, pipe, untagged
from measures.machine import machine_facts
from measures.rows import ratios, spread
from measures.timing import Side, alternate, threads
from spacy.cli.train import train
from variants import clock  # noqa: F401  (registers the logger)
from variants.grid import DEFAULT, GRID, Variant
from variants.report import draw, insert, results_of, table

from spacy_birnn.errors import BirnnError
from spacy_birnn.files import replacing

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "configs" / "conll2003.cfg"
RESULTS = ROOT / "benchmarks" / "results" / "tradeoff.json"
PLOT = ROOT / "docs" / "tradeoff.svg"
VARIANT = ("what", "cell", "directions", "depth", "hidden")
LENGTH = ("epochs", "max_steps")


def main() -> None:
    args = make_parser().parse_args()
    args.command(args)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="train|time|report")
    command = commands.add_parser("train", help="train what is not there yet")
    option = command.add_argument
    option("--train", type=a_file, required=True, help="train.conll, and")
    option("--dev", type=a_file, required=True, help="dev.conll of `split-conll2003`")
    option("--vectors", type=a_folder, required=True, help="of scripts/make_vectors.py")
    option("--models", type=Path, required=True, help="folder for all")
    option("--epochs", type=at_least(1), default=8)
    option("--seeds", type=int, nargs="+", default=[0])
    option("--max-steps", type=at_least(2), default=0, help="stop early, to try it out")
    command.set_defaults(command=train_all)
    command = commands.add_parser("time", help="time all variants in one run")
    option = command.add_argument
    option("--models", type=a_folder, required=True)
    option("--seed", type=int, default=0, help="of the models that are timed")
    option("--runs", type=at_least(1), default=5, help="after one that does not count")
    command.set_defaults(command=time_models)
    command = commands.add_parser("report", help="make the table and the plot")
    option = command.add_argument
    option("--plot", type=a_picture, default=PLOT, help=".svg or .png")
    option("--into", type=a_file, help="page with markers for the table; else print it")
    command.set_defaults(command=report)
    for name, command in commands.choices.items():
        option = command.add_argument
        option("-o", "--output", type=Path, default=RESULTS, help="results, JSON")
        if name != "report":
            option("--test", type=a_file, required=True, help="eng.testa")
    return parser


def a_picture(text: str) -> Path:
    path = Path(text)
    if path.suffix not in (".svg", ".png"):
        raise argparse.ArgumentTypeError(f"{text} ends with neither .svg nor .png")
    return path


def folder_of(models: Path, variant: Variant, seed: int) -> Path:
    return models / f"{variant.name}-seed{seed}"


def train_all(args: argparse.Namespace) -> None:
    """One seed after the other, so that a whole table is there after the first."""
    cells = [(variant, seed) for seed in args.seeds for variant in GRID]
    for variant, seed in cells:
        folder = folder_of(args.models, variant, seed)
        if folder.is_dir():
            check_length(folder, args)
    for variant, seed in cells:
        folder = folder_of(args.models, variant, seed)
        if not folder.is_dir():
            train_one(args, variant, seed, folder)
        record = srsly.read_json(folder / "record.json")
        add_result(args.output, {"what": "training", **record}, (*VARIANT, "seed"))
        print(f"{folder.name}: testa {record['testa_f']:.4f}", flush=True)


def check_length(folder: Path, args: argparse.Namespace) -> None:
    """End where the model that is there was trained for longer or shorter."""
    record = srsly.read_json(folder / "record.json")
    for name in LENGTH:
        if record[name] != getattr(args, name):
            sys.exit(
                f"{folder} was trained with --{name.replace('_', '-')} {record[name]}, "
                f"not {getattr(args, name)}: remove it, or give another folder as "
                "--models"
            )


def train_one(
    args: argparse.Namespace, variant: Variant, seed: int, folder: Path
) -> None:
    """Train and score a variant. Its folder appears when everything is in it."""
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    overrides = {
        **variant.overrides,
        "paths.train": str(args.train),
        "paths.dev": str(args.dev),
        "paths.vectors": str(args.vectors),
        "system.seed": seed,
        "training.max_epochs": args.epochs,
        "training.max_steps": args.max_steps,
        "training.patience": 0,
        "training.logger.@loggers": "benchmarks.StepClock.v1",
        "training.logger.path": str(unfinished / "clock.json"),
    }
    with threads(1):
        train(CONFIG, unfinished, overrides=overrides)
        nlp = spacy.load(unfinished / "model-best")
        scores = nlp.evaluate(read_columns(nlp, args.test, DATASETS["conll2003"]))
    shutil.rmtree(unfinished / "model-last")
    spent = srsly.read_json(unfinished / "clock.json")
    record = {
        **asdict(variant),
        "seed": seed,
        **{name: getattr(args, name) for name in LENGTH},
        "dev_f": nlp.meta["performance"]["ents_f"],
        "testa_f": scores["ents_f"],
        "train_tokens_per_second": round(spent["words"] / spent["seconds"], 1),
        "train_seconds": round(spent["seconds"], 1),
        "machine": machine_facts(),
    }
    srsly.write_json(unfinished / "record.json", record)
    unfinished.rename(folder)


def time_models(args: argparse.Namespace) -> None:
    """Tokens/s of `nlp.pipe` over ready Docs, one sentence per Doc, on one thread.

    Each round times every variant once; the round before the first does not count. The
    ratio of a variant is to the default of its own round.
    """
    models = {v: folder_of(args.models, v, args.seed) / "model-best" for v in GRID}
    missing = [variant.name for variant, path in models.items() if not path.is_dir()]
    if missing:
        names = ", ".join(missing)
        sys.exit(f"{args.models}: not trained with seed {args.seed}: {names}")
    sides = []
    for path in models.values():
        nlp = load_new(path)
        examples = read_columns(nlp, args.test, DATASETS["conll2003"])
        sides.append(Side(partial(pipe, nlp), partial(untagged, examples)))
    tokens = count_tokens(example.predicted for example in examples)
    with threads(1):
        seconds = dict(zip(models, alternate(sides, args.runs), strict=True))
    for variant, own in seconds.items():
        rates = spread([tokens / run for run in own])
        entry: Dict[str, Any] = {
            "what": "speed",
            **asdict(variant),
            "seed": args.seed,
            "tokens_per_second": rates,
            "over_default": spread(ratios(seconds[DEFAULT], own)),
            "runs": args.runs,
            "machine": machine_facts(),
        }
        add_result(args.output, entry, VARIANT)
        print(f"{variant.name}: {rates['median']:,.0f} tokens/s")


def report(args: argparse.Namespace) -> None:
    entries = read_results(args.output)
    results = [found for found in results_of(entries) if found.runs and found.speeds]
    if not results:
        sys.exit(f"{args.output}: nothing that was both trained and timed")
    if args.into is None:
        print(*table(entries), sep="\n")
    else:
        try:
            text = insert(args.into.read_text(encoding="utf8"), table(entries))
        except ValueError as error:
            sys.exit(f"{args.into}: {error}")
        with replacing(args.into) as file:
            file.write(text.encode("utf8"))
    try:
        draw(results, args.plot)
    except ImportError:
        sys.exit("no plot: matplotlib is missing: pip install spacy-birnn[bench]")


if __name__ == "__main__":
    try:
        main()
    except BirnnError as error:
        sys.exit(str(error))
