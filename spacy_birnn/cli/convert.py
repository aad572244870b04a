"""`convert`: annotated files to spaCy's own format."""

import warnings
from pathlib import Path
from typing import Annotated, Any, Iterator, Optional

import spacy
import typer
from spacy.tokens import Doc, DocBin

from ..data.joining import POSITION
from ..data.text import list_files
from ..errors import BirnnError, Errors, Warnings
from ..files import check_output, replacing
from . import options as shared
from .options import Scheme, check_ending, check_not_input, value_of
from .reading import find_formats, open_corpus


def convert_command(
    input: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT", show_default=False, help="A file, or a directory of files."
        ),
    ],
    output: Annotated[
        Path,
        typer.Argument(metavar="OUT.spacy", show_default=False, help="The result."),
    ],
    format: shared.FormatOption = None,
    scheme: shared.SchemeOption = Scheme.auto,  # type: ignore[attr-defined]
    columns: shared.Columns = None,
    docs: shared.DocsOption = None,
    separator: shared.SeparatorOption = None,
    header: shared.Header = None,
    label: shared.Label = None,
    empty_words: shared.EmptyWordsOption = None,
    ents_key: shared.EntsKey = None,
    merge_subtokens: shared.MergeSubtokens = False,
    target: shared.TargetOption = None,
    alignment_mode: shared.AlignmentOption = None,
    encoding: shared.Encoding = None,
    lang: Annotated[
        Optional[str],
        typer.Option(
            metavar="CODE",
            show_default=False,
            help="Whose tokenizer splits the texts of annotation tools: that of the "
            "pipeline to be trained. By default xx.",
        ),
    ] = None,
    force: shared.Force = False,
) -> None:
    """Convert annotated files to .spacy: columns, CoNLL-U, exports of annotation tools.

    Training needs no conversion: the readers take these files as they are.

    Examples:

      spacy-birnn convert train.conll train.spacy

      spacy-birnn convert train.txt train.spacy --columns word=0,tag=1,chunks=2

      spacy-birnn convert fr-ud-train.conllu train.spacy -T

      spacy-birnn convert doccano.jsonl train.spacy --lang en
    """
    check_not_input(output, list_files(input))
    check_ending(output, ".spacy", "spaCy's binary format")
    check_output(output, force)
    found = read_docs(
        input,
        value_of(format),
        lang,
        scheme=scheme.value if scheme.value != "auto" else None,
        columns=columns,
        docs=value_of(docs),
        separator=value_of(separator),
        header=header,
        label=label,
        empty_words=value_of(empty_words),
        ents_key=ents_key,
        merge_subtokens=merge_subtokens or None,
        target=value_of(target),
        alignment_mode=value_of(alignment_mode),
        encoding=encoding,
    )
    docbin = DocBin(store_user_data=True, docs=found)
    with replacing(output) as file:
        file.write(docbin.to_bytes())
    noun = "document" if len(docbin) == 1 else "documents"
    print(f"Wrote {output}: {len(docbin):,} {noun}.")


def read_docs(
    path: Path, format: Optional[str] = None, lang: Optional[str] = None, **options: Any
) -> Iterator[Doc]:
    """Read annotated files as Docs.

    Args:
        path: A file or a directory.
        format: `conll`, `conllu` or `spans`; None tells it by content.
        lang: The language whose tokenizer splits texts.
        options: Arguments of `AnyCorpus`; None for its defaults.

    Raises:
        BirnnError: The files cannot be read, or are .spacy files already; an unknown
            language; or an option without an effect.
    """
    formats = {format} if format else find_formats(path, options)
    if "spacy" in formats:
        raise BirnnError(Errors.B215.format(path=path))
    if lang is not None and "spans" not in formats:
        raise BirnnError(Errors.B226.format(option="--lang", kinds="span annotation"))
    corpus = open_corpus(path, format, options)
    try:
        nlp = spacy.blank(lang or "xx")
    except ImportError as error:
        reason = " ".join(str(error).split())
        raise BirnnError(Errors.B216.format(lang=lang, reason=reason)) from error
    if lang is None and "spans" in formats:
        warnings.warn(Warnings.W111.format(path=path), stacklevel=2)
    for example in corpus(nlp):
        # It holds for this reading alone.
        example.reference.user_data.pop(POSITION, None)
        yield example.reference
