"""Train spaCy's own components on the project's corpora, and set them beside ours.

    python benchmarks/baselines.py --dataset wnut17 --system ner --data-dir DIR \\
        --vectors DIR --seeds 0 1 2 --seconds 240 -o results.json
    python benchmarks/baselines.py --report -o results.json --metrics metrics

One call trains one cell of the table (a dataset, a system): the first seed in every
setting of the system, the others in the one that did best on dev. See README.md.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any, Dict, List

from common import (
    DATASETS,
    Corpora,
    a_folder,
    add_forms,
    add_result,
    at_least,
    load_corpora,
    words_of,
)
from measures.machine import versions
from measures.timing import threads
from report import print_report
from spacy.cli.init_config import init_config
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.schemas import ConfigSchemaTraining
from spacy.training.initialize import load_vectors_into_model
from spacy.training.loop import create_train_batches, train_while_improving
from spacy.util import fix_random_seed, load_model_from_config, registry
from thinc.api import Config, NumpyOps, set_current_ops

from spacy_birnn.errors import BirnnError

# The sizes of `spacy init config --optimize efficiency | accuracy`
SIZES: Dict[str, Dict[str, Any]] = {
    "efficiency": {"width": 96, "depth": 4, "dropout": 0.1},
    "accuracy": {"width": 256, "depth": 8, "dropout": 0.1},
}
SETTINGS: Dict[str, Dict[str, Dict[str, Any]]] = {
    "ner": SIZES,
    "tagger": SIZES,
    "ner-bilstm": {
        "depth 1, dropout 0.1": {"width": 128, "depth": 1, "dropout": 0.1},
        "depth 2, dropout 0.3": {"width": 128, "depth": 2, "dropout": 0.3},
    },
}
# The dev corpus is scored about this often, but for at most a sixth of the time
EVALUATIONS = 25
EVALUATION_SHARE = 1 / 6


def main() -> None:
    parser = make_parser()
    args = parser.parse_args()
    if args.report:
        print_report(args.output, args.metrics)
        return
    for name in ("dataset", "system", "data_dir", "vectors", "seconds"):
        if getattr(args, name) is None:
            parser.error(f"training needs --{name.replace('_', '-')}")
    if (args.system == "tagger") != (DATASETS[args.dataset].score == "tag_acc"):
        parser.error(f"{args.system} does not learn what {args.dataset} annotates")
    settings = list(SETTINGS[args.system])
    if args.setting not in ("auto", *settings):
        parser.error(f"--setting: auto or one of {', '.join(settings)}")
    # thinc's own product (BLIS) is several times slower than numpy's on some machines
    set_current_ops(NumpyOps(use_blis=False))
    with threads(args.threads):
        run_cell(args, settings if args.setting == "auto" else [args.setting])


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    option = parser.add_argument
    option("--dataset", choices=DATASETS)
    option("--system", choices=SETTINGS)
    option("--setting", default="auto", help="auto: the best one on dev")
    option("--data-dir", type=a_folder, help="folder of the dataset's files")
    option("--vectors", type=a_folder, help="word vectors (scripts/make_vectors.py)")
    option("--seeds", type=int, nargs="+", default=[0, 1, 2])
    option("--seconds", type=float, help="of training, for one run")
    option("--threads", type=at_least(1), default=1)
    option("-o", "--output", type=Path, required=True, help="JSON")
    option("--report", action="store_true", help="print the table")
    option("--metrics", type=Path, default=Path("metrics"), help="files of our scores")
    return parser


def run_cell(args: argparse.Namespace, settings: List[str]) -> None:
    """Train every setting with the first seed, the best on dev with the others."""
    first, *others = args.seeds
    dev = {setting: run(args, setting, first)["best_dev"] for setting in settings}
    best = max(dev, key=lambda setting: dev[setting])
    for seed in others:
        run(args, best, seed)


def run(args: argparse.Namespace, setting: str, seed: int) -> Dict[str, Any]:
    """Train once, score test once, and write both into the file of results."""
    dataset = DATASETS[args.dataset]
    sizes = SETTINGS[args.system][setting]
    fix_random_seed(seed)
    nlp = load_model_from_config(make_config(args.system, **sizes), auto_fill=True)
    load_vectors_into_model(nlp, args.vectors)
    corpora = load_corpora(dataset, args.data_dir, nlp)
    found = add_forms(nlp.vocab.vectors, words_of(corpora))
    print(f"{args.dataset} {args.system} {setting} seed {seed}", flush=True)
    trained = train(nlp, corpora, dataset.score, args.seconds)
    result = {
        "dataset": args.dataset,
        "system": args.system,
        "setting": setting,
        "settings": sizes,
        "seed": seed,
        "threads": args.threads,
        "budget_seconds": args.seconds,
        **trained,
        "score": dataset.score,
        "test": nlp.evaluate(corpora["test"])[dataset.score],
        "test_split": dataset.test,
        "sentences": {part: len(examples) for part, examples in corpora.items()},
        "vectors_found": found,
        "versions": versions(),
    }
    add_result(args.output, result)
    print(f"dev {result['best_dev']:.4f}  test {result['test']:.4f}", flush=True)
    return result


def make_config(system: str, width: int, depth: int, dropout: float) -> Config:
    """Return the config that spaCy recommends, with its sizes and encoder set."""
    component = "tagger" if system == "tagger" else "ner"
    config = init_config(
        lang="en", pipeline=[component], optimize="accuracy", gpu=False
    )
    config["paths"]["vectors"] = None  # set later, with more keys
    config["training"]["dropout"] = dropout
    encode = config["components"]["tok2vec"]["model"]["encode"]
    if system == "ner-bilstm":
        encode.clear()
        encode["@architectures"] = "spacy.TorchBiLSTMEncoder.v1"
        # the only way to torch's own dropout, which acts between its layers
        encode["dropout"] = dropout if depth > 1 else 0.0
    encode.update({"width": width, "depth": depth})
    return config


def train(
    nlp: Language, corpora: Corpora, score: str, seconds: float
) -> Dict[str, Any]:
    """Train for this many seconds and keep the weights that do best on dev.

    The clock counts the processor time of this thread, which is the wall time of an
    idle machine and is not stretched by neighbours on a busy one. Scoring dev counts;
    reading the files and initialising does not.
    """
    clock, wall = time.thread_time, time.perf_counter
    updates = start_updates(nlp, corpora)
    models = {name: p.model for name, p in nlp.pipeline if isinstance(p, TrainablePipe)}
    best, best_seconds, weights = -1.0, 0.0, {}
    began, began_wall = clock(), wall()
    due, cost = seconds / EVALUATIONS, 0.0
    for _, info, _ in updates:
        now = clock() - began
        last = now + cost >= seconds
        if now < due and not last:
            continue
        result = nlp.evaluate(corpora["dev"])[score]
        if result > best:
            best, best_seconds = result, now
            weights = {name: model.to_bytes() for name, model in models.items()}
        after = clock() - began
        cost = after - now
        due = after + max(seconds / EVALUATIONS, cost / EVALUATION_SHARE)
        print(f"{now:7.1f} s  {info['epoch']:3} epochs  dev {result:.4f}", flush=True)
        if last:
            break
    trained = {
        "seconds": round(clock() - began, 1),
        "wall_seconds": round(wall() - began_wall, 1),
        "steps": info["step"] + 1,
        "epochs": info["epoch"],
        "tokens": info["words"],
        "best_dev": best,
        "best_dev_seconds": round(best_seconds, 1),
    }
    for name, model in models.items():
        model.from_bytes(weights[name])
    return trained


def start_updates(nlp: Language, corpora: Corpora) -> Any:
    """Initialise the pipeline and return spaCy's own training loop over it."""
    training = resolve_training(nlp)
    nlp.initialize(lambda: corpora["train"], sgd=training["optimizer"])
    batches = create_train_batches(
        nlp, lambda nlp: corpora["train"], training["batcher"], max_epochs=0
    )
    return train_updates(nlp, training, batches)


def resolve_training(nlp: Language) -> Dict[str, Any]:
    """The section `[training]` of the pipeline's config: optimizer, batcher, …"""
    section = nlp.config.interpolate()["training"]
    return registry.resolve(section, schema=ConfigSchemaTraining)


def train_updates(nlp: Language, training: Dict[str, Any], batches: Any) -> Any:
    """spaCy's own training loop over the batches, without an evaluation."""
    return train_while_improving(
        nlp,
        training["optimizer"],
        batches,
        # to score dev is left to the caller, between two steps
        evaluate=lambda: (0.0, {}),
        dropout=training["dropout"],
        eval_frequency=sys.maxsize,
        accumulate_gradient=training["accumulate_gradient"],
        patience=0,
        max_steps=0,
        exclude=[],
        annotating_components=[],
        before_update=None,
    )


if __name__ == "__main__":
    try:
        main()
    except BirnnError as error:
        sys.exit(str(error))
