"""The grid: a default encoder, and one thing at a time changed."""

from dataclasses import dataclass
from itertools import chain
from typing import Dict, List

ENCODE = "components.birnn_ner.model.tok2vec.encode"


@dataclass(frozen=True)
class Variant:
    """One encoder; `hidden` is the width of the hidden state of one direction."""

    cell: str = "lstm"
    directions: int = 2
    depth: int = 1
    hidden: int = 100

    @property
    def name(self) -> str:
        return f"{self.cell}-{self.directions}-{self.depth}-{self.hidden}"

    @property
    def label(self) -> str:
        """Its difference from the default, in words."""
        direction = "one direction" if self.directions == 1 else ""
        cell = self.cell.upper() if direction or self.cell != DEFAULT.cell else ""
        depth = f"depth {self.depth}" if self.depth != DEFAULT.depth else ""
        hidden = f"hidden {self.hidden}" if self.hidden != DEFAULT.hidden else ""
        return ", ".join(filter(None, (cell, direction, depth, hidden))) or "default"

    @property
    def overrides(self) -> Dict[str, object]:
        """The settings for `spacy train`; its `width` is of all directions together."""
        return {
            f"{ENCODE}.cell": self.cell,
            f"{ENCODE}.bidirectional": self.directions == 2,
            f"{ENCODE}.depth": self.depth,
            f"{ENCODE}.width": self.directions * self.hidden,
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
