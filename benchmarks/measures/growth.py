"""`growth`: what doubling the input costs, in length and in number of documents."""

from functools import partial
from typing import Callable, Dict, Iterator, List, Sequence

from spacy.language import Language
from spacy.tokens import Doc

from .inputs import Setting, load, pipe, running_words, words_of
from .rows import Row, Spread, ratios
from .timing import Side, alternate, seconds_of

LENGTHS = [1000 * 2**i for i in range(11)]
COUNTS = [64 * 2**i for i in range(11)]
DOC_WORDS = 15
# At this size all words of the text have been met.
WARM_UP = 6
# Short inputs are repeated until a run has about so many tokens.
LEAST_TOKENS = 16_000
TARGET = 2.3

Docs = List[Doc]


def measure(setting: Setting) -> Iterator[Row]:
    """Seconds of an input over those of half of it, at the size where that is worst."""
    nlp = load(setting.model)
    sentences = words_of(setting.test_file)
    words = running_words(sentences, max(LENGTHS[-1], COUNTS[-1] * DOC_WORDS))

    def one_document(length: int) -> Docs:
        return [Doc(nlp.vocab, words=words[:length])]

    def many_documents(count: int) -> Docs:
        starts = range(0, count * DOC_WORDS, DOC_WORDS)
        return [Doc(nlp.vocab, words=words[i : i + DOC_WORDS]) for i in starts]

    yield double(setting, nlp, "tokens in one document", one_document, LENGTHS)
    case = f"documents of {DOC_WORDS} tokens"
    yield double(setting, nlp, case, many_documents, COUNTS)


def double(
    setting: Setting,
    nlp: Language,
    what: str,
    make: Callable[[int], Docs],
    sizes: Sequence[int],
) -> Row:
    sides, repeats = [], []
    for size in sizes:
        tokens = sum(map(len, make(size)))
        repeats.append(max(1, LEAST_TOKENS // tokens))
        prepare = partial(several, make, size, repeats[-1])
        sides.append(Side(partial(pipe_each, nlp), prepare))
    seconds_of(sides[WARM_UP])
    runs = alternate(sides, setting.runs, warm_up=False)
    seconds = [
        [second / times for second in run]
        for run, times in zip(runs, repeats, strict=True)
    ]
    doublings: Dict[int, Spread] = {
        size: Spread.of(ratios(larger, smaller))
        for size, smaller, larger in zip(sizes[1:], seconds, seconds[1:])
    }
    worst = max(doublings, key=lambda size: doublings[size].median)
    at = sizes.index(worst)
    return Row(
        f"{sizes[0]:,} … {sizes[-1]:,} {what}, where it is worst",
        "half as many",
        unit="s",
        ours=Spread.of(seconds[at]),
        other=Spread.of(seconds[at - 1]),
        value=doublings[worst],
        runs=setting.runs,
        target=TARGET,
        at_most=True,
        facts={
            "worst": worst,
            "doublings": {size: d.median for size, d in doublings.items()},
        },
    )


def several(make: Callable[[int], Docs], size: int, times: int) -> List[Docs]:
    return [make(size) for _ in range(times)]


def pipe_each(nlp: Language, inputs: Sequence[Docs]) -> None:
    for docs in inputs:
        pipe(nlp, docs)
