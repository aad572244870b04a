"""How far gradients reach: RNN, GRU and LSTM, untrained and trained.

    python benchmarks/reach.py train --train FILE --dev FILE --vectors DIR --models DIR
    python benchmarks/reach.py measure --dev FILE --vectors DIR --models DIR
    python benchmarks/reach.py report

`train` trains every network that is not yet in the folder of models on a part of
CoNLL-2003, `measure` measures what is not yet among the results, trained and untrained,
and `report` prints the table, says in words what it found of the trained BiLSTM, and
draws docs/reach-one-direction.svg and docs/reach-both-directions.svg. See README.md.
"""

import argparse
import subprocess
import sys
from itertools import product
from pathlib import Path
from statistics import mean
from typing import Any, Dict, Iterator, List, NamedTuple, Optional

import spacy
from measures.machine import machine_facts
from options import add_training, existing, make_parser, run_script
from records import FOLDER, Entry, add_result, markdown, read_results
from thinc.api import Config

from spacy_birnn.cli.evaluate import read_gold
from spacy_birnn.cli.init_config import init_config
from spacy_birnn.diagnostics.figures import Chart, Line, draw_alone
from spacy_birnn.diagnostics.reach import (
    LONGEST,
    MEDIAN,
    Curve,
    Reach,
    measure_reach,
)
from spacy_birnn.diagnostics.untrained import build_untrained
from spacy_birnn.diagnostics.wording import say_reach
from spacy_birnn.files import replacing
from spacy_birnn.tagging.targets import pipeline_targets

RESULTS = FOLDER / "reach.json"
DOCS = FOLDER.parents[1] / "docs"
PICTURES = {1: DOCS / "reach-one-direction.svg", 2: DOCS / "reach-both-directions.svg"}
ENCODE = "components.birnn_ner.model.tok2vec.encode"
HIDDEN = 100
STATES = ("untrained", "trained")
HEADER = ["network", "directions", "", "1 % left, back / ahead", "nine of ten"]
HEADER += [
    "left per step, back",
    "with the CRF, back / ahead",
    "testa F1 (a dev score)",
]
KEY = ("name", "directions", "state", "seed")
SAID = ("LSTM, forget bias 1", 2, "trained")
"""The network that docs/insight.md describes in words."""


class Variant(NamedTuple):
    """One network; 100 units per direction."""

    name: str
    cell: str
    directions: int
    forget_bias: float = 1.0

    @property
    def overrides(self) -> Dict[str, Any]:
        return {
            f"{ENCODE}.cell": self.cell,
            f"{ENCODE}.bidirectional": self.directions == 2,
            f"{ENCODE}.width": self.directions * HIDDEN,
            f"{ENCODE}.forget_bias": self.forget_bias,
        }


CELLS = {
    "RNN": ("rnn", 1.0),
    "GRU": ("gru", 1.0),
    "LSTM, forget bias 1": ("lstm", 1.0),
    "LSTM, forget bias 0": ("lstm", 0.0),
}
GRID = [
    Variant(name, cell, directions, bias)
    for directions, (name, (cell, bias)) in product((1, 2), CELLS.items())
]


def main() -> None:
    parser = make_parser(__doc__)
    commands = parser.add_subparsers(required=True, metavar="train|measure|report")
    training = commands.add_parser("train", help="train what is not there yet")
    measuring = commands.add_parser("measure", help="measure what is not measured yet")
    reporting = commands.add_parser("report", help="print the table, draw the pictures")
    training.set_defaults(command=train_all)
    measuring.set_defaults(command=measure_all)
    reporting.set_defaults(command=report)
    option = training.add_argument
    option("--train", type=existing, required=True, help="eng.train")
    option("--sentences", type=int, default=3000, help="of it (default 3000)")
    option("--epochs", type=int, default=8, help="of the training (default 8)")
    for command in training, measuring:
        option = command.add_argument
        option("--dev", type=existing, required=True, help="eng.testa")
        add_training(command)
        option("--seeds", type=int, nargs="+", default=[0])
    option = measuring.add_argument
    option("--tokens", type=int, default=400, help="whose loss is derived")
    option("--dev-sentences", type=int, default=1000, help="that they are drawn from")
    for command in measuring, reporting:
        command.add_argument("-o", "--output", type=Path, default=RESULTS)
    args = parser.parse_args()
    args.command(args)


