"""Measure labels that follow the words: accuracy against delay, cost per word, memory.

    python benchmarks/streaming.py train --conll2003 DIR --ud-upos DIR \\
        --vectors VECTORS --models MODELS
    python benchmarks/streaming.py accuracy --conll2003 DIR --ud-upos DIR \\
        --models MODELS
    python benchmarks/streaming.py report
    python benchmarks/streaming.py word --model MODEL --conll2003 DIR [--lag N]
    python benchmarks/streaming.py many --model MODEL --conll2003 DIR [--streams N]
    python benchmarks/streaming.py soak --model MODEL --conll2003 DIR [--words N]

`train` trains what is not there yet, `accuracy` scores what is trained and not scored
yet, `report` prints the table and draws docs/streaming.svg. `word` times one stream,
`many` times streams side by side against `nlp.pipe`, in turn, and `soak` runs one
stream over a million words. MODEL is any pipeline with one component, such as
MODELS/conll2003-stream-lstm-seed0/output/model-best. VECTORS is what
scripts/make_vectors.py makes.
"""

import argparse
from pathlib import Path
from typing import Dict, Optional, Sequence

from options import existing, make_parser
from recipes.corpora import CORPORA
from recipes.training import Places
from records import FOLDER, add_result, read_results
from streams.accuracy import score_all
from streams.cost import one_word, side_by_side, soak, words_of
from streams.models import EPOCHS, NETWORKS, train_all
from streams.report import plot, table

RESULTS = FOLDER / "streaming"
PLOT = FOLDER.parents[1] / "docs" / "streaming.svg"


def main(argv: Optional[Sequence[str]] = None) -> None:
    args = command_line().parse_args(argv)
    args.action(args)


def folders(args: argparse.Namespace) -> Dict[str, Path]:
    """The corpora that are given."""
    found = {corpus: getattr(args, corpus.replace("-", "_")) for corpus in EPOCHS}
    return {corpus: folder for corpus, folder in found.items() if folder is not None}


def train(args: argparse.Namespace) -> None:
    """Train the networks that are not there yet."""
    places = {
        corpus: Places(folder, args.vectors, args.models.resolve())
        for corpus, folder in folders(args).items()
    }
    chosen = [network for network in NETWORKS if network.name in args.networks]
    train_all(list(places), chosen, args.seeds, places)


def accuracy(args: argparse.Namespace) -> None:
    """Score what is trained."""
    score_all(args.models, folders(args), args.results / "accuracy.json")


def report(args: argparse.Namespace) -> None:
    """Print the table, draw the plot."""
    entries = read_results(args.results / "accuracy.json")
    print(table(entries))
    plot(entries, args.plot)


def word(args: argparse.Namespace) -> None:
    """Time one stream."""
    entry = one_word(args.model, dev_words(args), args.lag)
    keep(args, "word", entry)


def many(args: argparse.Namespace) -> None:
    """Time streams side by side."""
    entry = side_by_side(args.model, dev_words(args), args.streams, args.lag, args.runs)
    keep(args, "many", entry)


def long_run(args: argparse.Namespace) -> None:
    """Run one stream over very many words."""
    places = [*(n for n in (100, 10_000, 100_000) if n < args.words), args.words]
    keep(args, "soak", soak(args.model, dev_words(args), places, args.lag))


def dev_words(args: argparse.Namespace) -> "list[str]":
    return words_of("conll2003", args.conll2003 / CORPORA["conll2003"].dev)


def keep(args: argparse.Namespace, name: str, entry: dict) -> None:
    key = ["lag", "model", *(["streams"] if "streams" in entry else [])]
    add_result(args.results / f"{name}.json", entry, key)
    print(*(f"{key}: {value}" for key, value in entry.items()), sep="\n")


def command_line() -> argparse.ArgumentParser:
    parser = make_parser(__doc__ or "")
    parser.add_argument("--results", type=Path, default=RESULTS)
    actions = parser.add_subparsers(required=True)
    trains = actions.add_parser("train", help="train the networks of the table")
    trains.set_defaults(action=train)
    trains.add_argument("--vectors", type=existing, required=True)
    trains.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    names = [network.name for network in NETWORKS]
    trains.add_argument("--networks", nargs="+", choices=names, default=names)
    scores = actions.add_parser("accuracy", help="score what is trained")
    scores.set_defaults(action=accuracy)
    for corpus in EPOCHS:
        for command in (trains, scores):
            command.add_argument(f"--{corpus}", type=existing, help="its folder")
    for command in (trains, scores):
        command.add_argument("--models", type=Path, required=True)
    reports = actions.add_parser("report", help="print the table, draw the plot")
    reports.set_defaults(action=report)
    reports.add_argument("--plot", type=Path, default=PLOT)
    timed = {
        name: actions.add_parser(name, help=text)
        for name, text in (
            ("word", "time one stream"),
            ("many", "time streams side by side"),
            ("soak", "run one stream over a million words"),
        )
    }
    for command in timed.values():
        command.add_argument("--model", type=existing, required=True)
        command.add_argument("--conll2003", type=existing, required=True)
        command.add_argument("--lag", type=int, default=0)
    timed["word"].set_defaults(action=word)
    timed["many"].set_defaults(action=many)
    timed["many"].add_argument("--streams", type=int, default=1000)
    timed["many"].add_argument("--runs", type=int, default=9)
    timed["soak"].set_defaults(action=long_run)
    timed["soak"].add_argument("--words", type=int, default=1_000_000)
    return parser


if __name__ == "__main__":
    main()
