"""Tagging: ready Docs, new words, long documents, texts, one document at a time."""

from argparse import Namespace
from collections import deque
from functools import partial
from pathlib import Path
from typing import Dict, Iterator, List, Tuple, cast

import torch
from spacy.language import Language
from spacy.pipeline import Pipe
from spacy.tokens import Doc
from thinc.api import get_torch_default_device
from torch.nn.utils.rnn import pack_sequence

from . import inputs
from .inputs import load, load_new, pieces, pipe, piping, untagged
from .machine import has_bf16
from .rows import Comparison, Outcome, Peer, Skipped, row
from .timing import Side

NEW_WORDS = "fp32, new words"
# By the size of the hidden state and the kind of row
TARGETS: Dict[Tuple[int, str], float] = {
    (100, "fp32"): 0.85,
    (200, "fp32"): 1.0,
    (100, "bf16"): 1.05,
    (200, "bf16"): 1.4,
    (100, NEW_WORDS): 0.9,
    (200, NEW_WORDS): 1.0,
}
BARE_BATCH = 128
SINGLE_TEXTS = 1000
PIECE = 20
STORIES, STORIES_ALONE = 200, 50


def measure_tagging(args: Namespace) -> Iterator[Outcome]:
    """Tokens/s of `nlp.pipe` over a bare packed `torch.nn.LSTM`, always in float32.

    Our pipeline has met the words in the run that does not count, and keeps all that
    depends on them alone. The rows of new words load it again for each run.
    """
    kinds = [("sentence", "fp32"), ("document", "fp32"), ("sentence", NEW_WORDS)]
    if args.gpu_id >= 0 or not has_bf16():
        yield Skipped("bf16", "it takes a CPU with products of bfloat16")
    else:
        kinds += [("sentence", "bf16"), ("document", "bf16")]
    for hidden, model in inputs.models(args):
        if model is None:
            yield Skipped(f"hidden {hidden}", "its model was not given")
            continue
        for docs, kind in kinds:
            yield compare(args, model, docs, kind)


def compare(args: Namespace, model: Path, docs: str, kind: str) -> Comparison:
    precision = kind.partition(",")[0]
    nlp = load(model, precision)
    examples = inputs.read(args, nlp, docs=docs)
    n_in, hidden = inputs.encoder_sizes(nlp)
    lengths = [len(sent) for eg in examples for sent in eg.reference.sents]

    def prepare() -> Tuple[Language, List[Doc]]:
        if kind != NEW_WORDS:
            return nlp, untagged(examples)
        fresh = load_new(model, precision)
        return fresh, untagged(inputs.read(args, fresh, docs=docs))

    target = TARGETS.get((hidden, kind)) if args.gpu_id < 0 else None
    bare = partial(bare_lstm, n_in, hidden, lengths)
    return Comparison(
        f"hidden {hidden}, a doc a {docs}, {kind}",
        sum(lengths),
        Side(lambda given: pipe(*given), prepare),
        [Peer("torch.nn.LSTM, packed, fp32", bare, target)],
    )


def bare_lstm(n_in: int, hidden: int, lengths: List[int]) -> Side:
    """An LSTM over random input; neighbours in length share a batch."""
    device = get_torch_default_device()
    lstm = torch.nn.LSTM(n_in, hidden, bidirectional=True).to(device)
    batches = [
        pack_sequence([torch.randn(n, n_in, device=device) for n in batch])
        for batch in pieces(sorted(lengths, reverse=True), BARE_BATCH)
    ]

    @torch.no_grad()
    def run(_: None) -> None:
        for batch in batches:
            lstm(batch)

    return Side(run)


def measure_precision(args: Namespace) -> Iterator[Outcome]:
    """F1 on testa with the products in bfloat16, and in float32."""
    for hidden, model in inputs.models(args):
        case, scores = f"hidden {hidden}, bf16", []
        if model is None:
            yield Skipped(case, "its model was not given")
            continue
        for precision in "bf16", "fp32":
            nlp = load_new(model, precision)
            scores.append(100 * nlp.evaluate(inputs.read(args, nlp))["ents_f"])
        low, full = scores
        limit = {"target": 0.1, "at_most": True, "value_unit": "F1"}
        yield row(case, "fp32", "F1", [low], [full], [full - low], **limit)


def measure_documents(args: Namespace) -> Iterator[Outcome]:
    """Tokens/s of news stories without sentence starts, some 600 tokens each."""
    if args.texts is None:
        yield Skipped("all", "it needs --texts")
        return
    nlp = load(args.model)
    texts = inputs.read_texts(args.texts, STORIES)
    docs = [nlp.make_doc(text) for text in texts]
    stories = [[token.text for token in doc] for doc in docs]
    words = [word for story in stories for word in story]
    short_texts = [piece.text for doc in docs for piece in pieces(doc, PIECE)]
    some = stories[:STORIES_ALONE]

    def ready(words_of_docs: List[List[str]]) -> Side:
        return Side(partial(pipe, nlp), partial(inputs.docs_of, nlp, words_of_docs))

    def one_by_one(docs: List[Doc]) -> None:
        for doc in docs:
            nlp(doc)

    size = f"of {len(words) // len(stories)} tokens"
    tokens = len(words)
    as_pieces = partial(ready, pieces(words, PIECE))
    short = Peer(f"the same tokens as Docs of {PIECE}", as_pieces, target=0.85)
    yield Comparison(f"{STORIES} ready Docs {size}", tokens, ready(stories), [short])
    short = Peer(f"the same as texts of {PIECE}", partial(piping, nlp, short_texts))
    yield Comparison(f"{STORIES} texts {size}", tokens, piping(nlp, texts), [short])
    alone = Side(one_by_one, ready(some).prepare)
    together = Peer("nlp.pipe over them", partial(ready, some))
    case = f"{STORIES_ALONE} ready Docs {size}, one at a time"
    yield Comparison(case, sum(map(len, some)), alone, [together])


def measure_single(args: Namespace) -> Iterator[Outcome]:
    """Tokens/s of `nlp(text)` over those of `nlp.pipe(texts)`."""
    nlp = load(args.model)
    words = inputs.running_words(inputs.words_of(args), SINGLE_TEXTS * PIECE)
    texts = [" ".join(piece) for piece in pieces(words, PIECE)]

    def one_by_one(_: None) -> None:
        for text in texts:
            nlp(text)

    tokens = inputs.count_tokens(map(nlp.make_doc, texts))
    together = Peer("nlp.pipe over them", partial(piping, nlp, texts), target=0.2)
    case = f"{len(texts)} texts of {PIECE} words"
    yield Comparison(case, tokens, Side(one_by_one), [together])


def measure_text(args: Namespace) -> Iterator[Outcome]:
    """Tokens/s of raw text over those of the tokenizer and of the component alone."""
    nlp = load(args.model)
    component = cast(Pipe, nlp.get_pipe(inputs.COMPONENT))
    texts = [eg.predicted.text for eg in inputs.read(args, nlp)]

    def in_two_parts(docs: List[Doc]) -> None:
        pipe(nlp, texts, disable=nlp.pipe_names)
        deque(component.pipe(docs, batch_size=inputs.BATCH_SIZE), maxlen=0)

    def parts() -> Side:
        return Side(in_two_parts, lambda: [nlp.make_doc(text) for text in texts])

    tokens = inputs.count_tokens(map(nlp.make_doc, texts))
    peer = Peer("tokenizer + component over ready Docs", parts, target=0.9)
    yield Comparison(f"{tokens} tokens", tokens, piping(nlp, texts), [peer])
