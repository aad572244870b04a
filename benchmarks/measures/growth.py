"""`growth`: the cost of doubling the input, in length and in number of documents."""

from argparse import Namespace
from functools import partial
from typing import Callable, Iterator, List

from spacy.tokens import Doc

from .inputs import docs_of, load, pieces, pipe, running_words, words_of
from .rows import Comparison, Outcome, Row, ratios, row, spread
from .timing import Side, alternate, seconds_of

Make = Callable[[int], List[Doc]]

DOUBLINGS = 10
LENGTH, COUNT = 1000, 64
DOC_WORDS = 15
# At this size all words of the text have been met.
WARM_UP = 6
# Short inputs are repeated until a run has about this many tokens.
LEAST_TOKENS = 16_000


def measure(args: Namespace) -> Iterator[Outcome]:
    """Seconds of an input over those of half of it, at the size where that is worst."""
    nlp = load(args.model)
    most = max(LENGTH, COUNT * DOC_WORDS) * 2**DOUBLINGS
    words = running_words(words_of(args), most)

    def one_document(length: int) -> List[Doc]:
        return docs_of(nlp, [words[:length]])

    def many_documents(count: int) -> List[Doc]:
        return docs_of(nlp, pieces(words[: count * DOC_WORDS], DOC_WORDS))

    def several(make: Make, size: int, times: int) -> List[List[Doc]]:
        return [make(size) for _ in range(times)]

    def pipe_each(inputs: List[List[Doc]]) -> None:
        for docs in inputs:
            pipe(nlp, docs)

    for case, make, least, unit in (
        ("tokens in one document", one_document, LENGTH, 1),
        (f"documents of {DOC_WORDS} tokens", many_documents, COUNT, DOC_WORDS),
    ):
        sizes = [least * 2**i for i in range(DOUBLINGS + 1)]
        if args.ours_only:
            side = Side(partial(pipe, nlp), partial(make, sizes[-1]))
            yield Comparison(f"{sizes[-1]:,} {case}", sizes[-1] * unit, side)
        else:
            repeats = [max(1, LEAST_TOKENS // (size * unit)) for size in sizes]
            sides = [
                Side(pipe_each, partial(several, make, size, times))
                for size, times in zip(sizes, repeats)
            ]
            yield worst(case, sizes, repeats, sides, args.runs)


def worst(
    case: str, sizes: List[int], repeats: List[int], sides: List[Side], runs: int
) -> Row:
    """The row of the doubling that costs the most."""
    seconds_of(sides[WARM_UP])
    timed = zip(alternate(sides, runs, warm_up=False), repeats, strict=True)
    seconds = [[second / times for second in run] for run, times in timed]
    values = [ratios(larger, smaller) for smaller, larger in zip(seconds, seconds[1:])]
    medians = [spread(value)["median"] for value in values]
    at = medians.index(max(medians))
    return row(
        f"{sizes[0]:,} … {sizes[-1]:,} {case}, where it is worst",
        "half as many",
        "s",
        seconds[at + 1],
        seconds[at],
        values[at],
        target=2.3,
        at_most=True,
        facts={"worst": sizes[at + 1], "doublings": dict(zip(sizes[1:], medians))},
    )
