"""The actors of Ray: each holds the pipeline once, and does one shard after another."""

import io
import os
import tempfile
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Dict, List
from uuid import uuid4

import spacy
from spacy.language import Language
from spacy.tokens.underscore import Underscore

from ..errors import BirnnError, Errors, describe_error
from .chunks import ChunkTagger, prepared
from .execute import Status, run_shards
from .folder import Folder
from .manifest import Done
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
        directory: What relative paths start from, as in the process that hands out.
    """

    pipeline: bytes
    extensions: Any
    modules: List[str]
    folder: Folder
    reading: Reading
    batch_size: int
    on_gpu: bool
    directory: str


class ShardActor:
    """Holds the pipeline once, and does one shard after the other.

    Args:
        reference: In a list, one of Ray's to the `Work`.
    """

    def __init__(self, reference: List[Any]) -> None:
        import ray

        self.work: Work = ray.get(reference[0])
        with suppress(OSError):  # where nothing is relative, it need not be there
            os.chdir(self.work.directory)
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
            reason = describe_error(error)
            row["error"] = Errors.B225.format(reason=reason)
        return {key: [value] for key, value in row.items()}

    def _attempt(self, shard: Shard) -> Done:
        """Count the attempt before it, since the process may not survive it."""
        work = self.work
        done = work.folder.done(shard.number)
        if done is not None:
            return done  # its worker has died since, before Ray knew of it
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
