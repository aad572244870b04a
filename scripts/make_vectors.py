"""Make a spaCy vectors directory from word vectors in text form.

    python scripts/make_vectors.py glove.6B.zip vectors/glove [--dim 100]

Reads ``word v1 … vn`` lines, with or without a header, from plain text, from gzip and
from a zip archive such as GloVe's, where the member ``*.{dim}d.txt`` is taken (which
``spacy init vectors`` cannot choose). The directory appears whole or not at all.
"""

import argparse
import shutil
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import List

import spacy
from spacy.training.initialize import convert_vectors

from spacy_birnn.errors import BirnnError, Errors

# What spaCy's reader raises for a file that is cut, damaged or something else.
BAD_TABLE = (ValueError, AssertionError, StopIteration, EOFError, OSError, zlib.error)


def unpack(archive: Path, dim: int, directory: Path) -> Path:
    """Take the table of that many dimensions out of an archive.

    Raises:
        BirnnError: The archive is damaged, or has no such member.
    """
    try:
        with zipfile.ZipFile(archive) as file:
            for name in file.namelist():
                if name.endswith(f".{dim}d.txt"):
                    return Path(file.extract(name, directory))
            members = ", ".join(file.namelist())
    except (zipfile.BadZipFile, OSError) as error:
        raise BirnnError(Errors.B305.format(path=archive, reason=error)) from error
    reason = f"it has no member *.{dim}d.txt, but {members}"
    raise BirnnError(Errors.B305.format(path=archive, reason=reason))


def make_vectors(source: Path, out: Path, dim: int) -> int:
    """Write the vectors directory and return the number of vectors.

    Raises:
        BirnnError: The source is missing or is not a table of vectors.
    """
    if not source.is_file():
        raise BirnnError(Errors.B217.format(path=source))
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".vectors-") as temporary:
        directory = Path(temporary)
        is_zip = zipfile.is_zipfile(source)
        table = unpack(source, dim, directory) if is_zip else source.resolve()
        nlp = spacy.blank("en")
        try:
            convert_vectors(nlp, table, truncate=0, prune=-1, name=out.name)
        except BAD_TABLE as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise BirnnError(Errors.B305.format(path=source, reason=reason)) from error
        nlp.to_disk(directory / "made")
        if out.exists():
            shutil.rmtree(out)
        (directory / "made").rename(out)
    return len(nlp.vocab.vectors)


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
