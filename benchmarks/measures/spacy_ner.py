"""`spacy-ner`, `spacy-bilstm`: our pipeline against spaCy's own `ner`."""

from functools import partial
from itertools import islice
from typing import Any, Dict, Iterator, NamedTuple

from baselines import SETTINGS, make_config, start_updates
from common import add_forms, words_of
from spacy.language import Language
from spacy.training.initialize import load_vectors_into_model
from spacy.util import fix_random_seed, load_model_from_config
from thinc.api import use_ops

from .inputs import Setting, count_tokens, load, pipe, read, untagged
from .rows import Row, speed_row
from .timing import Side, alternate

# How fast it is hardly depends on how well it is trained, but it must find entities.
TRAIN_DOCS = 2000
# spaCy is slow: half of testa is enough.
TEST_DOCS = 1600
STEPS_AT_ONCE, MOST_STEPS = 50, 1000


class Product(NamedTuple):
    """What thinc multiplies matrices with: its name, and arguments of `use_ops`."""

    name: str
    ops: str
    options: Dict[str, bool]


AS_SHIPPED = Product("as shipped (BLIS)", "cpu", {})
NUMPYS = Product("with numpy's BLAS", "numpy", {"use_blis": False})


def measure_cnn(setting: Setting) -> Iterator[Row]:
    """Against the CNN that `spacy init config --optimize efficiency` recommends."""
    sizes = SETTINGS["ner"]["efficiency"]
    yield compare(setting, "ner", sizes, AS_SHIPPED, target=6.0)
    yield compare(setting, "ner", sizes, NUMPYS, target=4.0)


def measure_bilstm(setting: Setting) -> Iterator[Row]:
    """Against `spacy.TorchBiLSTMEncoder.v1`."""
    sizes = SETTINGS["ner-bilstm"]["depth 1, dropout 0.1"]
    yield compare(setting, "ner-bilstm", sizes, AS_SHIPPED, target=5.0)
    yield compare(setting, "ner-bilstm", sizes, NUMPYS, target=4.0)


def compare(
    setting: Setting,
    system: str,
    sizes: Dict[str, Any],
    product: Product,
    target: float,
) -> Row:
    ours = load(setting.model)
    # A model keeps the product that it was built with.
    with use_ops(product.ops, **product.options):
        theirs = train_baseline(setting, system, sizes)
        sides, tokens = [], 0
        for nlp in (ours, theirs):
            examples = read(nlp, setting.test_file, limit=TEST_DOCS)
            sides.append(Side(partial(pipe, nlp), partial(untagged, examples)))
            tokens = count_tokens(example.predicted for example in examples)
        seconds, their_seconds = alternate(sides, setting.runs)
    against = f"spaCy's {system}, width {sizes['width']} depth {sizes['depth']}"
    return speed_row(product.name, against, tokens, seconds, their_seconds, target)


def train_baseline(setting: Setting, system: str, sizes: Dict[str, Any]) -> Language:
    """Train spaCy's own component until it finds entities in its training data."""
    fix_random_seed(0)
    nlp = load_model_from_config(make_config(system, **sizes), auto_fill=True)
    load_vectors_into_model(nlp, setting.vectors)
    train = read(nlp, setting.train_file, limit=TRAIN_DOCS)
    vectors = nlp.vocab.vectors
    words = words_of(
        {"train": train, "test": read(nlp, setting.test_file, limit=TEST_DOCS)}
    )
    add_forms(vectors, lambda form: vectors.find(key=form), words)
    updates = start_updates(nlp, {"train": train})
    for _ in range(0, MOST_STEPS, STEPS_AT_ONCE):
        for _ in islice(updates, STEPS_AT_ONCE):
            pass
        if any(doc.ents for doc in nlp.pipe(untagged(train[:200]))):
            return nlp
    raise RuntimeError(f"{system} finds no entity after {MOST_STEPS} steps")
