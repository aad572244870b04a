"""Where a run is written: one file or a stream; `folder` has the third, a folder."""

import json
import os
from contextlib import contextmanager
from gzip import GzipFile
from typing import Any, BinaryIO, Dict, Iterable, Iterator, List, Mapping, cast

from ..errors import BirnnError, Errors
from . import storage
from .chunks import Records
from .folder import ERRORS, Folder, write_records
from .manifest import Done, Plan
from .reading import ShardReader
from .shards import Shard
from .sinks import SINKS, Part


class _Parts:
    """The files of all shards, each open while it is looked at."""

    def __init__(self, folder: Folder, done: Mapping[int, Done]) -> None:
        self.folder = folder
        self.done = done

    def __iter__(self) -> Iterator[Part]:
        for number in sorted(self.done):
            with storage.open_input(self.folder.part(number)) as file:
                yield file, self.done[number].documents


def partial_of(address: str) -> str:
    """The folder in which the shards of a file lie until it is finished."""
    return f"{storage.followed(address)}.partial"


def errors_of(address: str) -> str:
    """The file of what was skipped, beside a file."""
    return f"{address}.{ERRORS}"


class File:
    """One file; until it is finished, its shards lie in a folder beside it.

    Args:
        address: Of the file; packed with gzip if it ends in `.gz`.
        output_format: A format of `SINKS`.
        count: The number of shards.
    """

    def __init__(self, address: str, output_format: str, count: int) -> None:
        self.address = address
        self.output_format = output_format
        # Shards are joined by a rename, so they lie on the disk of the file itself.
        self.partial = partial_of(address)
        self.is_finished = False
        self.parts = Folder(self.partial, output_format, count)

    def check(self, resume: bool, force: bool) -> None:
        """Refuse a file that is there already, or whose folder is not.

        Raises:
            BirnnError: It is there, and is neither resumed nor replaced.
        """
        for address in (self.address, self._errors):
            if storage.is_file(address) and not (force or resume):
                raise BirnnError(Errors.B202.format(path=address))
        if not storage.has_parent(self.address):
            folder = os.path.dirname(self.address)
            reason = f"there is no directory {folder}"
            raise BirnnError(Errors.B203.format(path=self.address, reason=reason))
        self.parts.check(resume, force)

    def begin(self, plan: Plan, resume: bool, force: bool) -> Dict[int, Done]:
        """See `Folder.begin`."""
        self.check(resume, force)
        if resume and not force and self._is_finished():
            self.is_finished = True
            skipped = self._skipped()
            return {
                shard.number: Done(shard.number, skipped=0 if shard.number else skipped)
                for shard in plan.shards
            }
        return self.parts.begin(plan, resume, force)

    def _is_finished(self) -> bool:
        """Whether an earlier run came to its end: its notes are gone, so it says no
        more than that."""
        return storage.is_file(self.address) and not storage.names(self.partial)

    @property
    def _errors(self) -> str:
        """The address of the file of skipped documents."""
        return errors_of(self.address)

    def _skipped(self) -> int:
        """The documents that a finished run has skipped."""
        is_there = storage.is_file(self._errors)
        return storage.read(self._errors).count(b"\n") if is_there else 0

    def write_shard(
        self, shard: Shard, records: Iterable[Records], reader: ShardReader
    ) -> Done:
        """See `Folder.write_shard`."""
        return self.parts.write_shard(shard, records, reader)

    def finish(self, plan: Plan, done: Mapping[int, Done]) -> None:
        """Join the shards into the file."""
        if self.is_finished:
            return
        errors = self.parts.errors(done)
        if errors:
            is_linked = storage.followed(self.address) != self.address
            workplace = None if is_linked else self.parts.workplace
            storage.write(self._errors, errors, workplace)
        else:
            storage.remove(self._errors)
        numbers = sorted(done)
        if len(numbers) == 1 and not self.address.endswith(".gz"):
            storage.move(self.parts.part(numbers[0]), self.address)
        else:
            self._join(done)
        self.parts.clear()
        storage.remove(self.partial)

    def _join(self, done: Mapping[int, Done]) -> None:
        parts = _Parts(self.parts, done)
        opened = storage.writing(self.address, self.parts.workplace)
        with opened as raw, packed(raw, self.address) as file:
            SINKS[self.output_format].join(parts, file)

    def abandon(self, done: Mapping[int, Done]) -> None:
        """See `Folder.abandon`."""
        self.parts.abandon(done)
        if not storage.names(self.partial):
            storage.remove(self.partial)


class Stream:
    """An open file, or a pipe or device, that takes all shards one after the other.

    Args:
        file: The open file.
        output_format: A format of `SINKS`.
    """

    def __init__(self, file: BinaryIO, output_format: str) -> None:
        self.writer = SINKS[output_format].writer(file)
        self.file = file
        self.lines: List[bytes] = []

    def begin(self, plan: Plan, resume: bool, force: bool) -> Dict[int, Done]:
        """Nothing can be there."""
        return {}

    def write_shard(
        self, shard: Shard, records: Iterable[Records], reader: ShardReader
    ) -> Done:
        """Write the records of a shard."""
        counts = write_records(records, reader, self.writer)
        if reader.bad:
            self.lines.append(reader.errors())
        return Done(
            shard.number,
            counts.documents,
            counts.tokens,
            counts.entities,
            len(reader.bad),
            reader.checksums,
        )

    def finish(self, plan: Plan, done: Mapping[int, Done]) -> None:
        """Write what is left."""
        self.writer.finish()
        self.file.flush()

    def abandon(self, done: Mapping[int, Done]) -> None:
        """Do nothing: bytes that were written are gone."""

    @property
    def skipped(self) -> List[Dict[str, Any]]:
        """The documents that were skipped, in order."""
        lines = b"".join(self.lines).splitlines()
        return [json.loads(line) for line in lines]


@contextmanager
def writing_stream(file: BinaryIO) -> Iterator[BinaryIO]:
    """Write to a file that someone else opened.

    Raises:
        BirnnError: It cannot be written; that nobody reads it any more stays as it is.
    """
    try:
        yield file
        file.flush()
    except OSError as error:
        if isinstance(error, BrokenPipeError) or error.filename is not None:
            raise
        raise storage.cannot_write(str(file.name), error) from error


@contextmanager
def packed(file: BinaryIO, address: str) -> Iterator[BinaryIO]:
    """Pack what is written to a file whose name ends in `.gz`."""
    if not address.endswith(".gz"):
        yield file
        return
    # Without a name and a time the same output is the same file.
    with GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packed:
        yield cast(BinaryIO, packed)
