"""The answers of the teachers on the disk: shards of documents with soft labels.

A shard is one safetensors file, which is there as a whole or not at all. Its pieces are
documents, or sentences of them, with their tokens, so that nothing is read or tokenized
again. What it says is that of all teachers together: the emissions of each token.
"""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence

import numpy
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from spacy.attrs import NORM, ORTH, SPACY
from spacy.tokens import Doc
from spacy.vocab import Vocab
from torch import Tensor

from ..errors import BirnnError, Errors
from ..files import replacing
from ..nn.crf.chain import ChainScores
from ..training.checkpoint import writing
from ..training.identity import differences
from .pieces import Bounds

GOLD, TEXTS = "gold", "texts"
"""Kinds of shards: of the annotated documents, whole; and of sentences of the texts."""

PLAN, CHAIN, DONE = "plan.json", "chain.safetensors", "done.json"

DIGEST = "digest"
"""The key of a file's checksum in its metadata."""

SHARD_TOKENS = 200_000
"""Tokens after which a shard is written: 7 MB with 17 labels."""


class Shard(NamedTuple):
    """A file of targets.

    Attributes:
        path: of the file.
        documents: how many the teachers have read for it.
        pieces: how many documents or sentences it holds.
        tokens: how many they have.
    """

    path: Path
    documents: int
    pieces: int
    tokens: int


class Piece(NamedTuple):
    """A document or a sentence with what the teachers say of it.

    Attributes:
        words: its tokens.
        spaces: whether a space follows each.
        norms: the normal form of each.
        emissions: of each token, shape (tokens, L), float16.
    """

    words: List[str]
    spaces: List[bool]
    norms: List[str]
    emissions: numpy.ndarray


class Targets:
    """The folder of the targets of one distillation.

    Args:
        folder: need not be there yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    # --- making -----------------------------------------------------------------------

    def begin(self, plan: Dict[str, Any], resume: bool) -> None:
        """Make the folder, or go on with what is there.

        Args:
            plan: all that the targets depend on, by name.
            resume: go on; else what is there is removed.

        Raises:
            BirnnError: what is there was made by another plan, or is damaged.
        """
        path = self.folder / PLAN
        if resume and path.is_file():
            found = differences(self.plan(), json.loads(json.dumps(plan)))
            if found:
                text = "; ".join(found)
                raise BirnnError(Errors.B455.format(path=self.folder, differences=text))
            self.check()
            return
        self.remove()
        with writing(self.folder):
            self.folder.mkdir(parents=True)
        _write_json(path, plan)

    def check_names(self) -> None:
        """Refuse a file of that name, or a folder of other files: they would be lost.

        Raises:
            BirnnError: there is one.
        """
        if self.folder.is_dir():
            is_ours = all(_is_ours(path.name) for path in self.folder.iterdir())
        else:
            is_ours = not self.folder.exists()
        if not is_ours:
            raise BirnnError(Errors.B498.format(path=self.folder))

    def write_chain(self, chain: ChainScores) -> None:
        """Keep the scores that the labels have by themselves."""
        arrays = {name: scores.numpy() for name, scores in chain._asdict().items()}
        _write_arrays(self.folder / CHAIN, arrays)

    def finish(self) -> None:
        """Note that all documents are done."""
        _write_json(self.folder / DONE, self._sizes())

    def _sizes(self) -> Dict[str, Dict[str, int]]:
        return {kind: self.size(kind) for kind in (GOLD, TEXTS)}

    def remove(self) -> None:
        """Remove the folder and all that is in it."""
        with writing(self.folder):
            shutil.rmtree(self.folder, ignore_errors=True)

    # --- reading ----------------------------------------------------------------------

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to be made."""
        return (self.folder / DONE).is_file()

    def plan(self) -> Dict[str, Any]:
        """The plan that the targets were made from."""
        return _read_json(self.folder / PLAN)

    def check(self) -> None:
        """Read all that is there.

        Raises:
            BirnnError: a file is cut or altered, or one is not there any more.
        """
        for path in sorted(self.folder.glob("*.safetensors")):
            _check(path)
        if self.is_done and _read_json(self.folder / DONE) != self._sizes():
            raise _damaged(self.folder, "files of it are not there any more")

    def chain(self) -> ChainScores:
        """The scores that the labels have by themselves."""
        with _opened(self.folder / CHAIN, "pt") as file:
            return ChainScores(*(file.get_tensor(name) for name in ChainScores._fields))

    def shards(self, kind: str) -> List[Shard]:
        """The shards that are there, in order."""
        return list(map(_describe, sorted(self.folder.glob(f"{kind}-*.safetensors"))))

    def size(self, kind: str) -> Dict[str, int]:
        """How many documents, pieces and tokens there are."""
        shards = self.shards(kind)
        return {
            name: sum(getattr(shard, name) for shard in shards)
            for name in ("documents", "pieces", "tokens")
        }

    def pieces(
        self, kind: str, first: int = 0, end: Optional[int] = None
    ) -> Iterator[Piece]:
        """Read pieces, from the first to the one before the end.

        Raises:
            BirnnError: a file is damaged.
        """
        for shard in self.shards(kind):
            start = max(first, 0)
            stop = shard.pieces if end is None else min(end, shard.pieces)
            if start < stop:
                yield from _read(shard.path, start, stop)
            first -= shard.pieces
            end = None if end is None else end - shard.pieces


