"""`memory`: whether a stream of ten times the length needs more memory."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Iterator, List, Optional

from .fresh import figure_of
from .inputs import COMPONENT, Setting, words_of
from .rows import Row, Spread
from .streams import write_text

SHORT, LONG = 1_000_000, 10_000_000
TARGET = 1.05


def measure(setting: Setting) -> Iterator[Row]:
    """Peak memory of `spacy-birnn tag` over text, each length once in a fresh process.

    Once, because nothing in it is left to chance but what the allocator does. The same
    without our component says what of the growth is spaCy's.
    """
    sentences = words_of(setting.train_file)
    whole: List[float] = []
    without: List[float] = []
    with TemporaryDirectory() as temp:
        text = Path(temp, "text.txt")
        for n_words in (LONG, SHORT):
            write_text(text, sentences, n_words)
            whole.append(figure_of("peak", setting.model, text) / 2**20)
            without.append(figure_of("peak", setting.model, text, COMPONENT) / 2**20)
    yield row("", whole, TARGET)
    yield row(f", without {COMPONENT}", without)


def row(case: str, peaks: List[float], target: Optional[float] = None) -> Row:
    long, short = peaks
    return Row(
        f"{LONG:,} tokens{case}",
        f"{SHORT:,} tokens",
        unit="MiB",
        ours=Spread.of([long]),
        other=Spread.of([short]),
        value=Spread.of([long / short]),
        runs=1,
        target=target,
        at_most=True,
    )
