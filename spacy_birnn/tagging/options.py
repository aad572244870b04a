"""The settings of a run and what came of it."""

from dataclasses import asdict, dataclass
from typing import Any, Dict, Mapping, NamedTuple, Optional, Sequence

from ..errors import BirnnError, Errors
from .content import Fields
from .reading import SKIP, STOP
from .shards import DEFAULT_SIZE, ShardSize
from .sinks import SINKS

ENGINES = ("local", "ray")


@dataclass(frozen=True)
class Options:
    """How documents are read, tagged and written; see `run.tag`."""

    input_format: Optional[str] = None
    output_format: str = "jsonl"
    fields: Fields = Fields()
    batch_size: int = 256
    shard_size: ShardSize = DEFAULT_SIZE
    on_error: str = STOP
    resume: bool = False
    force: bool = False

    def check(self) -> None:
        """Refuse what means nothing.

        Raises:
            BirnnError: It names the option and what it may be.
        """
        check_choice("on_error", self.on_error, (STOP, SKIP))
        check_choice("output_format", self.output_format, tuple(SINKS))
        if self.batch_size < 1:
            refuse_value("batch_size", self.batch_size, "a number of at least 1")

    def to_dict(self) -> Dict[str, Any]:
        """The settings that have to be the same when a run is resumed.

        `on_error` need not be: shards that are done had no bad document, or the same
        ones were skipped.
        """
        return {
            "input_format": self.input_format,
            "output_format": self.output_format,
            "text_field": self.fields.text,
            "tokens_field": self.fields.tokens,
            "words": asdict(self.fields.words),
            "whole_files": self.fields.whole_files,
            "encoding": self.fields.encoding,
            "batch_size": self.batch_size,
            "shard_size": str(self.shard_size),
        }


@dataclass(frozen=True)
class Workers:
    """Who does the work: it changes nothing in the output.

    Attributes:
        engine: `local` or `ray`.
        n_process: Processes, or actors of Ray; -1 for one for each core.
        min_process: Ray: the fewest actors of a pool that grows and shrinks; None for a
            pool that does not.
        address: Ray: the cluster to join; None starts a local one.
        num_gpus: Ray: GPUs for each actor.
    """

    engine: str = "local"
    n_process: int = 1
    min_process: Optional[int] = None
    address: Optional[str] = None
    num_gpus: float = 0

    def check(self) -> None:
        """Refuse what means nothing.

        Raises:
            BirnnError: It names the option and what it may be.
        """
        check_choice("engine", self.engine, ENGINES)
        if self.n_process < 1 and self.n_process != -1:
            refuse_value("n_process", self.n_process, "a number of at least 1, or -1")
        if self.min_process is not None and not self.min_process >= 1:
            refuse_value("min_process", self.min_process, "a number of at least 1")
        if self.engine == "local":
            for name in ("min_process", "address", "num_gpus"):
                if getattr(self, name):
                    raise BirnnError(Errors.B268.format(name=option(name)))


class Summary(NamedTuple):
    """The result of a run.

    Attributes:
        documents: Tagged, by this run and by those that it resumed.
        tokens: How many they have.
        entities: How many entities and other spans there are of each label.
        skipped: How many documents were skipped.
        seconds: From the first look at the inputs to the output in place.
        rate: Tokens per second, of this run alone.
        shards: How many there are.
        resumed: How many of them were done before this run.
        errors: What was skipped, where no file holds it.
    """

    documents: int
    tokens: int
    entities: Mapping[str, int]
    skipped: int
    seconds: float
    rate: float
    shards: int
    resumed: int
    errors: Sequence[Dict[str, Any]] = ()

    def to_dict(self) -> Dict[str, Any]:
        """For JSON."""
        found = {**self._asdict(), "entities": dict(self.entities)}
        found["seconds"] = round(self.seconds, 3)
        found["rate"] = round(self.rate, 1)
        return found


def check_choice(name: str, value: Any, known: Sequence[str]) -> None:
    """Refuse a value that is none of those known."""
    if value not in known:
        refuse_value(name, value, f"one of {', '.join(known)}")


def refuse_value(name: str, value: Any, known: str) -> None:
    """Raise the error of a value that means nothing."""
    raise BirnnError(Errors.B265.format(name=option(name), value=value, known=known))


def option(name: str) -> str:
    """The name of an argument on the command line."""
    return f"--{name.replace('_', '-')}"