def _is_ours(name: str) -> bool:
    """Whether a file is one of targets; hidden ones are on their way."""
    ending = ".safetensors"
    is_shard = name.startswith((f"{GOLD}-", f"{TEXTS}-")) and name.endswith(ending)
    return is_shard or name in (PLAN, CHAIN, DONE) or name.startswith(".")


class ShardWriter:
    """Collects documents and writes them as shards, after those that are there.

    Args:
        targets: their folder.
        kind: `GOLD` or `TEXTS`.
        vocab: of the documents.
    """

    def __init__(self, targets: Targets, kind: str, vocab: Vocab) -> None:
        self.folder = targets.folder
        self.kind = kind
        self.vocab = vocab
        self.number = len(targets.shards(kind))
        self._clear()

    def _clear(self) -> None:
        self.documents = self.tokens = 0
        self._lengths: List[int] = []
        self._attrs: List[numpy.ndarray] = []
        self._emissions: List[numpy.ndarray] = []

    def add(self, doc: Doc, bounds: Sequence[Bounds], emissions: Tensor) -> None:
        """Add pieces of a document.

        Args:
            doc: the document.
            bounds: the first token of each piece and the one after its last.
            emissions: of all its tokens, shape (tokens, L), float16.
        """
        self.documents += 1
        if not bounds:
            return
        attrs, scores = doc.to_array([ORTH, NORM, SPACY]), emissions.numpy()
        for first, end in bounds:
            self._lengths.append(end - first)
            self._attrs.append(attrs[first:end])
            self._emissions.append(scores[first:end])
            self.tokens += end - first

    def flush(self) -> None:
        """Write what was collected."""
        if not self.documents:
            return
        path = self.folder / f"{self.kind}-{self.number:06}.safetensors"
        counts = {
            "documents": self.documents,
            "pieces": len(self._lengths),
            "tokens": self.tokens,
        }
        metadata = {name: str(count) for name, count in counts.items()}
        _write_arrays(path, self._arrays(), metadata)
        self.number += 1
        self._clear()

    def _arrays(self) -> Dict[str, numpy.ndarray]:
        if not self._lengths:
            return {"lengths": numpy.zeros(0, "int32")}
        attrs = numpy.concatenate(self._attrs)
        keys, places = numpy.unique(attrs[:, :2], return_inverse=True)
        places = places.reshape(-1, 2).astype("int32")
        strings = [self.vocab.strings[key] for key in keys.tolist()]
        table = json.dumps(strings).encode("ascii")
        return {
            "lengths": numpy.array(self._lengths, "int32"),
            "strings": numpy.frombuffer(table, "uint8"),
            "words": numpy.ascontiguousarray(places[:, 0]),
            "norms": numpy.ascontiguousarray(places[:, 1]),
            "spaces": attrs[:, 2].astype("uint8"),
            "emissions": numpy.concatenate(self._emissions),
        }


def _read(path: Path, first: int, end: int) -> Iterator[Piece]:
    with _opened(path) as file:
        lengths = file.get_tensor("lengths")
        ends = numpy.cumsum([0, *lengths])
        rows = slice(int(ends[first]), int(ends[end]))
        strings = json.loads(file.get_tensor("strings").tobytes())
        words, norms, spaces, emissions = (
            file.get_slice(name)[rows]
            for name in ("words", "norms", "spaces", "emissions")
        )
    ends = ends[first : end + 1] - rows.start
    for i, j in zip(ends.tolist(), ends[1:].tolist()):
        yield Piece(
            [strings[k] for k in words[i:j].tolist()],
            spaces[i:j].astype(bool).tolist(),
            [strings[k] for k in norms[i:j].tolist()],
            emissions[i:j],
        )


def _describe(path: Path) -> Shard:
    with _opened(path) as file:
        counts = file.metadata()
        names = ("documents", "pieces", "tokens")
        return Shard(path, *(int(counts[name]) for name in names))


def _opened(path: Path, framework: str = "numpy") -> Any:
    try:
        return safe_open(path, framework=framework)
    except (OSError, SafetensorError) as error:
        raise _damaged(path, error) from error


def _check(path: Path) -> None:
    with _opened(path) as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if (file.metadata() or {}).get(DIGEST) != _digest(arrays):
            raise _damaged(path, "it was altered")


def _digest(arrays: Dict[str, numpy.ndarray]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()


def _damaged(path: Path, reason: Any) -> BirnnError:
    return BirnnError(Errors.B457.format(path=path, reason=reason))


def _write_arrays(
    path: Path,
    arrays: Dict[str, numpy.ndarray],
    metadata: Optional[Dict[str, str]] = None,
) -> None:
    facts = {**(metadata or {}), DIGEST: _digest(arrays)}
    with replacing(path) as file:
        file.write(save(arrays, facts))


def _read_json(path: Path) -> Dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf8"))
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from error
    if not isinstance(value, dict):
        raise _damaged(path, "it holds something else")
    return value


def _write_json(path: Path, value: Dict[str, Any]) -> None:
    with replacing(path) as file:
        file.write(json.dumps(value, indent=1, sort_keys=True).encode("utf8"))
