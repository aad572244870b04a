"""Measure what `tag` adds to a pipeline: stages, ends to end, processes, Ray, memory.

    python benchmarks/tagging.py --model model/model-best --texts texts.jsonl.gz

Texts are JSON lines with the key `text`. Each measure prints its figures and replaces
its own entry in results/tagging.json. What one process does is counted in its processor
time, which other work on the machine hardly stretches. Processes are compared without
their start, once each of them has done a batch: by the clock, which wants an
idle machine, and by the processor time of each of them.
"""

import json
import tempfile
from pathlib import Path
from typing import Callable, Dict

import torch
from bulk.bench import Bench, Figures
from bulk.costs import measure_bookkeeping, measure_ends, measure_stages
from bulk.engines import ENGINES, measure_coordinator, measure_processes
from bulk.memory import child, measure_memory
from options import make_parser

RESULTS = Path(__file__).parent / "results" / "tagging.json"

MEASURES: Dict[str, Callable[[Bench], Figures]] = {
    "ends": measure_ends,
    "bookkeeping": measure_bookkeeping,
    "stages": measure_stages,
    "processes": measure_processes,
    "coordinator": measure_coordinator,
    "memory": measure_memory,
}


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--texts", help="JSON lines, packed with gzip")
    parser.add_argument("--limit", type=int, help="the first so many texts")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--measure", nargs="+", choices=MEASURES, default=[*MEASURES])
    parser.add_argument("--megabytes", type=int, nargs=2, default=[50, 500])
    parser.add_argument(
        "--engines",
        nargs="+",
        choices=ENGINES,
        default=[*ENGINES],
        help="of memory: one process, two, two actors of Ray",
    )
    parser.add_argument("--child", type=Path, help="tag this file, and measure nothing")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.child:
        child(arguments.model, arguments.child, *arguments.engines)
        return
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments, Path(folder))
        for name in arguments.measure:
            figures = {"tokens": bench.tokens, **MEASURES[name](bench)}
            add_figures(arguments.output, name, figures)
            print(name, json.dumps(figures, indent=2), flush=True)


def add_figures(path: Path, name: str, figures: Figures) -> None:
    """Put figures into a file; of engines, beside those that it has."""
    results = json.loads(path.read_text()) if path.exists() else {}
    kept = results.get(name, {}) if name == "memory" else {}
    results[name] = {**kept, **figures}
    path.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
