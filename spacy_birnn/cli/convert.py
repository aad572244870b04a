"""`convert`: annotated files to spaCy's own format."""

from enum import Enum
from pathlib import Path
from typing import Annotated, Dict, Iterator, Optional

import spacy
import typer
from spacy.tokens import Doc, DocBin

from ..data.conll import create_conll_reader
from ..data.conllu import create_conllu_reader
from ..data.corpus import create_corpus_reader, sniff
from ..data.text import list_files
from ..errors import BirnnError, Errors
from ..files import check_output, replacing
from .options import Columns, Force, Scheme, SchemeOption, check_not_input


class AnnotatedFormat(str, Enum):
    """What `convert` reads."""

    conll = "conll"
    conllu = "conllu"


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
    format: Annotated[
        Optional[AnnotatedFormat],
        typer.Option(show_default=False, help="Default: by content."),
    ] = None,
    scheme: SchemeOption = Scheme.auto,  # type: ignore[attr-defined]
    columns: Columns = None,
    force: Force = False,
) -> None:
    """Convert CoNLL columns or CoNLL-U to .spacy, a Doc a sentence.

    Training needs no conversion: the readers take these files as they are.

    Examples:

      spacy-birnn convert train.conll train.spacy

      spacy-birnn convert train.txt train.spacy --columns word=0,tag=1,chunks=2

      spacy-birnn convert en-ud-train.conllu train.spacy
    """
    check_not_input(output, list_files(input))
    check_output(output, force)
    docs = read_docs(input, format.value if format else None, scheme.value, columns)
    docbin = DocBin(store_user_data=True, docs=docs)
    with replacing(output) as file:
        file.write(docbin.to_bytes())
    noun = "document" if len(docbin) == 1 else "documents"
    print(f"Wrote {output}: {len(docbin):,} {noun}.")


def read_docs(
    path: Path,
    format: Optional[str] = None,
    scheme: str = "auto",
    columns: Optional[Dict[str, int]] = None,
) -> Iterator[Doc]:
    """Read annotated files as Docs.

    Raises:
        BirnnError: The files cannot be read, or are .spacy files already; or columns
            or a scheme are given for CoNLL-U.
    """
    formats = {format} if format else {_sniff_text(file) for file in list_files(path)}
    given = {"--columns": columns is not None, "--scheme": scheme != "auto"}
    if any(given.values()) and "conll" not in formats:
        options = " and ".join(option for option, is_given in given.items() if is_given)
        raise BirnnError(Errors.B223.format(options=options, format="--format conll"))
    if format == "conllu":
        reader = create_conllu_reader(path)
    elif format == "conll":
        reader = create_conll_reader(path, columns, scheme)  # type: ignore[arg-type]
    else:
        reader = create_corpus_reader(path, columns, scheme)  # type: ignore[arg-type]
    for example in reader(spacy.blank("xx")):
        yield example.reference


def _sniff_text(file: Path) -> str:
    kind = sniff(file)
    if kind == "spacy":
        raise BirnnError(Errors.B215.format(path=file))
    return kind
