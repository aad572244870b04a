"""A cell: a recipe on a corpus, with the runs that are known of it, in one file."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from spacy.util import load_config, load_config_from_str, load_model_from_config
from thinc.api import Config

from spacy_birnn.cli.init_config import init_config
from spacy_birnn.files import replacing

from .corpora import CORPORA, Corpus

RESULTS = Path(__file__).parents[1] / "results" / "accuracy"

OPTIMIZE = ("efficiency", "accuracy")
"""The recipes of `init-config`."""

OF_WORKFLOWS = ("language-model", "from-conll2003-language-model")
"""Those that a workflow of the project has in the place of `efficiency`."""

SHIPPED = (*OPTIMIZE, *OF_WORKFLOWS)

Run = Dict[str, Any]


@dataclass
class Cell:
    """A recipe on a corpus.

    Attributes:
        corpus: A key of `CORPORA`.
        recipe: A name, unique among the recipes on this corpus.
        config: The config that is trained, as text, without paths and seed.
        runs: One for each seed.
        with_dev: Whether dev is trained on too, so that it chooses nothing.
    """

    corpus: str
    recipe: str
    config: str
    runs: List[Run] = field(default_factory=list)
    with_dev: bool = False

    @property
    def path(self) -> Path:
        return RESULTS / f"{self.corpus}-{self.recipe}.json"

    @property
    def limit(self) -> int:
        """Sentences of train, 0 for all."""
        config = load_config_from_str(self.config, interpolate=False)
        return config["corpora"]["train"].get("limit", 0)

    def run_of(self, seed: int) -> Optional[Run]:
        return next((run for run in self.runs if run["seed"] == seed), None)

    def add(self, run: Run) -> None:
        """Keep a run, in the place of one with its seed, and write the file anew.

        The file is read again before: another process may have added seeds of its own.
        """
        known = read_cell(self.path).runs if self.path.exists() else []
        by_seed = {other["seed"]: other for other in [*self.runs, *known]}
        by_seed[run["seed"]] = run
        self.runs = [by_seed[seed] for seed in sorted(by_seed)]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(self.path) as file:
            file.write(json.dumps(vars(self), indent=1).encode("utf8") + b"\n")


class OtherConfig(ValueError):
    """The file holds other trainings under the same name."""


def processor(run: Run) -> str:
    """The kind that a run was trained on, by what torch makes use of."""
    return run["machine"]["cpu_capability"]


def open_cell(
    corpus: str, recipe: str, config: Config, *, with_dev: bool = False
) -> Cell:
    """The cell of that name, with the runs that its file holds.

    Raises:
        OtherConfig: They were trained with another config, or on other files.
    """
    text = config.to_str(interpolate=False)
    cell = Cell(corpus, recipe, text, with_dev=with_dev)
    if cell.path.exists():
        kept = read_cell(cell.path)
        if kept.with_dev != with_dev or not is_same(kept.config, text):
            raise OtherConfig(
                f"{cell.path} holds runs of another config: remove it, or give this "
                "one another --name"
            )
        return kept
    return cell


def is_same(kept: str, now: str) -> bool:
    """Whether two configs train the same: a kept one may lack keys that have come since
    then, with a default that changes nothing."""
    if kept == now:
        return True
    completed = _completed(kept)
    return completed is not None and completed == _completed(now)


def _completed(text: str) -> Optional[Config]:
    """The config with all keys of today; None where it needs what is gone."""
    config = load_config_from_str(text, interpolate=False)
    try:
        complete = load_model_from_config(config, auto_fill=True).config
    except ValueError:
        return None
    complete["training"].pop("logger", None)
    if complete["paths"].pop("start_from", None) is None:
        # The callback that starts from another pipeline then does nothing.
        complete["initialize"]["after_init"] = None
    return complete


def read_cell(path: Path) -> Cell:
    return Cell(**json.loads(path.read_text(encoding="utf8")))


def read_cells() -> List[Cell]:
    """All cells, in the order of the corpora, the recipes of `init-config` first."""
    order = list(CORPORA)
    cells = [read_cell(path) for path in RESULTS.glob("*.json")]
    return sorted(cells, key=lambda cell: (order.index(cell.corpus), *place_of(cell)))


def place_of(cell: Cell) -> Tuple[int, str]:
    """Among the cells of a corpus."""
    first = SHIPPED.index(cell.recipe) if cell.recipe in SHIPPED else len(SHIPPED)
    return first, cell.recipe


def make_config(corpus: Corpus, recipe: str, overrides: Dict[str, Any]) -> Config:
    """The config of a recipe, without a logger: training has one of its own.

    Args:
        corpus: What is learned.
        recipe: One of `OPTIMIZE` for what `init-config` writes, else the path of a
            config.
        overrides: Values by their dotted key.
    """
    if recipe in OPTIMIZE:
        config = init_config(corpus.task, recipe, columns=corpus.columns)
    else:
        config = load_config(Path(recipe), interpolate=False)
    config["training"].pop("logger", None)
    text = config.to_str(interpolate=False)
    return load_config_from_str(text, overrides=overrides, interpolate=False)
