"""Speed against accuracy of the recurrent encoder: cells, directions, depth and size.

    python benchmarks/tradeoff.py train --train FILE --dev FILE --test FILE \\
        --vectors DIR --models DIR
    python benchmarks/tradeoff.py time --test FILE --models DIR
    python benchmarks/tradeoff.py report

`train` trains and scores every variant that is not yet in the folder of models, `time`
times all of them in one run, `report` makes the table and the plot. See README.md.
"""

import argparse
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Callable, Iterable

from common import add_result, read_results
from variants.grid import GRID
from variants.results import results_of
from variants.speed import time_all
from variants.table import insert, table
from variants.training import Recipe, folder_of, read_record, train

from spacy_birnn.errors import BirnnError
from spacy_birnn.files import replacing

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "tradeoff.json"
PLOT = ROOT / "docs" / "tradeoff.svg"
VARIANT = ("what", "cell", "directions", "depth", "hidden")


def main() -> None:
    args = make_parser().parse_args()
    args.command(args)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="train|time|report")
    add_train(commands.add_parser("train", help="train what is not there yet"))
    add_time(commands.add_parser("time", help="time all variants in one run"))
    add_report(commands.add_parser("report", help="make the table and the plot"))
    for command in commands.choices.values():
        command.add_argument(
            "-o", "--output", type=Path, default=RESULTS, help="results, JSON"
        )
    return parser


def add_train(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=train_all)
    parser.add_argument("--train", type=a_file, required=True, help="train.conll, and")
    parser.add_argument(
        "--dev", type=a_file, required=True, help="dev.conll of `split-conll2003`"
    )
    parser.add_argument("--test", type=a_file, required=True, help="eng.testa")
    parser.add_argument(
        "--vectors", type=a_folder, required=True, help="of scripts/make_vectors.py"
    )
    parser.add_argument("--models", type=Path, required=True, help="folder for all")
    parser.add_argument("--epochs", type=at_least(1), default=8)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument(
        "--max-steps", type=at_least(2), default=0, help="stop early, to try this out"
    )


def add_time(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=time_models)
    parser.add_argument("--test", type=a_file, required=True, help="eng.testa")
    parser.add_argument("--models", type=a_folder, required=True)
    parser.add_argument("--seed", type=int, default=0, help="whose models are timed")
    parser.add_argument(
        "--runs", type=at_least(1), default=5, help="after one that does not count"
    )


def add_report(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=report)
    parser.add_argument("--plot", type=a_picture, default=PLOT, help=".svg or .png")
    parser.add_argument(
        "--into",
        type=a_file,
        help="page with markers for the table; else it is printed",
    )


def a_file(text: str) -> Path:
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text}")
    return Path(text).resolve()


def a_folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {text}")
    return Path(text).resolve()


def a_picture(text: str) -> Path:
    path = Path(text)
    if path.suffix not in (".svg", ".png"):
        raise argparse.ArgumentTypeError(f"{text} ends with neither .svg nor .png")
    return path


def at_least(least: int) -> Callable[[str], int]:
    def whole_number(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is less than {least}")
        return value

    return whole_number


def train_all(args: argparse.Namespace) -> None:
    """One seed after the other, so that a whole table is there after the first."""
    recipe = Recipe(
        args.train, args.dev, args.test, args.vectors, args.epochs, args.max_steps
    )
    models = args.models.resolve()
    cells = [(variant, seed) for seed in args.seeds for variant in GRID]
    there = [cell for cell in cells if folder_of(models, *cell).is_dir()]
    for cell in there:
        check_length(folder_of(models, *cell), recipe)
    for cell in cells:
        folder = folder_of(models, *cell)
        record = read_record(folder) if cell in there else train(*cell, recipe, models)
        add_result(args.output, {"what": "training", **record}, (*VARIANT, "seed"))
        print(f"{folder.name}: testa {record['testa_f']:.4f}", flush=True)


def check_length(folder: Path, recipe: Recipe) -> None:
    """End where what is there was trained for longer or shorter."""
    record = read_record(folder)
    for name, wanted in recipe.length.items():
        if record[name] != wanted:
            option = "--" + name.replace("_", "-")
            sys.exit(
                f"{folder} was trained with {option} {record[name]}, not {wanted}: "
                "remove it, or give another folder as --models"
            )


def time_models(args: argparse.Namespace) -> None:
    models = {v: folder_of(args.models, v, args.seed) / "model-best" for v in GRID}
    missing = [variant.name for variant, path in models.items() if not path.is_dir()]
    if missing:
        names = ", ".join(missing)
        sys.exit(f"{args.models}: not trained with seed {args.seed}: {names}")
    for variant, figures in time_all(models, args.test, args.runs).items():
        entry = {"what": "speed", **asdict(variant), "seed": args.seed, **figures}
        add_result(args.output, entry, VARIANT)
        print(f"{variant.name}: {figures['tokens_per_second']['median']:,.0f} tokens/s")


def report(args: argparse.Namespace) -> None:
    entries = read_results(args.output)
    results = [result for result in results_of(entries) if result.is_complete]
    if not results:
        sys.exit(f"{args.output}: nothing that was both trained and timed")
    lines = table(entries)
    if args.into is None:
        print(*lines, sep="\n")
    else:
        put_into(args.into, lines)
    try:
        from variants.plot import draw
    except ImportError:
        sys.exit("no plot: matplotlib is missing: pip install spacy-birnn[bench]")
    draw(results, args.plot)


def put_into(page: Path, lines: Iterable[str]) -> None:
    try:
        text = insert(page.read_text(encoding="utf8"), lines)
    except ValueError as error:
        sys.exit(f"{page}: {error}")
    with replacing(page) as file:
        file.write(text.encode("utf8"))


if __name__ == "__main__":
    try:
        main()
    except BirnnError as error:
        sys.exit(str(error))
    except subprocess.CalledProcessError as error:
        sys.exit(f"`{' '.join(error.cmd[1:4])} …` ended with status {error.returncode}")
