"""The cost of entities that are not annotated: marked as missing, and read as `O`.

    python benchmarks/partial_annotation.py run --data DIR --vectors VECTORS \
        --models MODELS [--seeds 0 1 2]
    python benchmarks/partial_annotation.py report

Half of the entities of CoNLL-2003's eng.train are drawn at random (`--seeds`). Three
models are trained: with all entities (`full`); with the tokens of that half marked as
not annotated (`missing`); with the same tokens as `O` (`outside`), as a reader that
knows no missing annotation has them. All are the `efficiency` config on single
sentences, with the same number of steps, a quarter of what the config would
take. Their averaged weights at the end are scored on eng.testa, which chooses nothing.

What is known is kept in benchmarks/results/partial_annotation.json: the same command
goes on where it was interrupted.
"""

import argparse
import random
from statistics import mean, stdev
from typing import Any, Dict, Iterator, List

import spacy
from options import add_training, existing, run_or_report, run_script
from recipes.corpora import CORPORA
from records import FOLDER, add_result, markdown, read_results
from spacy.tokens import Doc, DocBin, Span
from trainings import last_score, train_ner

from spacy_birnn.data.corpus import AnyCorpus

RESULTS = FOLDER / "partial_annotation.json"
WAYS = ("full", "missing", "outside")
SHARE = 0.5
STEPS = 1500
SETTINGS = {"training.batcher.share": 0}


def main() -> None:
    parser, runs, _ = run_or_report(__doc__ or "", run, lambda _: print_table())
    runs.add_argument("--data", type=existing, required=True, help="of CoNLL-2003")
    add_training(runs)
    runs.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    args = parser.parse_args()
    args.action(args)


def run(args: argparse.Namespace) -> None:
    """Train and score what is not known yet."""
    corpus = CORPORA["conll2003"]
    reader = AnyCorpus(args.data / corpus.train, columns=corpus.columns)
    docs = [example.reference for example in reader(spacy.blank("en"))]
    folder = args.models.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for seed in args.seeds:
        for way in WAYS:
            file = folder / f"{way}-{seed}.spacy"
            DocBin(docs=annotate(docs, way, seed)).to_disk(file)
            place = file.with_suffix("")
            train_ner(
                place,
                file,
                args.data / corpus.dev,
                args.vectors,
                seed=seed,
                steps=STEPS,
                settings=SETTINGS,
            )
            entry: Dict[str, Any] = {"way": way, "seed": seed, "steps": STEPS}
            entry["f1"] = round(last_score(place), 4)
            add_result(RESULTS, entry, ("way", "seed"))
        print_table()


def annotate(docs: List[Doc], way: str, seed: int) -> List[Doc]:
    """Copies of which a share of the entities is missing, or outside."""
    draw = random.Random(seed)
    copies = []
    for doc in docs:
        copy = doc.copy()
        kept: List[Span] = []
        left_out: List[Span] = []
        for entity in copy.ents:
            (left_out if draw.random() < SHARE else kept).append(entity)
        if way == "missing":
            copy.set_ents(kept, missing=left_out, default="outside")
        elif way == "outside":
            copy.set_ents(kept, default="outside")
        copies.append(copy)
    return copies


def print_table() -> None:
    print(*table(read_results(RESULTS)), sep="\n", flush=True)


def table(entries: List[Dict[str, Any]]) -> Iterator[str]:
    """F1 by way: mean and standard deviation over the seeds, in points."""
    rows = []
    of_full = [100 * e["f1"] for e in entries if e["way"] == "full"]
    for way in WAYS:
        scores = [100 * e["f1"] for e in entries if e["way"] == way]
        if scores:
            spread = f" ± {stdev(scores):.2f}" if len(scores) > 1 else ""
            lost = f"{mean(scores) - mean(of_full):+.2f}" if of_full else "–"
            rows.append([way, str(len(scores)), f"{mean(scores):.2f}{spread}", lost])
    yield from markdown(["half of the entities", "seeds", "F1", "to full"], rows)


if __name__ == "__main__":
    run_script(main)
