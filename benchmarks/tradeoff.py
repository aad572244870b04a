"""Speed against accuracy of the recurrent encoder: cells, directions, depth and size.

    python benchmarks/tradeoff.py train --train FILE --dev FILE --test FILE \\
        --vectors DIR --models DIR
    python benchmarks/tradeoff.py time --test FILE --models DIR
    python benchmarks/tradeoff.py report

`train` trains and scores every variant that is not yet in the folder of models, `time`
times all of them in one run, `report` prints the table and draws the plot. See
README.md.
"""

import argparse
import shutil
import sys
from itertools import chain
from pathlib import Path
from statistics import mean
from typing import Any, Dict, Iterable, List, NamedTuple

import spacy
import srsly
from baselines import points
from corpora import DATASETS, read_corpus
from measures.inputs import COMPONENT, count_tokens, load_new, piping_examples
from measures.machine import machine_facts
from measures.rows import ratios, spread
from measures.timing import alternate, threads
from measures.training import CONFIG
from options import existing, make_parser, run_script
from records import FOLDER, Entry, add_result, markdown, read_results
from spacy.util import load_config

from spacy_birnn.files import replacing
from spacy_birnn.training.train import train

RESULTS = FOLDER / "tradeoff.json"
PLOT = FOLDER.parents[1] / "docs" / "tradeoff.svg"
HEADER = ["cell", "directions", "depth", "hidden", "testa F1 (a dev score)", "dev F1"]
HEADER += ["tagging, tokens/s", "× default", "training, tokens/s"]
TICKS = (20_000, 50_000, 100_000, 200_000, 400_000)
ENCODE = f"components.{COMPONENT}.model.tok2vec.encode"


class Variant(NamedTuple):
    """One encoder; `hidden` is the width of the hidden state of one direction."""

    cell: str = "lstm"
    directions: int = 2
    depth: int = 1
    hidden: int = 100

    @property
    def name(self) -> str:
        return "-".join(map(str, self))

    @property
    def width(self) -> int:
        """Of all directions together."""
        return self.directions * self.hidden

    @property
    def settings(self) -> Dict[str, Any]:
        """The settings of the encoder."""
        return {
            "cell": self.cell,
            "bidirectional": self.directions == 2,
            "depth": self.depth,
            "width": self.width,
        }

    @property
    def overrides(self) -> Dict[str, Any]:
        """The same by their place in the config."""
        return {f"{ENCODE}.{key}": value for key, value in self.settings.items()}


DEFAULT = Variant()
LINES: Dict[str, List[Variant]] = {
    "RNN, one and two directions": [Variant("rnn", 1), Variant("rnn", 2)],
    "GRU, one and two directions": [Variant("gru", 1), Variant("gru", 2)],
    "LSTM, one and two directions": [Variant("lstm", 1), Variant("lstm", 2)],
    "LSTM, depth 1, 2, 3": [Variant(depth=n) for n in (1, 2, 3)],
    "LSTM, hidden 50, 100, 200, 400": [Variant(hidden=n) for n in (50, 100, 200, 400)],
}
"""The default encoder, and one thing at a time changed: the lines of the plot."""
GRID: List[Variant] = list(dict.fromkeys(chain.from_iterable(LINES.values())))


def main() -> None:
    parser = make_parser(__doc__)
    commands = parser.add_subparsers(required=True, metavar="train|time|report")
    training = commands.add_parser("train", help="train what is not there yet")
    timing = commands.add_parser("time", help="time all variants in one run")
    reporting = commands.add_parser("report", help="print the table, draw the plot")
    training.set_defaults(command=train_all)
    timing.set_defaults(command=time_all)
    reporting.set_defaults(command=report)
    option = training.add_argument
    option("--train", type=existing, required=True, help="train.conll, and")
    option("--dev", type=existing, required=True, help="of scripts/split_dev.py")
    option("--vectors", type=existing, required=True, help="of scripts/make_vectors.py")
    option("--seeds", type=int, nargs="+", default=[0])
    timing.add_argument("--seed", type=int, default=0, help="of the models to time")
    timing.add_argument("--runs", type=int, default=5, help="rounds that count")
    for command in training, timing:
        option = command.add_argument
        option("--test", type=existing, required=True, help="eng.testa")
        option("--models", type=Path, required=True, help="folder for all")
        option("--epochs", type=int, default=8, help="of the training (default 8)")
    reporting.add_argument("--plot", type=Path, default=PLOT, help=".svg or .png")
    for command in training, timing, reporting:
        command.add_argument("-o", "--output", type=Path, default=RESULTS)
    args = parser.parse_args()
    args.command(args)


def folder_of(args: argparse.Namespace, variant: Variant, seed: int) -> Path:
    return args.models / f"{variant.name}-epochs{args.epochs}-seed{seed}"


def train_all(args: argparse.Namespace) -> None:
    """One seed after the other, so that a whole table is there after the first."""
    for seed in args.seeds:
        for variant in GRID:
            folder = folder_of(args, variant, seed)
            path = folder / "record.json"
            if not path.exists():
                srsly.write_json(path, train_one(args, variant, seed, folder))
            record = srsly.read_json(path)
            add_result(args.output, record, ("what", *Variant._fields, "seed"))
            print(f"{folder.name}: testa {record['testa_f']:.4f}", flush=True)


