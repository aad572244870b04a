"""Students of teachers and raw text: how good and how fast they are.

    python benchmarks/distillation.py train conll2003 --name distilled \
        --teachers MODEL MODEL --texts TEXTS --data DIR --vectors VECTORS \
        --models MODELS --seeds 0 1 2
    python benchmarks/distillation.py teacher --seconds 3600 --data DIR \
        --vectors VECTORS -o MODEL
    python benchmarks/distillation.py compare --teacher MODEL --student MODEL --data DIR
    python benchmarks/distillation.py pool conll2003 --name accuracy \
        --teachers MODEL MODEL MODEL --data DIR
    python benchmarks/distillation.py updates --targets OUT/targets --config CONFIG \
        --data DIR --vectors VECTORS
    python benchmarks/distillation.py report

`train` keeps a cell as `accuracy.py train` does, in results/accuracy, whose `report`
shows it; the seconds are those of the whole `spacy-birnn distil`, teachers and all.
`teacher` trains spaCy's own `ner` at the size of `--optimize accuracy` on CoNLL-2003.
`compare` scores a teacher and its student on dev and times both in turn; `pool` scores
several seeds of a recipe as one, which is what their student learns from, and counts
what all of them miss; `updates` times updates with soft labels and without. All keep
their figures in results/distillation.json.
"""

import argparse
import random
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any, Dict, Iterator, List, Optional, Sequence

import spacy
from accuracy import setting
from baselines import SETTINGS, make_pipeline
from baselines import train as train_baseline
from corpora import DATASETS, add_forms, distinct_words, load_corpora
from measures.inputs import pipe, untagged
from measures.machine import machine_facts
from measures.timing import Side, alternate, set_clock, threads
from options import add_training, existing, make_parser, run_action
from recipes.cells import make_config, open_cell
from recipes.corpora import CORPORA
from recipes.scoring import missed, read, running_text, score_dev
from recipes.table import table
from recipes.training import TRAIN, Places, fill
from recipes.with_dev import ENDING
from records import FOLDER, Entry, add_result, markdown, read_results
from spacy.language import Language
from spacy.scorer import get_ner_prf
from spacy.training import Example
from thinc.api import NumpyOps, set_current_ops

from spacy_birnn.cli.train import read_config
from spacy_birnn.distillation import DistilledCorpus, Targets
from spacy_birnn.distillation.pool import Pool, mean_chain
from spacy_birnn.distillation.teachers import make_teacher
from spacy_birnn.models.sequence_tagger import get_decoder
from spacy_birnn.pipeline.soft_labels import SOFT_LABELS
from spacy_birnn.training.setup import Setup, set_up

RESULTS = FOLDER / "distillation.json"
KEY = ("what", "name")
CORPUS = CORPORA["conll2003"]
UPDATES = 30
"""Batches that are learned from in one run of a side."""


def main(argv: Optional[Sequence[str]] = None) -> None:
    run_action(command_line(), argv)


# --- training -------------------------------------------------------------------------


def train(args: argparse.Namespace) -> None:
    """Train the seeds of a cell that are not there yet."""
    config = make_config(CORPORA[args.corpus], args.recipe, dict(args.set))
    name = args.name + (ENDING if args.with_dev else "")
    cell = open_cell(args.corpus, name, config, with_dev=args.with_dev)
    places = Places(args.data, args.vectors, args.models.resolve(), args.threads)
    options: Dict[str, List[Any]] = {
        "--teacher": args.teachers,
        "--texts": args.texts,
        "--gold-weight": [args.gold_weight],
        "--sentences": [] if args.sentences is None else [args.sentences],
    }
    pairs = [(name, value) for name in options for value in options[name]]
    words = [str(word) for pair in pairs for word in pair]
    command = [*TRAIN[:-1], "distil", *words]
    facts = {"distilled from": [short(word) for word in words]}
    for filled in fill(
        cell, args.seeds, places, with_test=args.test, command=command, facts=facts
    ):
        print(table([filled]), flush=True)


def short(word: str) -> str:
    """An argument of a command; of a path the end, which is not of one machine."""
    parts = Path(word).parts
    return "/".join(parts[-3:]) if len(parts) > 3 else word


def train_teacher(args: argparse.Namespace) -> None:
    """Train spaCy's own `ner`, and save it as a pipeline."""
    set_current_ops(NumpyOps(use_blis=False))  # much faster on some machines
    with threads(1):
        nlp = make_pipeline("ner", SETTINGS["accuracy"], args.vectors)
        parts = load_corpora(DATASETS["conll2003"], args.data, nlp)
        words = distinct_words(example for part in parts.values() for example in part)
        add_forms(nlp.vocab.vectors, words)
        found = train_baseline(nlp, parts, "ents_f", args.seconds)
    nlp.to_disk(args.output)
    print(f"{args.output}: best dev {100 * found['best_dev']:.2f}")


# --- measuring ------------------------------------------------------------------------


