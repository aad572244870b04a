"""Set a part of a CoNLL training file aside, to choose the checkpoint with.

    python scripts/split_dev.py eng.train TRAIN DEV [--share 0.1] [--seed 0]

Whole documents are drawn by a seeded shuffle until they hold the share of the
sentences; where a file marks fewer than two documents (``-DOCSTART-``), sentences are
drawn. Both parts keep the order and the very bytes of their rows.
"""

import argparse
import random
import sys
from pathlib import Path
from typing import List

from spacy_birnn.errors import BirnnError, Errors
from spacy_birnn.files import check_input, replacing

DOCUMENT_START = b"-DOCSTART-"

Sentence = List[bytes]  # rows as they stand in the file


def read_documents(path: Path) -> List[List[Sentence]]:
    """Read a file as documents of sentences; a ``-DOCSTART-`` row opens its document.

    Raises:
        BirnnError: The file is missing or holds no sentences.
    """
    check_input(path)
    documents: List[List[Sentence]] = [[]]
    sentence: Sentence = []
    for row in [*path.read_bytes().splitlines(), b""]:
        if row.startswith(DOCUMENT_START):
            documents.append([])
        if row.strip():
            sentence.append(row)
        elif sentence:
            documents[-1].append(sentence)
            sentence = []
    documents = [document for document in documents if document]
    if not documents:
        raise BirnnError(Errors.B306.format(path=path))
    if len(documents) == 1:
        return [[sentence] for sentence in documents[0]]
    return documents


def size(document: List[Sentence]) -> int:
    return sum(not sentence[0].startswith(DOCUMENT_START) for sentence in document)


def draw(documents: List[List[Sentence]], share: float, seed: int) -> List[bool]:
    """For each document whether it is set aside."""
    wanted = share * sum(map(size, documents))
    order = list(range(len(documents)))
    random.Random(seed).shuffle(order)
    aside = [False] * len(documents)
    held = 0
    for index in order:
        if held >= wanted:
            break
        aside[index] = True
        held += size(documents[index])
    return aside


def write(documents: List[List[Sentence]], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    blocks = [b"\n".join(sentence) for document in documents for sentence in document]
    with replacing(path) as file:
        file.write(b"\n\n".join(blocks) + b"\n")


def fraction(text: str) -> float:
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def main(arguments: List[str]) -> None:
    parser = argparse.ArgumentParser(description="Set a part of a file aside.")
    parser.add_argument("source", type=Path)
    parser.add_argument("train", type=Path)
    parser.add_argument("dev", type=Path)
    parser.add_argument("--share", type=fraction, default=0.1)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(arguments)
    documents = read_documents(args.source)
    aside = draw(documents, args.share, args.seed)
    for path, wanted in ((args.train, False), (args.dev, True)):
        part = [doc for doc, out in zip(documents, aside, strict=True) if out == wanted]
        write(part, path)
        print(f"{path}: {sum(map(size, part))} sentences")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except BirnnError as error:
        sys.exit(str(error))
