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
from typing import Any, Dict, Iterator, List, Sequence

from .inputs import COMPONENT, load, pieces, piping, running_words, words_of
from .rows import Comparison, Outcome, Peer, row, speed_row
from .timing import Side, alternate

BENCHMARKS = Path(__file__).parents[1]
COMMAND_LINE = "from spacy_birnn.cli import main; main()"
NEW_WORD_LENGTH = 9
"""Letters of a made-up word: with this many, hardly one is made twice."""
SHORT, LONG = 1_000_000, 10_000_000
WORDS = 2_000_000
DOC_WORDS, DOCS = 1000, 200


def run_python(*arguments: object) -> str:
    """Run Python in a fresh process with one thread. Paths must be absolute.

    Returns:
        Its standard output.
    """
    command = [sys.executable, *map(str, arguments)]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.check_output(command, cwd=BENCHMARKS, env=env, text=True)


def figure_of(*arguments: object) -> float:
    """The figure that child.py measures in a fresh process."""
    return float(run_python("-m", "measures.child", *arguments).split()[-1])


def write_text(path: Path, sentences: Sequence[List[str]], n_words: int) -> None:
    """Repeat the sentences, one per line, each with one word that occurs nowhere else.

    Args:
        path: The file to write.
        sentences: The words of each sentence.
        n_words: The file ends with the sentence that reaches this many.
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


def measure_load(args: Namespace) -> Iterator[Outcome]:
    """Seconds of `spacy.load` with and without our component.

    `import spacy` imports torch, wherever torch is installed, before the clock starts:
    the time of that import is kept beside the row.
    """
    commands = [("load", args.model), ("load", args.model, COMPONENT), ("torch",)]
    rounds = [[figure_of(*command) for command in commands] for _ in range(args.runs)]
    whole, without, torch = zip(*rounds)
    yield row(
        "spacy.load after import spacy",
        f"the same without {COMPONENT}",
        "s",
        whole,
        without,
        [a - b for a, b in zip(whole, without)],
        target=0.3,
        at_most=True,
        value_unit="s",
        facts={"import_torch_seconds": sorted(torch)[len(torch) // 2]},
    )


def measure_memory(args: Namespace) -> Iterator[Outcome]:
    """Peak memory of `spacy-birnn tag` over a text, and over one a tenth as long.

    Each is taken once: nothing is left to chance but the allocator. The row without our
    component shows how much of the growth is spaCy's.
    """
    with TemporaryDirectory() as temp:
        texts = Path(temp, "long.txt"), Path(temp, "short.txt")
        for text, n_words in zip(texts, (LONG, SHORT)):
            write_text(text, words_of(args, "train"), n_words)
        for excluded in (), (COMPONENT,):
            case = f"{LONG:,} tokens" + "".join(f", without {it}" for it in excluded)
            peaks = [figure_of("peak", args.model, text, *excluded) for text in texts]
            long, short = (peak / 2**20 for peak in peaks)
            limit: Dict[str, Any] = {} if excluded else {"target": 1.05}
            against, unit = f"{SHORT:,} tokens", "MiB"
            figures = {"ours": [long], "other": [short], "value": [long / short]}
            yield row(case, against, unit, **figures, **limit, at_most=True)


def tagging(*options: object) -> Side:
    """`spacy-birnn tag OPTION…` in a fresh process."""
    return Side(lambda _: run_python("-c", COMMAND_LINE, "tag", *options))


def measure_processes(args: Namespace) -> Iterator[Outcome]:
    """Wall time of two processes over that of one: of `spacy-birnn tag`, of `nlp.pipe`.

    The start-up is the time that the same command takes for one line.
    """
    with TemporaryDirectory() as temp:
        sides = []
        for name, n_words in ("text.txt", WORDS), ("line.txt", 1):
            path = Path(temp, name)
            write_text(path, words_of(args, "train"), n_words)
            for count in "2", "1":
                options = (args.model, path, "-o", os.devnull, "--n-process", count)
                sides.append(tagging(*options))
        case, against = "spacy-birnn tag --n-process 2", "--n-process 1"
        if args.ours_only:
            yield Comparison(case, WORDS, sides[0])
        else:
            two, one, *start = alternate(sides, args.runs, warm_up=False)
            yield speed_row(case, against, WORDS, two, one, 1.6)
            two, one = ([a - b for a, b in zip(*p)] for p in zip((two, one), start))
            yield speed_row("the same without start-up", against, WORDS, two, one)
    nlp = load(args.model)
    words = running_words(words_of(args), DOCS * DOC_WORDS)
    texts = [" ".join(piece) for piece in pieces(words, DOC_WORDS)]
    yield Comparison(
        f"nlp.pipe(n_process=2), {DOCS} texts of {DOC_WORDS} words",
        len(words),
        piping(nlp, texts, n_process=2),
        [Peer("nlp.pipe(n_process=1)", partial(piping, nlp, texts))],
    )
