"""The input formats, and how they are told apart."""

import json
import tempfile
import warnings
import zlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Dict, Iterator, List, Optional

from ..data.corpus import are_columns, is_prose, sniff
from ..errors import BirnnError, Errors, Warnings
from . import storage
from .delimited import read_csv
from .items import Item
from .packed import is_zstd, unpacked
from .sources import (
    Input,
    read_annotated,
    read_conll_words,
    read_conllu_words,
    read_docbin,
    read_jsonl,
    read_text,
)

if TYPE_CHECKING:
    from .tables import Table

STDIN = "-"

SOURCES: Dict[str, Callable[[Input], Iterator[Item]]] = {
    "text": read_text,
    "jsonl": read_jsonl,
    "csv": read_csv,
    "conll": read_conll_words,
    "conllu": read_conllu_words,
    "spacy": read_docbin,
    "spans": read_annotated,
}
"""The formats that are read from front to end."""

TABLES = ("parquet", "arrow", "hf")
"""The formats that `tables` reads; a dataset is known by its address."""

INPUT_FORMATS = (*SOURCES, "parquet", "arrow")

LINES = frozenset(["text", "jsonl"])
"""Where each line stands for itself, so that a file can be cut at any of them."""

_BY_NAME = {
    ".txt": "text",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
}
_PACKED = (".gz", ".zst")
_HEAD = 1 << 16


def open_table(format: str, address: str) -> "Table":
    """Open a file of a format of `TABLES`; whoever opens it closes it."""
    from .tables import READERS  # Arrow takes time to load

    return READERS[format](address)


def detect_format(address: str, encoding: str = "utf-8") -> str:
    """Tell a format: text, JSON lines and CSV by name, all else by content.

    Columns in a `.txt` are read as text all the same, but not without a warning.

    Args:
        address: A file.
        encoding: How bytes stand for characters, if it is one of text.

    Raises:
        BirnnError: The file can be read only once, or not at all.
    """
    by_name = _BY_NAME.get(_suffix(address))
    if by_name and by_name != "text":
        return by_name
    if not storage.is_url(address) and not Path(address).is_file():
        if by_name:
            return by_name
        raise BirnnError(Errors.B211.format(path=address))
    head = _read_head(address)
    if not (storage.is_url(address) or is_zstd(address)):
        return _tell(address, Path(address), head, by_name, encoding)
    with tempfile.TemporaryDirectory() as folder:
        # The readers that tell the formats apart take a file that lies here.
        path = Path(folder, Path(address).name)
        path.write_bytes(_whole_lines(head) if len(head) >= _HEAD else head)
        try:
            return _tell(address, path, head, by_name, encoding)
        except BirnnError as error:
            message = str(error).replace(str(path), address)
            raise BirnnError(message) from error


def _tell(
    address: str, path: Path, head: bytes, by_name: Optional[str], encoding: str
) -> str:
    if by_name == "text":
        # What cannot be decoded is for its reader, which knows whether to skip it.
        with suppress(BirnnError):
            if are_columns(path, encoding):
                found = sniff(path, encoding=encoding)
                warning = Warnings.W201.format(path=address, format=found)
                warnings.warn(warning, stacklevel=3)
        return by_name
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
        return "arrow"
    if head.startswith(b"{") and _is_json(head.split(b"\n")[0], len(head) >= _HEAD):
        return "jsonl"
    found = sniff(path, encoding=encoding)
    return "text" if found == "conll" and is_prose(path, encoding) else found


def _read_head(address: str) -> bytes:
    """The first bytes; of a damaged file those that can be read."""
    head = b""
    with unpacked(address) as file, suppress(OSError, EOFError, zlib.error):
        while len(head) < _HEAD and (block := file.read(1024)):
            head += block
    return head


def _whole_lines(head: bytes) -> bytes:
    """All but a line that may be cut; binary formats have none and stay as they are."""
    end = head.rfind(b"\n") + 1
    return head[:end] or head


def _is_json(line: bytes, is_cut: bool) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return is_cut and line.startswith((b'{"', b"{ "))


def _suffix(address: str) -> str:
    suffixes: List[str] = Path(address.partition("?")[0].lower()).suffixes
    named = [suffix for suffix in suffixes if suffix not in _PACKED]
    return named[-1] if named else ""
