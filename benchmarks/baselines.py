"""Train spaCy's own components on the project's corpora.

    python benchmarks/baselines.py train --dataset wnut17 --system ner \\
        --setting accuracy --data-dir DIR --vectors DIR --seeds 0 1 2 --seconds 240
    python benchmarks/baselines.py report

One call of `train` trains one system in one setting on one dataset. See README.md.
"""

import argparse
import sys
import time
from pathlib import Path
from statistics import mean, stdev
from typing import Any, Callable, Dict, Iterator, List, Sequence, Tuple

from corpora import DATASETS, add_forms, distinct_words, load_corpora
from measures.machine import machine_facts
from measures.timing import threads
from options import existing, make_parser, run_script
from records import FOLDER, Entry, add_result, markdown, read_results
from spacy.cli.init_config import init_config
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.schemas import ConfigSchemaTraining
from spacy.training import Example
from spacy.training.initialize import load_vectors_into_model
from spacy.training.loop import create_train_batches, train_while_improving
from spacy.util import fix_random_seed, load_model_from_config, registry
from thinc.api import NumpyOps, set_current_ops

SYSTEMS = ("ner", "ner-bilstm", "tagger")
# The first two are the sizes of `spacy init config --optimize efficiency | accuracy`.
SETTINGS = {
    "efficiency": {"width": 96, "depth": 4},
    "accuracy": {"width": 256, "depth": 8},
    "depth 1, dropout 0.1": {"width": 128, "depth": 1},
}
# Dev is scored so many times in a training.
EVALUATIONS = 25
RESULTS = FOLDER / "baselines.json"
KEY = ("dataset", "system", "setting", "seed")
Evaluate = Callable[[], Tuple[float, Dict]]
HEADER = ("dataset", "system", "test", "best dev", "seeds", "training seconds")


