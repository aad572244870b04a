"""A folder of shards: a file for each, notes of what is done, and a manifest."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import (
    Any,
    BinaryIO,
    Callable,
    Dict,
    Iterable,
    List,
    Mapping,
    Optional,
    Sequence,
    TypeVar,
    cast,
)
from uuid import uuid4

from ..errors import BirnnError, Errors
from . import storage
from .chunks import Records
from .manifest import Done, Plan, add_up, read_json, to_json
from .packed import HashedFile
from .reading import BadDocument, ShardReader, checksum_of
from .shards import Shard
from .sinks import SINKS, Writer

MANIFEST, ERRORS, PROGRESS, PLAN = "manifest.json", "errors.jsonl", "_progress", "plan"
STARTS, WORKPLACE = "starts", "run-"

THREADS = 16
"""Files that a resumed run looks at at once: a store takes its time for each."""

Value = TypeVar("Value")
Result = TypeVar("Result")

_OURS = re.compile(r"part-\d{5,}\.\w+|manifest\.json|errors\.jsonl|_progress")


def write_records(
    records: Iterable[Records], reader: ShardReader, writer: Writer
) -> Done:
    """Write the records of one shard.

    Args:
        records: Of the shard.
        reader: What it was read by.
        writer: Of the output format.

    Returns:
        The counts.

    Raises:
        BirnnError: A document could not be tagged, and those are not skipped.
    """
    counts: List[Done] = []
    for one in records:
        for bad in one.bad:
            reject(bad, reader)
        if one.data is not None:
            writer.write(one.data)
        counts.append(Done(-1, one.documents, one.words, one.entities))
    return add_up(counts)


def reject(bad: BadDocument, reader: ShardReader) -> None:
    """Note a document that could not be tagged, or raise its error."""
    where = reader.where(bad.place)
    error = BirnnError(Errors.B260.format(where=where, reason=bad.reason))
    reader.refuse(bad.place.piece, error, bad.place.number, bad.record)


def is_ours(names: Sequence[str]) -> bool:
    """Whether a folder that has these names is that of a run, finished or not."""
    return MANIFEST in names or PROGRESS in names


class Folder:
    """A folder with a file for each shard and a manifest.

    While the work goes on, `_progress` holds the plan, and a small file for each shard
    that is done. They are written after the shard and removed in the end.

    Every file is written in the workplace, a folder in `_progress` that each run makes
    for itself, and moved from there. So what a killed process was writing is gone when
    `_progress` is, and a process that outlives its run cannot write any more: it has no
    workplace. (Object stores have none: there a file is put whole.)

    Args:
        address: Of the folder.
        output_format: A format of `SINKS`.
        count: The number of shards.
    """

    def __init__(self, address: str, output_format: str, count: int) -> None:
        self.address = address
        self.output_format = output_format
        self.digits = max(5, len(str(count - 1)))
        self.is_new = False
        self.workplace = self._progress(f"{WORKPLACE}{uuid4().hex}")

    def part(self, number: int) -> str:
        """The address of the file of a shard."""
        name = f"part-{number:0{self.digits}}.{self.output_format}"
        return storage.join(self.address, name)

    def _progress(self, name: str) -> str:
        return storage.join(storage.join(self.address, PROGRESS), name)

    def _write(self, address: str, data: bytes) -> None:
        storage.write(address, data, self.workplace)

    def _note(self, number: int, ending: str) -> str:
        return self._progress(f"{number:0{self.digits}}.{ending}")

    def check(self, resume: bool, force: bool) -> None:
        """Refuse a folder that is taken, or whose place is.

        Raises:
            BirnnError: There is something, and it is neither resumed nor replaced.
        """
        if storage.is_file(self.address):
            reason = "it is a file, and a folder is to be written"
            raise BirnnError(Errors.B203.format(path=self.address, reason=reason))
        names = storage.names(self.address)
        if names and not force and not (resume and is_ours(names)):
            code = Errors.B262 if PROGRESS in names else Errors.B263
            raise BirnnError(code.format(path=self.address))

    def begin(self, plan: Plan, resume: bool, force: bool) -> Dict[int, Done]:
        """Make the folder ready; what an earlier run has done.

        Raises:
            BirnnError: The folder is taken, or a run that is to be resumed had another
                plan.
        """
        self.check(resume, force)
        names = storage.names(self.address)
        if resume and not force and is_ours(names):
            return self._resume(plan, MANIFEST in names)
        self.clear()
        self._start(plan)
        return {}

    def _start(self, plan: Plan) -> None:
        self.is_new = not storage.is_folder(self.address)
        try:
            storage.make_folder(self.workplace)
            self._write(self._progress(f"{PLAN}.json"), to_json(plan.to_dict()))
        except BaseException:
            with suppress(BirnnError):
                self.abandon({})
            raise

    def _resume(self, plan: Plan, is_finished: bool) -> Dict[int, Done]:
        earlier = self._earlier_plan(is_finished)
        if earlier is None:
            # The plan itself was not written yet, so nothing was.
            self._start(plan)
            return {}
        plan.check_same(self.address, earlier)
        done = _done_of(earlier) if is_finished else self._read_done()
        known = [shard for shard in plan.shards if shard.number in done]
        _at_once(lambda shard: self._check_inputs(shard, done[shard.number]), known)
        for name in storage.names(storage.join(self.address, PROGRESS)):
            if name.startswith(WORKPLACE):
                storage.remove(self._progress(name))
        if not is_finished:
            storage.make_folder(self.workplace)
        return done

    def _earlier_plan(self, is_finished: bool) -> Optional[Dict[str, Any]]:
        if is_finished:
            return read_json(storage.read(storage.join(self.address, MANIFEST)))
        folder = storage.join(self.address, PROGRESS)
        if f"{PLAN}.json" not in storage.names(folder):
            return None
        return read_json(storage.read(self._progress(f"{PLAN}.json")))

    def _read_done(self) -> Dict[int, Done]:
        names = storage.names(storage.join(self.address, PROGRESS))
        notes = [name for name in names if re.fullmatch(r"\d+\.json", name)]
        found = _at_once(self.done, [int(name.partition(".")[0]) for name in notes])
        return {done.number: done for done in found if done is not None}

    def done(self, number: int) -> Optional[Done]:
        """The result of a shard; None if it is still to be done."""
        note, part = self._note(number, "json"), self.part(number)
        if not (storage.is_file(note) and storage.is_file(part)):
            return None
        found = read_json(storage.read(note))
        if found is None:
            return None  # the power failed before it was on the disk
        done = Done(**found)
        return done if storage.size_of(part) == done.size else None

    def _check_inputs(self, shard: Shard, done: Done) -> None:
        for piece, checksum in zip(shard.pieces, done.inputs, strict=True):
            if checksum_of(piece) != checksum:
                raise BirnnError(
                    Errors.B264.format(path=piece.address, out=self.address)
                )

    def write_shard(
        self, shard: Shard, records: Iterable[Records], reader: ShardReader
    ) -> Done:
        """Write the file of a shard, then note that it is done."""
        with storage.writing(self.part(shard.number), self.workplace) as raw:
            file = HashedFile(raw)
            writer = SINKS[self.output_format].writer(cast(BinaryIO, file))
            counts = write_records(records, reader, writer)
            writer.finish()
        done = Done(
            shard.number,
            counts.documents,
            counts.tokens,
            counts.entities,
            len(reader.bad),
            reader.checksums,
            file.size,
            file.checksum(),
        )
        if reader.bad:
            self._write(self._note(shard.number, ERRORS), reader.errors())
        # Without it the shard would only be done again, so it need not wait.
        storage.note(self._note(shard.number, "json"), done.to_json(), self.workplace)
        return done

    def attempts(self, number: int) -> int:
        """How often a shard was begun; see `note_attempt`."""
        count = 0
        while storage.is_file(self._note(number, f"attempt{count + 1}")):
            count += 1
        return count

    def note_attempt(self, number: int, attempt: int) -> None:
        """Note that a shard is begun, by a process that may not come to its end."""
        storage.note(self._note(number, f"attempt{attempt}"), b"", self.workplace)

    def note_start(self, worker: str) -> None:
        """Note that a worker loads its pipeline, which it may not survive."""
        storage.make_folder(self._progress(STARTS))
        address = storage.join(self._progress(STARTS), worker)
        storage.note(address, b"", self.workplace)

    def forget_start(self, worker: str) -> None:
        """Note that it has survived that."""
        storage.remove(storage.join(self._progress(STARTS), worker))

    def starts(self) -> int:
        """The workers that load their pipeline, or died of it."""
        return len(storage.names(self._progress(STARTS)))

    def forget_attempts(self) -> None:
        """A new run counts attempts and starts anew."""
        storage.remove(self._progress(STARTS))
        folder = storage.join(self.address, PROGRESS)
        for name in storage.names(folder):
            if ".attempt" in name:
                storage.remove(storage.join(folder, name))

    def finish(self, plan: Plan, done: Mapping[int, Done]) -> None:
        """Write errors and manifest, once all shards are done."""
        if MANIFEST not in storage.names(self.address):
            errors = self.errors(done)
            if errors:
                self._write(storage.join(self.address, ERRORS), errors)
            manifest = to_json(plan.manifest(done))
            self._write(storage.join(self.address, MANIFEST), manifest)
        storage.remove(storage.join(self.address, PROGRESS))

    def errors(self, done: Mapping[int, Done]) -> bytes:
        """The lines of all skipped documents, in order."""
        return b"".join(
            storage.read(self._note(number, ERRORS))
            for number in sorted(done)
            if done[number].skipped
        )

    def clear(self) -> None:
        """Remove all that was written; the notes last, so that they tell what it is."""
        names = [n for n in storage.names(self.address) if _OURS.fullmatch(n)]
        for name in sorted(names, key=lambda name: name == PROGRESS):
            storage.remove(storage.join(self.address, name))

    def abandon(self, done: Mapping[int, Done]) -> None:
        """Leave what was done to be resumed; where nothing was, leave nothing."""
        names = storage.names(self.address)
        # A shard may be finished of which this process was not told any more.
        if not done and not any(_OURS.fullmatch(n) for n in names if n != PROGRESS):
            storage.remove(storage.join(self.address, PROGRESS))
            if self.is_new and not storage.names(self.address):
                storage.remove(self.address)


def _at_once(function: Callable[[Value], Result], of: Sequence[Value]) -> List[Result]:
    """The results of a function that waits for files."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(function, of))


def _done_of(manifest: Dict[str, Any]) -> Dict[int, Done]:
    """The shards of a finished run, by its manifest."""
    return {
        shard["number"]: Done(
            **{**shard, "inputs": [piece["checksum"] for piece in shard["inputs"]]}
        )
        for shard in manifest["shards"]
    }
