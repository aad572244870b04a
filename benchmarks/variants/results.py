"""The entries of the file of results, put together variant by variant."""

from dataclasses import asdict, dataclass
from statistics import mean
from typing import Any, Dict, Iterable, List

from .grid import GRID, Variant

Entry = Dict[str, Any]


@dataclass(frozen=True)
class Result:
    """What is known of a variant; a list has an entry a seed, scores are 0…1.

    Attributes:
        speed: The entry of its timing; empty where it was not timed.
    """

    variant: Variant
    dev: List[float]
    testa: List[float]
    train_speeds: List[float]
    speed: Entry

    @property
    def is_complete(self) -> bool:
        return bool(self.testa and self.speed)

    @property
    def points(self) -> float:
        """F1 on testa in percent, the mean over the seeds."""
        return 100 * mean(self.testa)

    @property
    def tokens_per_second(self) -> float:
        return self.speed["tokens_per_second"]["median"]


def results_of(entries: Iterable[Entry]) -> List[Result]:
    """One a variant, in the order of the grid; those of which nothing is known not."""
    entries = list(entries)
    results = [result_of(variant, entries) for variant in GRID]
    return [result for result in results if result.testa or result.speed]


def result_of(variant: Variant, entries: List[Entry]) -> Result:
    own = [entry for entry in entries if asdict(variant).items() <= entry.items()]
    runs = [entry for entry in own if entry["what"] == "training"]
    speeds = [entry for entry in own if entry["what"] == "speed"]
    return Result(
        variant,
        dev=[run["dev_f"] for run in runs],
        testa=[run["testa_f"] for run in runs],
        train_speeds=[run["train_tokens_per_second"] for run in runs],
        speed=speeds[0] if speeds else {},
    )
