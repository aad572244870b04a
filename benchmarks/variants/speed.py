"""Time all variants in one run, in turn."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Dict

from measures.inputs import count_tokens, load_new, pipe, read, untagged
from measures.machine import machine_facts
from measures.rows import Spread, ratios
from measures.timing import Side, alternate, threads

from .grid import DEFAULT, Variant


def time_all(
    models: Dict[Variant, Path], test: Path, runs: int
) -> Dict[Variant, Dict[str, Any]]:
    """Tokens/s of `nlp.pipe` over ready Docs, a Doc a sentence, on one thread.

    Each round times every variant once, the round before the first does not count. A
    variant is set against the default of its own round.

    Args:
        models: The trained pipeline of each variant; the default is among them.
        test: The annotated file whose text they tag.
        runs: How many rounds.
    """
    sides = []
    for path in models.values():
        nlp = load_new(path)
        examples = read(nlp, test)
        sides.append(Side(partial(pipe, nlp), partial(untagged, examples)))
    tokens = count_tokens(example.predicted for example in examples)
    with threads(1):
        seconds = dict(zip(models, alternate(sides, runs), strict=True))
    return {
        variant: {
            "tokens_per_second": asdict(Spread.of([tokens / run for run in own])),
            "over_default": asdict(Spread.of(ratios(seconds[DEFAULT], own))),
            "runs": runs,
            "machine": machine_facts(),
        }
        for variant, own in seconds.items()
    }
