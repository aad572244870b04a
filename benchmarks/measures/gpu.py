"""What `gpu.py` measures: kernels of the CRF, training, tagging, mixed precision."""

from argparse import Namespace
from collections import deque
from copy import deepcopy
from functools import partial
from itertools import islice
from typing import Any, Callable, Iterator, List

import torch
from spacy.language import Language
from spacy.training import Example
from thinc.api import fix_random_seed
from torch.profiler import ProfilerActivity, profile

from .bare import BareTagger
from .crf import crf_of, new_crf
from .inputs import COMPONENT, count_tokens, pieces, piping_examples, read
from .rows import Comparison, Peer, Row, row
from .timing import Side
from .training import endless_training, initialized

STEPS = 60
BATCH_SIZES = (64, 512)
TRAINING_TARGET, TAGGING_TARGET = 0.6, 0.5
EPOCHS = 3
LENGTH = 40


def measure_kernels(args: Namespace) -> Iterator[Row]:
    """Kernels that the CRF launches with many sequences, and with many labels, over
    those with few: all are as long."""
    few = count_kernels(9, 8)
    for n_labels, n_sequences in ((9, 512), (60, 8)):
        found = count_kernels(n_labels, n_sequences)
        for work in few:
            yield row(
                [found[work]],
                [few[work]],
                [found[work] / few[work]],
                case=f"{work}, {n_sequences} sequences of {LENGTH}, {n_labels} labels",
                against="8 sequences, 9 labels",
                unit="kernels",
                target=1.5,
                at_most=True,
            )


def count_kernels(n_labels: int, n_sequences: int) -> "dict[str, int]":
    """Kernels that each kind of work launches, over sequences of the same length."""
    crf, lengths = new_crf(n_labels).cuda(), [LENGTH] * n_sequences
    scores = torch.randn(sum(lengths), n_labels, device="cuda", requires_grad=True)
    gold = torch.randint(0, n_labels, (sum(lengths),), device="cuda")
    work = {
        "loss and gradient": lambda: crf.loss(scores, lengths, gold).backward(),
        "Viterbi": lambda: crf.viterbi(scores, lengths),
    }
    return {name: kernels_of(run) for name, run in work.items()}


def kernels_of(run: Callable[[], Any]) -> int:
    run()
    torch.cuda.synchronize()
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as found:
        run()
        torch.cuda.synchronize()
    launches = [e for e in found.events() if "LaunchKernel" in e.name]
    return len(launches)


def measure_training(args: Namespace) -> Iterator[Comparison]:
    """Tokens/s of spaCy's training loop over those of a bare module's own loop."""
    for size in BATCH_SIZES:
        nlp = initialized(args, 0, **{"training.batcher.size": size})
        examples = read(args, nlp, "train")
        n_steps = min(STEPS, len(examples) // size)
        batches, steps, tokens = endless_training(nlp, examples, n_steps)

        def bare(nlp=nlp, examples=examples, batches=batches) -> Side:
            model = bare_tagger(nlp, examples)
            ready = [model.batch(batch) for batch in batches]
            return Side(partial(until_done, lambda: [model.step(b) for b in ready]))

        def ours(_, steps=steps, n_steps=n_steps) -> None:
            until_done(lambda: deque(islice(steps, n_steps), maxlen=0))

        peer = Peer("bare cuDNN module", bare, TRAINING_TARGET)
        yield Comparison(f"batches of {size}", tokens, Side(ours), [peer])


def measure_tagging(args: Namespace) -> Iterator[Comparison]:
    """Tokens/s of `nlp.pipe` over those of a bare module with the same CRF, which is
    given numbers of words and gives numbers of labels."""
    nlp = initialized(args, 0)
    examples = read(args, nlp)
    tokens = count_tokens(eg.reference for eg in examples)

    def bare() -> Side:
        model = bare_tagger(nlp, examples).eval()
        ready = [model.batch(batch) for batch in pieces(examples, 256)]
        return Side(partial(until_done, lambda: [model.predict(b) for b in ready]))

    peer = Peer("bare cuDNN module", bare, TAGGING_TARGET)
    yield Comparison("sentences", tokens, piping_examples(nlp, examples), [peer])


def measure_precision(args: Namespace) -> Iterator[Row]:
    """F1 on testa after a few epochs in mixed precision, and in float32."""
    scores = {}
    for precision in ("bf16", "fp32"):
        settings = {
            f"components.{COMPONENT}.model.tok2vec.encode.precision": precision,
            "training.batcher.warmup": 0,
        }
        nlp = initialized(args, 0, **settings)
        examples = read(args, nlp, "train")
        n_steps = EPOCHS * len(examples) // 64
        _, steps, _ = endless_training(nlp, examples, n_steps)
        deque(islice(steps, n_steps), maxlen=0)
        scores[precision] = 100 * nlp.evaluate(read(args, nlp))["ents_f"]
    yield row(
        [scores["bf16"]],
        [scores["fp32"]],
        [scores["fp32"] - scores["bf16"]],
        case=f"bf16, {EPOCHS} epochs",
        against="fp32",
        unit="F1",
        value_unit="F1",
        target=0.3,
        at_most=True,
    )


def bare_tagger(nlp: Language, examples: List[Example]) -> BareTagger:
    fix_random_seed(0)
    crf, labels = crf_of(nlp)
    width = nlp.vocab.vectors.shape[1]
    return BareTagger(examples, labels, width, deepcopy(crf)).cuda()


def until_done(run: Callable[[], Any], _: Any = None) -> None:
    """Run until the GPU has done its work."""
    run()
    torch.cuda.synchronize()
