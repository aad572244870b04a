"""`spacy-ner`, `spacy-bilstm`: our pipeline against spaCy's own `ner`."""

from argparse import Namespace
from functools import partial
from itertools import islice
from typing import Any, Dict, Iterator, Tuple

from baselines import SETTINGS, make_config, start_updates
from common import add_forms, words_of
from spacy.language import Language
from spacy.training.initialize import load_vectors_into_model
from spacy.util import fix_random_seed, load_model_from_config
from thinc.api import use_ops

from .inputs import count_tokens, load, pipe, read, untagged
from .rows import Comparison, Outcome, Peer
from .timing import Side

# How fast it is hardly depends on how well it is trained, but it must find entities.
TRAIN_DOCS = 2000
# spaCy is slow: half of testa is enough.
TEST_DOCS = 1600
STEPS_AT_ONCE, MOST_STEPS = 50, 1000

PRODUCTS: Dict[str, Dict[str, Any]] = {
    "as shipped (BLIS)": {"name": "cpu"},
    "with numpy's BLAS": {"name": "numpy", "use_blis": False},
}
"""The libraries that thinc multiplies matrices with, as arguments of `use_ops`."""


def measure_cnn(args: Namespace) -> Iterator[Outcome]:
    """Against the CNN that `spacy init config --optimize efficiency` recommends."""
    return compare(args, "ner", SETTINGS["ner"]["efficiency"], (6.0, 4.0))


def measure_bilstm(args: Namespace) -> Iterator[Outcome]:
    """Against `spacy.TorchBiLSTMEncoder.v1`."""
    sizes = SETTINGS["ner-bilstm"]["depth 1, dropout 0.1"]
    return compare(args, "ner-bilstm", sizes, (5.0, 4.0))


def compare(
    args: Namespace, system: str, sizes: Dict[str, Any], targets: Tuple[float, float]
) -> Iterator[Outcome]:
    """One comparison for each of `PRODUCTS`."""

    def side(nlp: Language) -> Side:
        examples = read(args, nlp, limit=TEST_DOCS)
        return Side(partial(pipe, nlp), partial(untagged, examples))

    def make_theirs() -> Side:
        return side(train_baseline(args, system, sizes))

    ours = side(load(args.model))
    tokens = count_tokens(ours.prepare())
    name = f"spaCy's {system}, width {sizes['width']} depth {sizes['depth']}"
    for (case, options), target in zip(PRODUCTS.items(), targets):
        # A model keeps the product that it was built with.
        with use_ops(**options):
            yield Comparison(case, tokens, ours, [Peer(name, make_theirs, target)])


def train_baseline(args: Namespace, system: str, sizes: Dict[str, Any]) -> Language:
    """Train spaCy's own component until it finds entities in its training data."""
    fix_random_seed(0)
    nlp = load_model_from_config(make_config(system, **sizes), auto_fill=True)
    load_vectors_into_model(nlp, args.vectors)
    train = read(args, nlp, "train", limit=TRAIN_DOCS)
    test = read(args, nlp, limit=TEST_DOCS)
    words = words_of({"train": train, "test": test})
    add_forms(nlp.vocab.vectors, words)
    updates = start_updates(nlp, {"train": train})
    for _ in range(0, MOST_STEPS, STEPS_AT_ONCE):
        for _ in islice(updates, STEPS_AT_ONCE):
            pass
        if any(doc.ents for doc in nlp.pipe(untagged(train[:200]))):
            return nlp
    raise RuntimeError(f"{system} finds no entity after {MOST_STEPS} steps")
