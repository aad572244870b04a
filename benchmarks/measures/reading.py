"""`reading`: annotated files into Examples, beside spaCy's own converters.

The files are written anew from train of CoNLL-2003: as it is (IOB1), in BIOES, and as
CoNLL-U with morphology, a parse and entities in none of its cells.
"""

from argparse import Namespace
from collections import deque
from functools import partial
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Callable, Iterable, Iterator, List, Tuple

import spacy
from spacy.training import iob_to_biluo
from spacy.training.converters import conll_ner_to_docs, conllu_to_docs
from spacy.util import registry

from .rows import Comparison, Peer
from .timing import Side

SENTENCES = 4000
FEATS = ("_", "Number=Sing", "Case=Nom|Number=Plur", "Mood=Ind|Tense=Past|VerbForm=Fin")
TAGS = ("NOUN", "VERB", "PROPN", "ADP", "DET", "PUNCT")

Rows = List[List[str]]


def measure(args: Namespace) -> Iterator[Comparison]:
    """Read each file with a new reader, which keeps nothing from the run before."""
    sentences = read_rows(args.data_dir / "eng.train", SENTENCES)
    columns = {"word": 0, "ents": -1}
    # spaCy's converter takes what stands before the tags for parts of speech.
    pairs = [[[row[0], row[-1]] for row in rows] for rows in sentences]
    files: List[Tuple[str, Iterable[str], dict, Callable]] = [
        ("CoNLL columns, IOB1", map(as_columns, pairs), {"columns": columns}, as_ner),
        ("CoNLL columns, BIOES", map(as_bioes, pairs), {"columns": columns}, as_ner),
        ("CoNLL-U", map(as_conllu, sentences), {}, as_conllu_docs),
    ]
    tokens = sum(map(len, sentences))
    with TemporaryDirectory() as temp:
        for case, blocks, settings, convert in files:
            path = Path(temp, case)
            path.write_text("\n".join(blocks), encoding="utf8")
            ours = reading(path, settings)
            peer = Peer("spaCy's converter, to Docs", partial(convert, path))
            yield Comparison(case, tokens, ours, [peer])


def read_rows(path: Path, count: int) -> List[Rows]:
    """The cells of so many sentences of CoNLL-2003."""
    blocks = path.read_text(encoding="utf8").split("\n\n")
    sentences = [[line.split() for line in block.splitlines()] for block in blocks]
    found = [rows for rows in sentences if rows and rows[0][0] != "-DOCSTART-"]
    return found[:count]


def as_columns(rows: Rows) -> str:
    return "".join(" ".join(row) + "\n" for row in rows)


def as_bioes(rows: Rows) -> str:
    letters = str.maketrans("LU", "ES")
    tags = iob_to_biluo([row[-1] for row in rows])
    spelled = [tag[:1].translate(letters) + tag[1:] for tag in tags]
    return as_columns([[row[0], tag] for row, tag in zip(rows, spelled)])


def as_conllu(rows: Rows) -> str:
    """Rows of ten columns: the parse is a chain, the tags and features go round."""
    lines = []
    cells = zip(rows, cycle(TAGS), cycle(FEATS))
    for i, (row, upos, feats) in enumerate(cells, 1):
        relation = "dep" if i > 1 else "root"
        line = [i, row[0], row[0].lower(), upos, row[1], feats, i - 1, relation, "_"]
        lines.append("\t".join(map(str, [*line, "_"])) + "\n")
    return f"# text = {' '.join(row[0] for row in rows)}\n" + "".join(lines)


def reading(path: Path, settings: dict) -> Side:
    make = registry.readers.get("spacy-birnn.Corpus.v1")
    nlp = spacy.blank("en")

    def run(_: object) -> None:
        deque(make(path, **settings)(nlp), maxlen=0)

    return Side(run)


def as_ner(path: Path) -> Side:
    text = path.read_text(encoding="utf8")
    return Side(lambda _: deque(conll_ner_to_docs(text, no_print=True), maxlen=0))


def as_conllu_docs(path: Path) -> Side:
    text = path.read_text(encoding="utf8")
    return Side(lambda _: deque(conllu_to_docs(text, no_print=True), maxlen=0))
