"""Compare the speed of two states of the code: before and after a change.

    git worktree add /tmp/before 6405e70
    python benchmarks/compare.py --before /tmp/before --after . --data-dir DIR \\
        --vectors DIR --model DIR --wide-model DIR --texts FILE -o compare.json
    python benchmarks/compare.py --before /tmp/before --after . --measure crf --pairs 3
    python benchmarks/compare.py --report compare.json

Each measure of speed.py runs in whole processes, one with the code of each checkout in
turn, our side alone. The measures are those of this folder, so both checkouts do the
same work; for `training` give a `--config` that both know. A row is slower where the
95 % interval of the median ratio lies wholly below 0.97. With -o, a run that was
interrupted goes on where it stopped. On a busy machine, `--clock processor` counts the
time that the processor worked, but not how long it was kept waiting; `load` is by the
wall all the same.
"""

import argparse
import os
import subprocess
import sys
from itertools import accumulate
from math import comb
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple

from measures.machine import machine_facts
from options import existing, make_parser
from records import markdown, read_results, write_results
from speed import MEASURES, add_inputs, check_inputs

SPEED = Path(__file__).with_name("speed.py")
# These are no speeds of ours, or repeat the rows of `tagging`.
LEFT_OUT = {"precision", "memory", "spacy-ner", "spacy-bilstm"}
MEASURED = [name for name in MEASURES if name not in LEFT_OUT]
CONFIDENCE = 0.95
SLOWER = 0.97
SIDES = ("before", "after")
# The options that are handed on to speed.py, and name a kind of pairs or the inputs
KIND = ("runs", "threads", "clock")
INPUTS = ("data_dir", "vectors", "model", "wide_model", "texts", "config")


