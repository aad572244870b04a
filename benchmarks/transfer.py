"""F1 out of domain: trained on CoNLL-2003, scored on Wikigold, beside spaCy's `ner`.

    python benchmarks/accuracy.py train conll2003 --data DIR --vectors VECTORS \\
        --models MODELS
    python benchmarks/transfer.py run --data DIR --wikigold FILE --vectors VECTORS \\
        --models MODELS [--systems efficiency accuracy spaCy] [--seeds 0 1 2]
    python benchmarks/transfer.py report

`efficiency`, `accuracy` and other names are of the pipelines that `accuracy.py train`
has left in MODELS; seeds that are not there are left out. spaCy's `ner` is what
`spacy init config` writes, trained here on the same file with the same vectors, keys
for all forms that ours looks up (see README.md), and spaCy's own patience. eng.testa
chooses the checkpoint of all of them; nothing is trained or chosen on Wikigold. All are
scored by seqeval, on single sentences and on running text, ten consecutive sentences
per `Doc` without sentence starts.

What is known is kept in benchmarks/results/transfer.json: the same command goes on
where it was interrupted.
"""

import argparse
from itertools import product
from typing import Iterator, List, Optional

import spacy
from baselines import SETTINGS, in_best_setting, points
from corpora import distinct_words
from learning_curve import train_spacy
from measures.machine import machine_facts
from options import add_training, existing, run_or_report, run_script
from recipes.corpora import CORPORA, WIKIGOLD
from recipes.scoring import read, running_text
from recipes.training import MODEL, OUTPUT
from records import FOLDER, Entry, add_result, markdown, read_results
from spacy.language import Language
from spacy.training import Example

from spacy_birnn.scorers import seqeval_score

RESULTS = FOLDER / "transfer.json"
KEY = ("system", "setting", "seed")
OURS, SPACY = ("efficiency", "accuracy"), "spaCy"
CORPUS = CORPORA["conll2003"]
HEADER = ["system", "seeds", "testa", "Wikigold", "precision", "recall"]
HEADER += ["Wikigold, running text"]


def main() -> None:
    parser, runs, _ = run_or_report(__doc__ or "", run, report)
    option = runs.add_argument
    option("--data", type=existing, required=True, help="of CoNLL-2003")
    option("--wikigold", type=existing, required=True, help="its file")
    add_training(runs)
    option("--systems", nargs="+", default=[*OURS, SPACY])
    option("--setting", choices=SETTINGS, default="efficiency", help="of spaCy's")
    option("--seeds", type=int, nargs="+", default=[0, 1, 2])
    args = parser.parse_args()
    args.action(args)


def run(args: argparse.Namespace) -> None:
    """Score what is not known yet, and train spaCy's for it."""
    known = {tuple(entry[name] for name in KEY) for entry in read_results(RESULTS)}
    for system, seed in product(args.systems, args.seeds):
        setting = args.setting if system == SPACY else ""
        case = (system, setting, seed)
        if case in known:
            continue
        nlp = load(args, system, seed)
        if nlp is None:
            print(*case, "is not among the models", flush=True)
            continue
        testa = read(nlp, CORPUS, args.data / CORPUS.dev)
        wikigold = read(nlp, WIKIGOLD, args.wikigold)
        runs = list(running_text(read(nlp, WIKIGOLD, args.wikigold)))
        entry = {
            **dict(zip(KEY, case)),
            "testa": score(nlp, testa),
            "wikigold": score(nlp, wikigold),
            "running": score(nlp, runs),
            "machine": machine_facts(),
        }
        # What `in_best_setting` goes by.
        entry["best_dev"] = entry["testa"]["f"]
        add_result(RESULTS, entry, KEY)
        print(*case, f"F1 {entry['wikigold']['f']:.4f}", flush=True)


def load(args: argparse.Namespace, system: str, seed: int) -> Optional[Language]:
    """The pipeline, None where ours has not been trained with that seed."""
    if system == SPACY:
        # Limit 0: all sentences of train.
        words = distinct_words(read(spacy.blank("en"), WIKIGOLD, args.wikigold))
        return train_spacy(args, 0, seed, also=words)[0]
    # As `accuracy.py` names them. It removes the checkpoint when a training has ended.
    folder = args.models / f"conll2003-{system}-seed{seed}"
    if not (folder / MODEL).exists() or (folder / OUTPUT / "checkpoint").exists():
        return None
    return spacy.load(folder / MODEL)


def score(nlp: Language, examples: List[Example]) -> Entry:
    """Precision, recall and F1 of exact spans by seqeval, 0…1."""
    docs = nlp.pipe(example.predicted for example in examples)
    scored = [Example(doc, e.reference) for doc, e in zip(docs, examples)]
    scores = seqeval_score(scored)
    return {key: scores[f"ents_seqeval_{key}"] for key in "prf"}


# --- what came of it ------------------------------------------------------------------


def report(_: argparse.Namespace) -> None:
    print(*table(read_results(RESULTS)), sep="\n")


def table(entries: List[Entry]) -> Iterator[str]:
    """A line for each system; spaCy's in the setting that is best on testa."""
    rows = []
    others = sorted({entry["system"] for entry in entries}.difference({*OURS, SPACY}))
    for system in (*OURS, *others, SPACY):
        runs = [entry for entry in entries if entry["system"] == system]
        if not runs:
            continue
        if system == SPACY:
            runs = in_best_setting(runs)
        places = [("testa", "f"), *(("wikigold", key) for key in "fpr")]
        rows.append(
            [
                "spaCy `ner`" if system == SPACY else f"`{system}`",
                str(len(runs)),
                *(points([run[on][key] for run in runs]) for on, key in places),
                points([run["running"]["f"] for run in runs]),
            ]
        )
    yield from markdown(HEADER, rows)


if __name__ == "__main__":
    run_script(main)
