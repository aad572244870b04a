"""The plan of a run, which a resumed one has to share, and the manifest of its end."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import AbstractSet, Any, Dict, Iterator, List, Mapping, Optional, Tuple

import numpy
import spacy
from spacy.language import Language

from .. import __version__
from ..errors import BirnnError, Errors
from .shards import Shard


@dataclass(frozen=True)
class Done:
    """The result of one shard.

    Attributes:
        number: Of the shard.
        documents: How many were tagged.
        tokens: How many they have.
        entities: How many entities and other spans there are of each label.
        skipped: How many documents were skipped.
        inputs: The checksum of each piece.
        size: The bytes of its file.
        checksum: The SHA-256 of its file.
    """

    number: int
    documents: int = 0
    tokens: int = 0
    entities: Mapping[str, int] = field(default_factory=dict)
    skipped: int = 0
    inputs: List[str] = field(default_factory=list)
    size: int = 0
    checksum: str = ""

    def to_json(self) -> bytes:
        """One line of JSON."""
        return (json.dumps(asdict(self), sort_keys=True) + "\n").encode()

    @classmethod
    def from_json(cls, data: bytes) -> "Done":
        """The reverse of `to_json`."""
        return cls(**json.loads(data))


@dataclass(frozen=True)
class Plan:
    """All that the output of a run depends on; who does the work is no part of it.

    Attributes:
        pipeline: Name, version and checksum.
        settings: All that the output depends on.
        shards: The shards.
    """

    pipeline: Dict[str, str]
    settings: Dict[str, Any]
    shards: List[Shard]

    def to_dict(self) -> Dict[str, Any]:
        """As JSON has it."""
        return {
            "pipeline": self.pipeline,
            "settings": self.settings,
            "shards": [shard.to_dict() for shard in self.shards],
        }

    def check_same(self, path: str, other: Dict[str, Any]) -> None:
        """Refuse to go on with a run that had another plan.

        Args:
            path: What messages call the run.
            other: Its plan, or its manifest.

        Raises:
            BirnnError: They differ; it says in what.
        """
        for name, then, now in self._differences(other):
            raise BirnnError(
                Errors.B261.format(path=path, name=name, then=then, now=now)
            )

    def _differences(self, other: Dict[str, Any]) -> Iterator[Tuple[str, Any, Any]]:
        for part in ("pipeline", "settings"):
            then, now = other.get(part, {}), self.to_dict()[part]
            for key in {**then, **now}:
                if then.get(key) != now.get(key):
                    name = f"{part} {key}" if part == "pipeline" else key
                    yield name.replace("_", "-"), then.get(key), now.get(key)
        yield from _input_differences(other["shards"], self._shards)

    @property
    def _shards(self) -> List[Dict[str, Any]]:
        return [shard.to_dict() for shard in self.shards]

    def manifest(self, done: Mapping[int, Done]) -> Dict[str, Any]:
        """The plan with what was done: counts and checksums, no times or hosts."""
        shards = []
        for shard in self.shards:
            result = done[shard.number]
            inputs = [
                {**piece, "checksum": checksum}
                for piece, checksum in zip(
                    shard.to_dict()["inputs"], result.inputs, strict=True
                )
            ]
            shards.append({**asdict(result), "inputs": inputs})
        totals = add_up(done.values())
        counts = {
            "documents": totals.documents,
            "tokens": totals.tokens,
            "entities": totals.entities,
            "skipped": totals.skipped,
        }
        return {**self.to_dict(), "shards": shards, **counts}


def _input_differences(
    then: List[Dict[str, Any]], now: List[Dict[str, Any]]
) -> Iterator[Tuple[str, str, str]]:
    before, after = _sizes(then), _sizes(now)
    gone = _short(before.keys() - after.keys())
    new = _short(after.keys() - before.keys())
    if gone or new:
        yield (
            "the list of inputs",
            f"with {gone}" if gone else f"without {new}",
            f"with {new}" if new else f"without {gone}",
        )
    for address in sorted(before.keys() & after.keys()):
        sizes = [f"{size[address]:,} bytes" for size in (before, after)]
        if sizes[0] != sizes[1]:
            yield f"the size of {address}", sizes[0], sizes[1]
    if _ranges(then) != _ranges(now):
        yield "the order of the inputs", "another", "changed"


def _sizes(shards: List[Dict[str, Any]]) -> Dict[str, int]:
    """The bytes of each input."""
    sizes: Dict[str, int] = {}
    for piece in (piece for shard in shards for piece in shard["inputs"]):
        sizes[piece["address"]] = sizes.get(piece["address"], 0) + piece["size"]
    return sizes


def _ranges(shards: List[Dict[str, Any]]) -> List[Any]:
    keys = ("address", "format", "start", "end", "size")
    return [[[p.get(k) for k in keys] for p in shard["inputs"]] for shard in shards]


def _short(names: AbstractSet[str]) -> str:
    listed = sorted(names)
    return ", ".join([*listed[:3], *(["…"] if len(listed) > 3 else [])])


def add_up(done: Any) -> Done:
    """The counts of all shards together."""
    documents = tokens = skipped = 0
    entities: Dict[str, int] = {}
    for one in done:
        documents += one.documents
        tokens += one.tokens
        skipped += one.skipped
        for label, count in one.entities.items():
            entities[label] = entities.get(label, 0) + count
    return Done(-1, documents, tokens, dict(sorted(entities.items())), skipped)


def describe_pipeline(nlp: Language) -> Dict[str, str]:
    """Name, version and a checksum over all that its predictions depend on."""
    meta = nlp.meta
    return {
        "name": f"{meta['lang']}_{meta['name']}",
        "version": str(meta["version"]),
        "checksum": _checksum(nlp),
        "spacy": spacy.__version__,
        "spacy-birnn": __version__,
    }


def _checksum(nlp: Language) -> str:
    digest = hashlib.sha256(nlp.config.to_str().encode("utf-8"))
    vectors = nlp.vocab.vectors
    if len(vectors):
        count = len(vectors.key2row)
        keys = numpy.fromiter(vectors.key2row.keys(), numpy.uint64, count)
        rows = numpy.fromiter(vectors.key2row.values(), numpy.int64, count)
        order = keys.argsort()
        for array in (keys[order], rows[order], vectors.data):
            digest.update(_on_cpu(array).data.cast("B"))
    parts: List[Tuple[str, Any]] = [("tokenizer", nlp.tokenizer), *nlp.pipeline]
    for name, part in parts:
        digest.update(name.encode("utf-8"))
        if hasattr(part, "to_bytes"):
            digest.update(part.to_bytes(exclude=["vocab"]))
    return digest.hexdigest()


def _on_cpu(array: Any) -> Any:
    return numpy.ascontiguousarray(array.get() if hasattr(array, "get") else array)


def read_json(data: bytes) -> Optional[Dict[str, Any]]:
    """An object; None where there is none."""
    try:
        value = json.loads(data)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def to_json(value: Dict[str, Any]) -> bytes:
    """As a file for people to read."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode("utf-8")
