"""`spacy-ner`, `spacy-bilstm`: our pipeline against spaCy's own `ner`."""

from argparse import Namespace
from functools import partial
from itertools import islice
from typing import Any, Dict, Iterator

from baselines import SETTINGS, make_pipeline, start_updates
from corpora import add_forms, distinct_words
from spacy.language import Language
from thinc.api import use_ops

from .inputs import count_tokens, load, piping_examples, read, untagged
from .rows import Comparison, Peer
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
TARGETS = {"ner": (6.0, 4.0), "ner-bilstm": (5.0, 4.0)}


def compare(args: Namespace, system: str, setting: str) -> Iterator[Comparison]:
    """One comparison for each of `PRODUCTS`."""
    ours = load(args.model)
    examples = read(args, ours, limit=TEST_DOCS)
    tokens = count_tokens(example.predicted for example in examples)
    sizes = SETTINGS[setting]

    def theirs() -> Side:
        nlp = train_baseline(args, system, sizes)
        return piping_examples(nlp, read(args, nlp, limit=TEST_DOCS))

    name = f"spaCy's {system}, width {sizes['width']} depth {sizes['depth']}"
    for (case, product), target in zip(PRODUCTS.items(), TARGETS[system]):
        # A model keeps the product that it was built with.
        with use_ops(**product):
            side, peer = piping_examples(ours, examples), Peer(name, theirs, target)
            yield Comparison(case, tokens, side, [peer])


measure_cnn = partial(compare, system="ner", setting="efficiency")
"""Against the CNN that `spacy init config --optimize efficiency` recommends."""

measure_bilstm = partial(compare, system="ner-bilstm", setting="depth 1, dropout 0.1")
"""Against `spacy.TorchBiLSTMEncoder.v1`."""


def train_baseline(args: Namespace, system: str, sizes: Dict[str, int]) -> Language:
    """Train spaCy's own component until it finds entities in its training data."""
    nlp = make_pipeline(system, sizes, args.vectors)
    train = read(args, nlp, "train", limit=TRAIN_DOCS)
    test = read(args, nlp, limit=TEST_DOCS)
    add_forms(nlp.vocab.vectors, distinct_words(train + test))
    updates = start_updates(nlp, train)
    for _ in range(0, MOST_STEPS, STEPS_AT_ONCE):
        for _ in islice(updates, STEPS_AT_ONCE):
            pass
        if any(doc.ents for doc in nlp.pipe(untagged(train[:200]))):
            return nlp
    raise RuntimeError(f"{system} finds no entity after {MOST_STEPS} steps")
