"""Measure training and tagging on a GPU against a bare torch module on the same GPU.

    python benchmarks/gpu.py --data-dir DIR --vectors DIR
    python benchmarks/gpu.py --report

Both sides run in turn in one process, by the wall clock, and each ratio is of
neighbours in time. Needs a CUDA device and cupy. DIR holds CoNLL-2003.
"""

import argparse
from pathlib import Path
from typing import Callable, Dict, Iterator, Union

import spacy
import torch
from measures import gpu
from measures.machine import machine_facts
from measures.rows import HEADER, Comparison, Row, cells_of
from measures.training import CONFIG
from options import existing, make_parser, run_script
from records import FOLDER, add_result, markdown, read_results

MEASURES: Dict[str, Callable[[argparse.Namespace], Iterator[Union[Comparison, Row]]]]
MEASURES = {
    "kernels": gpu.measure_kernels,
    "training": gpu.measure_training,
    "tagging": gpu.measure_tagging,
    "precision": gpu.measure_precision,
}
KEY = ("measure", "case", "against")
RESULTS = FOLDER / "gpu.json"


def main() -> None:
    parser = make_parser(__doc__)
    option = parser.add_argument
    option("--measure", nargs="+", choices=MEASURES, default=list(MEASURES))
    option("--data-dir", type=existing, help="folder of CoNLL-2003")
    option("--vectors", type=existing, help="word vectors (scripts/make_vectors.py)")
    option("--config", type=existing, default=CONFIG)
    option("--runs", type=int, default=5, help="after one that does not count")
    option("-o", "--output", type=Path, default=RESULTS, help="JSON")
    option("--report", action="store_true", help="print the table")
    args = parser.parse_args()
    if args.report:
        print(*markdown(HEADER, map(cells_of, read_results(args.output))), sep="\n")
        return
    if args.data_dir is None or args.vectors is None:
        parser.error("--data-dir and --vectors are needed")
    spacy.require_gpu()
    for name in args.measure:
        for found in MEASURES[name](args):
            rows = found.rows(args.runs) if isinstance(found, Comparison) else [found]
            for row in rows:
                keep(name, row, args.output)


def keep(name: str, row: Row, output: Path) -> None:
    """Print a row, and add it to the results."""
    machine = {**machine_facts(), "gpu": torch.cuda.get_device_name()}
    entry = {"measure": name, "threads": 1, **row, "machine": machine}
    print(" | ".join(cells_of(entry)), flush=True)
    add_result(output, entry, KEY)


if __name__ == "__main__":
    run_script(main)
