"""RNN, GRU and LSTM, in one and in two directions, with equally many parameters.

    python benchmarks/cells.py train --conll2003 DIR --conll2000 DIR --ud-upos DIR \\
        --vectors VECTORS --models MODELS
    python benchmarks/cells.py time --conll2003 DIR --conll2000 DIR --ud-upos DIR \\
        --models MODELS
    python benchmarks/cells.py report

`train` trains the `efficiency` recipe of each task with the encoder alone changed, for
eight epochs of the first 3,000 sentences, and scores it on dev, which also chooses the
checkpoint. `time` times all that is trained in one run, in turn. What is known is kept
in benchmarks/results/cells.json: `train` goes on where it was interrupted.
`tradeoff.py` has the same cells with equally many hidden units.
"""

import argparse
from pathlib import Path
from typing import Dict, Iterator, List

import spacy
from measures.inputs import count_tokens, piping_examples
from measures.machine import machine_facts
from measures.rows import ratios, spread
from measures.timing import alternate, threads
from options import add_training, existing, make_parser, run_script
from recipes.cells import Cell, make_config
from recipes.corpora import CORPORA
from recipes.scoring import read
from recipes.training import MODEL, Places, folder_of
from recipes.training import run as train_cell
from records import FOLDER, Entry, add_result, markdown, read_results
from tradeoff import Variant

from spacy_birnn.nn.rnn.birnn import BiRNN

RESULTS = FOLDER / "cells.json"
KEY = ("what", "corpus", "cell", "directions")
SENTENCES, EPOCHS = 3000, 8
TASKS = {"conll2003": "entities F1", "conll2000": "chunks F1", "ud-upos": "UPOS acc."}
DEFAULT = Variant()
VARIANTS = [
    Variant("rnn", 1, hidden=379),
    Variant("rnn", 2, hidden=250),
    Variant("gru", 1, hidden=194),
    Variant("gru", 2, hidden=122),
    Variant("lstm", 1, hidden=161),
    DEFAULT,
]
"""With as many parameters as the default encoder, but for half a percent."""
INPUT_WIDTH = 150
"""Of a word vector and its characters."""


def parameters(variant: Variant) -> int:
    """Numbers that the encoder learns: word vectors and characters are the same for
    all, so they do not count."""
    encoder = BiRNN(
        n_in=INPUT_WIDTH,
        width=variant.width,
        depth=variant.depth,
        cell=variant.cell,
        bidirectional=variant.directions == 2,
    )
    return sum(weights.numel() for weights in encoder.parameters())


def main() -> None:
    parser = make_parser(__doc__ or "")
    commands = parser.add_subparsers(required=True, metavar="train|time|report")
    trains = commands.add_parser("train", help="train and score what is not there yet")
    trains.set_defaults(action=train)
    add_training(trains)
    times = commands.add_parser("time", help="time all in one run")
    times.set_defaults(action=time)
    times.add_argument("--models", type=existing, required=True)
    times.add_argument("--runs", type=int, default=5, help="rounds that count")
    for command in trains, times:
        for corpus in TASKS:
            command.add_argument(f"--{corpus}", type=existing, help="its folder")
    commands.add_parser("report", help="print the table").set_defaults(action=report)
    args = parser.parse_args()
    args.action(args)


def given(args: argparse.Namespace) -> Dict[str, Path]:
    """The folders of the corpora that are given."""
    found = {corpus: getattr(args, corpus.replace("-", "_")) for corpus in TASKS}
    return {corpus: folder for corpus, folder in found.items() if folder is not None}


def cell_of(corpus: str, variant: Variant) -> Cell:
    """The recipe of the corpus with another encoder, for a short training."""
    config = make_config(CORPORA[corpus], "efficiency", {})
    (component,) = config["components"].values()
    component["model"]["tok2vec"]["encode"].update(variant.settings)
    config["training"]["max_epochs"] = EPOCHS
    config["corpora"]["train"]["limit"] = SENTENCES
    return Cell(corpus, f"equal-{variant.name}", config.to_str(interpolate=False))


def train(args: argparse.Namespace) -> None:
    known = {tuple(entry[name] for name in KEY) for entry in read_results(RESULTS)}
    for corpus, data in given(args).items():
        places = Places(data, args.vectors, args.models.resolve())
        for variant in VARIANTS:
            case = {"what": "training", "corpus": corpus, **variant._asdict()}
            if tuple(case[name] for name in KEY) in known:
                continue
            run = train_cell(cell_of(corpus, variant), 0, places)
            facts = {"epochs": EPOCHS, "parameters": parameters(variant)}
            add_result(RESULTS, {**case, **facts, **run}, KEY)
            print(corpus, variant.name, f"{run['dev']['sentences']:.4f}", flush=True)


def time(args: argparse.Namespace) -> None:
    """Tokens/s of `nlp.pipe` over ready Docs of dev, one sentence each, on one thread.

    Each round times every pipeline once; the round before the first does not count.
    Ratios are to the default of the same corpus and round.
    """
    cases, sides, tokens = [], [], []
    for corpus, data in given(args).items():
        places = Places(data, data, args.models.resolve())
        for variant in VARIANTS:
            folder = folder_of(cell_of(corpus, variant), 0, places)
            nlp = spacy.load(folder / MODEL)
            examples = read(nlp, CORPORA[corpus], data / CORPORA[corpus].dev)
            cases.append((corpus, variant))
            sides.append(piping_examples(nlp, examples))
            tokens.append(count_tokens(example.predicted for example in examples))
    with threads(1):
        seconds = dict(zip(cases, alternate(sides, args.runs)))
    for (corpus, variant), n_tokens in zip(cases, tokens):
        own, default = seconds[corpus, variant], seconds[corpus, DEFAULT]
        entry = {
            "what": "speed",
            "corpus": corpus,
            **variant._asdict(),
            "tokens_per_second": spread([n_tokens / run for run in own]),
            "over_default": spread(ratios(default, own)),
            "runs": args.runs,
            "machine": machine_facts(),
        }
        add_result(RESULTS, entry, KEY)
    print(*table(read_results(RESULTS)), sep="\n")


def report(args: argparse.Namespace) -> None:
    print(*table(read_results(RESULTS)), sep="\n")


def table(entries: List[Entry]) -> Iterator[str]:
    """A line for each encoder: scores, and the rate of tagging, of each corpus."""
    found = {tuple(entry[name] for name in KEY): entry for entry in entries}
    header = ["cell", "directions", "hidden", "parameters"]
    for task in TASKS.values():
        header += [task, "tokens/s (× default)"]
    rows = []
    for variant in VARIANTS:
        row = [variant.cell.upper(), str(variant.directions), str(variant.hidden)]
        row.append(f"{parameters(variant):,}")
        for corpus in TASKS:
            case = (corpus, variant.cell, variant.directions)
            trained, timed = (
                found.get((what, *case)) for what in ("training", "speed")
            )
            row.append(f"{100 * trained['dev']['sentences']:.2f}" if trained else "–")
            row.append(rate(timed) if timed else "–")
        rows.append(row)
    yield from markdown(header, rows)


def rate(entry: Entry) -> str:
    """The median of the rounds, and that of the ratios."""
    per_second = entry["tokens_per_second"]["median"]
    return f"{per_second:,.0f} ({entry['over_default']['median']:.2f})"


if __name__ == "__main__":
    run_script(main)
