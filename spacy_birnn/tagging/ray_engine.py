"""The engine on Ray Data: shards are handed to actors that write them themselves."""

import io
import os
import tempfile
import zipfile
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence
from uuid import uuid4

import spacy
from spacy.language import Language
from spacy.tokens.underscore import Underscore

from ..errors import BirnnError, Errors
from .chunks import ChunkTagger, prepared
from .execute import Status, Watch, counted, run_shards
from .folder import Folder
from .manifest import Done
from .options import Workers
from .ray_cluster import Watchdog, cluster
from .reading import SKIP, Reading, ShardReader
from .shards import Shard

ATTEMPTS = 3
"""How often a shard is tried: Ray itself runs what kills its actor again for ever."""

INTERVAL = 2.0
"""Seconds of silence after which a run looks whether there is still a cluster."""


@dataclass(frozen=True)
class Work:
    """All that an actor needs; it can be sent.

    Attributes:
        pipeline: Its folder, as spaCy writes it, in one archive.
        extensions: The custom attributes.
        modules: What registers its components when it is imported.
        folder: Where the shards go.
        reading: How documents are read.
        batch_size: The most documents a batch.
        on_gpu: Whether the pipeline goes onto a GPU.
    """

    pipeline: bytes
    extensions: Any
    modules: List[str]
    folder: Folder
    reading: Reading
    batch_size: int
    on_gpu: bool


class ShardActor:
    """Holds the pipeline once, and does one shard after the other.

    Args:
        reference: In a list, one of Ray's to the `Work`.
    """

    def __init__(self, reference: List[Any]) -> None:
        import ray

        self.work: Work = ray.get(reference[0])
        start = uuid4().hex
        self.work.folder.note_start(start)
        if self.work.on_gpu:
            spacy.require_gpu()
        Underscore.load_state(self.work.extensions)
        for module in self.work.modules:
            import_module(module)
        self.nlp = unpack_pipeline(self.work.pipeline)
        self.tagger = ChunkTagger(self.nlp, self.work.folder.output_format)
        self.work.folder.forget_start(start)

    def __call__(self, batch: Dict[str, Any]) -> Dict[str, List[Any]]:
        """Do one shard: what became of it, or why it failed."""
        (shard,) = map(Shard.from_json, batch["shard"])
        row = {"done": "", "bytes": shard.size, "worker": str(os.getpid()), "error": ""}
        try:
            done = self._attempt(shard)
            row["done"] = done.to_json().decode()
        except BirnnError as error:
            row["error"] = str(error)
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            row["error"] = Errors.B225.format(reason=reason)
        return {key: [value] for key, value in row.items()}

    def _attempt(self, shard: Shard) -> Done:
        """Count the attempt before it, since the process may not survive it."""
        work = self.work
        attempts = work.folder.attempts(shard.number) + 1
        if attempts > ATTEMPTS:
            return give_up(shard, work.folder, work.reading)
        work.folder.note_attempt(shard.number, attempts)
        with prepared(self.nlp):
            (done,) = run_shards(
                [shard],
                Status(),
                run=self.tagger,
                output=work.folder,
                reading=work.reading,
                batch_size=work.batch_size,
            )
        return done


def give_up(shard: Shard, folder: Folder, reading: Reading) -> Done:
    """Write a shard that killed its process each time: empty, with all of it skipped.

    Raises:
        BirnnError: Bad documents are not skipped.
    """
    names = ", ".join(piece.address for piece in shard.pieces)
    error = BirnnError(
        Errors.B270.format(number=shard.number, inputs=names, count=ATTEMPTS)
    )
    if reading.on_error != SKIP:
        raise error
    reader = ShardReader(shard, reading)
    for number, _ in enumerate(shard.pieces):
        reader.skip_piece(number, error)
    return folder.write_shard(shard, [], reader)


