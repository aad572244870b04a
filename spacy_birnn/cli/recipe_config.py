"""The config that `init-config` writes: one base, and the recipes of its tasks."""

from dataclasses import dataclass
from typing import Any, Dict, Sequence, Tuple

from spacy.util import load_config_from_str
from thinc.api import Config

from ..data.arguments import SPAN_TARGETS
from ..pipeline.defaults import default_model
from .recipes import RECIPES, Recipe, joint


@dataclass(frozen=True)
class Task:
    """The component that a task trains.

    Attributes:
        factory: The component, which also gets this name.
        column: The target in annotated files.
        position: Its column where a file has those of several tasks, as that of
            CoNLL-2003 has: word, part of speech, chunk, entity.
        decoder: A CRF pays for spans, not for tags.
        settings: Of the component, beside its model.
        score: What chooses the best model.
        hidden: Scores of the component that say nothing in the table of training.
    """

    factory: str
    column: str
    position: int
    decoder: str
    settings: Dict[str, Any]
    score: str
    hidden: Tuple[str, ...] = ()


TASKS: Dict[str, Task] = {
    "ner": Task("birnn_ner", "ents", -1, "crf", {}, "ents_f"),
    "pos": Task(
        "birnn_tagger", "pos", 1, "softmax", {"target": "pos"}, "pos_acc", ("tag_acc",)
    ),
    "tag": Task(
        "birnn_tagger", "tag", 1, "softmax", {"target": "tag"}, "tag_acc", ("pos_acc",)
    ),
    # spaCy's table shows the first ten letters: the three would look the same.
    "chunk": Task(
        "birnn_chunker",
        "chunks",
        2,
        "crf",
        {},
        "spans_chunks_f",
        ("spans_chunks_p", "spans_chunks_r"),
    ),
}

OPTIMIZERS: Dict[str, Dict[str, Any]] = {
    "adam": {
        "@optimizers": "Adam.v1",
        "L2": 0.0,
        "grad_clip": 0.0,
        "use_averages": True,
    },
    # Polyak & Juditsky (1992) average over some 5,000 steps.
    "sgd": {
        "@optimizers": "spacy-birnn.SGD.v1",
        "momentum": 0.9,
        "use_averages": True,
        "average_decay": 0.9998,
    },
}

DEV_RUNS = 10
"""Sentences in a Doc of running text, of which half of a dev set is where training
joins sentences: what is best on single sentences alone is not best on texts."""

BASE = """
[paths]
train = null
dev = null
vectors = null
start_from = null

[system]
seed = 0
gpu_allocator = null

[corpora]

[corpora.train]
@readers = "spacy-birnn.Corpus.v1"
path = ${paths.train}
docs = "sentence"
spans_key = "chunks"
limit = 0

[corpora.dev]
@readers = "spacy-birnn.Corpus.v1"
path = ${paths.dev}
docs = "sentence"
spans_key = "chunks"
limit = 0

[training]
seed = ${system.seed}
gpu_allocator = ${system.gpu_allocator}
max_steps = 0
accumulate_gradient = 1

# A training needs steps: with few sentences an epoch has smaller batches instead.
[training.batcher]
@batchers = "spacy-birnn.batch_joined.v1"
min_batches = 60

[training.logger]
@loggers = "spacy-birnn.ConsoleLogger.v1"
log_file = null

[initialize]
vectors = ${paths.vectors}

[initialize.before_init]
@callbacks = "spacy-birnn.check_vectors.v1"
vectors = ${paths.vectors}

[initialize.after_init]
@callbacks = "spacy-birnn.start_from.v1"
model = ${paths.start_from}
"""


def recipe_config(
    tasks: Sequence[str], optimize: str, lang: str, columns: Dict[str, int], scheme: str
) -> Config:
    """A config with all choices made; spaCy fills in what is left at its default.

    Each task has a component, and each component a model of its own, of the task's
    recipe. The components clip their gradients by one norm, so the optimizer, which
    would do so for each parameter, does not.
    """
    config = load_config_from_str(BASE, interpolate=False)
    factories = [TASKS[task].factory for task in tasks]
    # nlp.pipe is fastest with batches of this size; spaCy's default is 1000.
    config["nlp"] = {"lang": lang, "pipeline": factories, "batch_size": 256}
    config["components"] = {
        TASKS[task].factory: component(TASKS[task], RECIPES[task, optimize])
        for task in tasks
    }
    targets = [TASKS[task].column for task in tasks]
    spans = [target for target in targets if target in SPAN_TARGETS]
    for corpus in config["corpora"].values():
        corpus.update(columns=dict(columns), scheme=scheme)
        if spans:
            corpus["target"] = spans[0]
    recipe = joint([RECIPES[task, optimize] for task in tasks])
    training = config["training"]
    training.update(
        dropout=recipe.dropout,
        max_epochs=recipe.max_epochs,
        patience=recipe.patience,
        eval_frequency=recipe.eval_frequency,
        score_weights=score_weights(tasks),
    )
    if recipe.dropout_warmup:
        training["before_update"] = {
            "@callbacks": "spacy-birnn.dropout_warmup.v1",
            "start": recipe.dropout_start,
            "epochs": recipe.dropout_warmup,
        }
    training["optimizer"] = {
        **OPTIMIZERS[recipe.optimizer],
        "learn_rate": learn_rate(recipe),
    }
    training["batcher"].update(
        size=recipe.batch_size,
        share=recipe.joined,
        longest=recipe.longest,
        warmup=recipe.warmup,
        buffer=recipe.buffer,
    )
    if recipe.joined:
        config["corpora"]["dev"]["joined"] = DEV_RUNS
    return config


def learn_rate(recipe: Recipe) -> Any:
    """The rate, or a schedule that lowers it step by step."""
    if not recipe.decay:
        return recipe.learn_rate
    return {
        "@schedules": "decaying.v1",
        "base_rate": recipe.learn_rate,
        "decay": recipe.decay,
    }


def component(task: Task, recipe: Recipe) -> Dict[str, Any]:
    """The block of a component."""
    model = default_model(task.decoder)
    model["tok2vec"]["embed"].update(
        chars=recipe.chars,
        char_width=recipe.char_width,
        word_dropout=recipe.word_dropout,
    )
    model["tok2vec"]["encode"].update(width=recipe.width, depth=recipe.depth)
    return {
        "factory": task.factory,
        **task.settings,
        "adversarial": recipe.adversarial,
        "model": model,
    }


def score_weights(tasks: Sequence[str]) -> Dict[str, Any]:
    """Each task counts as much as the others."""
    weights: Dict[str, Any] = {}
    for task in tasks:
        weights[TASKS[task].score] = round(1 / len(tasks), 4)
        weights.update(dict.fromkeys(TASKS[task].hidden))
    return weights
