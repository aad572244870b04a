"""Tagging: ready Docs, new words, long documents, texts, one document at a time."""

from collections import deque
from functools import partial
from pathlib import Path
from typing import Dict, Iterator, List, Tuple, cast

import torch
from spacy.language import Language
from spacy.pipeline import Pipe
from spacy.tokens import Doc
from thinc.api import get_torch_default_device
from torch.nn.utils.rnn import PackedSequence, pack_sequence

from .inputs import (
    BATCH_SIZE,
    COMPONENT,
    KINDS,
    Setting,
    count_tokens,
    docs_of,
    encoder_sizes,
    load,
    load_new,
    pieces,
    pipe,
    read,
    read_texts,
    running_words,
    untagged,
    words_of,
)
from .machine import has_bf16
from .rows import Comparison, Outcome, Peer, Row, Skipped, Spread
from .timing import Side

# By the size of the hidden state and the kind of row
TARGETS: Dict[Tuple[int, str], float] = {
    (100, "fp32"): 0.85,
    (200, "fp32"): 1.0,
    (100, "bf16"): 1.05,
    (200, "bf16"): 1.4,
    (100, "fp32, new words"): 0.9,
    (200, "fp32, new words"): 1.0,
}
BARE_BATCH = 128
SINGLE_TEXTS = 1000
PIECE = 20
STORIES, STORIES_ALONE = 200, 50
DOCUMENTS_TARGET = 0.85


def measure_tagging(setting: Setting) -> Iterator[Outcome]:
    """Tokens/s of `nlp.pipe` over a bare packed `torch.nn.LSTM`, always in float32.

    Our pipeline has met the words in the run that does not count, and keeps all that
    depends on them alone. The rows of new words load it again for each run.
    """
    for option, model in ("model", setting.model), ("wide-model", setting.wide_model):
        if model is None:
            yield Skipped(f"--{option}", "it was not given")
            continue
        for docs in KINDS:
            yield compare(setting, model, docs, "fp32")
        yield compare(setting, model, "sentence", "fp32, new words")
        if setting.gpu_id >= 0:
            yield Skipped(f"--{option}, bf16", "it is for the CPU")
        elif not has_bf16():
            yield Skipped(f"--{option}, bf16", "the processor has no such products")
        else:
            for docs in KINDS:
                yield compare(setting, model, docs, "bf16")


def compare(setting: Setting, model: Path, docs: str, kind: str) -> Comparison:
    precision, _, new_words = kind.partition(", ")
    nlp = load(model, precision)
    examples = read(nlp, setting.test_file, docs)
    n_in, hidden = encoder_sizes(nlp)
    sents = [sent for example in examples for sent in example.reference.sents]

    def prepare() -> Tuple[Language, List[Doc]]:
        if not new_words:
            return nlp, untagged(examples)
        fresh = load_new(model, precision)
        return fresh, untagged(read(fresh, setting.test_file, docs))

    target = TARGETS.get((hidden, kind)) if setting.gpu_id < 0 else None
    bare = partial(bare_lstm, n_in, hidden, [len(sent) for sent in sents])
    return Comparison(
        f"hidden {hidden}, a doc a {docs}, {kind}",
        sum(map(len, sents)),
        Side(lambda given: pipe(*given), prepare),
        [Peer("torch.nn.LSTM, packed, fp32", bare, target)],
    )


def bare_lstm(n_in: int, hidden: int, lengths: List[int]) -> Side:
    """An LSTM over random input; neighbours in length share a batch."""
    device = get_torch_default_device()
    lstm = torch.nn.LSTM(n_in, hidden, bidirectional=True).to(device)
    batches: List[PackedSequence] = [
        pack_sequence([torch.randn(n, n_in, device=device) for n in batch])
        for batch in pieces(sorted(lengths, reverse=True), BARE_BATCH)
    ]

    @torch.no_grad()
    def run(_: None) -> None:
        for batch in batches:
            lstm(batch)

    return Side(run)


