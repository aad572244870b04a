"""F1 over the number of annotated sentences: ours beside spaCy's `ner`.

    python benchmarks/learning_curve.py run --data DIR --vectors VECTORS \\
        --models MODELS [--systems ours spaCy] [--seeds 0 1 2]
    python benchmarks/learning_curve.py report [--plot docs/learning-curve.svg]

Both learn from the first sentences of eng.train of CoNLL-2003, and eng.testa chooses
the checkpoint: the figures are dev scores. Ours is what `init-config` writes, trained
to its end. spaCy's `ner` is what `spacy init config` writes, with the same vectors,
keys for all forms that ours looks up (see README.md), and spaCy's own patience and
number of steps. Both are scored on single sentences and on running text, ten
consecutive sentences per `Doc` without sentence starts.

What is known is kept in benchmarks/results/learning_curve.json: the same command goes
on where it was interrupted.
"""

import argparse
import json
import shutil
from itertools import product
from pathlib import Path
from statistics import mean, stdev
from typing import AbstractSet, Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

import spacy
from active_learning import tokens_at
from baselines import (
    SETTINGS,
    in_best_setting,
    make_pipeline,
    points,
    train_with_patience,
)
from corpora import DATASETS, add_forms, distinct_words, read_corpus
from measures.machine import machine_facts
from measures.timing import threads
from options import add_training, existing, run_or_report, run_script
from recipes.corpora import CORPORA
from recipes.scoring import score_dev
from recipes.training import processor_seconds
from records import FOLDER, Entry, add_result, markdown, read_results
from spacy.language import Language
from thinc.api import NumpyOps, set_current_ops
from trainings import CURVE, train_ner

RESULTS = FOLDER / "learning_curve.json"
KEY = ("system", "setting", "sentences", "seed")
SIZES = (250, 500, 1000, 2000, 4000)
OURS, SPACY = "ours", "spaCy"
CORPUS = CORPORA["conll2003"]
HEADER = ["sentences", "tokens", "ours", "spaCy `ner`", "gain"]
HEADER += ["ours, running text", "spaCy, running text", "ours, s", "spaCy, s"]
HEADER += ["sentences that ours needs for spaCy's F1"]


def main() -> None:
    parser, runs, reports = run_or_report(__doc__ or "", run, report)
    option = runs.add_argument
    option("--data", type=existing, required=True, help="of CoNLL-2003")
    add_training(runs)
    option("--systems", choices=[OURS, SPACY], nargs="+", default=[OURS, SPACY])
    option("--setting", choices=SETTINGS, default="efficiency", help="of spaCy's")
    option("--sizes", type=int, nargs="+", default=list(SIZES))
    option("--seeds", type=int, nargs="+", default=[0, 1, 2])
    reports.add_argument("--plot", type=Path, help="draw the curves, SVG")
    args = parser.parse_args()
    args.action(args)


def run(args: argparse.Namespace) -> None:
    """Train and score what is not known yet, a whole curve for each seed."""
    known = {tuple(entry[name] for name in KEY) for entry in read_results(RESULTS)}
    for seed, size, system in product(args.seeds, args.sizes, args.systems):
        setting = "efficiency" if system == OURS else args.setting
        case = (system, setting, size, seed)
        if case in known:
            continue
        train = train_ours if system == OURS else train_spacy
        nlp, facts = train(args, size, seed)
        dev = score_dev(nlp, CORPUS, args.data / CORPUS.dev)
        entry = {
            **dict(zip(KEY, case)),
            "f1": dev["sentences"],
            "running": dev["running"],
            **facts,
            "machine": machine_facts(),
        }
        add_result(RESULTS, entry, KEY)
        print(*case, f"F1 {entry['f1']:.4f}, {entry['seconds']:.0f} s", flush=True)


def train_ours(
    args: argparse.Namespace, size: int, seed: int
) -> Tuple[Language, Entry]:
    """The config of `init-config`, in a process of its own, whose start-up counts."""
    folder = args.models.resolve() / f"first-{size}-seed{seed}"
    shutil.rmtree(folder, ignore_errors=True)  # its seconds are not known
    train, dev = (args.data / name for name in (CORPUS.train, CORPUS.dev))
    limit = {"corpora.train.limit": size}
    began = processor_seconds()
    model = train_ner(folder, train, dev, args.vectors, seed=seed, settings=limit)
    seconds = processor_seconds() - began
    *_, last = (folder / CURVE).read_text(encoding="utf8").splitlines()
    return spacy.load(model), {"seconds": seconds, "steps": json.loads(last)["step"]}