def compare(args: argparse.Namespace) -> None:
    """Score a teacher and its student on dev, and time them in turn."""
    pipelines = [spacy.load(args.teacher), spacy.load(args.student)]
    path = args.data / CORPUS.dev
    entry: Entry = {"what": "student", "name": args.name, "machine": machine_facts()}
    for layout in ("sentences", "running"):
        teacher, student = (predict(nlp, path, layout) for nlp in pipelines)
        entry[layout] = {
            "teacher": get_ner_prf(teacher)["ents_f"],
            "student": get_ner_prf(student)["ents_f"],
            "agreement": agreement(teacher, student),
        }
    entry.update(speeds(pipelines, path, args.runs))
    add_result(RESULTS, entry, KEY)
    report(args)


def lay_out(nlp: Language, path: Path, layout: str) -> List[Example]:
    examples = read(nlp, CORPUS, path)
    return list(running_text(examples)) if layout == "running" else examples


def predict(nlp: Language, path: Path, layout: str) -> List[Example]:
    examples = lay_out(nlp, path, layout)
    docs = nlp.pipe(example.predicted for example in examples)
    return [Example(doc, eg.reference) for doc, eg in zip(docs, examples, strict=True)]


def agreement(teacher: List[Example], student: List[Example]) -> float:
    """F1 of the student's entities where the teacher's are the truth."""
    pairs = zip(teacher, student, strict=True)
    return get_ner_prf([Example(s.predicted, t.predicted) for t, s in pairs])["ents_f"]


def speeds(pipelines: Sequence[Language], path: Path, runs: int) -> Dict[str, Any]:
    """Tokens per second of processor time of both, on one thread."""
    set_clock("processor")
    sides = []
    for nlp in pipelines:
        examples = lay_out(nlp, path, "running")
        n_tokens = sum(len(example.predicted) for example in examples)
        sides.append(Side(tagging(nlp), fresh(examples)))
    with threads(1):
        teacher, student = alternate(sides, runs)
    ratios = [slow / fast for slow, fast in zip(teacher, student)]
    return {
        "teacher tokens/s": n_tokens / median(teacher),
        "student tokens/s": n_tokens / median(student),
        "times as fast": [median(ratios), min(ratios), max(ratios)],
    }


def tagging(nlp: Language) -> Any:
    return lambda docs: pipe(nlp, docs)


def fresh(examples: List[Example]) -> Any:
    return lambda: untagged(examples)


def score_pool(args: argparse.Namespace) -> None:
    """Score the average of several pipelines of ours on dev, and tell what all of them
    miss."""
    corpus = CORPORA[args.corpus]
    path = args.data / corpus.dev
    scores = score_dev(pooled(args.teachers), corpus, path)
    entry: Entry = {"what": "pool", "name": f"{args.corpus}, {args.name}"}
    entry.update(scores, teachers=[short(str(path)) for path in args.teachers])
    lost = [missed(spacy.load(teacher), corpus, path) for teacher in args.teachers]
    entry["missed"] = {
        "of": lost[0][1],
        "by each": [len(labels) for labels, _ in lost],
        "by all": len(set.intersection(*(labels for labels, _ in lost))),
    }
    add_result(RESULTS, entry, KEY)
    report(args)


def pooled(paths: Sequence[Path]) -> Language:
    """A pipeline that predicts what the average of several says."""
    nlp = spacy.load(paths[0])
    pipe: Any = nlp.get_pipe(nlp.pipe_names[-1])
    # The stack is never closed: teachers stay teachers.
    stack = ExitStack()
    pool = Pool([make_teacher(spacy.load(path), pipe, stack) for path in paths], pipe)
    chain = mean_chain([teacher.chain for teacher in pool.teachers])
    crf = get_decoder(pipe.model).crf
    for name in ("start", "transitions", "end"):
        getattr(crf, name).data.copy_(getattr(chain, name))
    pipe.emissions = lambda docs: pool.emissions(docs).float()
    return nlp


def updates(args: argparse.Namespace) -> None:
    """Time updates on the same batches, with soft labels and without."""
    overrides = {
        "paths.train": str(args.data / CORPUS.train),
        "paths.dev": str(args.data / CORPUS.dev),
        "paths.vectors": str(args.vectors),
    }
    config = read_config(args.config, overrides)
    corpus = DistilledCorpus(Targets(args.targets), sentences=0)
    setup = set_up(config, corpus=corpus)
    batches = list(setup.settings["batcher"](setup.examples))
    random.Random(0).shuffle(batches)
    soft = batches[:UPDATES]
    plain = [[without_soft_labels(example) for example in batch] for batch in soft]
    set_clock("processor")
    with threads(1):
        sides = [learning(setup, given) for given in (plain, soft)]
        gold, distilled = alternate(sides, args.runs)
    ratios = [slow / fast for slow, fast in zip(distilled, gold)]
    n_tokens = sum(len(example) for batch in soft for example in batch)
    entry = {
        "what": "updates",
        "name": args.name,
        "microseconds per token, gold": 1e6 * median(gold) / n_tokens,
        "microseconds per token, soft labels": 1e6 * median(distilled) / n_tokens,
        "ratio": [median(ratios), min(ratios), max(ratios)],
        "machine": machine_facts(),
    }
    add_result(RESULTS, entry, KEY)
    report(args)


