"""Measure how fast our pipelines are, always as a ratio to something else.

    python benchmarks/speed.py --data-dir DIR --vectors DIR --model DIR \\
        --wide-model DIR --texts FILE
    python benchmarks/speed.py --measure crf --threads 1 2
    python benchmarks/speed.py --report

All sides run in turn in one process, and each ratio is of neighbours in time. Nothing
else should run on the machine. See README.md.
"""

import argparse
import sys
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import spacy
from common import a_file, a_folder, add_result, at_least, markdown, read_results
from measures import crf, growth, processes, spacy_ner, tagging, training
from measures.machine import machine_facts
from measures.rows import HEADER, Comparison, Outcome, Row, Skipped, cells_of
from measures.timing import CLOCKS, set_clock, threads

from spacy_birnn.errors import BirnnError

MEASURES: Dict[str, Callable[[argparse.Namespace], Iterator[Outcome]]] = {
    "tagging": tagging.measure_tagging,
    "documents": tagging.measure_documents,
    "precision": tagging.measure_precision,
    "spacy-ner": spacy_ner.measure_cnn,
    "spacy-bilstm": spacy_ner.measure_bilstm,
    "crf": crf.measure,
    "training": training.measure,
    "text": tagging.measure_text,
    "load": processes.measure_load,
    "memory": processes.measure_memory,
    "growth": growth.measure,
    "single": tagging.measure_single,
    "processes": processes.measure_processes,
}
NEED_NO_FILES = {"crf"}
# Those in processes of their own, which have one thread each.
ONE_THREAD = {"load", "memory", "processes"}
ON_GPU = {"tagging", "training"}
CELL = ("measure", "case", "against", "threads", "device")
RESULTS = Path(__file__).with_name("results") / "speed.json"


def main() -> None:
    parser = make_parser()
    args = parser.parse_args()
    if args.report:
        print(*markdown(HEADER, map(cells_of, read_results(args.output))), sep="\n")
        return
    names = args.measure or [n for n in MEASURES if args.gpu_id < 0 or n in ON_GPU]
    check_inputs(parser, args, names)
    if args.gpu_id >= 0:
        use_gpu(parser, args, names)
    set_clock(args.clock)
    for name in names:
        for count in args.threads:
            if name in ONE_THREAD and count > 1:
                print(f"{name}: skipped, not with {count} threads")
                continue
            with threads(count):
                for row in rows_of(name, args):
                    keep(name, row, count, args)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_inputs(parser, MEASURES)
    option = parser.add_argument
    option("--threads", type=at_least(1), nargs="+", default=[1])
    option("--runs", type=at_least(1), default=5, help="after one that does not count")
    option("--gpu-id", type=int, default=-1, help=f"{' and '.join(sorted(ON_GPU))}")
    option("-o", "--output", type=Path, default=RESULTS, help="JSON")
    option("--report", action="store_true", help="print the table")
    option("--ours-only", action="store_true", help="without peers, for compare.py")
    return parser


def add_inputs(parser: argparse.ArgumentParser, measures: Any) -> None:
    """The options that say what to measure, on what, and by which clock."""
    option = parser.add_argument
    names = ", ".join(measures)
    option("--measure", nargs="+", choices=measures, metavar="NAME", help=names)
    option("--data-dir", type=a_folder, help="folder of CoNLL-2003")
    option("--vectors", type=a_folder, help="word vectors (scripts/make_vectors.py)")
    option("--model", type=a_folder, help="pipeline trained by configs/conll2003.cfg")
    option("--wide-model", type=a_folder, help="the same with an encoder of width 400")
    option("--texts", type=a_file, help="long texts, JSON lines with a `text` each")
    option("--clock", choices=CLOCKS, default="wall", help="default: wall")


def check_inputs(
    parser: argparse.ArgumentParser, args: argparse.Namespace, names: List[str]
) -> None:
    """End with a message where an input is missing."""
    for option in ("data_dir", "vectors", "model"):
        if getattr(args, option) is None and not NEED_NO_FILES.issuperset(names):
            parser.error(f"--{option.replace('_', '-')} is needed")


def use_gpu(
    parser: argparse.ArgumentParser, args: argparse.Namespace, names: List[str]
) -> None:
    if not ON_GPU.issuperset(names):
        parser.error(f"--gpu-id: only for {', '.join(sorted(ON_GPU))}")
    try:
        spacy.require_gpu(args.gpu_id)
    except Exception as error:
        # cupy and CUDA each have exceptions of their own.
        reason = " ".join(str(error).split())
        parser.error(f"--gpu-id {args.gpu_id}: no such GPU can be used: {reason}")


def rows_of(name: str, args: argparse.Namespace) -> Iterator[Row]:
    for outcome in MEASURES[name](args):
        if isinstance(outcome, Skipped):
            print(f"{name}: {outcome.case}: skipped, {outcome.reason}", flush=True)
        elif isinstance(outcome, Comparison):
            peers = () if args.ours_only else outcome.peers
            yield from outcome._replace(peers=peers).rows(args.runs)
        else:
            yield outcome


def keep(name: str, row: Row, count: int, args: argparse.Namespace) -> None:
    """Print a row, and put it into the file of results."""
    value, unit = row["value"], row["value_unit"]
    print(
        f"{name}: {row['case']}, against {row['against']}: {value['median']:.3g} "
        f"{unit} ({value['min']:.3g} to {value['max']:.3g})",
        flush=True,
    )
    device = "cpu" if args.gpu_id < 0 else "gpu"
    where = {"measure": name, "threads": count, "device": device}
    facts = {"clock": args.clock, "machine": machine_facts()}
    add_result(args.output, {**where, **row, **facts}, CELL)


if __name__ == "__main__":
    try:
        main()
    except BirnnError as error:
        sys.exit(str(error))
