"""Measure how long commands take to start, and how long they say nothing.

    python benchmarks/start_up.py parts --model DIR
    python benchmarks/start_up.py commands --model DIR --before CHECKOUT
    python benchmarks/start_up.py waits --model DIR --data FILE --texts FILE \
        --before CHECKOUT
    python benchmarks/start_up.py prune --model DIR --data FILE --keep 0 50000 20000
    python benchmarks/start_up.py report

`CHECKOUT` is an older state of the code (git worktree add CHECKOUT 6405e70; for `waits`
6754c2f, which has all of its commands). The two run in turn, each in processes of its
own. DIR is a pipeline trained on CoNLL-2003 with word vectors, the data are a part of
that corpus, the texts JSON lines with a `text` each. All seconds are those of the
processor, so that other work on the machine counts little.
"""

import argparse
import json
import os
import subprocess
import sys
from functools import partial
from itertools import product
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Callable, Dict, Iterator, List, Sequence

import spacy
from compare import SIDES, Checkout
from corpora import DATASETS, read_corpus
from measures.inputs import COMPONENT
from measures.machine import machine_facts
from measures.processes import COMMAND_LINE, run_python
from measures.terminal import longest_silence
from options import existing, make_parser, run_script
from records import FOLDER, Entry, add_result, markdown, read_results

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))
from prune_vectors import OTHERS
from prune_vectors import main as prune

RESULTS = FOLDER / "start_up.json"
KEY = ("what", "case")
ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "configs" / "efficiency" / "conll2003.cfg"
SENTENCE = "Ada Lovelace left London .\n"
PARTS = ("Python", "torch", "spaCy", "ours", "vocabulary", "component", "tagging")


