"""The differences between the configs of `init-config`, by task and aim."""

from dataclasses import dataclass, replace
from typing import Dict, Sequence, Tuple


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
        optimizer: One of `recipe_config.OPTIMIZERS`.
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
    word_dropout: float = 0.0
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
    word_dropout=0.05,
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