def folder_of(args: argparse.Namespace, variant: Variant, seed: int) -> Path:
    name = variant.name.lower().replace(",", "").replace(" ", "-")
    return args.models / f"{name}-{variant.directions}-seed{seed}"


def make_config(variant: Variant) -> Config:
    config = init_config("ner", "efficiency")
    text = config.to_str(interpolate=False)
    return Config().from_str(text, overrides=variant.overrides, interpolate=False)


def train_all(args: argparse.Namespace) -> None:
    """One seed after the other, so that a whole table is there after the first."""
    for seed, variant in product(args.seeds, GRID):
        folder = folder_of(args, variant, seed)
        if (folder / "output" / "model-last").exists():
            continue
        folder.mkdir(parents=True, exist_ok=True)
        config = make_config(variant)
        config["training"]["logger"]["log_file"] = str(folder / "log.jsonl")
        config.to_disk(folder / "config.cfg", interpolate=False)
        settings = {
            "paths.train": args.train,
            "paths.dev": args.dev,
            "paths.vectors": args.vectors,
            "system.seed": seed,
            "corpora.train.limit": args.sentences,
            "training.max_epochs": args.epochs,
            "training.patience": 0,
        }
        options = [f"--{key}={value}" for key, value in settings.items()]
        command = [sys.executable, "-m", "spacy_birnn.cli", "train"]
        place = [str(folder / "config.cfg"), "-o", str(folder / "output"), "--force"]
        with (folder / "train.log").open("wb") as log:
            subprocess.run([*command, *place, *options], stdout=log, check=True)
        print(folder.name, flush=True)


def measure_all(args: argparse.Namespace) -> None:
    """Measure each network before and after its training on the same tokens. A trained
    one that is not there is left out."""

    def read(nlp: Any) -> List[Any]:
        return read_gold(nlp, args.dev, pipeline_targets(nlp), limit=args.dev_sentences)

    done = {tuple(entry[key] for key in KEY) for entry in read_results(args.output)}
    for seed, state, variant in product(args.seeds, STATES, GRID):
        folder = folder_of(args, variant, seed)
        is_there = state == "untrained" or (folder / "output" / "model-last").exists()
        if not is_there or (variant.name, variant.directions, state, seed) in done:
            continue
        score: Optional[float] = None
        epochs = 0
        if state == "trained":
            nlp = spacy.load(folder / "output" / "model-best")
            epochs = nlp.config["training"]["max_epochs"]
            score = nlp.meta["performance"]["ents_f"]
        else:
            config = make_config(variant)
            config["paths"]["vectors"] = str(args.vectors)
            nlp = build_untrained(config, read, seed, folder / "config.cfg")
        reach = measure_reach(
            nlp, read(nlp), name=variant.name, n_tokens=args.tokens, n_texts=40
        )
        entry = {
            "name": variant.name,
            "directions": variant.directions,
            "state": state,
            "seed": seed,
            "epochs": epochs,
            "testa_f": score,
            **summary(reach),
            "machine": machine_facts(),
        }
        add_result(args.output, entry, KEY)
        print(variant.name, variant.directions, state, seed, flush=True)


def summary(reach: Reach) -> Entry:
    """What is kept of a measurement: medians by distance as text, to be short."""
    curves = {}
    for curve in reach.curves:
        left = [f"{value or 0.0:.3g}" for value in curve.left[MEDIAN]]
        curves[f"{curve.loss}, {curve.of}, {curve.side}"] = {
            "distance": curve.distance,
            "decay": curve.decay,
            "left": " ".join(left),
            "n": " ".join(map(str, curve.n)),
        }
    return {"tokens": reach.n_tokens, "texts": reach.n_texts, "curves": curves}


