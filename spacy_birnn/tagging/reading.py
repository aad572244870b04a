"""Read the documents of a shard, with the checksums and the bad ones."""

import json
import sys
import warnings
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, NamedTuple, Tuple

from ..errors import BirnnError, Warnings
from . import storage
from .content import Fields
from .formats import LINES, SOURCES, STDIN, TABLES, open_table
from .items import Item, Place
from .packed import HashedRange, unpack
from .shards import Piece, Shard
from .sources import Input

if TYPE_CHECKING:
    from .tables import Table

STOP, SKIP = "stop", "skip"

_UNITS = {"text": "line", "jsonl": "line", "csv": "line", "conll": "sentence"}
_UNITS |= {"conllu": "sentence", "spacy": "document", "spans": "item"}


class BadDocument(NamedTuple):
    """A document that was skipped.

    Attributes:
        place: Where it stands; the number is 0 for all that is left of a piece.
        reason: What is wrong, as an error would say it.
        record: The document as it was read.
    """

    place: Place
    reason: str
    record: str


@dataclass(frozen=True)
class Reading:
    """How documents are read.

    Attributes:
        fields: Where in a file they are.
        max_length: The most characters that a text may have.
        on_error: What becomes of a bad one: `stop` raises, `skip` notes it.
        keep_rest: Whether columns of tables pass through; else they are not read.
    """

    fields: Fields = Fields()
    max_length: int = 2**31
    on_error: str = STOP
    keep_rest: bool = True


@dataclass
class ShardReader:
    """Reads a shard, once.

    Attributes:
        shard: The shard.
        reading: How it is read.
        checksums: Of what was read of each piece, in order.
        bad: What was skipped, by reading and by tagging.
        read_bytes: How many were read from the disk so far.
    """

    shard: Shard
    reading: Reading
    checksums: List[str] = field(default_factory=list)
    bad: List[BadDocument] = field(default_factory=list)
    read_bytes: int = 0

    def items(self) -> Iterator[Item]:
        """The documents, piece by piece.

        Raises:
            BirnnError: A bad document, unless those are skipped.
        """
        for number, piece in enumerate(self.shard.pieces):
            count = 0
            read = self._table if piece.format in TABLES else self._stream
            for item in read(number, piece):
                count += 1
                yield item
            if not count and piece.end is None and not self.bad:
                warning = Warnings.W210.format(path=_name(piece))
                warnings.warn(warning, stacklevel=2)

    def refuse(self, piece: int, error: BirnnError, number: int, record: str) -> None:
        """Raise the error of a document, or note it and go on."""
        if self.reading.on_error == STOP:
            raise error
        self.bad.append(BadDocument(Place(piece, number), str(error), record))

    def skip_piece(self, piece: int, error: BirnnError) -> None:
        """Note a whole piece as skipped, which was not read."""
        self.bad.append(BadDocument(Place(piece), str(error), ""))
        self.checksums.append(checksum_of(self.shard.pieces[piece]))

    def where(self, place: Place) -> str:
        """The place of a document, as messages call it."""
        unit, number = self._absolute(place)
        name = _name(self.shard.pieces[place.piece])
        return f"{name}:{number}" if unit == "line" else f"{name}, {unit} {number}"

    def errors(self) -> bytes:
        """The lines of the file of errors: what was skipped, in order."""
        entries = []
        for bad in sorted(self.bad, key=lambda bad: bad.place):
            entry: Dict[str, Any] = {"file": _name(self.shard.pieces[bad.place.piece])}
            if bad.place.number:
                unit, number = self._absolute(bad.place)
                entry[unit] = number
            entries.append({**entry, "reason": bad.reason, "record": bad.record})
        lines = [json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries]
        # A record may hold half a character, which JSON can escape.
        return "".join(lines).encode("utf-8", "backslashreplace")

    def _absolute(self, place: Place) -> Tuple[str, int]:
        """The unit in which a file counts, and the number from its beginning."""
        piece = self.shard.pieces[place.piece]
        if piece.format in TABLES:
            with closing(open_table(piece.format, piece.address)) as table:
                before = sum(map(table.rows, range(piece.start)))
            return "row", before + place.number
        before = _lines_before(piece) if piece.format in LINES else 0
        return _UNITS[piece.format], before + place.number

    def _stream(self, number: int, piece: Piece) -> Iterator[Item]:
        with _opened(piece.address) as file:
            raw = HashedRange(file, piece.start, piece.end)
            before = self.read_bytes
            source = Input(
                unpack(raw),
                _name(piece),
                self.reading.max_length,
                partial(self.refuse, number),
                self.reading.fields,
                number,
                partial(_lines_before, piece),
            )
            try:
                for item in SOURCES[piece.format](source):
                    self.read_bytes = before + raw.count
                    yield item
            except BirnnError as error:
                self.refuse(number, error, 0, "")  # all that is left of the piece
            while raw.read(1 << 20):
                pass  # what may stand behind packed data belongs to the checksum
            self.read_bytes = before + raw.count
            self.checksums.append(raw.checksum())

    def _table(self, number: int, piece: Piece) -> Iterator[Item]:
        from .rows import read_table

        with closing(open_table(piece.format, piece.address)) as table:
            end = _end(piece, table)
            items = read_table(
                table,
                piece.start,
                end,
                name=_name(piece),
                fields=self.reading.fields,
                max_length=self.reading.max_length,
                refuse=partial(self.refuse, number),
                piece=number,
                keep_rest=self.reading.keep_rest,
            )
            try:
                yield from items
            except BirnnError as error:
                self.refuse(number, error, 0, "")
            self.read_bytes += piece.size
            self.checksums.append(table.checksum(piece.start, end))


def checksum_of(piece: Piece) -> str:
    """The checksum of a piece as it is now; see `ShardReader`."""
    if piece.format in TABLES:
        with closing(open_table(piece.format, piece.address)) as table:
            return table.checksum(piece.start, _end(piece, table))
    with _opened(piece.address) as file:
        raw = HashedRange(file, piece.start, piece.end)
        while raw.read(1 << 20):
            pass
        return raw.checksum()


def _end(piece: Piece, table: "Table") -> int:
    return table.parts if piece.end is None else piece.end


def _name(piece: Piece) -> str:
    return "<stdin>" if piece.address == STDIN else piece.address


def _lines_before(piece: Piece) -> int:
    """How many lines of the file stand before a piece: counted when a message asks."""
    if not piece.start:
        return 0
    lines, left = 0, piece.start
    with storage.open_input(piece.address) as file:
        while left and (block := file.read(min(left, 1 << 20))):
            lines += block.count(b"\n")
            left -= len(block)
    return lines


@contextmanager
def _opened(address: str) -> Iterator[Any]:
    if address != STDIN:
        with storage.open_input(address) as file:
            yield file
        return
    # What has arrived is handed on at once, which a buffered file would not do.
    yield getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
