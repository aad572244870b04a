"""Tagging: ready Docs, new words, long documents, texts, one document at a time."""

from argparse import Namespace
from collections import deque
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import spacy
import srsly
import torch
from spacy.language import Language
from spacy.tokens import Doc
from torch.nn.utils.rnn import pack_sequence

from spacy_birnn.models.sequence_tagger import get_decoder
from spacy_birnn.models.shim import forget
from spacy_birnn.nn.votes import Votes

from . import inputs
from .inputs import COMPONENT, load, load_new, pieces, pipe, piping_texts, piping_words
from .machine import cpu_flags
from .rows import Comparison, Peer, Row, row
from .timing import Side

NEW_WORDS = "fp32, new words"
# What a Doc holds, the kind of row, and the targets by the size of the hidden state
KINDS: List[Tuple[str, str, Dict[int, float]]] = [
    ("sentence", "fp32", {100: 0.85, 200: 1.0}),
    ("document", "fp32", {100: 0.85, 200: 1.0}),
    ("sentence", NEW_WORDS, {100: 0.9, 200: 1.0}),
    ("sentence", "bf16", {100: 1.05, 200: 1.4}),
    ("document", "bf16", {100: 1.05, 200: 1.4}),
]
BARE_BATCH = 128
SINGLE_TEXTS = 1000
PIECE = 20
STORIES, STORIES_ALONE = 200, 50


def measure_tagging(args: Namespace) -> Iterator[Comparison]:
    """Tokens/s of `nlp.pipe` over a bare packed `torch.nn.LSTM`, always in float32.

    Our pipeline has met the words in the run that does not count, and keeps all that
    depends on them alone. The rows of new words load it again for each run. Those of
    bf16 take a processor that has products of bfloat16.
    """
    has_bf16 = any("bf16" in flag for flag in cpu_flags())
    for model in inputs.models(args):
        for docs, kind, targets in KINDS:
            if kind != "bf16" or has_bf16:
                yield compare(args, model, docs, kind, targets)


def compare(
    args: Namespace, model: Path, docs: str, kind: str, targets: Dict[int, float]
) -> Comparison:
    precision = kind.partition(",")[0]
    nlp = load(model, precision)
    examples = inputs.read(args, nlp, docs=docs)
    lengths = [len(sent) for eg in examples for sent in eg.reference.sents]
    n_in, hidden = inputs.encoder_sizes(nlp)

    def prepare() -> Tuple[Language, List[Doc]]:
        if kind != NEW_WORDS:
            return nlp, inputs.untagged(examples)
        fresh = load_new(model, precision)
        return fresh, inputs.untagged(inputs.read(args, fresh, docs=docs))

    case = f"hidden {hidden}, a doc a {docs}, {kind}"
    side = Side(lambda given: pipe(*given), prepare)
    bare = partial(bare_lstm, n_in, hidden, lengths)
    peer = Peer("torch.nn.LSTM, packed, fp32", bare, targets.get(hidden))
    return Comparison(case, sum(lengths), side, [peer])


def bare_lstm(n_in: int, hidden: int, lengths: List[int]) -> Side:
    """An LSTM over random input; neighbours in length share a batch."""
    lstm = torch.nn.LSTM(n_in, hidden, bidirectional=True)
    batches = [
        pack_sequence([torch.randn(n, n_in) for n in batch])
        for batch in pieces(sorted(lengths, reverse=True), BARE_BATCH)
    ]

    @torch.no_grad()
    def run(_: None) -> None:
        for batch in batches:
            lstm(batch)

    return Side(run)


def measure_precision(args: Namespace) -> Iterator[Row]:
    """F1 on testa with the products in bfloat16, and in float32."""
    for model in inputs.models(args):
        pipelines = [load_new(model, precision) for precision in ("bf16", "fp32")]
        _, hidden = inputs.encoder_sizes(pipelines[0])
        scores = [nlp.evaluate(inputs.read(args, nlp)) for nlp in pipelines]
        low, full = (100 * score["ents_f"] for score in scores)
        yield row(
            [low],
            [full],
            [full - low],
            case=f"hidden {hidden}, bf16",
            against="fp32",
            unit="F1",
            value_unit="F1",
            target=0.1,
            at_most=True,
        )


