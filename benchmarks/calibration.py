"""The calibration error of entities, before and after `calibrate`.

    python benchmarks/calibration.py run --data DIR --wikigold FILE --vectors VECTORS \
        --models MODELS
    python benchmarks/calibration.py report [--plot docs/reliability.svg]

A tenth of the documents of CoNLL-2003's eng.train is set aside by a seeded draw
(scripts/split_dev.py). The `efficiency` config is trained on the rest; the tenth
chooses the checkpoint, and the temperature is fitted on it. The error is measured on
eng.testa, which has had no part in either, and out of domain on Wikigold, with that
temperature.

The expected calibration error (ECE) is over predicted entities, in 15 bins of equal
mass, with its 95 % bootstrap interval. The figures are kept in
benchmarks/results/calibration.json.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, Dict, Iterator, List

import spacy
from options import add_training, existing, run_or_report, run_script
from recipes.corpora import CORPORA
from records import FOLDER, markdown
from spacy.language import Language
from spacy.training import Example
from trainings import train_ner

from spacy_birnn.data.corpus import AnyCorpus
from spacy_birnn.diagnostics.calibration import calibrate
from spacy_birnn.diagnostics.components import find_component
from spacy_birnn.diagnostics.predictions import judge
from spacy_birnn.diagnostics.reliability import reliability
from spacy_birnn.files import replacing

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))
import split_dev

RESULTS = FOLDER / "calibration.json"
NAMES = {
    "held_out": "the tenth set aside",
    "testa": "CoNLL-2003 testa",
    "wikigold": "Wikigold, out of domain",
}


def main() -> None:
    parser, runs, reports = run_or_report(__doc__ or "", run, report)
    runs.add_argument("--data", type=existing, required=True, help="of CoNLL-2003")
    runs.add_argument("--wikigold", type=existing, required=True, help="its file")
    add_training(runs)
    runs.add_argument("--seed", type=int, default=0)
    reports.add_argument("--plot", type=Path, help="draw the diagram, SVG")
    args = parser.parse_args()
    args.action(args)


def run(args: argparse.Namespace) -> None:
    corpus = CORPORA["conll2003"]
    folder = args.models.resolve() / "calibration"
    train, held_out = folder / "train.conll", folder / "held-out.conll"
    if not held_out.exists():
        folder.mkdir(parents=True, exist_ok=True)
        split_dev.main([str(args.data / corpus.train), str(train), str(held_out)])
    place = folder / f"seed{args.seed}"
    nlp = spacy.load(train_ner(place, train, held_out, args.vectors, seed=args.seed))
    found = calibrate(nlp, read(nlp, held_out))["birnn_ner"]
    files = {
        "held_out": held_out,
        "testa": args.data / corpus.dev,
        "wikigold": args.wikigold,
    }
    results: Dict[str, Any] = {"seed": args.seed, "temperature": found.temperature}
    for name, file in files.items():
        examples, pipe = read(nlp, file), find_component(nlp)
        results[name] = {}
        for when, temperature in (("before", 1.0), ("after", found.temperature)):
            pipe.temperature = temperature
            judged = judge(pipe, examples)
            bins = reliability(
                [one.confidence for one in judged], [one.is_right for one in judged]
            )
            results[name][when] = asdict(bins)
    with replacing(RESULTS) as file:
        file.write(json.dumps(results, indent=1).encode() + b"\n")
    print(*table(results), sep="\n")


def read(nlp: Language, path: Path) -> List[Example]:
    """The sentences of a file whose last column has entities."""
    return list(AnyCorpus(path, columns={"word": 0, "ents": -1})(nlp))


def report(args: argparse.Namespace) -> None:
    results = json.loads(RESULTS.read_text(encoding="utf8"))
    print(*table(results), sep="\n")
    if args.plot is not None:
        plot(results, args.plot)


def table(results: Dict[str, Any]) -> Iterator[str]:
    yield f"temperature {results['temperature']:.3f}"
    rows = []
    for name, title in NAMES.items():
        for when, found in results[name].items():
            low, high = found["interval"]
            rows.append(
                [
                    title,
                    when,
                    f"{found['count']:,}",
                    f"{found['accuracy']:.4f}",
                    f"{found['confidence']:.4f}",
                    f"{found['error']:.4f} ({low:.4f} to {high:.4f})",
                ]
            )
    header = ["data", "", "entities", "right", "mean confidence", "ECE (95 %)"]
    yield from markdown(header, rows)


def plot(results: Dict[str, Any], path: Path) -> None:
    """Confidence against the share that is right, bin by bin."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    matplotlib.rcParams["svg.hashsalt"] = "spacy-birnn"
    figure, both = pyplot.subplots(1, 2, figsize=(8.0, 4.0), sharey=True)
    colours = {"before": "#b8531a", "after": "#0b6e99"}
    for axes, name in zip(both, ("testa", "wikigold"), strict=True):
        axes.plot([0, 1], [0, 1], color="#8a8a8a", lw=0.8, ls="--")
        for when, found in results[name].items():
            points = [(b["confidence"], b["accuracy"]) for b in found["bins"]]
            label = f"{when}, ECE {found['error']:.3f}"
            axes.plot(
                *zip(*points, strict=True),
                "o-",
                color=colours[when],
                label=label,
                ms=4,
                lw=1,
            )
        axes.set_title(NAMES[name], fontsize=10)
        axes.set_xlabel("mean confidence of the bin")
        axes.set_aspect("equal")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, loc="upper left", fontsize=9)
    both[0].set_ylabel("share that is right")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    run_script(main)
