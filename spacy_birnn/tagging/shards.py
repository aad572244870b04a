"""Shards: what an engine hands out and what a resumed run counts in."""

import json
import re
import zlib
from abc import ABC, abstractmethod
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..errors import BirnnError, Errors
from . import storage
from .formats import LINES, open_table
from .inputs import InputFile
from .packed import unpacked

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}
_SIZE = re.compile(r"(\d+)(?:\s*([KMG]?)B)?", re.IGNORECASE)


class ShardSize(NamedTuple):
    """How large a shard is.

    Attributes:
        amount: Documents, or bytes of input.
        is_bytes: Which of the two.
    """

    amount: int
    is_bytes: bool

    def __str__(self) -> str:
        return f"{self.amount}B" if self.is_bytes else f"{self.amount}"


DEFAULT_SIZE = ShardSize(16 * 10**6, is_bytes=True)
"""Half a minute of work or so for one process: what a crash can cost."""


def parse_size(text: str) -> ShardSize:
    """Parse `10000` (documents) or `64MB` (bytes of input; B, KB, MB or GB).

    Raises:
        BirnnError: It is neither, or 0.
    """
    match = _SIZE.fullmatch(text.strip())
    amount = 0
    if match:
        amount = int(match[1]) * _UNITS[(match[2] or "").upper()]
    if not amount:
        raise BirnnError(Errors.B259.format(size=text))
    return ShardSize(amount, text.strip()[-1:].upper() == "B")


@dataclass(frozen=True)
class Piece:
    """A file, or a range of it.

    Attributes:
        address: Of the file.
        format: One of `INPUT_FORMATS`, or `hf`.
        start: Where the range begins: a byte, or a part of a table (a row group, a
            record batch, a row).
        end: Where it ends; None for the end of the file.
        size: Its bytes on the disk.
    """

    address: str
    format: str
    start: int = 0
    end: Optional[int] = None
    size: int = 0