def main() -> None:
    parser = make_parser(__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in MEASURES:
        option = commands.add_parser(name).add_argument
        option("--model", type=existing, required=True)
        option("--runs", type=int, default=5)
        option("-o", "--output", type=Path, default=RESULTS, help="JSON")
        if name in ("waits", "prune"):
            option("--data", type=existing, required=True)
        if name == "waits":
            option("--texts", type=existing, required=True)
            option("--case", nargs="+", default=[], help="of the table; all")
        if name in ("commands", "waits"):
            option("--before", type=existing, required=True)
        if name == "prune":
            option("--keep", type=int, nargs="+", required=True, help="0 for all")
            option("--others", nargs="+", choices=OTHERS, default=OTHERS)
    commands.add_parser("report").add_argument(
        "-o", "--output", type=Path, default=RESULTS, help="JSON"
    )
    args = parser.parse_args()
    if args.command == "report":
        print(report(read_results(args.output)))
        return
    for entry in MEASURES[args.command](args):
        entry = {"what": args.command, **entry, "machine": machine_facts()}
        add_result(args.output, entry, KEY)
        print({k: v for k, v in entry.items() if k != "machine"}, flush=True)


# --- what is measured -----------------------------------------------------------------


def measure_parts(args: argparse.Namespace) -> Iterator[Entry]:
    """`spacy-birnn tag` of one sentence, part by part.

    What the component takes is loading with it less loading without it.
    """
    with TemporaryDirectory() as temp:
        text = Path(temp, "one.txt")
        text.write_text(SENTENCE, encoding="utf8")
        rounds = []
        for _ in range(args.runs):
            whole, without = (
                json.loads(run_python("-m", "measures.child", "parts", *line))
                for line in ((args.model, text), (args.model, text, COMPONENT))
            )
            whole["vocabulary"] = without["loading"]
            whole["component"] = whole.pop("loading") - without["loading"]
            rounds.append(whole)
    yield {"case": "tag", **{part: middle([r[part] for r in rounds]) for part in PARTS}}


def measure_commands(args: argparse.Namespace) -> Iterator[Entry]:
    """Whole commands."""
    with TemporaryDirectory() as temp:
        text, out = Path(temp, "one.txt"), Path(temp, "out.spacy")
        text.write_text(SENTENCE, encoding="utf8")
        corpus = ROOT / "assets" / "demo" / "dev.conll"
        sides = checkouts(args.before, Path(temp))
        lines: Dict[str, List[Any]] = {
            "--help": ["--help"],
            "tag --help": ["tag", "--help"],
            "convert (the demo's dev)": ["convert", corpus, out, "--force"],
            "tag (one sentence)": ["tag", args.model, text],
        }
        for case, line in lines.items():
            command = [sys.executable, "-c", COMMAND_LINE, *map(str, line)]
            yield both(case, args, sides, partial(seconds_of, command))


def measure_waits(args: argparse.Namespace) -> Iterator[Entry]:
    """The longest silence of commands on a terminal."""
    columns = ["--columns", "ents=3"]
    steps = ["--training.max_steps", 20, "--training.eval_frequency", 20]
    paths = ["--paths.train", args.data, "--paths.dev", args.data]
    with TemporaryDirectory() as temp:
        sides = checkouts(args.before, Path(temp))
        names = ("out.spacy", "out.html", "out.jsonl", "out")
        out, page, chosen, folder = (Path(temp, name) for name in names)
        lines: Dict[str, List[Any]] = {
            "convert": [args.data, out, "--columns", "word=0,ents=3", "--force"],
            "evaluate": [args.model, args.data, *columns],
            "evaluate --report": [args.model, args.data, *columns, "--report", page],
            "calibrate": [args.model, args.data, *columns, "-o", folder],
            "gradients": [args.model, "--data", args.data, *columns],
            "select": [args.model, args.texts, "-n", 10, "-o", chosen],
            "tag": [args.model, args.texts, "-o", out],
            "train (20 steps)": [CONFIG, "-o", folder, *paths, *steps],
        }
        for case in args.case or lines:
            line = lines[case]
            force = ["--force"] if {"-o", "--report"} & set(map(str, line)) else []
            words = [case.split()[0], *map(str, line), *force]
            command = [sys.executable, "-c", COMMAND_LINE, *words]
            name = f"{case}, {args.data.name}"
            yield both(name, args, sides, partial(silence_of, command))


def measure_prune(args: argparse.Namespace) -> Iterator[Entry]:
    """Size, loading and F1 of a pipeline with fewer vectors."""
    cases = [case for case in product(args.keep, args.others) if case[0]]
    if 0 in args.keep:
        cases = [(0, args.others[0]), *cases]
    for keep, others in cases:
        with TemporaryDirectory() as temp:
            out = Path(temp, "pruned")
            options = ["--keep", keep, "--others", others]
            prune([str(a) for a in (args.model, out, *options)])
            parts = ["-m", "measures.child", "parts", out, os.devnull, COMPONENT]
            loads = [json.loads(run_python(*parts)) for _ in range(args.runs)]
            nlp = spacy.load(out)
            examples = read_corpus(nlp, args.data, DATASETS["conll2003"])
            yield {
                "case": f"{keep:,} vectors, the others {others}" if keep else "all",
                "megabytes": round(size_of(out) / 1e6, 1),
                "vocabulary": middle([load["loading"] for load in loads]),
                "ents_f": nlp.evaluate(examples)["ents_f"],
            }


MEASURES: Dict[str, Callable[[argparse.Namespace], Iterator[Entry]]] = {
    "parts": measure_parts,
    "commands": measure_commands,
    "waits": measure_waits,
    "prune": measure_prune,
}


def checkouts(before: Path, temp: Path) -> List[Checkout]:
    """The older code and this one, each with its own entry points."""
    sides = []
    for name, folder in zip(SIDES, (before, ROOT), strict=True):
        (temp / name).mkdir()
        sides.append(Checkout.of(folder, Path(sys.executable), temp / name))
    return sides


def both(
    case: str,
    args: argparse.Namespace,
    sides: List[Checkout],
    run: Callable[[Checkout], float],
) -> Entry:
    """Run a case with the older code and with this one, in turn."""
    rounds = [[run(side) for side in sides] for _ in range(args.runs)]
    figures = {name: middle(list(found)) for name, found in zip(SIDES, zip(*rounds))}
    return {"case": case, **figures, "runs": args.runs}


def seconds_of(command: Sequence[str], side: Checkout) -> float:
    """Processor seconds of a command, with its children."""
    process = subprocess.Popen(
        command, cwd=side.folder, env=side.env, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_utime + usage.ru_stime


def silence_of(command: List[str], side: Checkout) -> float:
    return longest_silence(command, side.folder, side.env).longest


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def middle(seconds: List[float]) -> float:
    return round(median(seconds), 3)


# --- what is shown --------------------------------------------------------------------


def report(results: List[Entry]) -> str:
    """The tables of `docs/performance.md`."""
    tables = []
    for what, columns in COLUMNS.items():
        entries = [entry for entry in results if entry["what"] == what]
        rows = ([show(entry[column]) for column in columns] for entry in entries)
        tables.append("\n".join(markdown(list(columns.values()), rows)))
    return "\n\n".join(tables)


BEFORE_AFTER = {"before": "before, s", "after": "now, s"}
COLUMNS: Dict[str, Dict[str, str]] = {
    "parts": {part: f"{part}, s" for part in PARTS},
    "commands": {"case": "command", **BEFORE_AFTER},
    "waits": {"case": "longest silence of", **BEFORE_AFTER},
    "prune": {
        "case": "packaged with",
        "megabytes": "MB",
        "vocabulary": "loading without the component, s",
        "ents_f": "testa F1 (a dev score)",
    },
}


def show(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


if __name__ == "__main__":
    run_script(main)
