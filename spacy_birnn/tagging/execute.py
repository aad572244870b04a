"""The local engine: shards in order, through this process or others, into an output."""

import time
from contextlib import closing
from dataclasses import dataclass, field
from typing import (
    Callable,
    Dict,
    Iterable,
    Iterator,
    Optional,
    Protocol,
    Sequence,
    TypeVar,
)

from .chunks import Records
from .engine import Work
from .items import Chunk, cut
from .manifest import Done
from .reading import Reading, ShardReader
from .shards import Shard


class Output(Protocol):
    """Takes the records of shards; see `folder` and `outputs`."""

    def write_shard(
        self, shard: Shard, records: Iterable[Records], reader: ShardReader
    ) -> Done:
        """Write one shard."""


@dataclass
class Status:
    """How far a run is; the same object each time it is shown.

    Attributes:
        documents: Tagged by this run so far.
        tokens: Tagged by this run so far.
        skipped: Bad documents so far.
        bytes: Bytes of input that were read.
        total: Bytes of input in all; 0 where that is not known.
        started: When tagging began (`time.perf_counter`).
        workers: Tokens by worker.
    """

    documents: int = 0
    tokens: int = 0
    skipped: int = 0
    bytes: int = 0
    total: int = 0
    started: float = field(default_factory=time.perf_counter)
    workers: Dict[str, int] = field(default_factory=dict)

    def add(self, worker: str, documents: int, tokens: int) -> None:
        """Count what a worker has tagged."""
        self.documents += documents
        self.tokens += tokens
        self.workers[worker] = self.workers.get(worker, 0) + tokens


Watch = Callable[[Status], None]
Result = TypeVar("Result")


def counted(
    results: Iterable[Result],
    status: Status,
    count: Callable[[Result], None],
    watch: Optional[Watch],
) -> Iterator[Result]:
    """Pass results on, each once it is counted and the status is shown."""
    for result in results:
        count(result)
        if watch is not None:
            watch(status)
        yield result


def run_shards(
    shards: Sequence[Shard],
    status: Status,
    *,
    run: Work,
    output: Output,
    reading: Reading,
    batch_size: int,
    watch: Optional[Watch] = None,
) -> Iterator[Done]:
    """Read, tag and write shards, one after the other.

    Args:
        shards: What is to be done.
        status: Is kept up to date.
        run: Tags a stream of chunks.
        output: Where the records go.
        reading: How documents are read.
        batch_size: The most documents a batch. Batches never cross a shard.
        watch: Is shown the status after each batch.

    Yields:
        What became of each shard, when it is written.

    Raises:
        BirnnError: An input cannot be read, the output cannot be written, a document
            is bad, or a process failed.
    """
    # A shard has a reader from when it is read until it is written.
    readers: Dict[int, ShardReader] = {}
    read, skipped = status.bytes, status.skipped

    def chunks() -> Iterator[Chunk]:
        for shard in shards:
            reader = readers[shard.number] = ShardReader(shard, reading)
            yield from cut(reader.items(), batch_size, shard.number)

    def count(records: Records) -> None:
        status.add(str(records.worker), records.documents, records.words)
        status.bytes = read + sum(reader.read_bytes for reader in readers.values())
        status.skipped = skipped + sum(len(r.bad) for r in readers.values())

    with closing(run(chunks())) as stream:
        results = _Grouped(counted(stream, status, count, watch))
        for shard in shards:
            reader = readers[shard.number]
            done = output.write_shard(shard, results.of(shard.number), reader)
            del readers[shard.number]
            read += reader.read_bytes
            skipped += done.skipped
            yield done
    status.bytes, status.skipped = read, skipped


class _Grouped:
    """A stream of records, in the order of shards, one shard at a time."""

    def __init__(self, stream: Iterator[Records]) -> None:
        self._stream = stream
        self._next: Optional[Records] = next(stream, None)

    def of(self, shard: int) -> Iterator[Records]:
        """The records of a shard: until there is one of the next, it is not done."""
        while self._next is not None and self._next.shard == shard:
            yield self._next
            self._next = next(self._stream, None)