def run_on_ray(
    shards: Sequence[Shard],
    status: Status,
    *,
    nlp: Language,
    folder: Folder,
    reading: Reading,
    batch_size: int,
    workers: Workers,
    watch: Optional[Watch] = None,
) -> Iterator[Done]:
    """Have shards done by a pool of actors.

    Args:
        shards: What is to be done.
        status: Is kept up to date.
        nlp: The pipeline.
        folder: Where the shards go; all actors have to reach it.
        reading: How documents are read.
        batch_size: The most documents a batch.
        workers: The pool, and the cluster.
        watch: Is shown the status after each shard.

    Yields:
        What became of each shard, when it is written, in any order.

    Raises:
        BirnnError: Ray is not installed or cannot be reached, a shard failed, there are
            no actors left, or the cluster is gone.
    """
    if not shards:
        return
    folder.forget_attempts()
    with cluster(workers) as ray:
        count = int(ray.cluster_resources().get("CPU", 1))
        most = workers.n_process if workers.n_process > 0 else count
        least = most if workers.min_process is None else workers.min_process
        pool = ray.data.ActorPoolStrategy(min_size=min(least, most), max_size=most)
        work = Work(
            pack_pipeline(nlp),
            Underscore.get_state(),
            _modules(nlp),
            folder,
            reading,
            batch_size,
            workers.num_gpus > 0,
        )
        reference = ray.put(work)
        dataset = ray.data.from_items(
            [{"shard": shard.to_json()} for shard in shards],
            override_num_blocks=len(shards),
        ).map_batches(
            ShardActor,
            batch_size=1,
            batch_format="numpy",
            compute=pool,
            num_cpus=1,
            num_gpus=workers.num_gpus or None,
            # In a list, since Ray would take a bare reference for its content.
            fn_constructor_args=([reference],),
        )
        watchdog = Watchdog(ray, workers.num_gpus)

        def check() -> None:
            watchdog.check()
            # As many as the pool has may be starting now.
            if folder.starts() - most >= ATTEMPTS:
                raise BirnnError(Errors.B278.format(count=ATTEMPTS))

        rows = _rows(dataset, check)
        for row in counted(rows, status, partial(_count, status), watch):
            yield Done.from_json(row["done"].encode())


def _count(status: Status, row: Dict[str, Any]) -> None:
    if row["error"]:
        raise BirnnError(row["error"])
    done = Done.from_json(row["done"].encode())
    status.add(row["worker"], done.documents, done.tokens)
    status.bytes += row["bytes"]
    status.skipped += done.skipped


def pack_pipeline(nlp: Language) -> bytes:
    """A pipeline as one archive, for machines that share no disk.

    What `to_disk` writes is what everyone loads; `to_bytes` of some of spaCy's own
    components (the entity ruler) cannot be read again.
    """
    packed = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        nlp.to_disk(folder)
        with zipfile.ZipFile(packed, "w") as archive:
            for path in sorted(Path(folder).rglob("*")):
                archive.write(path, path.relative_to(folder))
    return packed.getvalue()


def unpack_pipeline(data: bytes) -> Language:
    """The reverse of `pack_pipeline`."""
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            archive.extractall(folder)
        return spacy.load(folder)


def _modules(nlp: Language) -> List[str]:
    """The modules of the components, whose import registers them."""
    pipes = [pipe for _, pipe in nlp.pipeline]
    names = {getattr(pipe, "__module__", type(pipe).__module__) for pipe in pipes}
    return sorted(names - {"__main__"})


def _rows(dataset: Any, check: Callable[[], None]) -> Iterator[Dict[str, Any]]:
    """The rows of a dataset as they come; what fails in Ray itself in one line.

    They are read in a thread of their own, since Ray waits without end for what is
    dead.

    Args:
        dataset: The dataset.
        check: Is called while there are none; what it raises ends the waiting.
    """
    arrived: SimpleQueue[Any] = SimpleQueue()
    is_over = Event()

    def read() -> None:
        try:
            for batch in dataset.iter_batches(batch_size=1, prefetch_batches=0):
                arrived.put({key: values[0] for key, values in batch.items()})
                if is_over.is_set():
                    break
            arrived.put(None)
        except Exception as error:
            arrived.put(error)

    Thread(target=read, name="rows of Ray", daemon=True).start()
    try:
        while True:
            try:
                found = arrived.get(timeout=INTERVAL)
            except Empty:
                check()
                continue
            if found is None:
                return
            if isinstance(found, Exception):
                raise _one_line(found) from found
            yield found
    finally:
        is_over.set()


def _one_line(error: Exception) -> BirnnError:
    reason = str(error).strip().splitlines() or [type(error).__name__]
    last = reason[-1] if "Error" in reason[-1] else reason[0]
    return BirnnError(Errors.B271.format(reason=last.rstrip(".")))
