"""The corpora that spaCy's components and ours are compared on, and their vectors."""

import re
from collections import Counter
from pathlib import Path
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Set

from spacy.language import Language
from spacy.training import Example
from spacy.util import registry
from spacy.vectors import Vectors


class Dataset(NamedTuple):
    """The files of a corpus, and the score of what is learned from them.

    Attributes:
        dev: It chooses the checkpoint.
        test: Is scored in the end. Where none is public it is dev again.
        label_column: That of the labels of spans, IOB; None for CoNLL-U.
        score: spaCy's key of the score of its own component: exact spans, or accuracy.
    """

    train: str
    dev: str
    test: str
    label_column: Optional[int] = None
    score: str = "ents_f"


DATASETS = {
    "wnut17": Dataset(
        train="wnut17train.conll",
        dev="emerging.dev.conll",
        test="emerging.test.annotated",
        label_column=1,
    ),
    "conll2003": Dataset(
        train="eng.train",
        dev="eng.testa",
        test="eng.testa",
        label_column=3,
    ),
    # spaCy's ner learns the chunks as if they were entities
    "conll2000": Dataset(
        train="train.txt",
        dev="dev.txt",
        test="test.txt",
        label_column=2,
    ),
    # spaCy's tagger learns UPOS where it learns `tag`
    "ud-lines": Dataset(
        train="en_lines-ud-train.conllu",
        dev="en_lines-ud-dev.conllu",
        test="en_lines-ud-test.conllu",
        score="tag_acc",
    ),
}


def load_corpora(
    dataset: Dataset, data_dir: Path, nlp: Language
) -> Dict[str, List[Example]]:
    """Read train, dev and test with the project's readers, one sentence per Doc."""
    files = {"train": dataset.train, "test": dataset.test, "dev": dataset.dev}
    return {
        part: read_corpus(nlp, data_dir / name, dataset) for part, name in files.items()
    }


def read_corpus(
    nlp: Language, path: Path, dataset: Dataset, **options: Any
) -> List[Example]:
    """Read a file of a corpus with the project's reader."""
    if dataset.label_column:
        options["columns"] = {"word": 0, "ents": dataset.label_column}
        read = registry.readers.get("spacy-birnn.ConllCorpus.v1")
        return list(read(path, **options)(nlp))
    read = registry.readers.get("spacy-birnn.ConlluCorpus.v1")
    examples = list(read(path, **options)(nlp))
    for token in (token for example in examples for token in example.reference):
        token.tag_ = token.pos_
    return examples


def distinct_words(examples: Iterable[Example]) -> Set[str]:
    return {token.text for example in examples for token in example.reference}


def add_forms(vectors: Vectors, words: Set[str]) -> Dict[str, int]:
    """Give every word a key to the row of the form found first, as ours looks it up.

    spaCy looks up the exact form only, and GloVe 6B is lower-cased: without these keys
    `Germany` would have no vector.

    Returns:
        The number of distinct words found by each form.
    """
    found: Counter = Counter()
    for word in sorted(words):
        lower = word.lower()
        forms = {"exact": word, "lower": lower, "digits": re.sub(r"\d", "0", lower)}
        rows = {name: vectors.find(key=form) for name, form in forms.items()}
        name = next((name for name, row in rows.items() if row >= 0), "missing")
        found[name] += 1
        if name != "missing":
            vectors.add(word, row=rows[name])
    return dict(found)
