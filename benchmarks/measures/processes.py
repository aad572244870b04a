"""Fresh processes: `load`, `memory`, and `processes`, two of them against one."""

import os
import random
import subprocess
import sys
from itertools import cycle
from pathlib import Path
from string import ascii_lowercase
from tempfile import TemporaryDirectory
from typing import Dict, Iterator, List, Sequence

from .inputs import COMPONENT, Setting, load, pieces, pipe, running_words, words_of
from .rows import Comparison, Outcome, Peer, Row, Spread, speed_row
from .timing import Side, alternate

BENCHMARKS = Path(__file__).parents[1]
COMMAND_LINE = "from spacy_birnn.cli import main; main()"
NEW_WORD_LENGTH = 9
"""Letters of a made-up word: with this many, hardly one is made twice."""

SHORT, LONG = 1_000_000, 10_000_000
WORDS = 2_000_000
DOC_WORDS, DOCS = 1000, 200


def figure_of(*arguments: object) -> float:
    """The figure that child.py measures in a fresh process. Paths must be absolute."""
    return float(_run("-m", "measures.child", *arguments).split()[-1])


def run_command(*arguments: object) -> None:
    """Run `spacy-birnn ARGUMENT…` in a fresh process. Paths must be absolute."""
    _run("-c", COMMAND_LINE, *arguments)


def _run(*arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=BENCHMARKS,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


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


def measure_load(setting: Setting) -> Iterator[Outcome]:
    """Seconds of `spacy.load` with and without our component.

    `import spacy` imports torch, wherever torch is installed, before the clock starts:
    the time of that import is kept beside the row.
    """
    rounds = [
        (
            figure_of("load", setting.model),
            figure_of("load", setting.model, COMPONENT),
            figure_of("torch"),
        )
        for _ in range(setting.runs)
    ]
    ours, rest, imports = (Spread.of(seconds) for seconds in zip(*rounds))
    yield Row(
        "spacy.load after import spacy",
        f"the same without {COMPONENT}",
        "s",
        ours=ours,
        other=rest,
        value=Spread.of([whole - without for whole, without, _ in rounds]),
        runs=setting.runs,
        value_unit="s",
        target=0.3,
        at_most=True,
        facts={"import_torch_seconds": imports.median},
    )


def measure_memory(setting: Setting) -> Iterator[Outcome]:
    """Peak memory of `spacy-birnn tag` over a text, and over one a tenth as long.

    Each is taken once: nothing is left to chance but the allocator. The row without our
    component shows how much of the growth is spaCy's.
    """
    sentences = words_of(setting.train_file)
    cases: Dict[str, List[str]] = {"": [], f", without {COMPONENT}": [COMPONENT]}
    with TemporaryDirectory() as temp:
        texts = [Path(temp, "long.txt"), Path(temp, "short.txt")]
        for text, n_words in zip(texts, (LONG, SHORT), strict=True):
            write_text(text, sentences, n_words)
        for case, excluded in cases.items():
            long, short = (
                figure_of("peak", setting.model, text, *excluded) / 2**20
                for text in texts
            )
            yield Row(
                f"{LONG:,} tokens{case}",
                f"{SHORT:,} tokens",
                "MiB",
                ours=Spread.of([long]),
                other=Spread.of([short]),
                value=Spread.of([long / short]),
                runs=1,
                target=None if excluded else 1.05,
                at_most=True,
            )


def measure_processes(setting: Setting) -> Iterator[Outcome]:
    """Wall time of two processes over that of one: of `spacy-birnn tag`, of `nlp.pipe`.

    The start-up is the time that the same command takes for one line.
    """
    with TemporaryDirectory() as temp:
        text, line = Path(temp, "text.txt"), Path(temp, "line.txt")
        write_text(text, words_of(setting.train_file), WORDS)
        write_text(line, words_of(setting.train_file), 1)

        def side(path: Path, n_process: int) -> Side:
            options = ("-o", os.devnull, "--n-process", n_process)
            return Side(lambda _: run_command("tag", setting.model, path, *options))

        case, against = "spacy-birnn tag --n-process 2", "--n-process 1"
        sides = [side(text, 2), side(text, 1), side(line, 2), side(line, 1)]
        if setting.ours_only:
            yield Comparison(case, WORDS, sides[0], [])
        else:
            seconds = alternate(sides, setting.runs, warm_up=False)
            two, one, start_two, start_one = seconds
            yield speed_row(case, against, WORDS, two, one, 1.6)
            two = [all - start for all, start in zip(two, start_two, strict=True)]
            one = [all - start for all, start in zip(one, start_one, strict=True)]
            case = "the same without start-up"
            yield speed_row(case, against, WORDS, two, one)
    nlp = load(setting.model)
    words = running_words(words_of(setting.test_file), DOCS * DOC_WORDS)
    texts = [" ".join(piece) for piece in pieces(words, DOC_WORDS)]
    yield Comparison(
        f"nlp.pipe(n_process=2), {DOCS} texts of {DOC_WORDS} words",
        len(words),
        Side(lambda _: pipe(nlp, texts, n_process=2)),
        [Peer("nlp.pipe(n_process=1)", lambda: Side(lambda _: pipe(nlp, texts)))],
    )
