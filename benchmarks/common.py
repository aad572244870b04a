"""What the baselines and the report share: corpora, vectors, the file of results."""

import gzip
import json
import re
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple

import numpy
from spacy.language import Language
from spacy.training import Example
from spacy.util import registry
from spacy.vectors import Vectors

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
import split_dev

from spacy_birnn.files import replacing

Corpora = Dict[str, List[Example]]
RULES = ("exact", "lower", "digits")
CELL = ("dataset", "system", "setting", "seed")


@dataclass(frozen=True)
class Dataset:
    """The files of a corpus, what is learned from them, and its score.

    Attributes:
        dev: None where a seeded tenth of the documents of `train` chooses the
            checkpoint (scripts/split_dev.py).
        score: spaCy's key of the score of its own component: exact spans, or accuracy.
        metrics: What the project's files of our scores in metrics/ begin with.
        our_score: The key of the same score of our component.
        columns: What the columns of the files hold; None for CoNLL-U.
        test_is_dev: Whether the test file is a development set: testb is held out.
    """

    train: str
    dev: Optional[str]
    test: str
    score: str
    metrics: str
    our_score: str
    columns: Optional[Dict[str, int]] = None
    test_is_dev: bool = False


DATASETS = {
    "wnut17": Dataset(
        train="wnut17train.conll",
        dev="emerging.dev.conll",
        test="emerging.test.annotated",
        score="ents_f",
        metrics="wnut17",
        our_score="ents_f",
        columns={"word": 0, "ents": 1},
    ),
    "conll2003": Dataset(
        train="eng.train",
        dev=None,
        test="eng.testa",
        score="ents_f",
        metrics="conll2003",
        our_score="ents_f",
        columns={"word": 0, "ents": 3},
        test_is_dev=True,
    ),
    # spaCy's ner learns the chunks as if they were entities
    "conll2000": Dataset(
        train="train.txt",
        dev="dev.txt",
        test="test.txt",
        score="ents_f",
        metrics="conll2000",
        our_score="spans_chunks_f",
        columns={"word": 0, "ents": 2},
    ),
    # spaCy's tagger learns UPOS where it learns `tag`
    "ud-lines": Dataset(
        train="en_lines-ud-train.conllu",
        dev="en_lines-ud-dev.conllu",
        test="en_lines-ud-test.conllu",
        score="tag_acc",
        metrics="ud_upos",
        our_score="pos_acc",
    ),
}


def load_corpora(dataset: Dataset, data_dir: Path, nlp: Language) -> Corpora:
    """Read train, dev and test with the project's readers, a Doc a sentence."""
    files = {"train": data_dir / dataset.train, "test": data_dir / dataset.test}
    if dataset.dev:
        files["dev"] = data_dir / dataset.dev
        return read_files(dataset, files, nlp)
    with tempfile.TemporaryDirectory() as temp:
        whole = files["train"]
        files["train"], files["dev"] = Path(temp, "train"), Path(temp, "dev")
        split_dev.main([str(whole), str(files["train"]), str(files["dev"])])
        return read_files(dataset, files, nlp)


def read_files(dataset: Dataset, files: Dict[str, Path], nlp: Language) -> Corpora:
    corpora = {}
    for part, path in files.items():
        corpora[part] = read_columns(nlp, path, dataset)
        if dataset.score == "tag_acc":
            for example in corpora[part]:
                for token in example.reference:
                    token.tag_ = token.pos_
    return corpora


def read_columns(
    nlp: Language, path: Path, dataset: Dataset, **options: Any
) -> List[Example]:
    """Read a file of a corpus with the project's reader."""
    if dataset.columns:
        make_reader = registry.readers.get("spacy-birnn.ConllCorpus.v1")
        reader = make_reader(path, columns=dataset.columns, **options)
    else:
        reader = registry.readers.get("spacy-birnn.ConlluCorpus.v1")(path, **options)
    return list(reader(nlp))


def words_of(corpora: Corpora) -> Set[str]:
    """The distinct words of all files of a corpus."""
    return {
        token.text
        for examples in corpora.values()
        for example in examples
        for token in example.reference
    }


def lookup_forms(word: str) -> Tuple[str, str, str]:
    """The forms by which ours looks a word up, in its order."""
    lower = word.lower()
    return word, lower, re.sub(r"\d", "0", lower)


def load_vectors(nlp: Language, path: Path, words: Set[str]) -> Dict[str, int]:
    """Give every word the row of the form found first, under its own spelling.

    spaCy looks up the exact form only, and GloVe 6B is lower-cased: without these
    keys `Germany` would have no vector. Rows of forms that do not occur are not read:
    nothing would look them up.

    Returns:
        How many distinct words were found by which form.
    """
    wanted = {form for word in words for form in lookup_forms(word)}
    index: Dict[str, int] = {}
    rows: List[numpy.ndarray] = []
    open_text = gzip.open if path.suffix == ".gz" else open
    with open_text(path, "rt", encoding="utf8") as lines:
        for line in lines:
            form, _, values = line.rstrip("\n").partition(" ")
            if form in wanted and form not in index:
                index[form] = len(rows)
                rows.append(numpy.array(values.split(" "), dtype="float32"))
    vectors = Vectors(
        strings=nlp.vocab.strings, data=numpy.stack(rows), name="glove", mode="default"
    )
    found = add_forms(vectors, lambda form: index.get(form, -1), words)
    nlp.vocab.vectors = vectors
    return found


def add_forms(
    vectors: Vectors, row_of: Callable[[str], int], words: Set[str]
) -> Dict[str, int]:
    """Give every word a key to the row of the form found first.

    Args:
        vectors: What the keys are added to.
        row_of: The row of exactly this form, -1 for none.
        words: The distinct words.

    Returns:
        How many distinct words were found by which form.
    """
    found: Counter = Counter()
    for word in sorted(words):
        for rule, form in zip(RULES, lookup_forms(word), strict=True):
            row = row_of(form)
            if row >= 0:
                vectors.add(word, row=row)
                found[rule] += 1
                break
        else:
            found["missing"] += 1
    return dict(found)


def read_results(path: Path) -> List[Dict[str, Any]]:
    if not path.exists():
        return []
    return json.loads(path.read_text(encoding="utf8"))


def add_result(path: Path, run: Dict[str, Any], key: Sequence[str] = CELL) -> None:
    """Add a run to the file, in the place of an earlier run of the same cell.

    Args:
        path: The file, which need not be there.
        run: What is added.
        key: The entries that say which cell it is.
    """

    def cell(entry: Dict[str, Any]) -> Tuple[Any, ...]:
        return tuple(entry[name] for name in key)

    write_results(
        path, [old for old in read_results(path) if cell(old) != cell(run)] + [run]
    )


def write_results(path: Path, runs: List[Dict[str, Any]]) -> None:
    """Write the file whole or not at all; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(json.dumps(runs, indent=2).encode("utf8") + b"\n")
