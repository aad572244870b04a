"""The engine on Ray Data: shards are handed to actors that write them themselves."""

import os
from contextlib import closing
from functools import partial
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import (
    Any,
    Callable,
    Dict,
    Generator,
    Iterator,
    List,
    Optional,
    Sequence,
)

from spacy.language import Language
from spacy.tokens.underscore import Underscore

from ..errors import BirnnError, Errors
from .execute import Status, Watch, counted
from .folder import Folder
from .manifest import Done
from .options import Workers
from .ray_actor import ATTEMPTS, ShardActor, Work, pack_pipeline
from .ray_cluster import Watchdog, cluster, room_for_actors
from .reading import Reading
from .shards import Shard

INTERVAL = 2.0
"""Seconds of silence after which a run looks whether there is still a cluster."""


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
        most = workers.n_process
        if most < 0:
            most = room_for_actors(ray, workers.num_gpus)
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
            os.getcwd(),
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
        starts = _Starts(folder, most, status)

        def check() -> None:
            watchdog.check()
            starts.check()

        with closing(_rows(dataset, check)) as rows:
            for row in counted(rows, status, partial(_count, status), watch):
                yield Done.from_json(row["done"].encode())


class _Starts:
    """Notices that actors die whenever they load the pipeline.

    Ray would start them again without end.

    Args:
        folder: Where they note that they start.
        most: The actors of the pool, all of which may be starting at once.
        status: Of the run: what was noted before the last shard was done is forgiven.
    """

    def __init__(self, folder: Folder, most: int, status: Status) -> None:
        self.folder = folder
        self.most = most
        self.status = status
        self.bytes = status.bytes
        self.forgiven = 0

    def check(self) -> None:
        """Look at the notes.

        Raises:
            BirnnError: There are too many.
        """
        noted = self.folder.starts()
        if self.status.bytes != self.bytes:
            self.bytes, self.forgiven = self.status.bytes, noted
        elif noted - self.forgiven >= self.most + ATTEMPTS:
            raise BirnnError(Errors.B278.format(count=ATTEMPTS))


def _count(status: Status, row: Dict[str, Any]) -> None:
    if row["error"]:
        raise BirnnError(row["error"])
    done = Done.from_json(row["done"].encode())
    status.add(row["worker"], done.documents, done.tokens)
    status.bytes += row["bytes"]
    status.skipped += done.skipped


def _modules(nlp: Language) -> List[str]:
    """The modules of the components, whose import registers them."""
    pipes = [pipe for _, pipe in nlp.pipeline]
    names = {getattr(pipe, "__module__", type(pipe).__module__) for pipe in pipes}
    return sorted(names - {"__main__"})


def _rows(
    dataset: Any, check: Callable[[], None]
) -> Generator[Dict[str, Any], None, None]:
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
