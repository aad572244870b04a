"""Tokens to annotate until a score is reached: chosen by `select`, and at random.

    python benchmarks/active_learning.py run --data DIR --vectors VECTORS \
        --models MODELS [--by entropy] [--seeds 0 1 2]
    python benchmarks/active_learning.py report [--plot docs/active-learning.svg]

The pool is eng.train of CoNLL-2003, a sentence at a time; its labels are shown when a
sentence is chosen. Both ways begin with the same sentences, drawn at random. In each
round the model of the round before ranks what is left (`spacy_birnn.diagnostics`), the
best are annotated, and a new model is trained on all that is annotated by then. Rounds
end when F1 on eng.testa has reached the target.

Models are the `efficiency` config, on single sentences, with as many steps for one size
as for the other way; their averaged weights at the end are scored: testa chooses
nothing within a run. The tokens at the target are interpolated between two rounds.

What is known is kept in benchmarks/results/active_learning.json, and models in MODELS:
the same command goes on where it was interrupted.
"""

import argparse
import json
import random
from pathlib import Path
from statistics import mean
from typing import Dict, Iterable, Iterator, List, Optional, Union

import spacy
from options import add_training, existing, run_or_report, run_script
from recipes.corpora import CORPORA
from records import FOLDER, add_result, markdown, read_results
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.vocab import Vocab
from trainings import last_score, train_ner

from spacy_birnn.data.corpus import AnyCorpus
from spacy_birnn.diagnostics.selection import MEASURES, select
from spacy_birnn.files import replacing

RESULTS = FOLDER / "active_learning.json"
KEY = ("way", "seed", "round")
TARGET = 0.9
FIRST = 5_000
"""Tokens at the start, drawn at random."""
MORE = {"random": 10_000}
"""Tokens that each round adds; `CHOSEN` where they are chosen, which takes fewer."""
CHOSEN = 5_000
ROUNDS = 6
"""At most, where sentences are chosen; at random there are rounds until the target."""
SETTINGS = {"training.batcher.share": 0}
"""Sentences of a pool have no neighbours, so none are joined."""


def main() -> None:
    parser, runs, reports = run_or_report(__doc__ or "", run, report)
    runs.add_argument("--data", type=existing, required=True, help="of CoNLL-2003")
    add_training(runs)
    runs.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    runs.add_argument("--by", choices=[*MEASURES, "random"], nargs="+")
    reports.add_argument("--plot", type=Path, help="draw the curves, SVG")
    args = parser.parse_args()
    args.action(args)


def run(args: argparse.Namespace) -> None:
    """Run what is not known yet."""
    for seed in args.seeds:
        for way in args.by or ["entropy", "random"]:
            run_way(way, seed, args)


def run_way(way: str, seed: int, args: argparse.Namespace) -> None:
    """Rounds of one way to choose, until the target is reached."""
    corpus = CORPORA["conll2003"]
    pool = list(AnyCorpus(args.data / corpus.train, columns=corpus.columns)(blank()))
    order = list(range(len(pool)))
    random.Random(seed).shuffle(order)
    annotated = up_to(FIRST, order, pool)
    last_round = ROUNDS if way != "random" else len(pool)
    folder = args.models.resolve()
    before = folder / f"first-{seed}"
    for number in range(last_round + 1):
        # The first round is the same for all.
        place = folder / (f"{way}-{seed}-{number}" if number else f"first-{seed}")
        if number:
            tokens = MORE.get(way, CHOSEN)
            ranked = order if way == "random" else choose(way, place, before, pool)
            known = set(annotated)
            annotated += up_to(tokens, (i for i in ranked if i not in known), pool)
        entry = train(place, annotated, pool, seed, args)
        add_result(RESULTS, {"way": way, "seed": seed, "round": number, **entry}, KEY)
        print(way, seed, number, entry, flush=True)
        if entry["f1"] >= TARGET:
            break
        before = place
    print(*table(read_results(RESULTS)), sep="\n", flush=True)


def blank() -> Language:
    return spacy.blank("en")


def up_to(tokens: int, indices: Iterable[int], pool: List[Example]) -> List[int]:
    """The first of these sentences that have so many tokens together."""
    taken, total = [], 0
    for index in indices:
        if total >= tokens:
            break
        taken.append(index)
        total += len(pool[index].reference)
    return taken


def choose(way: str, place: Path, before: Path, pool: List[Example]) -> List[int]:
    """Rank the sentences by the model of the round before; kept in a file."""
    file = place.with_suffix(".json")
    if not file.exists():
        nlp = spacy.load(before / "model-last")
        docs = [copy_of(example.reference, nlp.vocab) for example in pool]
        # More than are asked for: those that are annotated already are left out.
        found = select(nlp, docs, len(pool), by=way)
        with replacing(file) as whole:
            whole.write(json.dumps([chosen.index for chosen in found]).encode("utf8"))
    return json.loads(file.read_text())


