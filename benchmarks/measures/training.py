"""`training`: the inner loop of `spacy train` against a bare torch module's."""

from collections import deque
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Dict, Iterator, List, Tuple

from baselines import resolve_training, train_updates
from spacy.language import Language
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import create_train_batches
from spacy.util import load_config
from thinc.api import fix_random_seed, get_torch_default_device

from spacy_birnn.nn.crf import CRF
from spacy_birnn.schemes import transition_constraints

from .bare import BareTagger, BareTrainer
from .ids import SCHEME, Ids
from .inputs import Setting, count_tokens, read
from .rows import Outcome, Skipped, speed_row
from .timing import Side, alternate

CONFIG = Path(__file__).parents[2] / "configs" / "conll2003.cfg"
STEPS = 60
TARGET = 0.8
DENSE = "bare torch, dense gradients of the vectors"
SPARSE = "bare torch, row-sparse gradients of the vectors"
PEER = "the same with pytorch-crf's CRF"


def measure(setting: Setting) -> Iterator[Outcome]:
    """Tokens/s of spaCy's training loop over those of a bare module's own loop.

    Both train on the same batches. The target holds for the faster of two bare modules,
    with dense and with row-sparse gradients of the word vectors. Their CRF is ours, so
    that nothing differs but what lies around the network; pytorch-crf's, which people
    would take, stands beside them.
    """
    nlp = initialized(setting)
    examples = read(nlp, setting.train_file)
    batches, steps, tokens = endless_training(nlp, examples, STEPS)
    ids = Ids(examples)
    trainers = bare_trainers(nlp, ids)
    ready = [ids.batch(batch) for batch in batches]
    sides = [Side(lambda _: deque(islice(steps, STEPS), maxlen=0))]
    sides += [Side(trainer.train, lambda: ready) for trainer in trainers.values()]
    ours, *others = alternate(sides, setting.runs)
    seconds = dict(zip(trainers, others, strict=True))
    fastest = min((DENSE, SPARSE), key=lambda name: median(seconds[name]))
    for name, other in seconds.items():
        target = TARGET if name == fastest and setting.gpu_id < 0 else None
        yield speed_row(f"{STEPS} steps", name, tokens, ours, other, target)
    if PEER not in seconds:
        yield Skipped(PEER, "pytorch-crf is missing: pip install spacy-birnn[bench]")


def endless_training(
    nlp: Language, examples: List[Example], n_batches: int
) -> Tuple[List[List[Example]], Iterator, int]:
    """So many batches, spaCy's own training over them again and again, and how many
    tokens they have."""
    training = resolve_training(nlp)
    endless = create_train_batches(nlp, lambda _: examples, training["batcher"], 0)
    batches = [batch for _, batch in islice(endless, n_batches)]
    steps = train_updates(nlp, training, cycle((0, batch) for batch in batches))
    return batches, steps, count_tokens(eg.reference for b in batches for eg in b)


def initialized(setting: Setting) -> Language:
    """The pipeline as `spacy train` has it before its first step."""
    paths = {
        "paths.train": str(setting.train_file),
        "paths.dev": str(setting.test_file),
        "paths.vectors": str(setting.vectors),
    }
    return init_nlp(load_config(CONFIG, overrides=paths), use_gpu=setting.gpu_id)


def bare_trainers(nlp: Language, ids: Ids) -> Dict[str, BareTrainer]:
    """One for each bare module, by its name."""
    start, pairs, end = transition_constraints(ids.labels, SCHEME)

    def our_crf() -> CRF:
        return CRF(
            len(ids.labels), allowed_start=start, allowed_pairs=pairs, allowed_end=end
        )

    crfs = {DENSE: our_crf(), SPARSE: our_crf()}
    try:
        import torchcrf

        crfs[PEER] = torchcrf.CRF(len(ids.labels), batch_first=True)
    except ImportError:
        pass
    fix_random_seed(0)
    vectors = ids.vectors(nlp.vocab.vectors)
    trainers = {}
    for name, crf in crfs.items():
        model = BareTagger(
            vectors.clone(), len(ids.chars), len(ids.labels), name != DENSE, crf
        )
        trainers[name] = BareTrainer(model.to(get_torch_default_device()))
    return trainers
