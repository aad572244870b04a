"""The table: spaCy's own components and ours, corpus by corpus."""

import json
from pathlib import Path
from statistics import mean, stdev
from typing import Any, Dict, Iterable, Iterator, List, Tuple

from common import DATASETS, markdown, read_results

Runs = List[Dict[str, Any]]
HEADER = ("dataset", "system", "test", "best dev", "seeds", "training seconds")


def print_report(results: Path, metrics: Path) -> None:
    """Print the baselines' results and our metrics side by side, in Markdown."""
    runs = read_results(results)
    rows = (row for name in DATASETS for row in rows_of(name, runs, metrics))
    print(*markdown(HEADER, rows), sep="\n")


def rows_of(name: str, runs: Runs, metrics: Path) -> Iterator[Iterable[str]]:
    """The rows of one dataset: spaCy's systems in their best setting, and ours."""
    dataset = DATASETS[name]
    note = " (dev score)" if dataset.test_is_dev else ""
    runs = [run for run in runs if run["dataset"] == name]
    systems: List[Tuple[str, str, Runs]] = []
    for system in dict.fromkeys(run["system"] for run in runs):
        cell = [run for run in runs if run["system"] == system]
        setting = best_setting(cell)
        chosen = [run for run in cell if run["setting"] == setting]
        systems.append((f"spaCy {system} ({setting})", "test", chosen))
    files = sorted(metrics.glob(f"{dataset.metrics}*.json"))
    ours = [json.loads(file.read_text(encoding="utf8")) for file in files]
    if ours:
        systems.append(("spacy-birnn", dataset.our_score, ours))
    for system, score, chosen in systems:
        seconds = known(chosen, "seconds") + known(chosen, "train_seconds")
        yield (
            name,
            system,
            spread(known(chosen, score)) + note,
            spread(known(chosen, "best_dev")),
            str(len(chosen)),
            f"{mean(seconds):.0f}" if seconds else "–",
        )


def known(runs: Runs, key: str) -> List[float]:
    """The figures of those runs that have one."""
    return [run[key] for run in runs if key in run]


def best_setting(cell: Runs) -> str:
    """The setting that did best on dev with the seed that tried them all."""
    first = min(run["seed"] for run in cell)
    tried = [run for run in cell if run["seed"] == first]
    return max(tried, key=lambda run: run["best_dev"])["setting"]


def spread(scores: List[float]) -> str:
    """Mean and standard deviation, in points, of scores between 0 and 1."""
    if not scores:
        return "–"
    points = [100 * score for score in scores]
    deviation = f" ± {stdev(points):.2f}" if len(points) > 1 else ""
    return f"{mean(points):.2f}{deviation}"