def without_soft_labels(example: Example) -> Example:
    reference = example.reference.copy()
    reference.user_data.pop(SOFT_LABELS)
    return Example(example.predicted, reference)


def learning(setup: Setup, batches: List[List[Example]]) -> Side:
    def run(_: None) -> None:
        for batch in batches:
            setup.nlp.update(batch, drop=0.5, sgd=setup.settings["optimizer"])

    return Side(run)


# --- reporting ------------------------------------------------------------------------


def report(args: argparse.Namespace) -> None:
    """Print the tables of what is known."""
    entries = read_results(RESULTS)
    header = ("student", "dev of", "teacher", "student", "agreement", "tokens/s")
    print(*markdown(header, rows(entries)), sep="\n")
    for entry in entries:
        if entry["what"] == "pool":
            layouts = ("sentences", "running")
            scores = ", ".join(f"{name} {100 * entry[name]:.2f}" for name in layouts)
            line = f"\n{len(entry['teachers'])} seeds of {entry['name']}: {scores}"
            print(line + say_missed(entry.get("missed")))
        if entry["what"] == "updates":
            print(
                f"\n{entry['name']}: an update takes {spread(entry['ratio'])} of one "
                "without soft labels"
            )


def say_missed(missed: Optional[Dict[str, Any]]) -> str:
    """The end of a line; entries of before do not know it."""
    if missed is None:
        return ""
    each = ", ".join(map(str, missed["by each"]))
    return f"; of {missed['of']:,} labels they miss {each}, {missed['by all']} all"


def rows(entries: List[Entry]) -> Iterator[List[str]]:
    for entry in entries:
        if entry["what"] != "student":
            continue
        rates = [f"{entry[f'{side} tokens/s']:,.0f}" for side in ("teacher", "student")]
        speed = f"{' → '.join(rates)}, × {spread(entry['times as fast'])}"
        for layout in ("sentences", "running"):
            scores = entry[layout]
            figures = [scores[key] for key in ("teacher", "student", "agreement")]
            yield [
                entry["name"],
                layout,
                *(f"{100 * figure:.2f}" for figure in figures),
                speed,
            ]


def spread(ratios: Sequence[float]) -> str:
    middle, least, most = ratios
    return f"{middle:.2f} ({least:.2f}–{most:.2f})"


# --- the command line -----------------------------------------------------------------


def command_line() -> argparse.ArgumentParser:
    parser = make_parser(__doc__ or "")
    actions = parser.add_subparsers(required=True)
    trains = actions.add_parser("train", help="train students of given teachers")
    trains.set_defaults(action=train)
    option = trains.add_argument
    option("corpus", choices=CORPORA)
    option("--name", required=True, help="of the recipe in the table")
    option("--recipe", default="efficiency", help="as for accuracy.py")
    option("--set", type=setting, action="append", default=[], metavar="KEY=VALUE")
    option("--teachers", type=existing, nargs="+", required=True, metavar="MODEL")
    option("--texts", type=existing, nargs="+", required=True)
    option("--gold-weight", type=float, default=0.5)
    option("--sentences", type=int)
    option("--seeds", type=int, nargs="+", default=[0, 1, 2])
    option("--data", type=existing, required=True, help="the corpus's folder")
    add_training(trains)
    option("--test", action="store_true", help="score test too")
    option("--with-dev", action="store_true", help="learn from dev too: test is scored")
    option("--threads", type=int, default=1)

    teachers = actions.add_parser("teacher", help="train a wide ner of spaCy's")
    teachers.set_defaults(action=train_teacher)
    teachers.add_argument("--seconds", type=float, required=True, help="of training")
    teachers.add_argument("--data", type=existing, required=True)
    teachers.add_argument("--vectors", type=existing, required=True)
    teachers.add_argument("-o", "--output", type=Path, required=True)

    compares = actions.add_parser("compare", help="score and time both")
    compares.set_defaults(action=compare)
    compares.add_argument("--teacher", type=existing, required=True)
    compares.add_argument("--student", type=existing, required=True)
    compares.add_argument("--data", type=existing, required=True)
    compares.add_argument("--name", default="spaCy's ner, wide")
    compares.add_argument("--runs", type=int, default=5)

    pools = actions.add_parser("pool", help="score several seeds as one")
    pools.set_defaults(action=score_pool)
    pools.add_argument("corpus", choices=CORPORA)
    pools.add_argument("--name", required=True, help="of their recipe")
    pools.add_argument("--teachers", type=existing, nargs="+", required=True)
    pools.add_argument("--data", type=existing, required=True)

    times = actions.add_parser("updates", help="time updates")
    times.set_defaults(action=updates)
    times.add_argument("--targets", type=existing, required=True)
    times.add_argument("--config", type=existing, required=True)
    times.add_argument("--data", type=existing, required=True)
    times.add_argument("--vectors", type=existing, required=True)
    times.add_argument("--name", default="efficiency")
    times.add_argument("--runs", type=int, default=5)

    actions.add_parser("report", help="print the tables").set_defaults(action=report)
    return parser


if __name__ == "__main__":
    main()
