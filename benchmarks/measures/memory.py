"""`memory`: whether a stream of ten times the length needs more memory."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Iterator

from .fresh import figure_of
from .inputs import Setting, words_of
from .rows import Row, Spread
from .streams import write_text

SHORT, LONG = 1_000_000, 10_000_000
TARGET = 1.05


def measure(setting: Setting) -> Iterator[Row]:
    """Peak memory of `spacy-birnn tag` over text, each length once in a fresh process.

    Once, because nothing in it is left to chance but what the allocator does.
    """
    sentences = words_of(setting.train_file)
    with TemporaryDirectory() as temp:
        text = Path(temp, "text.txt")
        peaks = []
        for n_words in (LONG, SHORT):
            write_text(text, sentences, n_words)
            arguments = ("tag", setting.model, text, "-o", os.devnull)
            peaks.append(figure_of("peak", *arguments) / 2**20)
    long, short = peaks
    yield Row(
        f"{LONG:,} tokens",
        f"{SHORT:,} tokens",
        unit="MiB",
        ours=Spread.of([long]),
        other=Spread.of([short]),
        value=Spread.of([long / short]),
        runs=1,
        target=TARGET,
        at_most=True,
    )
