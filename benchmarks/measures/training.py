"""`training`: the inner loop of `spacy train` against a bare torch module's."""

from argparse import Namespace
from collections import deque
from copy import deepcopy
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Iterator, List, Tuple

from baselines import resolve_training, train_updates
from spacy.language import Language
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import create_train_batches
from spacy.util import load_config
from thinc.api import fix_random_seed

from .bare import BareTagger
from .crf import crf_of
from .inputs import DATASET, count_tokens, read
from .rows import Comparison, Peer
from .timing import Side

CONFIG = Path(__file__).parents[2] / "configs/efficiency/conll2003.cfg"
STEPS = 60


def measure(args: Namespace) -> Iterator[Comparison]:
    """Tokens/s of spaCy's training loop over those of a bare module's own loop.

    Both train on the same batches. The bare module's CRF is ours, so that the row shows
    the cost of spaCy and thinc.
    """
    nlp = initialized(args)
    examples = read(args, nlp, "train")
    batches, steps, tokens = endless_training(nlp, examples, STEPS)
    crf, labels = crf_of(nlp)
    width = nlp.vocab.vectors.shape[1]

    def bare() -> Side:
        fix_random_seed(0)
        model = BareTagger(examples, labels, width, deepcopy(crf))
        ready = [model.batch(batch) for batch in batches]
        return Side(lambda _: [model.step(batch) for batch in ready])

    name = "bare torch, row-sparse gradients of the vectors"
    peer = Peer(name, bare, target=0.8)
    side = Side(lambda _: deque(islice(steps, STEPS), maxlen=0))
    yield Comparison(f"{STEPS} steps", tokens, side, [peer])


def endless_training(
    nlp: Language, examples: List[Example], n_batches: int
) -> Tuple[List[List[Example]], Iterator, int]:
    """This many batches, spaCy's own training over them again and again, and the
    number of their tokens."""
    training = resolve_training(nlp)
    endless = create_train_batches(nlp, lambda _: examples, training["batcher"], 0)
    batches = [batch for _, batch in islice(endless, n_batches)]
    steps = train_updates(nlp, training, cycle((0, batch) for batch in batches))
    return batches, steps, count_tokens(eg.reference for b in batches for eg in b)


def initialized(args: Namespace, use_gpu: int = -1, **settings: Any) -> Language:
    """The pipeline as `spacy train` has it before its first step.

    Args:
        args: See `inputs`; `config` too.
        use_gpu: Its number, -1 for none.
        settings: Others than the config's, by their dotted keys.
    """
    paths = {
        "paths.train": str(args.data_dir / DATASET.train),
        "paths.dev": str(args.data_dir / DATASET.test),
        "paths.vectors": str(args.vectors),
    }
    config = load_config(args.config, overrides={**paths, **settings})
    return init_nlp(config, use_gpu=use_gpu)
