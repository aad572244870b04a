"""Make a spaCy vectors directory from word vectors in text form.

    python scripts/make_vectors.py glove.6B.zip vectors/glove [--dim 100]

Reads ``word v1 … vn`` lines, with or without a header, from plain text, from gzip and
from a zip archive such as GloVe's, where the member ``*.{dim}d.txt`` is taken (which
``spacy init vectors`` cannot choose). The directory appears whole or not at all.
"""

import argparse
import gzip
import io
import shutil
import sys
import tempfile
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import Iterable, Iterator, List, TextIO, Tuple

import numpy
import spacy
from spacy.language import Language
from spacy.vectors import Vectors

from spacy_birnn.errors import BirnnError, Errors
from spacy_birnn.files import check_input

# What cut and damaged files raise, at whatever point they are read.
DAMAGED = (EOFError, OSError, UnicodeDecodeError, zipfile.BadZipFile, zlib.error)


@contextmanager
def open_table(path: Path, dim: int) -> Iterator[TextIO]:
    """Open a table as text, by the suffix of its name.

    Raises:
        BirnnError: An archive has no table of that many dimensions.
    """
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
            yield file
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            member = next((n for n in names if n.endswith(f".{dim}d.txt")), None)
            if member is None:
                reason = f"it has no member *.{dim}d.txt, but {', '.join(names)}"
                raise BirnnError(Errors.B305.format(where=path, reason=reason))
            with archive.open(member) as raw:
                yield io.TextIOWrapper(raw, encoding="utf-8", newline="\n")
    else:
        with path.open(encoding="utf-8", newline="\n") as file:
            yield file


def read_table(lines: Iterable[str], path: Path) -> Tuple[List[str], numpy.ndarray]:
    """Read the words and their vectors; a first line of two numbers is a header.

    Raises:
        BirnnError: A line is not a word and as many numbers as in the others.
    """
    words: List[str] = []
    rows: List[numpy.ndarray] = []
    width = 0
    for number, line in enumerate(lines, start=1):
        where = f"{path}:{number}"
        # A word may hold blanks, so the numbers are counted from the end.
        word, *numbers = line.rstrip().rsplit(" ", width or -1)
        if number == 1 and word.isdecimal() and len(numbers) == 1:
            continue
        width = width or len(numbers)
        if not width or len(numbers) != width:
            reason = f"{len(numbers)} numbers, not {width or 'some'}"
            raise BirnnError(Errors.B305.format(where=where, reason=reason))
        try:
            rows.append(numpy.asarray(numbers, dtype="float32"))
        except ValueError as error:
            raise BirnnError(Errors.B305.format(where=where, reason=error)) from error
        words.append(word)
    if not words:
        raise BirnnError(Errors.B305.format(where=path, reason="it is empty"))
    return words, numpy.vstack(rows)


def make_vectors(source: Path, out: Path, dim: int) -> int:
    """Write the vectors directory and return the number of vectors.

    Raises:
        BirnnError: The source is missing or is not a table of vectors.
    """
    check_input(source)
    try:
        with open_table(source, dim) as lines:
            words, data = read_table(lines, source)
    except DAMAGED as error:
        raise BirnnError(Errors.B305.format(where=source, reason=error)) from error
    nlp = spacy.blank("en")
    for word in words:
        nlp.vocab.strings.add(word)
    nlp.vocab.vectors = Vectors(
        strings=nlp.vocab.strings, data=data, keys=words, name=out.name
    )
    write(nlp, out)
    return len(words)


def write(nlp: Language, out: Path) -> None:
    """Save a pipeline in the place of what was there before."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".vectors-") as temporary:
        nlp.to_disk(Path(temporary) / "made")
        if out.exists():
            shutil.rmtree(out)
        (Path(temporary) / "made").rename(out)


def main(arguments: List[str]) -> None:
    parser = argparse.ArgumentParser(description="Make a spaCy vectors directory.")
    parser.add_argument("source", type=Path, help="text, .gz or .zip")
    parser.add_argument("out", type=Path, help="the directory to write")
    parser.add_argument("--dim", type=int, default=100, help="which table of a .zip")
    args = parser.parse_args(arguments)
    print(f"{args.out}: {make_vectors(args.source, args.out, args.dim)} vectors")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except BirnnError as error:
        sys.exit(str(error))
