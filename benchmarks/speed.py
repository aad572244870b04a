"""Measure how fast our pipelines are, always as a ratio to something else.

    python benchmarks/speed.py --data-dir DIR --vectors DIR --model DIR \\
        --wide-model DIR --texts FILE
    python benchmarks/speed.py --measure crf --threads 1 2
    python benchmarks/speed.py --report

All sides run in turn in one process, and each ratio is of neighbours in time. The
clock is the wall's: nothing else should run on the machine. See README.md.
"""

import argparse
import sys
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import spacy
from common import add_result, read_results
from measures import crf, growth, processes, spacy_ner, tagging, training
from measures.inputs import Setting
from measures.machine import machine_facts
from measures.rows import Outcome, Row, Skipped, entry_of, table
from measures.timing import CLOCKS, set_clock, threads

from spacy_birnn.errors import BirnnError

MEASURES: Dict[str, Callable[[Setting], Iterator[Outcome]]] = {
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
        print(*table(read_results(args.output)), sep="\n")
        return
    set_clock(args.clock)
    names = args.measure or [n for n in MEASURES if args.gpu_id < 0 or n in ON_GPU]
    check(parser, args, names)
    if args.gpu_id >= 0:
        use_gpu(parser, args.gpu_id)
    for name in names:
        for count in args.threads:
            run(name, setting_of(args, count), args.output)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_inputs(parser, MEASURES)
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument(
        "--runs", type=int, default=5, help="of each side after one that does not count"
    )
    parser.add_argument(
        "--gpu-id", type=int, default=-1, help=f"{' and '.join(sorted(ON_GPU))} there"
    )
    parser.add_argument("-o", "--output", type=Path, default=RESULTS, help="JSON")
    parser.add_argument("--report", action="store_true", help="print the table")
    parser.add_argument(
        "--ours-only", action="store_true", help="time our side alone (for compare.py)"
    )
    return parser


def add_inputs(parser: argparse.ArgumentParser, measures: Any) -> None:
    """The options that say what to measure, and on what."""
    option = parser.add_argument
    names = ", ".join(measures)
    option("--measure", nargs="+", choices=measures, metavar="NAME", help=names)
    option("--data-dir", type=Path, help="folder of CoNLL-2003")
    option("--vectors", type=Path, help="folder of word vectors (make_vectors.py)")
    option("--model", type=Path, help="pipeline trained by configs/conll2003.cfg")
    option("--wide-model", type=Path, help="the same with an encoder of width 400")
    option("--texts", type=Path, help="long texts, JSON lines with a `text` each")
    option("--clock", choices=CLOCKS, default="wall", help="default: wall")


def check(
    parser: argparse.ArgumentParser, args: argparse.Namespace, names: List[str]
) -> None:
    """End with a message where something is missing."""
    if args.runs < 1 or min(args.threads) < 1:
        parser.error("--runs and --threads are at least 1")
    if args.gpu_id >= 0 and not ON_GPU.issuperset(names):
        parser.error(f"--gpu-id: only for {', '.join(sorted(ON_GPU))}")
    check_inputs(parser, args, names)


def check_inputs(
    parser: argparse.ArgumentParser, args: argparse.Namespace, names: List[str]
) -> None:
    """End with a message where a folder or a file is missing; make paths absolute."""
    needs_files = not NEED_NO_FILES.issuperset(names)
    for option in ("data_dir", "vectors", "model", "wide_model", "texts"):
        path = getattr(args, option)
        flag = "--" + option.replace("_", "-")
        if path is not None:
            setattr(args, option, path.resolve())
            is_there, kind = (
                (path.is_file(), "file")
                if option == "texts"
                else (path.is_dir(), "folder")
            )
            if not is_there:
                parser.error(f"{flag}: there is no {kind} {path}")
        elif needs_files and option in ("data_dir", "vectors", "model"):
            parser.error(f"{flag} is needed")


def use_gpu(parser: argparse.ArgumentParser, gpu_id: int) -> None:
    try:
        spacy.require_gpu(gpu_id)
    except Exception as error:
        # cupy and CUDA each have exceptions of their own.
        reason = " ".join(str(error).split())
        parser.error(f"--gpu-id {gpu_id}: no such GPU can be used: {reason}")


def setting_of(args: argparse.Namespace, count: int) -> Setting:
    return Setting(
        args.data_dir,
        args.vectors,
        args.model,
        args.wide_model,
        args.texts,
        runs=args.runs,
        threads=count,
        gpu_id=args.gpu_id,
        ours_only=args.ours_only,
    )


def run(name: str, setting: Setting, output: Path) -> None:
    """Print and keep the rows of a measure, one by one."""
    if name in ONE_THREAD and setting.threads > 1:
        print(f"{name}: skipped, not with {setting.threads} threads")
        return
    device = "cpu" if setting.gpu_id < 0 else "gpu"
    with threads(setting.threads):
        for row in rows_of(name, setting):
            show(name, row)
            facts = machine_facts()
            entry = entry_of(name, setting.threads, device, row, facts)
            add_result(output, entry, CELL)


def rows_of(name: str, setting: Setting) -> Iterator[Row]:
    for outcome in MEASURES[name](setting):
        if isinstance(outcome, Skipped):
            print(f"{name}: {outcome.case}: skipped, {outcome.reason}", flush=True)
        elif isinstance(outcome, Row):
            yield outcome
        elif setting.ours_only:
            yield from outcome.rows_of_ours(setting.runs)
        else:
            yield from outcome.rows(setting.runs)


def show(name: str, row: Row) -> None:
    value = row.value
    print(
        f"{name}: {row.case}, against {row.against}: {value.median:.3g} "
        f"{row.value_unit} ({value.min:.3g} to {value.max:.3g})",
        flush=True,
    )


if __name__ == "__main__":
    try:
        main()
    except BirnnError as error:
        sys.exit(str(error))
