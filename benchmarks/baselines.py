"""Train spaCy's own components on the project's corpora, and set them beside ours.

    python benchmarks/baselines.py --dataset wnut17 --system ner --data-dir DIR \
        --glove glove.6B.100d.txt.gz --seeds 0 1 2 --seconds 240 -o results.json
    python benchmarks/baselines.py --report -o results.json --metrics metrics

One call trains one cell of the table (a dataset, a system): the first seed in every
setting of the system, the others in the one that did best on dev. See README.md.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Tuple

import spacy
import thinc
import torch
from common import (
    DATASETS,
    Corpora,
    add_result,
    load_corpora,
    load_vectors,
    words_of,
)
from report import print_report
from spacy.cli.init_config import init_config
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.schemas import ConfigSchemaTraining
from spacy.training.loop import create_train_batches, train_while_improving
from spacy.util import fix_random_seed, load_model_from_config, registry
from thinc.api import Config, Model, NumpyOps, set_current_ops
from threadpoolctl import threadpool_limits

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
    required = ("dataset", "system", "data_dir", "glove", "seconds")
    missing = [name for name in required if getattr(args, name) is None]
    if missing:
        flags = ", ".join("--" + name.replace("_", "-") for name in missing)
        parser.error(f"training needs {flags}")
    if not args.glove.is_file():
        parser.error(f"--glove: there is no file {args.glove}")
    dataset = DATASETS[args.dataset]
    if (args.system == "tagger") != (dataset.score == "tag_acc"):
        parser.error(f"{args.system} does not learn what {args.dataset} annotates")
    settings = SETTINGS[args.system]
    if args.setting != "auto" and args.setting not in settings:
        parser.error(f"--setting: auto or one of {', '.join(settings)}")
    # thinc's own product (BLIS) is several times slower than numpy's on some machines
    set_current_ops(NumpyOps(use_blis=False))
    torch.set_num_threads(args.threads)
    with threadpool_limits(args.threads):
        run_cell(args, list(settings) if args.setting == "auto" else [args.setting])


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dataset", choices=DATASETS)
    parser.add_argument("--system", choices=SETTINGS)
    parser.add_argument("--setting", default="auto", help="auto: the best one on dev")
    parser.add_argument("--data-dir", type=Path, help="folder of the dataset's files")
    parser.add_argument("--glove", type=Path, help="word v1 … v100, may be gzipped")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--seconds", type=float, help="of training, for one run")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, required=True, help="JSON")
    parser.add_argument("--report", action="store_true", help="print the table")
    parser.add_argument(
        "--metrics",
        type=Path,
        default=Path("metrics"),
        help="folder of what `spacy birnn evaluate -o` wrote for our pipelines",
    )
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
    corpora = load_corpora(dataset, args.data_dir, nlp)
    found = load_vectors(nlp, args.glove, words_of(corpora))
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


def versions() -> Dict[str, str]:
    return {
        "spacy": spacy.__version__,
        "thinc": thinc.__version__,
        "torch": torch.__version__,
    }


def make_config(system: str, width: int, depth: int, dropout: float) -> Config:
    """Return the config that spaCy recommends, with its sizes and encoder set."""
    component = "tagger" if system == "tagger" else "ner"
    config = init_config(
        lang="en", pipeline=[component], optimize="accuracy", gpu=False
    )
    config["paths"]["vectors"] = None  # load_vectors sets them
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
    """Train for so many seconds and keep the weights that do best on dev.

    The clock counts the processor time of this thread, which is the wall time of an
    idle machine and is not stretched by neighbours on a busy one. Scoring dev counts;
    reading the files and initialising does not.
    """
    clock, wall = time.thread_time, time.perf_counter
    updates = start_updates(nlp, corpora)
    best: Tuple[float, float] = (-1.0, 0.0)
    weights: Dict[str, bytes] = {}
    began, began_wall = clock(), wall()
    due, cost = seconds / EVALUATIONS, 0.0
    for _, info, _ in updates:
        now = clock() - began
        last = now + cost >= seconds
        if now < due and not last:
            continue
        result = nlp.evaluate(corpora["dev"])[score]
        if result > best[0]:
            best = (result, now)
            weights = {name: model.to_bytes() for name, model in models_of(nlp)}
        after = clock() - began
        cost = after - now
        due = after + max(seconds / EVALUATIONS, cost / EVALUATION_SHARE)
        print(
            f"{now:7.1f} s  {info['epoch']:3} epochs  {info['step'] + 1:6} steps  "
            f"{info['words']:9} tokens  dev {result:.4f}",
            flush=True,
        )
        if last:
            break
    trained = {
        "seconds": round(clock() - began, 1),
        "wall_seconds": round(wall() - began_wall, 1),
        "steps": info["step"] + 1,
        "epochs": info["epoch"],
        "tokens": info["words"],
        "best_dev": best[0],
        "best_dev_seconds": round(best[1], 1),
    }
    for name, model in models_of(nlp):
        model.from_bytes(weights[name])
    return trained


def models_of(nlp: Language) -> List[Tuple[str, Model]]:
    pipes = nlp.pipeline
    return [
        (name, pipe.model) for name, pipe in pipes if isinstance(pipe, TrainablePipe)
    ]


def start_updates(nlp: Language, corpora: Corpora) -> Any:
    """Initialise the pipeline and return spaCy's own training loop over it."""
    training = resolve_training(nlp)
    nlp.initialize(lambda: corpora["train"], sgd=training["optimizer"])
    batches = create_train_batches(
        nlp, lambda nlp: corpora["train"], training["batcher"], max_epochs=0
    )
    return train_updates(nlp, training, batches)


def resolve_training(nlp: Language) -> Dict[str, Any]:
    """What the pipeline's config says of training: optimizer, batcher, numbers."""
    section = nlp.config.interpolate()["training"]
    return registry.resolve(section, schema=ConfigSchemaTraining)


def train_updates(nlp: Language, training: Dict[str, Any], batches: Any) -> Any:
    """spaCy's own training loop over the batches, without an evaluation."""
    return train_while_improving(
        nlp,
        training["optimizer"],
        batches,
        # who wants dev scored does so between two steps
        lambda: (0.0, {}),
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
