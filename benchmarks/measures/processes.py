"""Fresh processes: `load`, `memory`, and `processes`, two of them against one."""

import os
import random
import subprocess
import sys
from argparse import Namespace
from functools import partial
from itertools import cycle
from pathlib import Path
from string import ascii_lowercase
from tempfile import TemporaryDirectory
from typing import Iterator, Sequence, Union

from .inputs import COMPONENT, Words, load, piping_texts, running_texts, words_of
from .rows import Comparison, Peer, Row, row, speed_row
from .timing import Side, alternate

BENCHMARKS = Path(__file__).parents[1]
COMMAND_LINE = "from spacy_birnn.cli import main; main()"
# Letters of a made-up word: with this many, hardly one is made twice.
NEW_WORD_LENGTH = 9
SHORT, LONG = 1_000_000, 10_000_000
WORDS = 2_000_000
DOCS, DOC_WORDS = 200, 1000


def run_python(*arguments: object) -> str:
    """The output of Python in a fresh process of one thread. Paths must be absolute."""
    command = [sys.executable, *map(str, arguments)]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.check_output(command, cwd=BENCHMARKS, env=env, text=True)


def figure_of(*arguments: object) -> float:
    """The figure that child.py measures in a fresh process."""
    return float(run_python("-m", "measures.child", *arguments).split()[-1])


def write_text(path: Path, sentences: Sequence[Words], n_words: int) -> None:
    """Repeat the sentences, one per line, each with one word that occurs nowhere else.

    The file ends with the sentence that reaches `n_words` words.
    """
    generator = random.Random(0)
    written = 0
    with path.open("w", encoding="utf8") as file:
        for sentence in cycle(sentences):
            words = sentence.copy()
            letters = generator.choices(ascii_lowercase, k=NEW_WORD_LENGTH)
            words[generator.randrange(len(words))] = "".join(letters)
            file.write(" ".join(words) + "\n")
            written += len(words)
            if written >= n_words:
                return


def measure_load(args: Namespace) -> Iterator[Row]:
    """Seconds of `spacy.load` with and without our component.

    `import spacy` imports torch, wherever torch is installed, before the clock starts.
    """
    commands = ("load", args.model), ("load", args.model, COMPONENT)
    rounds = [[figure_of(*command) for command in commands] for _ in range(args.runs)]
    whole, without = zip(*rounds)
    yield row(
        whole,
        without,
        [a - b for a, b in rounds],
        case="spacy.load after import spacy",
        against=f"the same without {COMPONENT}",
        unit="s",
        value_unit="s",
        target=0.3,
        at_most=True,
    )


def measure_memory(args: Namespace) -> Iterator[Row]:
    """Peak memory of `spacy-birnn tag` over a text, and over one a tenth as long.

    Each is taken once: nothing is left to chance but the allocator. The row without our
    component shows how much of the growth is spaCy's.
    """
    sentences = words_of(args, "train")
    with TemporaryDirectory() as temp:
        texts = Path(temp, "long.txt"), Path(temp, "short.txt")
        write_text(texts[0], sentences, LONG)
        write_text(texts[1], sentences, SHORT)
        for excluded in [], [COMPONENT]:
            peaks = [figure_of("peak", args.model, text, *excluded) for text in texts]
            long, short = (peak / 2**20 for peak in peaks)
            yield row(
                [long],
                [short],
                [long / short],
                case=", without ".join([f"{LONG:,} tokens", *excluded]),
                against=f"{SHORT:,} tokens",
                unit="MiB",
                target=None if excluded else 1.05,
                at_most=True,
            )


def tagging(model: Path, text: Path, n_process: int) -> Side:
    """`spacy-birnn tag` in a fresh process."""
    options = (model, text, "-o", os.devnull, "--n-process", n_process)
    return Side(lambda _: run_python("-c", COMMAND_LINE, "tag", *options))


def measure_processes(args: Namespace) -> Iterator[Union[Comparison, Row]]:
    """Two processes over one: of `spacy-birnn tag`, and of `nlp.pipe`.

    The start-up is the time that the same command takes for one line.
    """
    sentences = words_of(args, "train")
    with TemporaryDirectory() as temp:
        text, line = Path(temp, "text.txt"), Path(temp, "line.txt")
        write_text(text, sentences, WORDS)
        write_text(line, sentences, 1)
        inputs = [(text, 2), (text, 1), (line, 2), (line, 1)]
        two, *others = [tagging(args.model, path, count) for path, count in inputs]
        case, against = "spacy-birnn tag --n-process 2", "--n-process 1"
        if args.ours_only:
            yield Comparison(case, WORDS, two)
        else:
            seconds = alternate([two, *others], args.runs)
            where = {"case": case, "against": against, "target": 1.6}
            yield speed_row(WORDS, seconds[0], seconds[1], **where)
            work = [[a - b for a, b in zip(*p)] for p in zip(seconds, seconds[2:])]
            where = {"case": "the same without start-up", "against": against}
            yield speed_row(WORDS, work[0], work[1], **where)
    nlp, texts = load(args.model), running_texts(args, DOCS, DOC_WORDS)
    case = f"nlp.pipe(n_process=2), {DOCS} texts of {DOC_WORDS} words"
    side = piping_texts(nlp, texts, n_process=2)
    one = Peer("nlp.pipe(n_process=1)", partial(piping_texts, nlp, texts))
    yield Comparison(case, DOCS * DOC_WORDS, side, [one])
