"""`spacy-ner`, `spacy-bilstm`: our pipeline against spaCy's own `ner`."""

from functools import partial
from itertools import islice
from typing import Any, Dict, Iterator

from baselines import SETTINGS, make_config, start_updates
from common import add_forms, words_of
from spacy.language import Language
from spacy.training.initialize import load_vectors_into_model
from spacy.util import fix_random_seed, load_model_from_config
from thinc.api import use_ops

from .inputs import Setting, count_tokens, load, pipe, read, untagged
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


def measure_cnn(setting: Setting) -> Iterator[Outcome]:
    """Against the CNN that `spacy init config --optimize efficiency` recommends."""
    yield from compare(setting, "ner", SETTINGS["ner"]["efficiency"], (6.0, 4.0))


def measure_bilstm(setting: Setting) -> Iterator[Outcome]:
    """Against `spacy.TorchBiLSTMEncoder.v1`."""
    sizes = SETTINGS["ner-bilstm"]["depth 1, dropout 0.1"]
    yield from compare(setting, "ner-bilstm", sizes, (5.0, 4.0))


def compare(
    setting: Setting, system: str, sizes: Dict[str, Any], targets: tuple
) -> Iterator[Comparison]:
    """One comparison for each of `PRODUCTS`."""

    def side(nlp: Language) -> Side:
        examples = read(nlp, setting.test_file, limit=TEST_DOCS)
        return Side(partial(pipe, nlp), partial(untagged, examples))

    nlp = load(setting.model)
    tokens = count_tokens(
        eg.predicted for eg in read(nlp, setting.test_file, limit=TEST_DOCS)
    )
    against = f"spaCy's {system}, width {sizes['width']} depth {sizes['depth']}"
    for (case, options), target in zip(PRODUCTS.items(), targets, strict=True):
        # A model keeps the product that it was built with.
        with use_ops(**options):
            yield Comparison(
                case,
                tokens,
                side(nlp),
                [
                    Peer(
                        against,
                        lambda: side(train_baseline(setting, system, sizes)),
                        target,
                    )
                ],
            )


def train_baseline(setting: Setting, system: str, sizes: Dict[str, Any]) -> Language:
    """Train spaCy's own component until it finds entities in its training data."""
    fix_random_seed(0)
    nlp = load_model_from_config(make_config(system, **sizes), auto_fill=True)
    load_vectors_into_model(nlp, setting.vectors)
    train = read(nlp, setting.train_file, limit=TRAIN_DOCS)
    test = read(nlp, setting.test_file, limit=TEST_DOCS)
    vectors = nlp.vocab.vectors
    words = words_of({"train": train, "test": test})
    add_forms(vectors, lambda form: vectors.find(key=form), words)
    updates = start_updates(nlp, {"train": train})
    for _ in range(0, MOST_STEPS, STEPS_AT_ONCE):
        for _ in islice(updates, STEPS_AT_ONCE):
            pass
        if any(doc.ents for doc in nlp.pipe(untagged(train[:200]))):
            return nlp
    raise RuntimeError(f"{system} finds no entity after {MOST_STEPS} steps")