def main() -> None:
    parser = make_parser(__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    option = commands.add_parser("train").add_argument
    option("--dataset", choices=DATASETS, required=True)
    option("--system", choices=SYSTEMS, required=True)
    option("--setting", choices=SETTINGS, required=True)
    option("--data-dir", type=existing, required=True, help="of the dataset's files")
    option("--vectors", type=existing, required=True, help="of scripts/make_vectors.py")
    option("--seeds", type=int, nargs="+", default=[0, 1, 2])
    option("--seconds", type=float, required=True, help="of training, for one seed")
    commands.add_parser("report")
    for command in commands.choices.values():
        command.add_argument("-o", "--output", type=Path, default=RESULTS)
    args = parser.parse_args()
    if args.command == "report":
        runs = read_results(args.output)
        rows = (row for name in DATASETS for row in rows_of(name, runs))
        print(*markdown(HEADER, rows), sep="\n")
        return
    if (args.system == "tagger") != (DATASETS[args.dataset].score == "tag_acc"):
        parser.error(f"{args.system} does not learn what {args.dataset} annotates")
    # thinc's own product (BLIS) is several times slower than numpy's on some machines
    set_current_ops(NumpyOps(use_blis=False))
    with threads(1):
        for seed in args.seeds:
            result = run(args, seed)
            add_result(args.output, result, KEY)
            print(f"dev {result['best_dev']:.4f}  test {result['test']:.4f}")


def run(args: argparse.Namespace, seed: int) -> Entry:
    """Train once, and score test once."""
    dataset = DATASETS[args.dataset]
    sizes = SETTINGS[args.setting]
    nlp = make_pipeline(args.system, sizes, args.vectors, seed)
    corpora = load_corpora(dataset, args.data_dir, nlp)
    words = distinct_words(example for part in corpora.values() for example in part)
    found = add_forms(nlp.vocab.vectors, words)
    print(f"{args.dataset} {args.system} {args.setting} seed {seed}", flush=True)
    return {
        "dataset": args.dataset,
        "system": args.system,
        "setting": args.setting,
        "settings": sizes,
        "seed": seed,
        "threads": 1,
        "budget_seconds": args.seconds,
        **train(nlp, corpora, dataset.score, args.seconds),
        "score": dataset.score,
        "test": nlp.evaluate(corpora["test"])[dataset.score],
        "test_split": dataset.test,
        "sentences": {part: len(examples) for part, examples in corpora.items()},
        "vectors_found": found,
        "machine": machine_facts(),
    }


def make_pipeline(
    system: str, sizes: Dict[str, int], vectors: Path, seed: int = 0
) -> Language:
    """The pipeline that spaCy recommends, with its sizes and encoder set."""
    fix_random_seed(seed)
    component = "tagger" if system == "tagger" else "ner"
    config = init_config(
        lang="en", pipeline=[component], optimize="accuracy", gpu=False
    )
    config["paths"]["vectors"] = None  # set later, to be given more keys
    encode = config["components"]["tok2vec"]["model"]["encode"]
    if system == "ner-bilstm":
        # Its own dropout would act between layers.
        encode = {"@architectures": "spacy.TorchBiLSTMEncoder.v1", "dropout": 0.0}
    config["components"]["tok2vec"]["model"]["encode"] = {**encode, **sizes}
    nlp = load_model_from_config(config, auto_fill=True)
    load_vectors_into_model(nlp, vectors)
    return nlp


def train(
    nlp: Language, corpora: Dict[str, List[Example]], score: str, seconds: float
) -> Entry:
    """Train for this many seconds and keep the weights that do best on dev.

    The clock counts the processor time of this thread, which is the wall time of an
    idle machine and is not stretched by neighbours on a busy one. Scoring dev counts;
    reading the files and initialising does not.
    """
    clock = time.thread_time
    updates = start_updates(nlp, corpora["train"])
    best, weights = -1.0, {}
    began = clock()
    for part in range(1, EVALUATIONS + 1):
        while clock() - began < seconds * part / EVALUATIONS:
            _, info, _ = next(updates)
        result = nlp.evaluate(corpora["dev"])[score]
        print(f"{part} of {EVALUATIONS}: dev {result:.4f}", flush=True)
        if result > best:
            best = result
            weights = get_weights(nlp)
    set_weights(nlp, weights)
    return {
        "seconds": round(clock() - began, 1),
        "steps": info["step"] + 1,
        "epochs": info["epoch"],
        "tokens": info["words"],
        "best_dev": best,
    }


def train_with_patience(
    nlp: Language, corpora: Dict[str, List[Example]], score: str
) -> Entry:
    """Train until dev gains no more, and keep the weights that do best on it.

    Evaluations, patience and the last step are those of the pipeline's config, which
    are spaCy's defaults: every 200 steps, 1,600 and 20,000.
    """
    training = resolve_training(nlp)
    limits = {key: training[key] for key in ("eval_frequency", "patience", "max_steps")}

    def evaluate() -> Tuple[float, Dict]:
        result = nlp.evaluate(corpora["dev"])[score]
        print(f"dev {result:.4f}", flush=True)
        return result, {}

    began = time.thread_time()
    for _, info, is_best in start_updates(nlp, corpora["train"], evaluate, **limits):
        steps, scores = info["step"] + 1, info["checkpoints"]
        if is_best:
            weights = get_weights(nlp)
    set_weights(nlp, weights)
    return {
        "seconds": round(time.thread_time() - began, 1),
        "steps": steps,
        "best_dev": max(scores)[0],
    }


def get_weights(nlp: Language) -> Dict[str, bytes]:
    """The weights of each component that is trained."""
    pipes = ((name, p) for name, p in nlp.pipeline if isinstance(p, TrainablePipe))
    return {name: pipe.model.to_bytes() for name, pipe in pipes}


def set_weights(nlp: Language, weights: Dict[str, bytes]) -> None:
    for name, data in weights.items():
        pipe: Any = nlp.get_pipe(name)
        pipe.model.from_bytes(data)


def not_evaluated() -> Tuple[float, Dict]:
    return 0.0, {}


def start_updates(
    nlp: Language,
    examples: List[Example],
    evaluate: Evaluate = not_evaluated,
    **limits: int,
) -> Iterator:
    """Initialise the pipeline and return spaCy's own training loop over it."""
    training = resolve_training(nlp)
    nlp.initialize(lambda: examples, sgd=training["optimizer"])
    batches = create_train_batches(nlp, lambda _: examples, training["batcher"], 0)
    return train_updates(nlp, training, batches, evaluate, **limits)


def resolve_training(nlp: Language) -> Dict[str, Any]:
    """The section `[training]` of the pipeline's config: optimizer, batcher, …"""
    section = nlp.config.interpolate()["training"]
    return registry.resolve(section, schema=ConfigSchemaTraining)


def train_updates(
    nlp: Language,
    training: Dict[str, Any],
    batches: Any,
    evaluate: Evaluate = not_evaluated,
    *,
    eval_frequency: int = sys.maxsize,
    patience: int = 0,
    max_steps: int = 0,
) -> Iterator:
    """spaCy's own training loop over the batches, endless and without an evaluation
    where nothing else is given."""
    return train_while_improving(
        nlp,
        training["optimizer"],
        batches,
        evaluate=evaluate,
        dropout=training["dropout"],
        eval_frequency=eval_frequency,
        accumulate_gradient=training["accumulate_gradient"],
        patience=patience,
        max_steps=max_steps,
        exclude=[],
        annotating_components=[],
        before_update=None,
    )


def rows_of(name: str, runs: List[Entry]) -> Iterator[List[str]]:
    """The rows of a dataset: each system in its best setting."""
    note = " (dev score)" if DATASETS[name].dev is None else ""
    runs = [run for run in runs if run["dataset"] == name]
    for system in dict.fromkeys(run["system"] for run in runs):
        chosen = in_best_setting([run for run in runs if run["system"] == system])
        test = points([run["test"] for run in chosen]) + note
        dev = points([run["best_dev"] for run in chosen])
        seconds = f"{mean(run['seconds'] for run in chosen):.0f}"
        title = f"spaCy {system} ({chosen[0]['setting']})"
        yield [name, title, test, dev, str(len(chosen)), seconds]


def in_best_setting(runs: List[Entry]) -> List[Entry]:
    """The runs in the setting that did best on dev with the first seed."""
    first = min(run["seed"] for run in runs)
    tried = (run for run in runs if run["seed"] == first)
    best = max(tried, key=lambda run: run["best_dev"])["setting"]
    return [run for run in runs if run["setting"] == best]


def points(scores: Sequence[float]) -> str:
    """Mean and standard deviation, in points, of scores between 0 and 1."""
    deviation = f" ± {100 * stdev(scores):.2f}" if len(scores) > 1 else ""
    return f"{100 * mean(scores):.2f}{deviation}"


if __name__ == "__main__":
    run_script(main)
