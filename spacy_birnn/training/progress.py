"""Where a training is: what a checkpoint holds beside weights and random states."""

from dataclasses import asdict, dataclass, field
from typing import Any, Dict, List, Optional, Sequence, Tuple

Result = Tuple[Optional[float], int]
"""The score of an evaluation, None where there is no development set, and its step."""


@dataclass
class Progress:
    """The position in the data, and what has been found so far.

    Attributes:
        step: the next step, from 0.
        epoch: the pass over the training data, from 0.
        n_batches: batches of this epoch that are done.
        n_examples: examples in them, and in the batch at hand.
        words: words seen.
        seconds: of wall time, over all runs.
        seconds_in_updates: the part of them in which the model learned.
        losses: since the last evaluation, by component.
        results: of all evaluations.
        words_evaluated: words seen before the last evaluation.
        finished: why training has ended, None where it has not.
    """

    step: int = 0
    epoch: int = 0
    n_batches: int = 0
    n_examples: int = 0
    words: int = 0
    seconds: float = 0.0
    seconds_in_updates: float = 0.0
    losses: Dict[str, float] = field(default_factory=dict)
    results: List[Result] = field(default_factory=list)
    words_evaluated: int = 0
    finished: Optional[str] = None

    @property
    def best(self) -> Optional[Tuple[float, int]]:
        """The best score and the first step that had it."""
        return best_of(self.results)

    def to_dict(self) -> Dict[str, Any]:
        losses = {name: float(loss) for name, loss in self.losses.items()}
        return {**asdict(self), "losses": losses}

    @classmethod
    def from_dict(cls, facts: Dict[str, Any]) -> "Progress":
        results = [(score, step) for score, step in facts["results"]]
        return cls(**{**facts, "results": results})


def best_of(results: Sequence[Result]) -> Optional[Tuple[float, int]]:
    """The best score and the first step that had it; None where nothing was scored."""
    scored = [(score, -step) for score, step in results if score is not None]
    if not scored:
        return None
    score, step = max(scored)
    return score, -step