def copy_of(doc: Doc, vocab: Vocab) -> Doc:
    """The words of a sentence, without annotation."""
    starts: List[Union[bool, int, None]] = [token.i == 0 for token in doc]
    return Doc(vocab, words=[token.text for token in doc], sent_starts=starts)


def train(
    place: Path,
    annotated: List[int],
    pool: List[Example],
    seed: int,
    args: argparse.Namespace,
) -> Dict[str, float]:
    """Train on the annotated sentences, unless that was done, and score."""
    tokens = sum(len(pool[i].reference) for i in annotated)
    steps = max(1500, tokens // 16)
    file = place.with_suffix(".spacy")
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as whole:
            whole.write(DocBin(docs=[pool[i].reference for i in annotated]).to_bytes())
    dev = args.data / CORPORA["conll2003"].dev
    train_ner(place, file, dev, args.vectors, seed=seed, steps=steps, settings=SETTINGS)
    score = round(last_score(place), 4)
    return {"tokens": tokens, "sentences": len(annotated), "steps": steps, "f1": score}


# --- what came of it ------------------------------------------------------------------


def report(args: argparse.Namespace) -> None:
    entries = read_results(RESULTS)
    print(*table(entries), sep="\n")
    if args.plot is not None:
        plot(entries, args.plot)


def curves(entries: List[Dict]) -> Dict[str, Dict[int, List[Dict]]]:
    """Rounds by way and seed, in order."""
    found: Dict[str, Dict[int, List[Dict]]] = {}
    for entry in sorted(entries, key=lambda e: (e["way"], e["seed"], e["round"])):
        found.setdefault(entry["way"], {}).setdefault(entry["seed"], []).append(entry)
    return found


def tokens_at(rounds: List[Dict], target: float = TARGET) -> Optional[float]:
    """Tokens at which F1 reaches the target, on a line between two rounds."""
    if rounds[0]["f1"] >= target:
        return rounds[0]["tokens"]
    for a, b in zip(rounds, rounds[1:]):
        if a["f1"] < target <= b["f1"]:
            share = (target - a["f1"]) / (b["f1"] - a["f1"])
            return a["tokens"] + share * (b["tokens"] - a["tokens"])
    return None


def table(entries: List[Dict]) -> Iterator[str]:
    """Tokens to the target by way and seed, and over those at random."""
    of_all = curves(entries)
    needed = {
        way: {seed: tokens_at(rounds) for seed, rounds in seeds.items()}
        for way, seeds in of_all.items()
    }
    rows = []
    for way, seeds in needed.items():
        for seed, tokens in seeds.items():
            rounds = of_all[way][seed]
            base = needed.get("random", {}).get(seed)
            ratio = f"{tokens / base:.2f}" if tokens and base else "–"
            rows.append(
                [
                    way,
                    str(seed),
                    str(rounds[-1]["round"]),
                    f"{100 * rounds[-1]['f1']:.2f}",
                    f"{tokens:,.0f}" if tokens else "not reached",
                    ratio,
                ]
            )
    header = ["way", "seed", "rounds", "last F1", f"tokens to F1 {100 * TARGET:.0f}"]
    yield from markdown([*header, "over random"], rows)
    at_random = {seed: t for seed, t in needed.get("random", {}).items() if t}
    for way, seeds in needed.items():
        known = {seed: t for seed, t in seeds.items() if t and seed in at_random}
        if known and way != "random":
            share = mean(known.values()) / mean(at_random[seed] for seed in known)
            yield f"{way}: {share:.2f} of the tokens at random, {len(known)} seeds"


def plot(entries: List[Dict], path: Path) -> None:
    """F1 over annotated tokens, a line for each run."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6.4, 4.0))
    colours = {"random": "#8a8a8a", "entropy": "#0b6e99", "margin": "#b8531a"}
    for way, seeds in curves(entries).items():
        for i, rounds in enumerate(seeds.values()):
            tokens = [entry["tokens"] / 1000 for entry in rounds]
            scores = [100 * entry["f1"] for entry in rounds]
            label = way if i == 0 else None
            axes.plot(tokens, scores, "o-", color=colours[way], label=label, ms=3, lw=1)
    axes.axhline(100 * TARGET, color="#8a8a8a", lw=0.8, ls="--")
    axes.set_xlabel("annotated tokens, thousands")
    axes.set_ylabel("F1 on CoNLL-2003 testa")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(title="sentences chosen by", frameon=False, loc="lower right")
    figure.tight_layout()
    matplotlib.rcParams["svg.hashsalt"] = "spacy-birnn"
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    run_script(main)
