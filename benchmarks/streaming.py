"""Measure labels that follow the words: accuracy against delay, cost per word, memory.

    python benchmarks/streaming.py train --conll2003 DIR --ud-upos DIR \
        --vectors VECTORS --models MODELS
"""

import argparse
from pathlib import Path
from typing import Optional, Sequence

from options import existing, make_parser
from recipes.training import Places
from streams.models import EPOCHS, train_all


def main(argv: Optional[Sequence[str]] = None) -> None:
    args = command_line().parse_args(argv)
    args.action(args)


def train(args: argparse.Namespace) -> None:
    """Train the networks that are not there yet."""
    folders = {corpus: getattr(args, corpus.replace("-", "_")) for corpus in EPOCHS}
    places = {
        corpus: Places(folder, args.vectors, args.models.resolve())
        for corpus, folder in folders.items()
        if folder is not None
    }
    train_all(list(places), args.seeds, places)


def command_line() -> argparse.ArgumentParser:
    parser = make_parser(__doc__ or "")
    actions = parser.add_subparsers(required=True)
    trains = actions.add_parser("train", help="train the networks of the table")
    trains.set_defaults(action=train)
    for corpus in EPOCHS:
        trains.add_argument(f"--{corpus}", type=existing, help="the corpus's folder")
    trains.add_argument("--vectors", type=existing, required=True)
    trains.add_argument("--models", type=Path, required=True, help="what is trained")
    trains.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    return parser


if __name__ == "__main__":
    main()
