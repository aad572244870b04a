"""Save and load a component under one checksum over its model and its config.

A file that was cut or altered in any byte is refused, and a component whose load failed
is as it was before.
"""

import hashlib
from pathlib import Path
from typing import Any, Dict, Iterable, Union

import srsly
from spacy.vocab import Vocab
from thinc.api import Model

from ..errors import BirnnError, Errors, one_line
from ..files import replacing
from ..models.language_model import without_language_model

CFG, MODEL, VOCAB, CHECKSUM = "cfg", "model", "vocab", "checksum"
LEARNED = ("labels", "masked")
"""Keys of a component's `cfg` that training has found."""


class ChecksummedPipe:
    """Serialization of a trainable pipe: only what training found is in its files.

    The settings of a component come from the pipeline's config, so that a loaded
    pipeline can be given others (such as `confidence = true`).
    """

    name: str
    vocab: Vocab
    model: Model
    cfg: Dict[str, Any]

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Serialize to bytes. `exclude`: "vocab"."""
        files = self._files()
        if VOCAB not in exclude:
            files[VOCAB] = self.vocab.to_bytes(exclude=list(exclude))
        return srsly.msgpack_dumps({**files, CHECKSUM: _checksum(files)})

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()):
        """Load what `to_bytes` wrote.

        Raises:
            BirnnError: the bytes are cut or altered, or do not fit the component.
        """
        try:
            message = srsly.msgpack_loads(bytes_data)
            files = {name: bytes(data) for name, data in message.items()}
        except (ValueError, TypeError, AttributeError):
            raise self._damaged("bytes") from None
        self._load(files, "bytes")
        if VOCAB in files and VOCAB not in exclude:
            self.vocab.from_bytes(files[VOCAB], exclude=list(exclude))
        return self

    def to_disk(self, path: Union[str, Path], *, exclude: Iterable[str] = ()) -> None:
        """Write the component's files into a folder. `exclude`: "vocab"."""
        path = Path(path)
        path.mkdir(parents=True, exist_ok=True)
        files = self._files()
        for name, data in {**files, CHECKSUM: _checksum(files)}.items():
            with replacing(path / name) as file:
                file.write(data)
        if VOCAB not in exclude:
            self.vocab.to_disk(path / VOCAB, exclude=list(exclude))

    def from_disk(self, path: Union[str, Path], *, exclude: Iterable[str] = ()):
        """Load what `to_disk` wrote.

        Raises:
            BirnnError: a file is missing, cut or altered, or does not fit the
                component.
        """
        path = Path(path)
        files = {}
        for name in (CFG, MODEL, CHECKSUM):
            if not (path / name).is_file():
                where = path / name
                raise BirnnError(Errors.B021.format(name=self.name, where=where))
            files[name] = (path / name).read_bytes()
        self._load(files, str(path))
        if VOCAB not in exclude and (path / VOCAB).exists():
            self.vocab.from_disk(path / VOCAB, exclude=list(exclude))
        return self

    def checksum(self) -> str:
        """The checksum of what `to_disk` writes."""
        return _checksum(self._files()).decode("ascii")

    def _files(self) -> Dict[str, bytes]:
        learned = {key: self.cfg[key] for key in LEARNED}
        cfg = srsly.json_dumps(learned, indent=2).encode("utf8")
        with without_language_model(self.model):
            return {CFG: cfg, MODEL: self.model.to_bytes()}

    def _load(self, files: Dict[str, bytes], where: str) -> None:
        if _checksum(files) != files.get(CHECKSUM):
            raise self._damaged(where)
        try:  # with a copy, since thinc leaves a model half loaded when it fails
            self.model.copy().from_bytes(files[MODEL])
        except Exception as err:
            reason = one_line(err)
            raise BirnnError(
                Errors.B024.format(name=self.name, reason=reason)
            ) from None
        self.model.from_bytes(files[MODEL])
        learned = srsly.json_loads(files[CFG])
        self.cfg.update({key: learned.get(key, []) for key in LEARNED})

    def _damaged(self, where: str) -> BirnnError:
        return BirnnError(Errors.B020.format(name=self.name, where=where))


def _checksum(files: Dict[str, bytes]) -> bytes:
    """SHA-256 over the files and where each ends; the vocabulary only among bytes,
    since on disk it is spaCy's own folder."""
    digest = hashlib.sha256()
    for name in (CFG, MODEL, VOCAB):
        data = files.get(name, b"")
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest().encode("ascii")
