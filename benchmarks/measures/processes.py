"""`processes`: two processes against one."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Iterator

from .fresh import run_command
from .inputs import Setting, load, pipe, running_words, words_of
from .rows import Row, speed_row
from .streams import write_text
from .timing import Side, alternate

WORDS = 2_000_000
TARGET = 1.6
DOC_WORDS, DOCS = 1000, 200


def measure(setting: Setting) -> Iterator[Row]:
    yield from tag_command(setting)
    yield long_documents(setting)


def tag_command(setting: Setting) -> Iterator[Row]:
    """Wall time of `spacy-birnn tag --n-process 2`, with and without its start-up.

    The start-up is what the same command takes for one line.
    """
    with TemporaryDirectory() as temp:
        text, line = Path(temp, "text.txt"), Path(temp, "line.txt")
        write_text(text, words_of(setting.train_file), WORDS)
        write_text(line, words_of(setting.train_file), 1)

        def side(path: Path, n_process: int) -> Side:
            options = ("-o", os.devnull, "--n-process", n_process)
            return Side(lambda _: run_command("tag", setting.model, path, *options))

        two, one, start_two, start_one = alternate(
            [side(text, 2), side(text, 1), side(line, 2), side(line, 1)],
            setting.runs,
            warm_up=False,
        )
    name = "--n-process 1"
    yield speed_row("spacy-birnn tag --n-process 2", name, WORDS, two, one, TARGET)
    two = [all - start for all, start in zip(two, start_two, strict=True)]
    one = [all - start for all, start in zip(one, start_one, strict=True)]
    yield speed_row("the same without start-up", name, WORDS, two, one)


def long_documents(setting: Setting) -> Row:
    """`nlp.pipe(texts, n_process=2)`; its workers start within the clock."""
    nlp = load(setting.model)
    words = running_words(words_of(setting.test_file), DOCS * DOC_WORDS)
    starts = range(0, len(words), DOC_WORDS)
    texts = [" ".join(words[i : i + DOC_WORDS]) for i in starts]
    two, one = alternate(
        [
            Side(lambda _: pipe(nlp, texts, n_process=2)),
            Side(lambda _: pipe(nlp, texts)),
        ],
        setting.runs,
    )
    case = f"nlp.pipe(n_process=2), {DOCS} texts of {DOC_WORDS} words"
    return speed_row(case, "nlp.pipe(n_process=1)", len(words), two, one)
