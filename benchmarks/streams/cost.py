"""Time and memory of streams."""

import os
import time
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any, Dict, List

import spacy
from measures.machine import machine_facts
from measures.timing import Side, alternate, set_clock, threads
from recipes.corpora import CORPORA
from recipes.scoring import read
from spacy.tokens import Doc

SENTENCE = 15
"""Words in a document of `nlp.pipe`."""

PIECES, WORDS = 40, 50
"""The cost of a word is taken over so many pieces of so many words."""


def words_of(corpus: str, path: Path) -> List[str]:
    examples = read(spacy.blank("en"), CORPORA[corpus], path)
    return [token.text for example in examples for token in example.predicted]


def soak(
    model: Path, words: List[str], checkpoints: List[int], lag: int
) -> Dict[str, Any]:
    """One stream of very many words: the cost of a word at its 100th, and later, and
    the memory of the process.

    Args:
        words: begun anew when they end.
        checkpoints: the words at which the cost is taken, in ascending order.
        lag: of the stream.
    """
    pipe = _pipe(model)
    with threads(1):
        warm = pipe.stream(lag=lag, keep=False)
        for word in words:  # every form is met
            warm.push([word])
        stream = pipe.stream(lag=lag, keep=False)
        arriving, rows, done = cycle(words), [], 0
        for checkpoint in checkpoints:
            for word in islice(arriving, checkpoint - done):
                stream.push([word])
            seconds = pieces(stream, list(islice(arriving, PIECES * WORDS)))
            done = checkpoint + PIECES * WORDS
            rows.append(
                {
                    "word": checkpoint,
                    "us_per_word": round(1e6 * median(seconds) / WORDS, 2),
                    "fastest": round(1e6 * min(seconds) / WORDS, 2),
                    "rss_mb": round(resident() / 2**20, 1),
                    "state_bytes": len(stream.to_bytes()),
                }
            )
            print(rows[-1], flush=True)
    return {"lag": lag, "model": model_facts(pipe), "rows": rows, **machine_facts()}


def pieces(stream: Any, words: List[str]) -> List[float]:
    """Seconds of processor time of each piece, word by word."""
    found = []
    for first in range(0, len(words), WORDS):
        began = time.process_time()
        for word in words[first : first + WORDS]:
            stream.push([word])
        found.append(time.process_time() - began)
    return found


def side_by_side(
    model: Path, words: List[str], n: int, lag: int, runs: int
) -> Dict[str, Any]:
    """Words per second of many streams, a word in each at a time, against `nlp.pipe`
    over as many words, in turn.

    Args:
        n: how many streams.
        runs: of each side.
    """
    nlp = spacy.load(model)
    pipe: Any = nlp.get_pipe(nlp.pipe_names[0])
    turns = 20
    arriving = cycle(words)
    batches = [[[word] for word in islice(arriving, n)] for _ in range(turns)]
    texts = list(islice(cycle(words), n * turns))
    streams = pipe.streams(n, lag=lag, keep=False)

    def push(_: Any) -> None:
        for batch in batches:
            streams.push(batch)

    def documents() -> List[Doc]:
        starts = range(0, len(texts), SENTENCE)
        return [Doc(nlp.vocab, words=texts[i : i + SENTENCE]) for i in starts]

    def tag(docs: List[Doc]) -> None:
        for _ in nlp.pipe(docs, batch_size=256):
            pass

    set_clock("processor")
    with threads(1):
        seconds = alternate([Side(push), Side(tag, documents)], runs)
    ratios = [pipe_s / own for own, pipe_s in zip(*seconds)]
    rates = [[n * turns / s for s in side] for side in seconds]
    return {
        "streams": n,
        "lag": lag,
        "runs": runs,
        "words_per_second": round(median(rates[0])),
        "pipe_words_per_second": round(median(rates[1])),
        "ratio": round(median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in sorted(ratios)],
        "model": model_facts(pipe),
        **machine_facts(),
    }


def one_word(model: Path, words: List[str], lag: int) -> Dict[str, Any]:
    """Microseconds per word of one stream."""
    pipe = _pipe(model)
    with threads(1):
        stream = pipe.stream(lag=lag, keep=False)
        for word in words[:6000]:
            stream.push([word])
        seconds = pieces(stream, words[: 6 * PIECES * WORDS])
    micro = sorted(1e6 * s / WORDS for s in seconds)
    return {
        "lag": lag,
        "us_per_word": round(median(micro), 1),
        "fastest": round(micro[0], 1),
        "quartile": round(micro[len(micro) // 4], 1),
        "model": model_facts(pipe),
        **machine_facts(),
    }


def _pipe(model: Path) -> Any:
    nlp = spacy.load(model)
    return nlp.get_pipe(nlp.pipe_names[0])


def model_facts(pipe: Any) -> str:
    encoder = pipe.model.get_ref("tok2vec").get_ref("encode").attrs["settings"]
    return ", ".join(f"{key} {value}" for key, value in encoder.items())


def resident() -> int:
    """Bytes of memory of this process (on Linux)."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
