"""`growth`: the cost of doubling the input, in length and in number of documents."""

from functools import partial
from typing import Callable, Iterator, List, Sequence

from spacy.language import Language
from spacy.tokens import Doc

from .inputs import Setting, docs_of, load, pieces, pipe, running_words, words_of
from .rows import Comparison, Outcome, Row, Spread, ratios
from .timing import Side, alternate, seconds_of

LENGTHS = [1000 * 2**i for i in range(11)]
COUNTS = [64 * 2**i for i in range(11)]
DOC_WORDS = 15
# At this size all words of the text have been met.
WARM_UP = 6
# Short inputs are repeated until a run has about this many tokens.
LEAST_TOKENS = 16_000


def measure(setting: Setting) -> Iterator[Outcome]:
    """Seconds of an input over those of half of it, at the size where that is worst."""
    nlp = load(setting.model)
    most = max(LENGTHS[-1], COUNTS[-1] * DOC_WORDS)
    words = running_words(words_of(setting.test_file), most)

    def one_document(length: int) -> List[Doc]:
        return docs_of(nlp, [words[:length]])

    def many_documents(count: int) -> List[Doc]:
        return docs_of(nlp, pieces(words[: count * DOC_WORDS], DOC_WORDS))

    many = f"documents of {DOC_WORDS} tokens"
    for case, make, sizes, unit in (
        ("tokens in one document", one_document, LENGTHS, 1),
        (many, many_documents, COUNTS, DOC_WORDS),
    ):
        if setting.ours_only:
            tokens, prepare = sizes[-1] * unit, partial(make, sizes[-1])
            side = Side(partial(pipe, nlp), prepare)
            yield Comparison(f"{sizes[-1]:,} {case}", tokens, side, [])
        else:
            repeats = [max(1, LEAST_TOKENS // (size * unit)) for size in sizes]
            yield double(setting, nlp, case, make, sizes, repeats)


def double(
    setting: Setting,
    nlp: Language,
    case: str,
    make: Callable[[int], List[Doc]],
    sizes: Sequence[int],
    repeats: Sequence[int],
) -> Row:
    def side(size: int, times: int) -> Side:
        def run(inputs: List[List[Doc]]) -> None:
            for docs in inputs:
                pipe(nlp, docs)

        return Side(run, lambda: [make(size) for _ in range(times)])

    sides = list(map(side, sizes, repeats))
    seconds_of(sides[WARM_UP])
    seconds = [
        [second / times for second in run]
        for run, times in zip(
            alternate(sides, setting.runs, warm_up=False), repeats, strict=True
        )
    ]
    doublings = [
        Spread.of(ratios(larger, smaller))
        for smaller, larger in zip(seconds, seconds[1:])
    ]
    worst = max(range(len(doublings)), key=lambda i: doublings[i].median)
    medians = [doubling.median for doubling in doublings]
    return Row(
        f"{sizes[0]:,} … {sizes[-1]:,} {case}, where it is worst",
        "half as many",
        "s",
        ours=Spread.of(seconds[worst + 1]),
        other=Spread.of(seconds[worst]),
        value=doublings[worst],
        runs=setting.runs,
        target=2.3,
        at_most=True,
        facts={
            "worst": sizes[worst + 1],
            "doublings": dict(zip(sizes[1:], medians, strict=True)),
        },
    )