def train_spacy(
    args: argparse.Namespace, size: int, seed: int, also: AbstractSet[str] = frozenset()
) -> Tuple[Language, Entry]:
    """The config of `spacy init config`, until dev gains no more.

    Args:
        args: `data`, `vectors` and `setting` of the command line.
        size: Sentences of train, 0 for all.
        seed: Of the weights and of the order.
        also: Words of other files, which get keys for their forms too.
    """
    # thinc's own product (BLIS) is several times slower than numpy's on some machines
    set_current_ops(NumpyOps(use_blis=False))
    dataset = DATASETS["conll2003"]
    nlp = make_pipeline("ner", SETTINGS[args.setting], args.vectors, seed)
    train = read_corpus(nlp, args.data / CORPUS.train, dataset, limit=size)
    dev = read_corpus(nlp, args.data / CORPUS.dev, dataset)
    add_forms(nlp.vocab.vectors, distinct_words(train + dev).union(also))
    with threads(1):
        facts = train_with_patience(nlp, {"train": train, "dev": dev}, dataset.score)
    tokens = sum(len(example.reference) for example in train)
    return nlp, {"tokens": tokens, **facts}


# --- what came of it ------------------------------------------------------------------


class Cell(NamedTuple):
    """The runs of one system with so many sentences."""

    runs: List[Entry]

    def figures(self, key: str) -> List[float]:
        return [run[key] for run in self.runs]

    def points(self, key: str = "f1") -> str:
        return points(self.figures(key))

    def mean(self, key: str = "f1") -> float:
        return mean(self.figures(key))


Curves = Dict[str, Dict[int, Cell]]


def report(args: argparse.Namespace) -> None:
    curves = curves_of(read_results(RESULTS))
    print(*table(curves), sep="\n")
    if args.plot is not None:
        plot(curves, args.plot)


def curves_of(entries: List[Entry]) -> Curves:
    """Cells by system and size; spaCy's in the setting that is best at that size."""
    curves: Curves = {}
    for system in (OURS, SPACY):
        own = [entry for entry in entries if entry["system"] == system]
        for size in sorted({entry["sentences"] for entry in own}):
            runs = [entry for entry in own if entry["sentences"] == size]
            chosen = runs if system == OURS else in_best_setting(runs)
            curves.setdefault(system, {})[size] = Cell(chosen)
    return curves


def table(curves: Curves) -> Iterator[str]:
    """A line for each size that both systems have learned from."""
    ours, spacys = curves[OURS], curves[SPACY]
    # Like rounds of annotation, of which each has so many sentences.
    means = [{"tokens": size, "f1": cell.mean()} for size, cell in ours.items()]
    rows = []
    for size in sorted(ours.keys() & spacys.keys()):
        a, b = ours[size], spacys[size]
        rows.append(
            [
                f"{size:,}",
                f"{b.mean('tokens'):,.0f}",
                a.points(),
                b.points(),
                f"{100 * (a.mean() - b.mean()):+.2f}",
                a.points("running"),
                b.points("running"),
                f"{a.mean('seconds'):.0f}",
                f"{b.mean('seconds'):.0f}",
                needed(means, b.mean(), size),
            ]
        )
    yield from markdown(HEADER, rows)


def needed(means: List[Dict[str, Any]], target: float, size: int) -> str:
    """Sentences with which ours reaches a score, on a line between two sizes."""
    sentences: Optional[float] = tokens_at(means, target)
    if sentences is None:
        return "–"
    least = "≤ " if sentences == means[0]["tokens"] else ""
    return f"{least}{sentences:,.0f} ({least}{100 * sentences / size:.0f} %)"


def plot(curves: Curves, path: Path) -> None:
    """F1 over sentences, on a logarithmic scale; bars are standard deviations."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6.4, 4.0))
    colours = {OURS: "#0b6e99", SPACY: "#b8531a"}
    names = {OURS: "spacy-birnn, init-config", SPACY: "spaCy ner, same vectors"}
    layouts = {"f1": ("o-", "single sentences"), "running": ("s:", "running text")}
    for system, (key, (style, layout)) in product(curves, layouts.items()):
        cells = curves[system]
        means = [100 * cell.mean(key) for cell in cells.values()]
        bars = [deviation(cell.figures(key)) for cell in cells.values()]
        label = f"{names[system]}: {layout}"
        axes.errorbar(
            list(cells), means, bars, fmt=style, color=colours[system], label=label
        )
    axes.set_xscale("log")
    axes.set_xticks(SIZES, [f"{size:,}" for size in SIZES])
    axes.minorticks_off()
    axes.set_xlabel("annotated sentences (log scale)")
    axes.set_ylabel("F1 on CoNLL-2003 testa")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right")
    figure.tight_layout()
    matplotlib.rcParams["svg.hashsalt"] = "spacy-birnn"
    figure.savefig(path, metadata={"Date": None})


def deviation(scores: List[float]) -> float:
    """In points; 0 for one score."""
    return 100 * stdev(scores) if len(scores) > 1 else 0.0


if __name__ == "__main__":
    run_script(main)