@dataclass(frozen=True)
class Shard:
    """A part of all input, small files together or a range of a large one.

    Attributes:
        number: From 0, over all inputs in order.
        pieces: What it consists of, in order.
    """

    number: int
    pieces: List[Piece] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        return sum(piece.size for piece in self.pieces)

    def to_dict(self) -> Dict[str, Any]:
        """The entry of the manifest."""
        return {"number": self.number, "inputs": [asdict(p) for p in self.pieces]}

    def to_json(self) -> str:
        """Serialise it, for whoever does it."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, text: str) -> "Shard":
        """The reverse of `to_json`."""
        found = json.loads(text)
        return cls(found["number"], [Piece(**piece) for piece in found["inputs"]])


def plan_shards(
    inputs: Sequence[InputFile], size: ShardSize, whole_files: bool = False
) -> List[Shard]:
    """Divide inputs into shards.

    A shard is filled until it has reached the size. Text and JSON lines are cut at the
    end of any line, Parquet between row groups, Arrow between record batches, datasets
    between rows; all other files, and packed ones, are never cut.

    Args:
        inputs: The files, in order.
        size: Of a shard; one that cannot be cut may be larger.
        whole_files: Whether each text file is one document.

    Raises:
        BirnnError: A file cannot be read.
    """
    shards: List[Shard] = []
    pieces: List[Piece] = []
    room = size.amount

    def close() -> None:
        nonlocal pieces, room
        if pieces:
            shards.append(Shard(len(shards), pieces))
        pieces, room = [], size.amount

    for input in inputs:
        with closing(_cutter(input, size, whole_files)) as cutter:
            while not cutter.is_done:
                if pieces and not cutter.fits(room):
                    close()
                piece, amount = cutter.take(room)
                pieces.append(piece)
                room -= amount
                if room <= 0:
                    close()
    close()
    return shards


def _cutter(input: InputFile, size: ShardSize, whole_files: bool) -> "_Cutter":
    if input.is_table:
        return _TableCutter(input, size)
    is_whole = whole_files and input.format == "text"
    can_cut = input.format in LINES and not (input.is_packed or is_whole)
    if can_cut and input.size:
        return _LineCutter(input, size)
    is_counted = not (size.is_bytes or is_whole)
    amount = _count(input) if is_counted else input.size if size.is_bytes else 1
    return _WholeCutter(input, size, amount)


class _Cutter(ABC):
    """Cuts pieces from the front of a file."""

    is_done = False

    def __init__(self, input: InputFile, size: ShardSize) -> None:
        self.input = input
        self.unit = size

    def fits(self, room: int) -> bool:
        """Whether the smallest piece is no larger than what is left of a shard."""
        return True

    @abstractmethod
    def take(self, room: int) -> Tuple[Piece, int]:
        """Cut a piece of about so much, and say its amount in the unit of the size."""

    def close(self) -> None:  # noqa: B027 (most have nothing open)
        """Nothing is open."""

    def piece(self, start: int, end: Optional[int], size: int) -> Piece:
        return Piece(self.input.address, self.input.format, start, end, size)


class _WholeCutter(_Cutter):
    """A file that can be read from the front only."""

    def __init__(self, input: InputFile, size: ShardSize, amount: int) -> None:
        super().__init__(input, size)
        self.amount = amount

    def fits(self, room: int) -> bool:
        return self.amount <= room

    def take(self, room: int) -> Tuple[Piece, int]:
        self.is_done = True
        return self.piece(0, None, self.input.size), self.amount


class _LineCutter(_Cutter):
    """A file that can be cut after any line."""

    def __init__(self, input: InputFile, size: ShardSize) -> None:
        super().__init__(input, size)
        self.at = 0

    def take(self, room: int) -> Tuple[Piece, int]:
        start = self.at
        with storage.open_input(self.input.address) as file:
            if self.unit.is_bytes:
                file.seek(min(start + max(room, 1) - 1, self.input.size))
                file.readline()
                self.at = min(file.tell(), self.input.size)
                amount = self.at - start
            else:
                file.seek(start)
                amount = 0
                for line in file:
                    self.at += len(line)
                    # Empty lines of JSON lines are no documents.
                    amount += self.input.format != "jsonl" or not line.isspace()
                    if amount == room:
                        break
        self.is_done = self.at >= self.input.size
        return self.piece(start, self.at, self.at - start), amount


class _TableCutter(_Cutter):
    """A table that can be cut between its parts."""

    def __init__(self, input: InputFile, size: ShardSize) -> None:
        super().__init__(input, size)
        self.table = open_table(input.format, input.address)
        self.at = 0
        self.is_done = not self.table.parts

    def fits(self, room: int) -> bool:
        return self._amount(self.at) <= room

    def take(self, room: int) -> Tuple[Piece, int]:
        start, amount, size = self.at, 0, 0
        while self.at < self.table.parts:
            next_amount = self._amount(self.at)
            if self.at > start and amount + next_amount > room:
                break
            amount += next_amount
            size += self.table.size(self.at)
            self.at += 1
        self.is_done = self.at == self.table.parts
        return self.piece(start, self.at, size), amount

    def close(self) -> None:
        self.table.close()

    def _amount(self, part: int) -> int:
        return self.table.size(part) if self.unit.is_bytes else self.table.rows(part)


def _count(input: InputFile) -> int:
    """The documents of a file that is not cut: lines or sentences, roughly counted."""
    if not input.size:
        return 0
    if input.format == "spacy":
        return 1
    try:
        with unpacked(input.address) as file:
            return sum(_documents(file, input.format)) or 1
    except (OSError, EOFError, zlib.error):
        return 1  # it is damaged, which whoever reads it will say


def _documents(file: Any, format: str) -> Iterator[bool]:
    is_blank = True
    for line in file:
        was_blank, is_blank = is_blank, line.isspace()
        if format in ("conll", "conllu"):
            yield was_blank and not is_blank
        else:
            yield not is_blank
