"""The engine on Ray Data: shards are handed to actors that write them themselves."""

import io
import logging
import os
import tempfile
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence

import spacy
from spacy.language import Language
from spacy.tokens.underscore import Underscore

from ..errors import BirnnError, Errors
from .chunks import ChunkTagger, prepared
from .execute import Status, Watch, run_shards
from .folder import Folder
from .manifest import Done
from .options import Workers
from .reading import SKIP, Reading, ShardReader
from .shards import Shard

ATTEMPTS = 3
"""How often a shard is tried: Ray itself runs what kills its actor again for ever."""


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
        if self.work.on_gpu:
            spacy.require_gpu()
        Underscore.load_state(self.work.extensions)
        for module in self.work.modules:
            import_module(module)
        self.nlp = unpack_pipeline(self.work.pipeline)
        self.tagger = ChunkTagger(self.nlp, self.work.folder.output_format)

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
        BirnnError: Ray is not installed or cannot be reached, a shard failed, or there
            are no actors left.
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
        for row in _rows(dataset):
            if row["error"]:
                raise BirnnError(row["error"])
            done = Done.from_json(row["done"].encode())
            status.add(row["worker"], done.documents, done.tokens)
            status.bytes += row["bytes"]
            status.skipped += done.skipped
            if watch is not None:
                watch(status)
            yield done


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


def _rows(dataset: Any) -> Iterator[Dict[str, Any]]:
    """The rows of a dataset as they come; what fails in Ray itself in one line."""
    try:
        for batch in dataset.iter_batches(batch_size=1, prefetch_batches=0):
            yield {key: values[0] for key, values in batch.items()}
    except BirnnError:
        raise
    except Exception as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        last = reason[-1] if "Error" in reason[-1] else reason[0]
        raise BirnnError(Errors.B271.format(reason=last.rstrip("."))) from error


@contextmanager
def cluster(workers: Workers) -> Iterator[Any]:
    """Ray, connected: to a cluster, or to a local one that ends with the block.

    A connection that is there already is used and left.

    Raises:
        BirnnError: Ray is not installed, or the cluster cannot be reached.
    """
    # Ray tells about itself on start, and its users what it collects.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # A driver says nothing on its own but what ends it: we tell what happened.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise BirnnError(Errors.B272) from error
    is_ours = not ray.is_initialized()
    if is_ours:
        options: Dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        if workers.address is None:
            # Ray's own default would have its workers wait for all else that runs.
            os.environ.setdefault("RAY_worker_niceness", "0")
            count = workers.n_process if workers.n_process > 0 else os.cpu_count()
            options |= {"num_cpus": count, "include_dashboard": False}
        else:
            options["address"] = workers.address
        try:
            ray.init(**options)
        except Exception as error:
            reason = str(error).strip().splitlines()[0].rstrip(".")
            address = workers.address or "a local one"
            raise BirnnError(
                Errors.B273.format(address=address, reason=reason)
            ) from error
    try:
        with _quiet(ray):
            yield ray
    finally:
        if is_ours:
            ray.shutdown()


@contextmanager
def _quiet(ray: Any) -> Iterator[None]:
    """Ray Data without its own bars and lines: ours tell how far it is."""
    context = ray.data.DataContext.get_current()
    had_bars, context.enable_progress_bars = context.enable_progress_bars, False
    ray.data.range(0)  # sets the loggers up, which would undo what follows
    loggers = [logging.getLogger(name) for name in ("ray.data", "ray.data._internal")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        context.enable_progress_bars = had_bars
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
