"""`tagging`: our pipeline over ready Docs against nothing but the LSTM within it."""

from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import torch
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import get_torch_default_device
from torch.nn.utils.rnn import PackedSequence, pack_sequence

from .inputs import (
    KINDS,
    Kind,
    Setting,
    encoder_sizes,
    load,
    load_new,
    pipe,
    read,
    untagged,
)
from .machine import has_bf16
from .rows import Outcome, Row, Skipped, speed_row
from .timing import Side, alternate

# By the size of the hidden state and the precision of the products
TARGETS: Dict[Tuple[int, str], float] = {
    (100, "fp32"): 0.85,
    (200, "fp32"): 1.0,
    (100, "bf16"): 1.05,
    (200, "bf16"): 1.4,
}
BARE_BATCH = 128


def measure(setting: Setting) -> Iterator[Outcome]:
    """Tokens/s of `nlp.pipe` over a bare packed `torch.nn.LSTM`, always in float32.

    Ours has met the words before, in the run that does not count, and keeps what
    depends on them alone: beside it stands a pipeline that is loaded for each run.
    """
    for option, model in ("model", setting.model), ("wide-model", setting.wide_model):
        if model is None:
            yield Skipped(f"--{option}", "it was not given")
            continue
        for docs in KINDS:
            yield compare(setting, model, docs)
        yield compare(setting, model, "sentence", is_new=True)
        if setting.gpu_id >= 0:
            yield Skipped(f"--{option}, bf16", "it is for the CPU")
        elif not has_bf16():
            yield Skipped(f"--{option}, bf16", "the processor has no such products")
        else:
            for docs in KINDS:
                yield compare(setting, model, docs, "bf16")


def compare(
    setting: Setting,
    model: Path,
    docs: Kind,
    precision: str = "fp32",
    is_new: bool = False,
) -> Row:
    """One row; with `is_new` of a pipeline that has met no word yet."""
    nlp = load(model, precision)
    examples = read(nlp, setting.test_file, docs)
    n_in, hidden = encoder_sizes(nlp)
    lstm = torch.nn.LSTM(n_in, hidden, bidirectional=True)
    lstm.to(get_torch_default_device())
    sents = [sent for example in examples for sent in example.reference.sents]
    batches = packed_noise([len(sent) for sent in sents], n_in)

    def prepare() -> Tuple[Language, List[Doc]]:
        if not is_new:
            return nlp, untagged(examples)
        fresh = load_new(model, precision)
        return fresh, untagged(read(fresh, setting.test_file, docs))

    ours, bare = alternate(
        [
            Side(lambda given: pipe(*given), prepare),
            Side(lambda _: run_bare(lstm, batches)),
        ],
        setting.runs,
    )
    has_target = setting.gpu_id < 0 and not is_new
    return speed_row(
        f"hidden {hidden}, a doc a {docs}, {precision}{', new words' * is_new}",
        "torch.nn.LSTM, packed, fp32",
        sum(map(len, sents)),
        ours,
        bare,
        TARGETS.get((hidden, precision)) if has_target else None,
    )


def packed_noise(lengths: List[int], width: int) -> List[PackedSequence]:
    """Random input for the bare LSTM: neighbours in length share a batch."""
    device = get_torch_default_device()
    lengths = sorted(lengths, reverse=True)
    return [
        pack_sequence(
            [torch.randn(n, width, device=device) for n in lengths[i : i + BARE_BATCH]]
        )
        for i in range(0, len(lengths), BARE_BATCH)
    ]


@torch.no_grad()
def run_bare(lstm: torch.nn.LSTM, batches: List[PackedSequence]) -> None:
    for batch in batches:
        lstm(batch)
