"""`growth`: the cost of doubling the input, in length and in number of documents."""

from argparse import Namespace
from typing import Iterator, List, Union

from spacy.tokens import Doc

from .inputs import docs_of, load, pieces, pipe, running_words, words_of
from .rows import Comparison, Row, ratios, row, spread
from .timing import Side, alternate

DOUBLINGS = 10
DOC_WORDS = 15
# Short inputs are repeated until a run has about this many tokens.
RUN_TOKENS = 16_000


def measure(args: Namespace) -> Iterator[Union[Comparison, Row]]:
    """Seconds of an input over those of half of it, at the size where that is worst."""
    nlp = load(args.model)
    words = running_words(words_of(args), 1000 * 2**DOUBLINGS)

    def side(n_words: int, doc_words: int, times: int = 1) -> Side:
        """Tag an input of so many words, in documents of so many, several times."""
        docs = pieces(words[:n_words], doc_words)

        def run(inputs: List[List[Doc]]) -> None:
            for docs in inputs:
                pipe(nlp, docs)

        return Side(run, lambda: [docs_of(nlp, docs) for _ in range(times)])

    for case, least, unit in (
        ("tokens in one document", 1000, 1),
        (f"documents of {DOC_WORDS} tokens", 64, DOC_WORDS),
    ):
        sizes = [least * 2**i for i in range(DOUBLINGS + 1)]
        tokens = [size * unit for size in sizes]
        lengths = tokens if unit == 1 else [unit] * len(sizes)
        if args.ours_only:
            largest = side(tokens[-1], lengths[-1])
            yield Comparison(f"{sizes[-1]:,} {case}", tokens[-1], largest)
            continue
        repeats = [max(1, RUN_TOKENS // count) for count in tokens]
        sides = list(map(side, tokens, lengths, repeats))
        timed = zip(alternate(sides, args.runs), repeats)
        seconds = [[second / times for second in run] for run, times in timed]
        yield worst(case, sizes, seconds)


def worst(case: str, sizes: List[int], seconds: List[List[float]]) -> Row:
    """The row of the doubling that costs the most, of the seconds of every size."""
    values = [ratios(larger, smaller) for smaller, larger in zip(seconds, seconds[1:])]
    medians = [spread(value)["median"] for value in values]
    at = medians.index(max(medians))
    return row(
        seconds[at + 1],
        seconds[at],
        values[at],
        case=f"{sizes[0]:,} … {sizes[-1]:,} {case}, where it is worst",
        against="half as many",
        unit="s",
        target=2.3,
        at_most=True,
        facts={"worst": sizes[at + 1], "doublings": dict(zip(sizes[1:], medians))},
    )
