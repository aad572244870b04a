"""Shared by all scripts: corpora, vectors, files of results, tables, options."""

import argparse
import json
import re
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Optional,
    Sequence,
    Set,
    Tuple,
)

from spacy.language import Language
from spacy.training import Example
from spacy.util import registry
from spacy.vectors import Vectors

from spacy_birnn.files import replacing

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
import split_dev

Corpora = Dict[str, List[Example]]
RULES, MISSING = ("exact", "lower", "digits"), ("missing", -1)
CELL = ("dataset", "system", "setting", "seed")


@dataclass(frozen=True)
class Dataset:
    """The files of a corpus, and the score of what is learned from them.

    Attributes:
        dev: None where a seeded tenth of the documents of `train` chooses the
            checkpoint (scripts/split_dev.py).
        columns: The columns of the files by their content; None for CoNLL-U.
        score: spaCy's key of the score of its own component: exact spans, or accuracy.
        metrics: The beginning of the names of the files of our scores.
        our_score: The key of the same score of our component.
        test_is_dev: Whether the test file is a development set: testb is held out.
    """

    train: str
    dev: Optional[str]
    test: str
    metrics: str
    columns: Optional[Dict[str, int]] = None
    score: str = "ents_f"
    our_score: str = "ents_f"
    test_is_dev: bool = False


DATASETS = {
    "wnut17": Dataset(
        *("wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated"),
        metrics="wnut17",
        columns={"word": 0, "ents": 1},
    ),
    "conll2003": Dataset(
        *("eng.train", None, "eng.testa"),
        metrics="conll2003",
        columns={"word": 0, "ents": 3},
        test_is_dev=True,
    ),
    # spaCy's ner learns the chunks as if they were entities
    "conll2000": Dataset(
        *("train.txt", "dev.txt", "test.txt"),
        metrics="conll2000",
        columns={"word": 0, "ents": 2},
        our_score="spans_chunks_f",
    ),
    # spaCy's tagger learns UPOS where it learns `tag`
    "ud-lines": Dataset(
        train="en_lines-ud-train.conllu",
        dev="en_lines-ud-dev.conllu",
        test="en_lines-ud-test.conllu",
        metrics="ud_upos",
        score="tag_acc",
        our_score="pos_acc",
    ),
}


def load_corpora(dataset: Dataset, data_dir: Path, nlp: Language) -> Corpora:
    """Read train, dev and test with the project's readers, one sentence per Doc."""
    train, test = data_dir / dataset.train, data_dir / dataset.test
    with tempfile.TemporaryDirectory() as temp:
        if dataset.dev:
            dev = data_dir / dataset.dev
        else:
            whole, train, dev = train, Path(temp, "train"), Path(temp, "dev")
            split_dev.main([str(whole), str(train), str(dev)])
        files = {"train": train, "test": test, "dev": dev}
        return {part: read_columns(nlp, files[part], dataset) for part in files}


def read_columns(
    nlp: Language, path: Path, dataset: Dataset, **options: Any
) -> List[Example]:
    """Read a file of a corpus with the project's reader."""
    name = "spacy-birnn.ConlluCorpus.v1"
    if dataset.columns:
        name = "spacy-birnn.ConllCorpus.v1"
        options["columns"] = dataset.columns
    examples = list(registry.readers.get(name)(path, **options)(nlp))
    if dataset.score == "tag_acc":
        for token in (token for eg in examples for token in eg.reference):
            token.tag_ = token.pos_
    return examples


def words_of(corpora: Corpora) -> Set[str]:
    """The distinct words of all files of a corpus."""
    examples = (example for part in corpora.values() for example in part)
    return {token.text for example in examples for token in example.reference}


def lookup_forms(word: str) -> Tuple[str, str, str]:
    """The forms by which ours looks a word up, in its order."""
    lower = word.lower()
    return word, lower, re.sub(r"\d", "0", lower)


def add_forms(vectors: Vectors, words: Set[str]) -> Dict[str, int]:
    """Give every word a key to the row of the form found first.

    spaCy looks up the exact form only, and GloVe 6B is lower-cased: without these keys
    `Germany` would have no vector.

    Returns:
        The number of distinct words found by each form.
    """
    found: Counter = Counter()
    for word in sorted(words):
        rows = [vectors.find(key=form) for form in lookup_forms(word)]
        rule, row = next(((r, row) for r, row in zip(RULES, rows) if row >= 0), MISSING)
        found[rule] += 1
        if row >= 0:
            vectors.add(word, row=row)
    return dict(found)


def read_results(path: Path) -> List[Dict[str, Any]]:
    return json.loads(path.read_text(encoding="utf8")) if path.exists() else []


def add_result(path: Path, run: Dict[str, Any], key: Sequence[str] = CELL) -> None:
    """Add a run to the file, in the place of an earlier run of the same cell.

    Args:
        path: The file, which need not be there.
        run: The run to add.
        key: The entries that say which cell it is.
    """
    cell = [run[name] for name in key]
    runs = read_results(path)
    others = [old for old in runs if [old[name] for name in key] != cell]
    write_results(path, [*others, run])


def write_results(path: Path, runs: object) -> None:
    """Write the file whole or not at all; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(json.dumps(runs, indent=2).encode("utf8") + b"\n")


def markdown(header: Sequence[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """The lines of a table in Markdown."""
    yield f"| {' | '.join(header)} |".replace("|  |", "| |")
    yield "|" + "---|" * len(header)
    for cells in rows:
        yield f"| {' | '.join(cells)} |"


def a_file(text: str) -> Path:
    """For argparse: the absolute path of a file that is there."""
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text}")
    return Path(text).resolve()


def a_folder(text: str) -> Path:
    """For argparse: the absolute path of a folder that is there."""
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {text}")
    return Path(text).resolve()


def at_least(least: int) -> Callable[[str], int]:
    """For argparse: a whole number with a lower bound."""

    def whole_number(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is less than {least}")
        return value

    return whole_number