class Checkout(NamedTuple):
    """A state of the code, and the environment that it runs in."""

    folder: Path
    python: Path
    env: Dict[str, str]

    @classmethod
    def of(cls, folder: Path, python: Path, metadata: Path) -> "Checkout":
        """Make `import spacy_birnn` find this checkout, and its own entry points.

        Args:
            folder: The checkout.
            python: An interpreter that has what the checkout depends on.
            metadata: An empty folder for the entry points; those that the interpreter
                has installed may be another checkout's.
        """
        path = os.pathsep.join(map(str, (metadata, folder)))
        env = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
        checkout = cls(folder, python, env)
        code = "import setuptools; setuptools.setup()"
        checkout.run("-c", code, "-q", "egg_info", "--egg-base", metadata)
        found = checkout.run("-c", "import spacy_birnn; print(spacy_birnn.__file__)")
        if folder not in Path(found.strip()).parents:
            sys.exit(f"{folder}: {python} imports {found.strip()} instead")
        return checkout

    def run(self, *arguments: object) -> str:
        """Run Python in the checkout; end with its messages where it fails."""
        done = subprocess.run(
            [str(self.python), *map(str, arguments)],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            sys.exit(f"{self.folder}:\n{done.stderr}{done.stdout}")
        return done.stdout

    def commit(self) -> str:
        """The commit, marked where the files differ from it; empty outside git."""
        git = ["git", "-C", str(self.folder), "describe", "--always", "--dirty"]
        done = subprocess.run(git, capture_output=True, text=True)
        return done.stdout.strip()


def judge(ratios: List[float]) -> Tuple[str, str, str]:
    """Judge the ratios of speed, after over before, of one row.

    The interval is that of order statistics: the number of ratios below the true median
    is binomial with p = 1/2, whatever their distribution (Conover, Practical
    Nonparametric Statistics, 3.2). It exists from six pairs on.

    Returns:
        The median, its interval, and the verdict.
    """
    n, ordered = len(ratios), sorted(ratios)
    tails = accumulate(comb(n, below) / 2**n for below in range(n))
    rank = sum(2 * tail <= 1 - CONFIDENCE for tail in tails)
    middle = f"{median(ratios):.3f}"
    if rank == 0:
        return middle, "–", "too few pairs"
    low, high = ordered[rank - 1], ordered[n - rank]
    verdict = "**slower**" if high < SLOWER else "faster" if low > 1 else "no slower"
    return middle, f"{low:.3f}–{high:.3f}", verdict


def main() -> None:
    parser = add_options(make_parser(__doc__))
    args = parser.parse_args()
    if args.report:
        print(*table(read_results(args.report)), sep="\n")
        return
    measures = args.measure or MEASURED
    if not (args.before and args.after):
        parser.error("--before and --after are needed")
    for folder in args.before, args.after:
        if not (folder / "spacy_birnn" / "__init__.py").is_file():
            parser.error(f"{folder} is no checkout of this project")
    check_inputs(parser, args, measures)
    with TemporaryDirectory() as temp:
        checkouts = {}
        for side in SIDES:
            metadata = Path(temp, side)
            metadata.mkdir()
            python = getattr(args, f"{side}_python").absolute()
            checkouts[side] = Checkout.of(getattr(args, side), python, metadata)
        compare(args, measures, checkouts, Path(temp, "rows.json"))


def add_options(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    option = parser.add_argument
    for side in SIDES:
        option(f"--{side}", type=existing, metavar="DIR", help="checkout")
        option(
            f"--{side}-python",
            type=Path,
            metavar="PYTHON",
            default=Path(sys.executable),
            help="its interpreter, if its dependencies differ (default: this one)",
        )
    add_inputs(parser, MEASURED)
    option("--pairs", type=int, default=15, help="of processes (default 15)")
    option("--runs", type=int, default=3, help="in each process (default 3)")
    option("--threads", type=int, default=1, help="of each process (default 1)")
    option("-o", "--output", type=Path, help="keep the figures, JSON")
    option(
        "--report", type=existing, metavar="FILE", help="print the table of an output"
    )
    return parser


def compare(
    args: argparse.Namespace,
    measures: List[str],
    checkouts: Dict[str, Checkout],
    rows: Path,
) -> None:
    """Run the pairs that the file of figures does not hold yet, and print the table."""
    options: List[object] = []
    for name in KIND + INPUTS:
        if getattr(args, name) is not None:
            options += ["--" + name.replace("_", "-"), getattr(args, name)]
    pairs = read_results(args.output) if args.output else []
    commits = {side: checkouts[side].commit() for side in SIDES}
    if any(pair["commits"] != commits for pair in pairs):
        sys.exit(f"{args.output} compares other commits: give another file as -o")
    for measure in measures:
        kind = {"measure": measure, **{name: getattr(args, name) for name in KIND}}
        done = sum(kind.items() <= pair.items() for pair in pairs)
        for number in range(done, args.pairs):
            # Neither side always comes first.
            speeds = {
                side: run_process(checkouts[side], measure, options, rows)
                for side in (SIDES if number % 2 == 0 else SIDES[::-1])
            }
            facts = {"commits": commits, "machine": machine_facts()}
            pairs.append({**kind, **speeds, **facts})
            if args.output:
                write_results(args.output, pairs)
            print(f"{measure}: pair {number + 1} of {args.pairs}", flush=True)
    print(*table([pair for pair in pairs if pair["measure"] in measures]), sep="\n")


def run_process(
    checkout: Checkout, measure: str, options: List[object], rows: Path
) -> Dict[str, float]:
    """The speed of each row of a measure; seconds are turned into runs per second."""
    rows.unlink(missing_ok=True)
    checkout.run(SPEED, "--measure", measure, *options, "--ours-only", "-o", rows)
    speeds = {}
    for entry in read_results(rows):
        figure = entry["ours"]["median"]
        speeds[entry["case"]] = figure if entry["unit"] == "tokens/s" else 1 / figure
    if not speeds:
        sys.exit(f"{measure}: no row was measured; `speed.py` tells why")
    return speeds


HEADER = ("measure", "case", "threads", "pairs", "after / before", "95 % interval", "")


def table(pairs: List[Dict[str, Any]]) -> Iterator[str]:
    """The lines of the table in Markdown, one for each row of the measures."""
    ratios: Dict[Tuple[str, ...], List[float]] = {}
    for pair in pairs:
        for case, before in pair["before"].items():
            key = (pair["measure"], case, str(pair["threads"]))
            ratios.setdefault(key, []).append(pair["after"][case] / before)
    rows = ((*key, str(len(row)), *judge(row)) for key, row in ratios.items())
    return markdown(HEADER, rows)


if __name__ == "__main__":
    main()