def train_one(
    args: argparse.Namespace, variant: Variant, seed: int, folder: Path
) -> Entry:
    """Train a variant into a folder, and score it."""
    overrides = {
        **variant.overrides,
        "paths.train": str(args.train),
        "paths.dev": str(args.dev),
        "paths.vectors": str(args.vectors),
        "system.seed": seed,
        "training.max_epochs": args.epochs,
        "training.patience": 0,
    }
    with threads(1):
        config = load_config(CONFIG, overrides=overrides)
        _, progress, _ = train(config, folder, force=True)
        nlp = spacy.load(folder / "model-best")
        scores = nlp.evaluate(read_corpus(nlp, args.test, DATASETS["conll2003"]))
    shutil.rmtree(folder / "model-last")
    seconds = progress.seconds_in_updates
    return {
        "what": "training",
        **variant._asdict(),
        "seed": seed,
        "epochs": args.epochs,
        "dev_f": nlp.meta["performance"]["ents_f"],
        "testa_f": scores["ents_f"],
        "train_tokens_per_second": progress.words / seconds,
        "train_seconds": seconds,
        "machine": machine_facts(),
    }


def time_all(args: argparse.Namespace) -> None:
    """Tokens/s of `nlp.pipe` over ready Docs, one sentence per Doc, on one thread.

    Each round times every variant once; the round before the first does not count. The
    ratio of a variant is to the default of its own round.
    """
    sides = []
    for variant in GRID:
        nlp = load_new(folder_of(args, variant, args.seed) / "model-best")
        examples = read_corpus(nlp, args.test, DATASETS["conll2003"])
        sides.append(piping_examples(nlp, examples))
    tokens = count_tokens(example.predicted for example in examples)
    with threads(1):
        seconds = dict(zip(GRID, alternate(sides, args.runs)))
    for variant, own in seconds.items():
        rates = spread([tokens / run for run in own])
        entry = {
            "what": "speed",
            **variant._asdict(),
            "seed": args.seed,
            "tokens_per_second": rates,
            "over_default": spread(ratios(seconds[DEFAULT], own)),
            "runs": args.runs,
            "machine": machine_facts(),
        }
        add_result(args.output, entry, ("what", *Variant._fields))
        print(f"{variant.name}: {rates['median']:,.0f} tokens/s")


def report(args: argparse.Namespace) -> None:
    """Print the table and draw the plot of the variants that are trained and timed."""
    entries = read_results(args.output)
    results = {}
    for variant in GRID:
        own = [e for e in entries if variant._asdict().items() <= e.items()]
        runs = [entry for entry in own if entry["what"] == "training"]
        speeds = [entry for entry in own if entry["what"] == "speed"]
        if runs and speeds:
            results[variant] = Result(runs, speeds[0])
    if not results:
        sys.exit(f"{args.output}: nothing that is both trained and timed")
    rows = (cells_of(variant, result) for variant, result in results.items())
    print(*markdown(HEADER, rows), sep="\n")
    print(f"\n{conditions([run for r in results.values() for run in r.runs])}")
    draw(results, args.plot)


class Result(NamedTuple):
    """The entries of a variant: its trainings with several seeds, and its speed."""

    runs: List[Entry]
    speed: Entry

    def figures(self, key: str) -> List[float]:
        return [run[key] for run in self.runs]

    @property
    def rate(self) -> float:
        return self.speed["tokens_per_second"]["median"]


def cells_of(variant: Variant, result: Result) -> List[str]:
    cells = [
        variant.cell.upper(),
        *map(str, variant[1:]),
        points(result.figures("testa_f")),
        points(result.figures("dev_f")),
        f"{result.rate:,.0f}",
        f"{result.speed['over_default']['median']:.2f}",
        f"{mean(result.figures('train_tokens_per_second')):,.0f}",
    ]
    return [f"**{text}**" for text in cells] if variant == DEFAULT else cells


def conditions(runs: Iterable[Entry]) -> str:
    """What the trainings had in common, and all values of what they had not."""
    values = {
        key: ", ".join(sorted({str(run[key]) for run in runs}))
        for key in ("epochs", "seed")
    }
    return f"Epochs: {values['epochs']}; seeds: {values['seed']}; one thread."


def draw(results: Dict[Variant, Result], path: Path) -> None:
    """Plot F1 against tokens/s: a marker for each variant, a line for each series."""
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcParams["svg.hashsalt"] = "the same results give the same bytes"
    figure = Figure(figsize=(9, 6), layout="constrained")
    axes = figure.add_subplot(
        xscale="log",
        xlabel="tagging speed, tokens/s on one thread (log scale)",
        ylabel="F1 on testa (a development set), %",
        title="CoNLL-2003: speed against accuracy of the encoder",
    )
    places = {v: (r.rate, 100 * mean(r.figures("testa_f"))) for v, r in results.items()}
    for name, variants in LINES.items():
        line = [places[variant] for variant in variants if variant in places]
        axes.plot([x for x, _ in line], [y for _, y in line], "o-", label=name)
    for variant, place in places.items():
        # Labels on both sides meet less often.
        x, side = (-7, "right") if variant.cell == "lstm" else (7, "left")
        units = "offset points"
        axes.annotate(variant.name, place, (x, -4), textcoords=units, ha=side)
    axes.margins(0.2, 0.1)
    axes.set_xticks(TICKS, [f"{tick:,}" for tick in TICKS])
    axes.minorticks_off()
    axes.legend(title="labels: cell-directions-depth-hidden")
    with replacing(path) as file:
        metadata = {"Date": None} if path.suffix == ".svg" else None
        figure.savefig(file, format=path.suffix[1:], dpi=144, metadata=metadata)


if __name__ == "__main__":
    run_script(main)
