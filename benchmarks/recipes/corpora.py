"""The corpora: their files, what is learned from them, and its score."""

from dataclasses import dataclass
from typing import Dict, Optional


@dataclass(frozen=True)
class Corpus:
    """A corpus that recipes are trained on.

    Attributes:
        task: As `init-config` names it.
        score: The key of the score, 0…1: F1 of exact spans, or accuracy.
        train, dev, test: Names of the files. Dev chooses the checkpoint and what is
            shown of a recipe before it is tested. `test` is None where none is public.
        columns: What the columns of the files hold; None for CoNLL-U.
    """

    task: str
    score: str
    train: str
    dev: str
    test: Optional[str]
    columns: Optional[Dict[str, int]] = None

    @property
    def has_spans(self) -> bool:
        return self.task in ("ner", "chunk")


LINES = (
    "en_lines-ud-train.conllu",
    "en_lines-ud-dev.conllu",
    "en_lines-ud-test.conllu",
)

CORPORA = {
    "conll2003": Corpus(
        "ner", "ents_f", "eng.train", "eng.testa", None, {"word": 0, "ents": 3}
    ),
    "wnut17": Corpus(
        "ner",
        "ents_f",
        "wnut17train.conll",
        "emerging.dev.conll",
        "emerging.test.annotated",
        {"word": 0, "ents": 1},
    ),
    "conll2000": Corpus(
        "chunk",
        "spans_chunks_f",
        "train.txt",
        "dev.txt",
        "test.txt",
        {"word": 0, "chunks": 2},
    ),
    # Tags and chunks of programs: to start from.
    "conll2003-tags": Corpus(
        "tag", "tag_acc", "eng.train", "eng.testa", None, {"word": 0, "tag": 1}
    ),
    "conll2003-chunks": Corpus(
        "chunk",
        "spans_chunks_f",
        "eng.train",
        "eng.testa",
        None,
        {"word": 0, "chunks": 2},
    ),
    # Another treebank's tags, to start from, in one folder with those of LinES.
    "ewt-upos": Corpus("pos", "pos_acc", "en_ewt-ud-dev.conllu", LINES[1], None),
    "ud-upos": Corpus("pos", "pos_acc", *LINES),
    "ud-xpos": Corpus("tag", "tag_acc", *LINES),
}

# A file alone, on which nothing is trained.
WIKIGOLD = Corpus("ner", "ents_f", "", "", None, {"word": 0, "ents": -1})
