"""Measure how fast our pipelines are, always as a ratio to something else.

    python benchmarks/speed.py --data-dir DIR --vectors DIR --model DIR \\
        --wide-model DIR --texts FILE
    python benchmarks/speed.py --measure crf --threads 1 2
    python benchmarks/speed.py --report

All sides run in turn in one process, and each ratio is of neighbours in time. Nothing
else should run on the machine. See README.md.
"""

import argparse
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Union

from measures import crf, growth, processes, reading, spacy_ner, tagging, training
from measures.machine import machine_facts
from measures.rows import HEADER, Comparison, Row, cells_of
from measures.timing import CLOCKS, set_clock, threads
from measures.training import CONFIG
from options import existing, make_parser, run_script
from records import FOLDER, add_result, markdown, read_results

Measure = Callable[[argparse.Namespace], Iterator[Union[Comparison, Row]]]

MEASURES: Dict[str, Measure] = {
    "tagging": tagging.measure_tagging,
    "documents": tagging.measure_documents,
    "votes": tagging.measure_votes,
    "precision": tagging.measure_precision,
    "spacy-ner": spacy_ner.measure_cnn,
    "spacy-bilstm": spacy_ner.measure_bilstm,
    "crf": crf.measure,
    "training": training.measure,
    "reading": reading.measure,
    "text": tagging.measure_text,
    "load": processes.measure_load,
    "memory": processes.measure_memory,
    "growth": growth.measure,
    "single": tagging.measure_single,
    "processes": processes.measure_processes,
}
# Those in processes of their own, which have one thread each.
ONE_THREAD = {"load", "memory", "processes"}
KEY = ("measure", "case", "against", "threads")
RESULTS = FOLDER / "speed.json"


def main() -> None:
    parser = make_parser(__doc__)
    add_inputs(parser, MEASURES)
    option = parser.add_argument
    option("--threads", type=int, nargs="+", default=[1])
    option("--runs", type=int, default=5, help="after one that does not count")
    option("-o", "--output", type=Path, default=RESULTS, help="JSON")
    option("--report", action="store_true", help="print the table")
    option("--ours-only", action="store_true", help="without peers, for compare.py")
    args = parser.parse_args()
    if args.report:
        print(*markdown(HEADER, map(cells_of, read_results(args.output))), sep="\n")
        return
    names = args.measure or list(MEASURES)
    check_inputs(parser, args, names)
    set_clock(args.clock)
    for name in names:
        for count in [1] if name in ONE_THREAD else args.threads:
            with threads(count):
                for row in rows_of(name, args):
                    keep(name, row, count, args)


def add_inputs(parser: argparse.ArgumentParser, measures: Any) -> None:
    """The options that say what to measure, on what, and by which clock."""
    option = parser.add_argument
    names = ", ".join(measures)
    option("--measure", nargs="+", choices=measures, metavar="NAME", help=names)
    option("--data-dir", type=existing, help="folder of CoNLL-2003")
    option("--vectors", type=existing, help="word vectors (scripts/make_vectors.py)")
    trained = "pipeline trained by configs/efficiency/conll2003.cfg"
    option("--model", type=existing, help=trained)
    option("--wide-model", type=existing, help="the same with an encoder of width 400")
    option("--texts", type=existing, help="long texts, JSON lines with a `text` each")
    option("--config", type=existing, default=CONFIG, help="of `training`")
    option("--clock", choices=CLOCKS, default="wall", help="default: wall")


def check_inputs(
    parser: argparse.ArgumentParser, args: argparse.Namespace, names: List[str]
) -> None:
    """End with a message where an input is missing."""
    needed = ["data_dir"] if set(names) - {"crf"} else []
    needed += ["vectors", "model"] if set(names) - {"crf", "reading"} else []
    if "documents" in names:
        needed.append("texts")
    for name in needed:
        if getattr(args, name) is None:
            parser.error(f"--{name.replace('_', '-')} is needed")


def rows_of(name: str, args: argparse.Namespace) -> Iterator[Row]:
    for outcome in MEASURES[name](args):
        if isinstance(outcome, Comparison):
            yield from outcome.rows(args.runs, args.ours_only)
        else:
            yield outcome


def keep(name: str, row: Row, count: int, args: argparse.Namespace) -> None:
    """Print a row, and put it into the file of results."""
    facts = {"clock": args.clock, "machine": machine_facts()}
    entry = {"measure": name, "threads": count, **row, **facts}
    print(*cells_of(entry), sep=" | ", flush=True)
    add_result(args.output, entry, KEY)


if __name__ == "__main__":
    run_script(main)
