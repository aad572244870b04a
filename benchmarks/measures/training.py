"""`training`: the inner loop of `spacy train` against a bare torch module's."""

from argparse import Namespace
from collections import deque
from copy import deepcopy
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Iterator, List, Tuple

from baselines import resolve_training, train_updates
from spacy.language import Language
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import create_train_batches
from spacy.util import load_config
from thinc.api import fix_random_seed, get_torch_default_device
from torch import nn

from .bare import BareTagger, Ids
from .inputs import DATASET, count_tokens, read
from .internals import crf_of
from .rows import Comparison, Outcome, Peer, Skipped
from .timing import Side

CONFIG = Path(__file__).parents[2] / "configs" / "conll2003.cfg"
STEPS = 60
PEER = "the same with pytorch-crf's CRF"


def measure(args: Namespace) -> Iterator[Outcome]:
    """Tokens/s of spaCy's training loop over those of a bare module's own loop.

    All train on the same batches. The target holds for two bare modules, with dense and
    with row-sparse gradients of the word vectors. Their CRF is ours, so that the rows
    show the cost of spaCy and thinc. pytorch-crf's, which most people would take,
    stands beside them.
    """
    nlp = initialized(args)
    examples = read(args, nlp, "train")
    batches, steps, tokens = endless_training(nlp, examples, STEPS)
    crf, labels = crf_of(nlp)

    def bare(crf: nn.Module, sparse: bool = True) -> Side:
        fix_random_seed(0)
        ids = Ids(examples, labels)
        model = BareTagger(ids, nlp.vocab.vectors, deepcopy(crf), sparse)
        model.to(get_torch_default_device()).make_optimizers()
        ready = [ids.batch(batch) for batch in batches]
        return Side(lambda _: [model.step(batch) for batch in ready])

    target = 0.8 if args.gpu_id < 0 else None
    name = "bare torch, {} gradients of the vectors".format
    peers = [
        Peer(name("dense"), partial(bare, crf, sparse=False), target),
        Peer(name("row-sparse"), partial(bare, crf), target),
    ]
    try:
        import torchcrf

        peer = torchcrf.CRF(len(labels), batch_first=True)
        peers.append(Peer(PEER, partial(bare, peer)))
    except ImportError:
        yield Skipped(PEER, "pytorch-crf is missing: pip install spacy-birnn[bench]")
    side = Side(lambda _: deque(islice(steps, STEPS), maxlen=0))
    yield Comparison(f"{STEPS} steps", tokens, side, peers)


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


def initialized(args: Namespace) -> Language:
    """The pipeline as `spacy train` has it before its first step."""
    paths = {
        "paths.train": str(args.data_dir / DATASET.train),
        "paths.dev": str(args.data_dir / DATASET.test),
        "paths.vectors": str(args.vectors),
    }
    return init_nlp(load_config(CONFIG, overrides=paths), use_gpu=args.gpu_id)
