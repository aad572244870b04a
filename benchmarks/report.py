"""The table: spaCy's own components and ours, corpus by corpus."""

import json
from pathlib import Path
from statistics import mean, stdev
from typing import Any, Dict, Iterable, List, NamedTuple

from common import DATASETS, Dataset, read_results


class Row(NamedTuple):
    """One line of the table; scores are 0…1, and None where they are not known."""

    dataset: str
    system: str
    test: List[float]
    dev: List[float]
    seconds: List[float]


def print_report(results: Path, metrics: Path) -> None:
    """Print the baselines' results and our metrics side by side, in Markdown."""
    runs = read_results(results)
    rows = [row for name in DATASETS for row in rows_of(name, runs, metrics)]
    print("| dataset | system | test | best dev | seeds | training seconds |")
    print("|---|---|---|---|---|---|")
    for row in rows:
        note = " (dev score)" if DATASETS[row.dataset].test_is_dev else ""
        print(
            f"| {row.dataset} | {row.system} | {spread(row.test)}{note} "
            f"| {spread(row.dev)} | {len(row.test)} | {seconds(row.seconds)} |"
        )


def rows_of(name: str, runs: Iterable[Dict[str, Any]], metrics: Path) -> List[Row]:
    """The rows of one dataset: spaCy's systems in their best setting, and ours."""
    cells: Dict[str, List[Dict[str, Any]]] = {}
    for run in runs:
        if run["dataset"] == name:
            cells.setdefault(run["system"], []).append(run)
    rows = []
    for system, cell in cells.items():
        setting = best_setting(cell)
        chosen = [run for run in cell if run["setting"] == setting]
        rows.append(
            Row(
                name,
                f"spaCy {system} ({setting})",
                test=[run["test"] for run in chosen],
                dev=[run["best_dev"] for run in chosen],
                seconds=[run["seconds"] for run in chosen],
            )
        )
    ours = read_metrics(DATASETS[name], metrics)
    return [*rows, Row(name, "spacy-birnn", **ours)] if ours["test"] else rows


def best_setting(cell: List[Dict[str, Any]]) -> str:
    """The setting that did best on dev with the seed that tried them all."""
    first = min(run["seed"] for run in cell)
    tried = [run for run in cell if run["seed"] == first]
    return max(tried, key=lambda run: run["best_dev"])["setting"]


def read_metrics(dataset: Dataset, metrics: Path) -> Dict[str, List[float]]:
    """Our scores: every file whose name begins with the dataset's is one run."""
    files = sorted(metrics.glob(f"{dataset.metrics}*.json"))
    runs = [json.loads(file.read_text(encoding="utf8")) for file in files]
    return {
        "test": [run[dataset.our_score] for run in runs],
        "dev": [run["best_dev"] for run in runs if "best_dev" in run],
        "seconds": [run["train_seconds"] for run in runs if "train_seconds" in run],
    }


def spread(scores: List[float]) -> str:
    """Mean and standard deviation in points."""
    if not scores:
        return "–"
    points = [100 * score for score in scores]
    deviation = f" ± {stdev(points):.2f}" if len(points) > 1 else ""
    return f"{mean(points):.2f}{deviation}"


def seconds(values: List[float]) -> str:
    return f"{mean(values):.0f}" if values else "–"
