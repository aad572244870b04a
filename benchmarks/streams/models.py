"""The models whose accuracy is measured against the delay of their labels."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

from recipes.cells import Cell, make_config
from recipes.corpora import CORPORA
from recipes.training import MODEL, Places, folder_of, train

LAGS: List[Optional[int]] = [0, 1, 2, 4, 8, 16, None]
"""Words that a label waits for; None for the whole sequence."""

EPOCHS = {"conll2003": 6, "ud-upos": 10}


@dataclass(frozen=True)
class Network:
    """An encoder, and the delays that its labels are measured with.

    Attributes:
        cell: "lstm" or "gru".
        lookahead: Of the backward direction; None for all that is ahead.
        both: Whether it has one.
    """

    cell: str
    both: bool = False
    lookahead: Optional[int] = None

    @property
    def name(self) -> str:
        if not self.both:
            return self.cell
        return f"bi{self.cell}-{'all' if self.lookahead is None else self.lookahead}"

    @property
    def lags(self) -> List[Optional[int]]:
        """In one direction training does not depend on the delay; else the network was
        trained for one."""
        return [self.lookahead] if self.both else LAGS

    @property
    def settings(self) -> Dict[str, Any]:
        """In one direction as wide as one of the two."""
        found: Dict[str, Any] = {
            "cell": self.cell,
            "bidirectional": self.both,
            "width": 200 if self.both else 100,
        }
        if self.lookahead is not None:
            found["lookahead"] = self.lookahead
        return found


NETWORKS = [
    Network("lstm"),
    Network("lstm", True, 8),
    Network("lstm", True, None),
    Network("gru"),
    *[Network("lstm", True, lag) for lag in (0, 2, 1, 4, 16)],
]
"""In the order in which they are trained."""


def cell_of(corpus: str, network: Network) -> Cell:
    """The recipe of a network: that for efficiency, with a CRF and documents of one
    sentence."""
    component = "birnn_ner" if CORPORA[corpus].has_spans else "birnn_tagger"
    config = make_config(CORPORA[corpus], "efficiency", {})
    model = config["components"][component]["model"]
    model["tok2vec"]["encode"].update({**network.settings, "depth": 1})
    model["decoder"] = "crf"
    config["training"]["batcher"]["share"] = 0.0
    config["training"]["max_epochs"] = EPOCHS[corpus]
    return Cell(corpus, f"stream-{network.name}", config.to_str(interpolate=False))


def path_of(corpus: str, network: Network, seed: int, models: Path) -> Path:
    """Where a trained pipeline is."""
    places = Places(models, models, models)
    return folder_of(cell_of(corpus, network), seed, places) / MODEL


def train_all(
    corpora: List[str],
    networks: List[Network],
    seeds: List[int],
    places: Dict[str, Places],
) -> None:
    """Train what is not there yet, seed by seed."""
    for seed in seeds:
        for network in networks:
            for corpus in corpora:
                cell, own = cell_of(corpus, network), places[corpus]
                folder = folder_of(cell, seed, own)
                if (folder / "done").exists():
                    continue
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(parents=True)
                train(cell, seed, own, folder)
                (folder / "done").touch()
                print(f"{folder.name} is trained.", flush=True)


def trained(models: Path) -> Iterator[Any]:
    """Every corpus, network and seed whose training has ended, with its folder."""
    for corpus in EPOCHS:
        for network in NETWORKS:
            for seed in range(10):
                path = path_of(corpus, network, seed, models)
                if (path.parents[1] / "done").exists():
                    yield corpus, network, seed, path
