"""`convert`: annotated files to spaCy's own format."""

import warnings
from pathlib import Path
from typing import Annotated, Any, Iterator, Optional

import spacy
import typer
from spacy.tokens import Doc

from ..data.joining import POSITION
from ..errors import BirnnError, Errors, Warnings, one_line
from ..files import check_output, replacing
from ..progress import show_wait
from ..tagging.docbins import pack_docs
from . import options as shared
from .content_counts import ContentCounts
from .groups import with_groups
from .options import check_ending, check_not_input
from .reading import ReadOptions, files_of, find_formats, open_corpus


@with_groups
def convert_command(
    input: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT",
            show_default=False,
            help="A file, a directory of files, or a dataset of Hugging Face.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Argument(metavar="OUT.spacy", show_default=False, help="The result."),
    ],
    reading: ReadOptions,
    lang: Annotated[
        Optional[str],
        typer.Option(
            metavar="CODE",
            show_default=False,
            help="Whose tokenizer splits the texts of annotation tools: that of the "
            "pipeline to be trained. By default xx.",
        ),
    ] = None,
    spans_key: shared.SpansKey = None,
    force: shared.Force = False,
) -> None:
    """Convert annotated files to .spacy: columns, CoNLL-U, exports of annotation tools.

    Training needs no conversion: the readers take these files as they are.

    Examples:

      spacy-birnn convert train.conll train.spacy

      spacy-birnn convert train.txt train.spacy --columns word=0,tag=1,chunks=2

      spacy-birnn convert fr-ud-train.conllu train.spacy -T

      spacy-birnn convert doccano.jsonl train.spacy --lang en

      spacy-birnn convert lhoestq/conll2003 dev.spacy --format datasets
      --split validation
    """
    options = reading.given()
    if spans_key is not None:
        options["spans_key"] = spans_key
    check_not_input(output, files_of(input, options))
    check_ending(output, ".spacy", "spaCy's binary format")
    check_output(output, force)
    counts = ContentCounts()
    docbin = pack_docs(counts.counting(read_docs(input, lang, **options)))
    with show_wait(f"Writing {output}"), replacing(output) as file:
        file.write(docbin.to_bytes())
    print(f"Wrote {output}: " + "\n".join(counts.lines()))


def read_docs(path: Path, lang: Optional[str] = None, **options: Any) -> Iterator[Doc]:
    """Read annotated files as Docs.

    Args:
        path: A file or a directory, or the id of a dataset.
        lang: The language whose tokenizer splits texts.
        options: `format` and the arguments of the readers; see `reading.open_corpus`.

    Raises:
        BirnnError: The files cannot be read, or are .spacy files already; an unknown
            language; or an option without an effect.
    """
    formats = find_formats(path, options)
    if "spacy" in formats:
        raise BirnnError(Errors.B215.format(path=path))
    if lang is not None and "spans" not in formats:
        raise BirnnError(Errors.B226.format(option="--lang", kinds="span annotation"))
    corpus = open_corpus(path, options)
    try:
        nlp = spacy.blank(lang or "xx")
    except ImportError as error:
        reason = one_line(error)
        raise BirnnError(Errors.B216.format(lang=lang, reason=reason)) from error
    if lang is None and "spans" in formats:
        warnings.warn(Warnings.W111.format(path=path), stacklevel=2)
    for example in corpus(nlp):
        # It holds for this reading alone.
        example.reference.user_data.pop(POSITION, None)
        yield example.reference
