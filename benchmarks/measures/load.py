"""`load`: what our component adds to the time that spaCy takes to load a pipeline."""

from functools import partial
from typing import Iterator

from .fresh import figure_of
from .inputs import COMPONENT, Setting
from .rows import Row, Spread

TARGET = 0.3


def measure(setting: Setting) -> Iterator[Row]:
    """Seconds of `spacy.load` with and without the component, in fresh processes.

    `import spacy` imports torch, wherever torch is installed, before the clock starts:
    what that takes is timed by itself and kept beside the row.
    """
    whole = partial(figure_of, "load", setting.model)
    without = partial(figure_of, "load", setting.model, COMPONENT)
    torch = partial(figure_of, "torch")
    rounds = [(whole(), without(), torch()) for _ in range(setting.runs)]
    ours, rest, imports = (Spread.of(seconds) for seconds in zip(*rounds, strict=True))
    added = [with_it - without_it for with_it, without_it, _ in rounds]
    yield Row(
        "spacy.load after import spacy",
        f"the same without {COMPONENT}",
        unit="s",
        ours=ours,
        other=rest,
        value=Spread.of(added),
        runs=setting.runs,
        value_unit="s",
        target=TARGET,
        at_most=True,
        facts={"import_torch_seconds": imports.median},
    )
