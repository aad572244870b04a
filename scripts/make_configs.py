"""Make the configs of the project's workflows, one for each size.

    python scripts/make_configs.py [configs]

Writes `SIZE/NAME.cfg`, for `spacy project run … --vars.size=SIZE`: what `spacy-birnn
init-config --optimize SIZE` writes for the task of NAME, with the few changes that
stand here. Change the recipes, or this file, and run it again.
"""

import argparse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from spacy.util import load_model_from_config
from thinc.api import Config

from spacy_birnn.cli.init_config import Optimize, init_config, to_text
from spacy_birnn.cli.recipe_config import DEV_RUNS
from spacy_birnn.files import replacing

SIZES = [size.value for size in Optimize]


@dataclass(frozen=True)
class Workflow:
    """The config that a workflow trains with.

    Attributes:
        task: As for `init-config`.
        changes: Values by their dotted keys.
        sizes: Those of `SIZES` that have the changes.
    """

    task: str
    changes: Dict[str, Any] = field(default_factory=dict)
    sizes: Sequence[str] = tuple(SIZES)

    def changes_of(self, size: str) -> Dict[str, Any]:
        return self.changes if size in self.sizes else {}


def hub_reader(part: str, split: str, joined: int = 0) -> Dict[str, Any]:
    return {
        "@readers": "spacy-birnn.DatasetsCorpus.v1",
        "path": f"${{paths.{part}}}",
        "split": split,
        "joined": joined,
    }


WORKFLOWS: Dict[str, Workflow] = {
    # Its sentences were made one by one and have no neighbours to be joined with.
    "demo": Workflow(
        "ner",
        {
            "training.batcher.share": 0.0,
            "corpora.dev.joined": 0,
            "training.eval_frequency": 100,
        },
    ),
    # Tweets gain from it, but not with SGD: see docs/accuracy.md.
    "wnut17": Workflow(
        "ner", {"components.birnn_ner.language_model": 0.1}, sizes=["efficiency"]
    ),
    "conll2003": Workflow("ner"),
    "conll2000": Workflow("chunk"),
    "ud_upos": Workflow("pos"),
    "ud_xpos": Workflow("tag"),
    "hub": Workflow(
        "ner",
        {
            "corpora.train": hub_reader("train", "train"),
            "corpora.dev": hub_reader("dev", "validation", DEV_RUNS),
        },
    ),
}


def make_config(name: str, size: str) -> Config:
    """Make the config of a workflow.

    Args:
        name: One of `WORKFLOWS`.
        size: One of `SIZES`.
    """
    workflow = WORKFLOWS[name]
    config = init_config(workflow.task, size)
    for key, value in workflow.changes_of(size).items():
        *sections, last = key.split(".")
        block = config
        for section in sections:
            block = block[section]
        block[last] = value
    return load_model_from_config(config, auto_fill=True).config


def all_configs() -> Iterator[Tuple[str, str]]:
    """The path of each config below the folder, and its text."""
    for size in SIZES:
        for name, workflow in WORKFLOWS.items():
            line = f"spacy-birnn init-config --task {workflow.task} --optimize {size}"
            changed = ", ".join(workflow.changes_of(size)) or "nothing"
            header = (
                f"# Made by scripts/make_configs.py, from: {line}\n"
                f"# Changed: {changed}.\n\n"
            )
            yield f"{size}/{name}.cfg", header + to_text(make_config(name, size))


def main(arguments: Optional[List[str]] = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", default=Path("configs"))
    folder = parser.parse_args(arguments).folder
    for path, text in all_configs():
        out = folder / path
        out.parent.mkdir(parents=True, exist_ok=True)
        with replacing(out) as file:
            file.write(text.encode("utf-8"))
        print(out)


if __name__ == "__main__":
    main()