def measure_precision(setting: Setting) -> Iterator[Outcome]:
    """F1 on testa with the products in bfloat16, and in float32."""
    for hidden, model in (100, setting.model), (200, setting.wide_model):
        case = f"hidden {hidden}, bf16"
        if model is None:
            yield Skipped(case, "it needs --wide-model")
            continue
        pipelines = [load_new(model, precision) for precision in ("bf16", "fp32")]
        reduced, full = (
            100 * nlp.evaluate(read(nlp, setting.test_file))["ents_f"]
            for nlp in pipelines
        )
        yield Row(
            case,
            "fp32",
            "F1",
            ours=Spread.of([reduced]),
            other=Spread.of([full]),
            value=Spread.of([full - reduced]),
            runs=1,
            value_unit="F1",
            target=0.1,
            at_most=True,
        )


def measure_documents(setting: Setting) -> Iterator[Outcome]:
    """Tokens/s of news stories without sentence starts, some 600 tokens each."""
    if setting.texts is None:
        yield Skipped("all", "it needs --texts")
        return
    nlp = load(setting.model)
    texts = read_texts(setting.texts, STORIES)
    stories = [[token.text for token in nlp.make_doc(text)] for text in texts]
    words = [word for story in stories for word in story]
    short = [nlp.make_doc(text) for text in texts]
    short_texts = [piece.text for doc in short for piece in pieces(doc, PIECE)]
    some = stories[:STORIES_ALONE]
    case = f"{{}} of {len(words) // len(stories)} tokens"

    def ready(inputs: List[List[str]]) -> Side:
        return Side(partial(pipe, nlp), partial(docs_of, nlp, inputs))

    def one_by_one(docs: List[Doc]) -> None:
        for doc in docs:
            nlp(doc)

    yield Comparison(
        case.format(f"{len(stories)} ready Docs"),
        len(words),
        ready(stories),
        [
            Peer(
                f"the same tokens as Docs of {PIECE}",
                lambda: ready(pieces(words, PIECE)),
                DOCUMENTS_TARGET,
            )
        ],
    )
    yield Comparison(
        case.format(f"{len(stories)} texts"),
        len(words),
        Side(lambda _: pipe(nlp, texts)),
        [
            Peer(
                f"the same as texts of {PIECE}",
                lambda: Side(lambda _: pipe(nlp, short_texts)),
            )
        ],
    )
    yield Comparison(
        case.format(f"{len(some)} ready Docs") + ", one at a time",
        sum(map(len, some)),
        Side(one_by_one, partial(docs_of, nlp, some)),
        [Peer("nlp.pipe over them", lambda: ready(some))],
    )


def measure_single(setting: Setting) -> Iterator[Outcome]:
    """Tokens/s of `nlp(text)` over those of `nlp.pipe(texts)`."""
    nlp = load(setting.model)
    words = running_words(words_of(setting.test_file), SINGLE_TEXTS * PIECE)
    texts = [" ".join(piece) for piece in pieces(words, PIECE)]

    def one_by_one(_: None) -> None:
        for text in texts:
            nlp(text)

    yield Comparison(
        f"{len(texts)} texts of {PIECE} words",
        count_tokens(map(nlp.make_doc, texts)),
        Side(one_by_one),
        [Peer("nlp.pipe over them", lambda: Side(lambda _: pipe(nlp, texts)), 0.2)],
    )


def measure_text(setting: Setting) -> Iterator[Outcome]:
    """Tokens/s of raw text over those of the tokenizer and of the component alone."""
    nlp = load(setting.model)
    component = cast(Pipe, nlp.get_pipe(COMPONENT))
    texts = [eg.predicted.text for eg in read(nlp, setting.test_file)]

    def in_two_parts(docs: List[Doc]) -> None:
        pipe(nlp, texts, disable=nlp.pipe_names)
        deque(component.pipe(docs, batch_size=BATCH_SIZE), maxlen=0)

    def parts() -> Side:
        return Side(in_two_parts, lambda: [nlp.make_doc(text) for text in texts])

    tokens = count_tokens(map(nlp.make_doc, texts))
    yield Comparison(
        f"{tokens} tokens",
        tokens,
        Side(lambda _: pipe(nlp, texts)),
        [Peer("tokenizer + component over ready Docs", parts, 0.9)],
    )
