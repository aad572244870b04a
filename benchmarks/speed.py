"""Measure how fast our pipelines are, always as a ratio to something else.

    python benchmarks/speed.py --data-dir DIR --vectors DIR --model DIR --wide-model DIR
    python benchmarks/speed.py --measure crf --threads 1 2
    python benchmarks/speed.py --report

Both sides run in turn in one process, and each ratio is of neighbours in time. The
clock is the wall's: nothing else should run on the machine. See README.md.
"""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Callable, Dict, Iterator, List

import spacy
from common import add_result, read_results
from measures import (
    crf,
    growth,
    load,
    memory,
    precision,
    processes,
    single,
    spacy_ner,
    tagging,
    text,
    training,
)
from measures.inputs import Setting
from measures.machine import machine_facts
from measures.rows import Outcome, Row, Skipped
from measures.table import table
from measures.timing import threads

from spacy_birnn.errors import BirnnError

MEASURES: Dict[str, Callable[[Setting], Iterator[Outcome]]] = {
    "tagging": tagging.measure,
    "precision": precision.measure,
    "spacy-ner": spacy_ner.measure_cnn,
    "spacy-bilstm": spacy_ner.measure_bilstm,
    "crf": crf.measure,
    "training": training.measure,
    "text": text.measure,
    "load": load.measure,
    "memory": memory.measure,
    "growth": growth.measure,
    "single": single.measure,
    "processes": processes.measure,
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
    names = args.measure or [n for n in MEASURES if args.gpu_id < 0 or n in ON_GPU]
    check(parser, args, names)
    if args.gpu_id >= 0:
        use_gpu(parser, args.gpu_id)
    for name in names:
        for count in args.threads:
            run(name, make_setting(args, count), args.output)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--measure",
        nargs="+",
        choices=MEASURES,
        metavar="NAME",
        help=", ".join(MEASURES),
    )
    parser.add_argument("--data-dir", type=Path, help="folder of CoNLL-2003")
    parser.add_argument(
        "--vectors", type=Path, help="folder of word vectors (scripts/make_vectors.py)"
    )
    parser.add_argument(
        "--model", type=Path, help="pipeline trained by configs/conll2003.cfg"
    )
    parser.add_argument(
        "--wide-model", type=Path, help="the same with an encoder of width 400"
    )
    parser.add_argument(
        "--runs", type=int, default=5, help="of each side after one that does not count"
    )
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument(
        "--gpu-id", type=int, default=-1, help=f"{' and '.join(sorted(ON_GPU))} there"
    )
    parser.add_argument("-o", "--output", type=Path, default=RESULTS, help="JSON")
    parser.add_argument("--report", action="store_true", help="print the table")
    return parser


def check(
    parser: argparse.ArgumentParser, args: argparse.Namespace, names: List[str]
) -> None:
    """End with a message where something is missing."""
    if args.runs < 1 or min(args.threads) < 1:
        parser.error("--runs and --threads are at least 1")
    if args.gpu_id >= 0 and not ON_GPU.issuperset(names):
        parser.error(f"--gpu-id: only for {', '.join(sorted(ON_GPU))}")
    required = (
        () if NEED_NO_FILES.issuperset(names) else ("data_dir", "vectors", "model")
    )
    for option in (*required, "wide_model"):
        path = getattr(args, option)
        flag = "--" + option.replace("_", "-")
        if path is None and option in required:
            parser.error(f"{flag} is needed")
        if path is not None and not path.is_dir():
            parser.error(f"{flag}: there is no folder {path}")


def use_gpu(parser: argparse.ArgumentParser, gpu_id: int) -> None:
    try:
        spacy.require_gpu(gpu_id)
    except Exception as error:
        # cupy and CUDA each have exceptions of their own.
        reason = " ".join(str(error).split())
        parser.error(f"--gpu-id {gpu_id}: no such GPU can be used: {reason}")


def make_setting(args: argparse.Namespace, count: int) -> Setting:
    given = (args.data_dir, args.vectors, args.model, args.wide_model)
    data_dir, vectors, model, wide = (folder and folder.resolve() for folder in given)
    return Setting(data_dir, vectors, model, wide, args.runs, count, args.gpu_id)


def run(name: str, setting: Setting, output: Path) -> None:
    """Print and keep what a measure finds, row by row."""
    if name in ONE_THREAD and setting.threads > 1:
        show(name, Skipped("all", f"not with {setting.threads} threads"))
        return
    with threads(setting.threads):
        for outcome in MEASURES[name](setting):
            show(name, outcome)
            if isinstance(outcome, Row):
                add_result(output, entry_of(name, setting, outcome), CELL)


def entry_of(name: str, setting: Setting, row: Row) -> Dict[str, object]:
    device = "cpu" if setting.gpu_id < 0 else "gpu"
    return {
        "measure": name,
        "threads": setting.threads,
        "device": device,
        **asdict(row),
        "machine": machine_facts(),
    }


def show(name: str, outcome: Outcome) -> None:
    if isinstance(outcome, Skipped):
        print(f"{name}: {outcome.case}: skipped, {outcome.reason}", flush=True)
        return
    value = outcome.value
    print(
        f"{name}: {outcome.case}, against {outcome.against}: {value.median:.3g} "
        f"{outcome.value_unit} ({value.min:.3g} to {value.max:.3g})",
        flush=True,
    )


if __name__ == "__main__":
    try:
        main()
    except BirnnError as error:
        sys.exit(str(error))
