"""Copy a trained pipeline with fewer word vectors, to package it.

    python scripts/prune_vectors.py training/ner/model-best packages/ner --keep 20000

The first vectors of the table stay, which are those of the most frequent words in files
such as GloVe's. With `--others unknown` (the default) the other words and their strings
go; with `--others nearest` they get the nearest vector that is left, as by spaCy's
`Vocab.prune_vectors`. A word that training has met has a vector of its own in the
model, and keeps it. `--keep 0` copies the pipeline as it is. The copy appears whole or
not at all.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from typing import List, Optional, Set

import spacy
import srsly
from spacy.language import Language
from spacy.vectors import Mode, Vectors

from spacy_birnn.errors import BirnnError, Errors

OTHERS = ("unknown", "nearest")


def prune(nlp: Language, keep: int, others: str) -> Set[str]:
    """Leave a pipeline so many vectors.

    Args:
        nlp: The pipeline; its table is replaced.
        keep: How many vectors stay.
        others: One of `OTHERS`.

    Returns:
        The words that nothing stands for any more.
    """
    if others == "nearest":
        nlp.vocab.prune_vectors(keep)
        return set()
    table = nlp.vocab.vectors
    rows = {key: row for key, row in table.key2row.items() if row < keep}
    lost = {nlp.vocab.strings[key] for key in table.key2row if key not in rows}
    nlp.vocab.vectors = Vectors(
        strings=nlp.vocab.strings, data=table.data[:keep], name=table.name
    )
    for key, row in rows.items():
        nlp.vocab.vectors.add(key, row=row)
    return lost - _labels(nlp)


def _labels(nlp: Language) -> Set[str]:
    return {str(label) for labels in nlp.pipe_labels.values() for label in labels}


def write(nlp: Language, out: Path, lost: Set[str]) -> None:
    """Write a pipeline, without the strings of words that are lost."""
    nlp.to_disk(out)
    for path in out.glob("vocab/**/strings.json"):
        left = [text for text in srsly.read_json(path) if text not in lost]
        srsly.write_json(path, left)


def main(arguments: Optional[List[str]] = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pipeline", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--keep", type=int, required=True, help="0 for all")
    parser.add_argument("--others", choices=OTHERS, default="unknown")
    args = parser.parse_args(arguments)
    if args.keep < 0:
        parser.error("--keep cannot be negative")
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=args.out.parent) as temp:
        beside = Path(temp, args.out.name)
        line = copy(args.pipeline, beside, args.keep, args.others)
        shutil.rmtree(args.out, ignore_errors=True)
        beside.replace(args.out)
    print(f"{args.out}: {line}")


def copy(pipeline: Path, out: Path, keep: int, others: str) -> str:
    """Copy a pipeline, pruned where it has more vectors, and say what it has now.

    Raises:
        BirnnError: There is no such pipeline, or its table cannot be pruned.
    """
    if not (pipeline / "config.cfg").is_file():
        raise BirnnError(Errors.B487.format(path=pipeline))
    if not keep:
        shutil.copytree(pipeline, out)
        return "all vectors"
    nlp = spacy.load(pipeline)
    table = nlp.vocab.vectors
    if table.mode != Mode.default:
        raise BirnnError(Errors.B488.format(path=pipeline, mode=table.mode))
    before = len(table.data)
    if before <= keep:
        shutil.copytree(pipeline, out)
        return f"all {before:,} vectors, no more than {keep:,}"
    write(nlp, out, prune(nlp, keep, others))
    return f"{keep:,} of {before:,} vectors"


if __name__ == "__main__":
    try:
        main()
    except (BirnnError, OSError) as error:
        sys.exit(str(error))