def report(args: argparse.Namespace) -> None:
    """Print the table of all seeds and draw the first one."""
    entries = read_results(args.output)
    print(*markdown(HEADER, rows(entries)), sep="\n")
    first = min(entry["seed"] for entry in entries)
    for entry in entries:
        if tuple(entry[key] for key in KEY) == (*SAID, first):
            print("", *say_reach(as_reach(entry, "model-best")), sep="\n")
    for directions, path in PICTURES.items():
        own = [e for e in entries if e["directions"] == directions]
        own = [e for e in own if e["seed"] == first]
        charts = [(state.capitalize(), chart(own, state)) for state in STATES]
        with replacing(path) as file:
            file.write(draw_alone(charts).encode("utf8"))


def rows(entries: List[Entry]) -> Iterator[List[str]]:
    for variant, state in product(GRID, STATES):
        own = [
            entry
            for entry in entries
            if (entry["name"], entry["directions"])
            == (variant.name, variant.directions)
            and entry["state"] == state
        ]
        if not own:
            continue
        decays = [curve_of(e, "emissions", "back")["decay"] for e in own]
        scores = [100 * e["testa_f"] for e in own if e["testa_f"] is not None]
        yield [
            variant.name,
            str(variant.directions),
            state,
            distances(own, "emissions", "0.5"),
            distances(own, "emissions", "0.9"),
            f"{100 * mean(decays):.0f} %" if None not in decays else "–",
            distances(own, "decoder", "0.5"),
            f"{mean(scores):.1f}" if scores else "",
        ]


def distances(entries: List[Entry], loss: str, quantile: str) -> str:
    """The distances of all seeds, back / ahead: one number, or the least and most."""
    sides = []
    for side in ("back", "ahead"):
        found = [curve_of(e, loss, side)["distance"][quantile] for e in entries]
        low, high = (f(d or LONGEST + 1 for d in found) for f in (min, max))
        names = [f"> {LONGEST}" if d > LONGEST else str(d) for d in (low, high)]
        sides.append(names[0] if low == high else "–".join(names))
    return " / ".join(sides)


def curve_of(entry: Entry, loss: str, side: str) -> Dict[str, Any]:
    return entry["curves"][f"{loss}, input, {side}"]


def as_reach(entry: Entry, name: str) -> Reach:
    """A measurement as far as it was kept: medians alone, no norms."""
    curves = []
    for key, kept in entry["curves"].items():
        loss, of, side = key.split(", ")
        left: List[Optional[float]] = [float(x) for x in kept["left"].split()]
        n = [int(count) for count in kept["n"].split()]
        shares = {MEDIAN: left}
        curve = Curve(
            loss, of, side, n, left, {}, shares, kept["decay"], kept["distance"]
        )
        curves.append(curve)
    return Reach(name, {}, entry["texts"], entry["tokens"], curves)


def chart(entries: List[Entry], state: str) -> Chart:
    """What is left of the input's gradient, by the recurrence alone."""
    lines = []
    for number, name in enumerate(CELLS):
        own = [e for e in entries if (e["name"], e["state"]) == (name, state)]
        for entry in own:
            back, ahead = (
                [float(x) for x in curve_of(entry, "emissions", side)["left"].split()]
                for side in ("back", "ahead")
            )
            x = range(-LONGEST, LONGEST + 1)
            y = [*reversed(back), *ahead[1:]]
            if entry["directions"] == 1:
                x, y = x[: LONGEST + 1], y[: LONGEST + 1]
            lines.append(Line(name, x, y, series=number))
    label = "tokens back (left) and ahead (right)"
    if entries and entries[0]["directions"] == 1:
        label = "tokens back from the token with the loss"
    bound = ((0.01, "1 %"),)
    return Chart(label, "gradient left (median)", lines, True, (1e-6, 2), True, bound)


if __name__ == "__main__":
    run_script(main)
