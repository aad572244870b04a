"""The grid: a default encoder, and one thing at a time changed."""

from dataclasses import dataclass
from itertools import chain
from typing import Dict, List

ENCODE = "components.birnn_ner.model.tok2vec.encode"


@dataclass(frozen=True)
class Variant:
    """One encoder.

    Attributes:
        hidden: Width of the hidden state of one direction.
    """

    cell: str = "lstm"
    directions: int = 2
    depth: int = 1
    hidden: int = 100

    @property
    def name(self) -> str:
        return f"{self.cell}-{self.directions}-{self.depth}-{self.hidden}"

    @property
    def label(self) -> str:
        """What it does not share with the default, in words."""
        parts = []
        if self.cell != DEFAULT.cell or self.directions != DEFAULT.directions:
            parts.append(self.cell.upper())
        if self.directions != DEFAULT.directions:
            parts.append("one direction")
        if self.depth != DEFAULT.depth:
            parts.append(f"depth {self.depth}")
        if self.hidden != DEFAULT.hidden:
            parts.append(f"hidden {self.hidden}")
        return ", ".join(parts) or "default"

    @property
    def overrides(self) -> Dict[str, str]:
        """What `spacy train` is told; its `width` is of all directions together."""
        return {
            f"{ENCODE}.cell": self.cell,
            f"{ENCODE}.bidirectional": "true" if self.directions == 2 else "false",
            f"{ENCODE}.depth": str(self.depth),
            f"{ENCODE}.width": str(self.directions * self.hidden),
        }


DEFAULT = Variant()
SERIES: Dict[str, List[Variant]] = {
    "cell and directions": [
        Variant(cell=cell, directions=directions)
        for cell in ("rnn", "gru", "lstm")
        for directions in (1, 2)
    ],
    "depth": [Variant(depth=depth) for depth in (1, 2, 3)],
    "hidden size": [Variant(hidden=hidden) for hidden in (50, 100, 200, 400)],
}
GRID: List[Variant] = list(dict.fromkeys(chain.from_iterable(SERIES.values())))