def measure_votes(args: Namespace) -> Iterator[Comparison]:
    """Tokens/s with the votes of other mentions over those of the same pipeline without
    them. They are 0, so both find the same entities."""
    plain, voting = load(args.model), load_with_votes(args.model)
    for docs in ("sentence", "document"):
        examples = inputs.read(args, plain, docs=docs)
        tokens = inputs.count_tokens(example.predicted for example in examples)
        without = partial(inputs.piping_examples, plain, examples)
        side = inputs.piping_examples(voting, inputs.read(args, voting, docs=docs))
        peer = Peer("the same without votes", without)
        yield Comparison(f"votes, a doc a {docs}", tokens, side, [peer])


def load_with_votes(model: Path) -> Language:
    """Load a pipeline that was trained without votes, and add some of 0."""
    settings = {f"components.{COMPONENT}.model.votes": 0.2}
    nlp = spacy.load(model, config=settings)
    tagger = nlp.get_pipe(COMPONENT).model  # type: ignore
    decoder = get_decoder(tagger)
    decoder.votes = Votes(decoder.linear.in_features, decoder.linear.out_features)
    forget(tagger)
    return nlp


def measure_documents(args: Namespace) -> Iterator[Comparison]:
    """Tokens/s of news stories without sentence starts, some 600 tokens each."""
    nlp = load(args.model)
    lines = srsly.read_gzip_jsonl if args.texts.suffix == ".gz" else srsly.read_jsonl
    texts = [line["text"] for line in islice(lines(args.texts), STORIES)]
    docs = [nlp.make_doc(text) for text in texts]
    stories = [[token.text for token in doc] for doc in docs]
    words = [word for story in stories for word in story]
    size = f"of {len(words) // len(stories)} tokens"

    case, side = f"{STORIES} ready Docs {size}", piping_words(nlp, stories)
    short = partial(piping_words, nlp, pieces(words, PIECE))
    peer = Peer(f"the same tokens as Docs of {PIECE}", short, target=0.85)
    yield Comparison(case, len(words), side, [peer])

    case, side = f"{STORIES} texts {size}", piping_texts(nlp, texts)
    short_texts = [piece.text for doc in docs for piece in pieces(doc, PIECE)]
    short = partial(piping_texts, nlp, short_texts)
    peer = Peer(f"the same as texts of {PIECE}", short)
    yield Comparison(case, len(words), side, [peer])

    some = stories[:STORIES_ALONE]
    together = piping_words(nlp, some)
    side = Side(partial(inputs.one_by_one, nlp), together.prepare)
    case = f"{STORIES_ALONE} ready Docs {size}, one at a time"
    peer = Peer("nlp.pipe over them", lambda: together)
    yield Comparison(case, sum(map(len, some)), side, [peer])


def measure_single(args: Namespace) -> Iterator[Comparison]:
    """Tokens/s of `nlp(text)` over those of `nlp.pipe(texts)`."""
    nlp, texts = load(args.model), inputs.running_texts(args, SINGLE_TEXTS, PIECE)
    tokens = inputs.count_tokens(map(nlp.make_doc, texts))
    side = Side(lambda _: inputs.one_by_one(nlp, texts))
    together = partial(piping_texts, nlp, texts)
    peer = Peer("nlp.pipe over them", together, target=0.2)
    yield Comparison(f"{SINGLE_TEXTS} texts of {PIECE} words", tokens, side, [peer])


def measure_text(args: Namespace) -> Iterator[Comparison]:
    """Tokens/s of raw text over those of the tokenizer and of the component alone."""
    nlp = load(args.model)
    component = nlp.get_pipe(COMPONENT)
    texts = [eg.predicted.text for eg in inputs.read(args, nlp)]

    def in_two_parts(docs: List[Doc]) -> None:
        pipe(nlp, texts, disable=nlp.pipe_names)
        deque(component.pipe(docs, batch_size=inputs.BATCH_SIZE), maxlen=0)  # type: ignore

    def parts() -> Side:
        return Side(in_two_parts, lambda: [nlp.make_doc(text) for text in texts])

    tokens = inputs.count_tokens(map(nlp.make_doc, texts))
    peer = Peer("tokenizer + component over ready Docs", parts, target=0.9)
    yield Comparison(f"{tokens} tokens", tokens, piping_texts(nlp, texts), [peer])
