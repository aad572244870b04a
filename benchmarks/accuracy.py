"""Train recipes with several seeds, score them, and print the tables of what is known.

    python benchmarks/accuracy.py train conll2003 --recipe accuracy --seeds 0 1 2 \
        --data DIR --vectors VECTORS --models MODELS
    python benchmarks/accuracy.py train conll2003 --name single \
        --set training.batcher.share=0 --data DIR --vectors VECTORS --models MODELS
    python benchmarks/accuracy.py boundaries conll2003 --data DIR --model MODEL
    python benchmarks/accuracy.py documents conll2003 eng.testa --models MODEL MODEL
    python benchmarks/accuracy.py report [--recipes efficiency accuracy] [--into PAGE]

    python benchmarks/accuracy.py train wnut17 --with-dev --test --data DIR \
        --vectors VECTORS --models MODELS

A cell is a recipe on a corpus. `train` keeps its config and its runs in the file
benchmarks/results/accuracy/CORPUS-NAME.json and leaves out seeds that are there, so
what was interrupted is started again with the same command. Test is read with `--test`
alone, once for each model. VECTORS is what scripts/make_vectors.py makes.
"""

import argparse
import json
from typing import Any, Optional, Sequence, Tuple

import spacy
from options import add_training, existing, make_parser, run_action
from recipes.boundaries import count_losses
from recipes.cells import make_config, open_cell, read_cells
from recipes.corpora import CORPORA, WIKIGOLD
from recipes.scoring import score_documents
from recipes.spreads import spread
from recipes.table import insert, table, tables, total
from recipes.training import Places, fill
from recipes.with_dev import ENDING

DOCUMENTS = {"conll2003": CORPORA["conll2003"], "wikigold": WIKIGOLD}
"""Those whose files name their documents."""


def main(argv: Optional[Sequence[str]] = None) -> None:
    run_action(command_line(), argv)


def train(args: argparse.Namespace) -> None:
    """Train the seeds of a cell that are not there yet."""
    corpus = CORPORA[args.corpus]
    name = (args.name or args.recipe) + (ENDING if args.with_dev else "")
    if args.set and not args.name:
        raise ValueError("--set changes the recipe: give what comes of it a --name")
    if "/" in name:
        raise ValueError("a config of your own needs a --name")
    config = make_config(corpus, args.recipe, dict(args.set))
    cell = open_cell(args.corpus, name, config, with_dev=args.with_dev)
    places = Places(args.data, args.vectors, args.models.resolve(), args.threads)
    for filled in fill(cell, args.seeds, places, with_test=args.test):
        print(table([filled]), flush=True)


def boundaries(args: argparse.Namespace) -> None:
    """Print what running text costs a trained pipeline, and where."""
    corpus = CORPORA[args.corpus]
    counts = count_losses(spacy.load(args.model), corpus, args.data / corpus.dev)
    print(*(f"{name}: {count}" for name, count in counts.items()), sep=", ")


def documents(args: argparse.Namespace) -> None:
    """Print the scores of trained pipelines on a file, read as sentences and as whole
    documents."""
    corpus = DOCUMENTS[args.corpus]
    found = [
        score_documents(spacy.load(model), corpus, args.file) for model in args.models
    ]
    for name in found[0]:
        print(f"{name}: {spread([scores[name] for scores in found])}")


def report(args: argparse.Namespace) -> None:
    """Print the tables of the cells, or put them into a page."""
    cells = [
        cell for cell in read_cells() if not args.recipes or cell.recipe in args.recipes
    ]
    texts = tables(cells)
    if args.into is None:
        print(*texts.values(), total(cells), sep="\n\n")
    else:
        insert(texts, args.into)


def setting(text: str) -> Tuple[str, Any]:
    """Read `section.key=value`; the value is JSON, else a string."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    try:
        return key, json.loads(value)
    except json.JSONDecodeError:
        return key, value


def command_line() -> argparse.ArgumentParser:
    parser = make_parser(__doc__ or "")
    actions = parser.add_subparsers(required=True)
    trains = actions.add_parser("train", help="train and score a recipe")
    trains.set_defaults(action=train)
    trains.add_argument("corpus", choices=CORPORA)
    trains.add_argument(
        "--recipe",
        default="efficiency",
        help="efficiency (default), accuracy, or the path of a config",
    )
    trains.add_argument("--name", help="of the recipe in the table, where it is new")
    trains.add_argument(
        "--set", type=setting, action="append", default=[], metavar="KEY=VALUE"
    )
    trains.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    trains.add_argument(
        "--data", type=existing, required=True, help="the corpus's folder"
    )
    add_training(trains)
    trains.add_argument(
        "--test", action="store_true", help="score test too, once dev has chosen"
    )
    trains.add_argument(
        "--with-dev",
        action="store_true",
        help="train on dev too, to the last step: test alone is scored",
    )
    trains.add_argument("--threads", type=int, default=1)
    bounds = actions.add_parser("boundaries", help="show where running text costs")
    bounds.set_defaults(action=boundaries)
    bounds.add_argument(
        "corpus", choices=[name for name in CORPORA if CORPORA[name].has_spans]
    )
    bounds.add_argument(
        "--data", type=existing, required=True, help="the corpus's folder"
    )
    bounds.add_argument("--model", type=existing, required=True)
    wholes = actions.add_parser("documents", help="score whole documents")
    wholes.set_defaults(action=documents)
    wholes.add_argument("corpus", choices=DOCUMENTS)
    wholes.add_argument("file", type=existing)
    wholes.add_argument("--models", type=existing, nargs="+", required=True)
    reports = actions.add_parser("report", help="print the tables")
    reports.set_defaults(action=report)
    reports.add_argument("--recipes", nargs="+", help="these alone (default: all)")
    reports.add_argument("--into", type=existing, metavar="PAGE")
    return parser


if __name__ == "__main__":
    main()
