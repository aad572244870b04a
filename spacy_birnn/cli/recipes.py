"""The settings that `init-config` writes: one table of what differs, one base."""

from dataclasses import dataclass, replace
from typing import Any, Dict, Sequence, Tuple

from spacy.util import load_config_from_str
from thinc.api import Config

from ..data.arguments import SPAN_TARGETS
from ..pipeline.defaults import default_model


@dataclass(frozen=True)
class Recipe:
    """Settings that differ between tasks and between aims.

    Attributes:
        width: Output width of the encoder, both directions together.
        depth: Stacked recurrent layers.
        chars: Character encoder.
        char_width: Its width.
        word_dropout: How often a word is replaced by the unknown one in training.
        dropout: `[training] dropout`.
        dropout_warmup: Epochs over which it grows.
        dropout_start: The share of it that the first epoch has.
        optimizer: One of `OPTIMIZERS`.
        learn_rate: Its rate in the first step.
        decay: After t steps the rate is divided by 1 + decay * t.
        batch_size: Sentences (Docs) per step.
        joined: Share of the sentences that are joined to running text in training.
        longest: Sentences in a joined Doc, at most.
        warmup: Epochs over which that share grows from nothing.
        buffer: Batches that are made at once, of Docs of like length each.
        adversarial: How far embeddings are moved in adversarial training.
        max_epochs: Passes over the training data, at most.
        patience: Steps without a better score after which training ends, 0 for never.
        eval_frequency: Steps between evaluations. spaCy's default of 200 means that
            they adapt under `spacy-birnn train`.
    """

    width: int
    max_epochs: int
    depth: int = 1
    chars: str = "cnn"
    char_width: int = 50
    word_dropout: float = 0.05
    dropout: float = 0.5
    dropout_warmup: int = 0
    dropout_start: float = 0.7
    optimizer: str = "adam"
    learn_rate: float = 0.002
    decay: float = 0.0
    batch_size: int = 32
    joined: float = 0.8
    longest: int = 12
    warmup: int = 0
    buffer: int = 1
    adversarial: float = 0.0
    patience: int = 3000
    eval_frequency: int = 200


SGD = Recipe(
    width=400,
    max_epochs=60,
    optimizer="sgd",
    learn_rate=0.015,
    decay=0.000036,
    batch_size=10,
    warmup=40,
    buffer=8,
    patience=20000,
)
"""Ma & Hovy (2016, §3.2), with averaged weights: up to half a point over Adam."""

QUICK_TAGS = Recipe(width=200, max_epochs=20, learn_rate=0.003, dropout=0.4, joined=0.0)

BEST_TAGS = Recipe(
    width=200,
    max_epochs=30,
    depth=2,
    chars="rnn",
    char_width=100,
    dropout=0.4,
    batch_size=12,
    joined=0.0,
    patience=10000,
)

# Chosen on the development sets of CoNLL-2003, WNUT-17, CoNLL-2000 and UD LinES: chunks
# gained from less dropout and a higher learn rate; tags from these, a second layer,
# smaller batches and a character LSTM. Joining was measured on spans alone, its
# warm-up, larger batches with a rate that decays and no word dropout on entities,
# adversarial training and batches of like length on both: see docs/accuracy.md.
RECIPES: Dict[Tuple[str, str], Recipe] = {
    ("ner", "efficiency"): Recipe(
        width=200,
        max_epochs=25,
        learn_rate=0.006,
        decay=0.001,
        batch_size=64,
        warmup=12,
        buffer=8,
        dropout_warmup=6,
        word_dropout=0.0,
    ),
    ("ner", "accuracy"): SGD,
    ("pos", "efficiency"): QUICK_TAGS,
    ("pos", "accuracy"): BEST_TAGS,
    ("tag", "efficiency"): QUICK_TAGS,
    ("tag", "accuracy"): BEST_TAGS,
    ("chunk", "efficiency"): Recipe(
        width=200, max_epochs=20, learn_rate=0.003, dropout=0.4, adversarial=0.05
    ),
    ("chunk", "accuracy"): replace(SGD, patience=0),
}


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


def joint(recipes: Sequence[Recipe]) -> Recipe:
    """How several tasks are trained at once: as the first, but as slowly, for as long
    and on as much running text as any of them needs it."""
    alike = [r for r in recipes if r.optimizer == recipes[0].optimizer]
    patience = [recipe.patience for recipe in recipes]
    return replace(
        recipes[0],
        learn_rate=min(recipe.learn_rate for recipe in alike),
        batch_size=min(recipe.batch_size for recipe in recipes),
        joined=max(recipe.joined for recipe in recipes),
        max_epochs=max(recipe.max_epochs for recipe in recipes),
        patience=max(patience) if all(patience) else 0,
    )


def score_weights(tasks: Sequence[str]) -> Dict[str, Any]:
    """Each task counts as much as the others."""
    weights: Dict[str, Any] = {}
    for task in tasks:
        weights[TASKS[task].score] = round(1 / len(tasks), 4)
        weights.update(dict.fromkeys(TASKS[task].hidden))
    return weights
