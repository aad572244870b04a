"""Where tagged docs go: JSON lines, CoNLL, CoNLL-U, .spacy and Parquet files.

A format has three parts: a function makes finished records of a batch of docs, wherever
they were tagged; a writer puts the records of all batches, in order, into a file; and a
function joins such files. To add a format, write them and name them in `SINKS`.
"""

import base64
import json
from datetime import date, time
from typing import (
    Any,
    BinaryIO,
    Callable,
    Dict,
    Iterable,
    List,
    NamedTuple,
    Protocol,
    Sequence,
    Tuple,
)

from spacy.tokens import Doc, DocBin

from ..data.layout import DOCSTART
from . import storage
from .conllu_records import to_conllu_lines
from .docbins import pack_docs
from .items import Context
from .records import to_lines, to_record
from .targets import Target

Tagged = Tuple[Doc, Context]

# The keys of a JSON object that the Doc itself holds.
_OURS = ("text", "tokens")

_BOUNDARY = f"{DOCSTART}\n\n".encode()


def plain(value: Any) -> Any:
    """A form for values that JSON has none for, such as dates and bytes."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, (date, time)):
        return value.isoformat()
    return str(value)


to_json = json.JSONEncoder(ensure_ascii=False, default=plain).encode


Part = Tuple[BinaryIO, int]


class Writer(Protocol):
    """Takes the records of one batch after the other."""

    def write(self, records: Any) -> None:
        """Write records, or keep them for `finish`."""

    def finish(self) -> None:
        """Write what is left, after the last records."""


class Sink(NamedTuple):
    """An output format.

    Attributes:
        pack: Makes of docs, of which the targets are wanted, what the writer takes and
            another process can be sent.
        writer: Makes the writer for an open file.
        join: Puts open files, each with the number of its documents, into one.
    """

    pack: Callable[[Iterable[Tagged], Sequence[Target]], Any]
    writer: Callable[[BinaryIO], Writer]
    join: Callable[[Iterable[Part], BinaryIO], None]


class PlainWriter:
    """Records are bytes, as they stand in the file."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def write(self, records: bytes) -> None:
        self.file.write(records)

    def finish(self) -> None:
        """All is written already."""


class ConllWriter(PlainWriter):
    """No boundary stands before the first document."""

    is_first = True

    def write(self, records: bytes) -> None:
        super().write(records.removeprefix(_BOUNDARY) if self.is_first else records)
        self.is_first = False


class DocBinWriter:
    """spaCy's format is one packed block, so packed docs are kept until the end."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.docs = DocBin(store_user_data=True)

    def write(self, records: DocBin) -> None:
        records.store_user_data = True  # not kept on the way between processes
        self.docs.merge(records)

    def finish(self) -> None:
        self.file.write(self.docs.to_bytes())


def to_jsonl(docs: Iterable[Tagged], targets: Sequence[Target]) -> bytes:
    """An object a line: see `to_record`."""
    lines = [
        to_json({**context.meta, **to_record(doc, targets)}) for doc, context in docs
    ]
    return "".join(f"{line}\n" for line in lines).encode("utf-8")


def to_conll(docs: Iterable[Tagged], targets: Sequence[Target]) -> bytes:
    """`word<TAB>tag`, one column a target, `ents` last; spans in IOB2.

    White-space tokens are left out, an empty line ends a sentence and `-DOCSTART-`
    stands between documents. In a token, tabs and line ends become blanks, and one that
    begins with `-DOCSTART-` gets a blank in front: rows stay rows for any reader.

    Raises:
        BirnnError: Spans of a target overlap.
    """
    # Tags, then chunks, then entities, as CoNLL files have them.
    targets = sorted(targets, key=lambda t: (t.is_spans, t.name == "ents"))
    lines: List[str] = []
    for doc, context in docs:
        if context.starts_document:
            lines += [DOCSTART, ""]
        lines += to_lines(doc, targets)
    return "".join(f"{line}\n" for line in lines).encode("utf-8")


def to_docbin(docs: Iterable[Tagged], targets: Sequence[Target]) -> DocBin:
    """All that the docs hold, with the other keys of JSON objects as user data.

    Raises:
        BirnnError: A number is too large for the format.
    """
    return pack_docs(_with_meta(doc, context) for doc, context in docs)


def _with_meta(doc: Doc, context: Context) -> Doc:
    doc.user_data.update({k: v for k, v in context.meta.items() if k not in _OURS})
    return doc


def to_conllu(docs: Iterable[Tagged], targets: Sequence[Target]) -> bytes:
    """CoNLL-U: see `to_conllu_lines`.

    Raises:
        BirnnError: Spans of a target overlap.
    """
    lines: List[str] = []
    for doc, context in docs:
        lines += to_conllu_lines(doc, targets, context.starts_document)
    return "".join(f"{line}\n" for line in lines).encode("utf-8")


def to_parquet(docs: Iterable[Tagged], targets: Sequence[Target]) -> Any:
    """A table: see `arrow.to_table`."""
    from .arrow import to_table  # Arrow takes time to load

    return to_table(docs, targets)


def _parquet_writer(file: BinaryIO) -> Writer:
    from .parquet import ParquetWriter

    return ParquetWriter(file)


def _join_plain(parts: Iterable[Part], file: BinaryIO) -> None:
    for part, _ in parts:
        storage.copy(part, file)


def _join_conll(parts: Iterable[Part], file: BinaryIO) -> None:
    """The boundary that a part begins with, unless it is the first, was left out."""
    is_first = True
    for part, documents in parts:
        if documents and not is_first:
            file.write(_BOUNDARY)
        storage.copy(part, file)
        is_first = is_first and not documents


def _join_docbins(parts: Iterable[Part], file: BinaryIO) -> None:
    writer = DocBinWriter(file)
    for part, _ in parts:
        writer.write(DocBin().from_bytes(part.read()))
    writer.finish()


def _join_parquet(parts: Iterable[Part], file: BinaryIO) -> None:
    from .parquet import join_parquet

    join_parquet(parts, file)


SINKS: Dict[str, Sink] = {
    "jsonl": Sink(to_jsonl, PlainWriter, _join_plain),
    "conll": Sink(to_conll, ConllWriter, _join_conll),
    "conllu": Sink(to_conllu, PlainWriter, _join_plain),
    "spacy": Sink(to_docbin, DocBinWriter, _join_docbins),
    "parquet": Sink(to_parquet, _parquet_writer, _join_parquet),
}
