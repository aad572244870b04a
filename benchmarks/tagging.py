"""Measure what `tag` adds to a pipeline: stages, ends to end, processes, Ray, memory.

    python benchmarks/tagging.py --model model/model-best --texts texts.jsonl.gz

Texts are JSON lines with the key `text`. Each measure prints its figures and replaces
its own entry in results/tagging.json. What one process does is counted in its processor
time, which other work on the machine hardly stretches. Processes are compared by the
clock, on an idle machine, without their start: from the first batch that is done to the
last.
"""

import argparse
import gzip
import heapq
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import spacy
import torch
from measures.child import peak_memory
from spacy.language import Language

from spacy_birnn.tagging import tag
from spacy_birnn.tagging.inputs import find_inputs
from spacy_birnn.tagging.items import cut
from spacy_birnn.tagging.reading import Reading, ShardReader
from spacy_birnn.tagging.shards import Piece, Shard, parse_size, plan_shards
from spacy_birnn.tagging.sinks import SINKS
from spacy_birnn.tagging.targets import pipeline_targets

RESULTS = Path(__file__).parent / "results" / "tagging.json"
BATCH = 256
ACTORS = (1, 10, 100, 300, 1000)

Figures = Dict[str, Any]


def processor_seconds(work: Callable[[], Any]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def alternating(works: Dict[str, Callable[[], Any]], runs: int) -> Dict[str, float]:
    """The median processor time of each, all of them once a round."""
    times: Dict[str, List[float]] = {name: [] for name in works}
    for _ in range(runs):
        for name, work in works.items():
            times[name].append(processor_seconds(work))
    return {name: statistics.median(found) for name, found in times.items()}


def use_up(stream: Any) -> None:
    for _ in stream:
        pass


class Bench:
    """The pipeline and the texts, as files in a folder.

    Args:
        arguments: Of the command line.
        folder: A folder for all files.
    """

    def __init__(self, arguments: argparse.Namespace, folder: Path) -> None:
        self.runs = arguments.runs
        self.megabytes = arguments.megabytes
        self.model = arguments.model
        self.folder = folder
        self.nlp: Language = spacy.load(arguments.model)
        with gzip.open(arguments.texts, "rt", encoding="utf8") as lines:
            chosen = itertools.islice(lines, arguments.limit)
            texts = [json.loads(line)["text"] for line in chosen]
        self.texts = [" ".join(text.split()) for text in texts]
        self.tokens = sum(map(len, self.docs()))
        self.text = folder / "in.txt"
        self.text.write_text("".join(f"{text}\n" for text in self.texts), "utf8")
        self.json = folder / "in.jsonl"
        lines_ = [json.dumps({"id": i, "text": t}) for i, t in enumerate(self.texts)]
        self.json.write_text("\n".join(lines_) + "\n", "utf8")

    def tag(self, source: Path, name: str, **settings: Any) -> Any:
        return tag(self.nlp, source, self.folder / name, force=True, **settings)

    def stream(self, source: Path) -> Any:
        with open(os.devnull, "wb") as nowhere:
            return tag(self.nlp, source, nowhere)

    def docs(self) -> List[Any]:
        return list(map(self.nlp.make_doc, self.texts))

    def pipe_texts(self) -> None:
        use_up(self.nlp.pipe(self.texts, batch_size=BATCH))

    def pipe_docs(self, docs: List[Any]) -> None:
        use_up(self.nlp.pipe(docs, batch_size=BATCH))


def measure_ends(bench: Bench) -> Figures:
    """End to end over `nlp.pipe`, one process."""
    # Made before the clock runs: a Doc that is tagged again costs the same.
    docs = bench.docs()
    works = {
        "pipe_docs": lambda: bench.pipe_docs(docs),
        "pipe_texts": bench.pipe_texts,
        "text_to_jsonl": lambda: bench.tag(bench.text, "out.jsonl"),
        "jsonl_to_parquet": lambda: bench.tag(bench.json, "out.parquet"),
    }
    bench.pipe_texts()  # what is met once is known from then on
    times = alternating(works, bench.runs)
    rates = {f"{name}_rate": bench.tokens / t for name, t in times.items()}
    ratios = {
        f"{name}_over_{base}": times[base] / times[name]
        for name in ("text_to_jsonl", "jsonl_to_parquet")
        for base in ("pipe_texts", "pipe_docs")
    }
    return {**rates, **ratios}


def measure_bookkeeping(bench: Bench) -> Figures:
    """The cost of shards, checksums and notes: a stream has none of them."""
    works = {
        "stream": lambda: bench.stream(bench.text),
        "file": lambda: bench.tag(bench.text, "out.jsonl"),
        "folder": lambda: bench.tag(bench.text, "out/", shard_size="2MB"),
    }
    bench.pipe_texts()
    times = alternating(works, bench.runs)
    return {name: times[name] / times["stream"] - 1 for name in ("file", "folder")}


def measure_stages(bench: Bench) -> Figures:
    """Tokens a second of each stage alone, in processor time."""
    size = bench.text.stat().st_size
    piece = Piece(str(bench.json), "jsonl", size=bench.json.stat().st_size)
    shard = Shard(0, [piece])
    docs = bench.docs()
    bench.pipe_docs(docs)
    tagged = [(doc, item.context) for doc, item in zip(docs, _items(shard))]
    targets = pipeline_targets(bench.nlp)
    works: Dict[str, Callable[[], Any]] = {
        "plan": lambda: plan_shards(find_inputs([bench.text]), parse_size("100")),
        "read": lambda: use_up(cut(_items(shard), BATCH)),
        "tokenise": bench.docs,
        "tag": lambda: bench.pipe_docs(docs),
    }
    for name, sink in SINKS.items():
        works[f"pack_{name}"] = partial(sink.pack, tagged, targets)
    times = alternating(works, bench.runs)
    rates = {name: bench.tokens / seconds for name, seconds in times.items()}
    return {**rates, "bytes_per_token": size / bench.tokens}


def _items(shard: Shard) -> Any:
    return ShardReader(shard, Reading()).items()


def steady(run: Callable[..., Any]) -> float:
    """Tokens a second by the clock, from the first batch that is done to the last."""
    seen: List[Tuple[float, int]] = []
    run(progress=lambda status: seen.append((time.perf_counter(), status.tokens)))
    (first, before), (last, after) = seen[0], seen[-1]
    return (after - before) / (last - first)


def measure_processes(bench: Bench) -> Figures:
    """Two processes over one, and Ray with two actors over two processes."""
    rates: Dict[str, List[float]] = {"one": [], "two": [], "ray": []}
    settings: Dict[str, Any] = {"shard_size": "200KB"}
    engines: Dict[str, Dict[str, Any]] = {
        "one": {},
        "two": {"n_process": 2},
        "ray": {"n_process": 2, "engine": "ray"},
    }
    for _ in range(bench.runs):
        for name, more in engines.items():
            run = partial(bench.tag, bench.text, "out/", **settings, **more)
            rates[name].append(steady(run))
    found = {name: statistics.median(values) for name, values in rates.items()}
    return {
        **{f"{name}_rate": rate for name, rate in found.items()},
        "two_over_one": found["two"] / found["one"],
        "ray_over_two": found["ray"] / found["two"],
        "load": os.getloadavg()[0],
    }


def measure_coordinator(bench: Bench) -> Figures:
    """The cost of handing out work, and how many workers one process feeds."""
    cost = processor_seconds(lambda: bench.tag(bench.text, "out.jsonl", n_process=2))
    worker = processor_seconds(lambda: bench.tag(bench.text, "out.jsonl"))
    lines = bench.folder / "lines.txt"
    count = 200
    lines.write_text("London is a town .\n" * count)

    def on_ray(shard_size: str) -> float:
        return processor_seconds(
            lambda: bench.tag(
                lines, "ray/", shard_size=shard_size, engine="ray", n_process=1
            )
        )

    # Many shards less one: what starts Ray is not what hands out a shard.
    per_shard = (on_ray("1") - on_ray(f"{count}")) / (count - 1)
    rate = bench.tokens / worker
    size = 16e6 / (bench.text.stat().st_size / bench.tokens)
    service = size / rate
    return {
        "local_workers_fed": worker / cost,
        "ray_seconds_per_shard": per_shard,
        "shard_service_seconds": service,
        "ray_actors_fed": service / per_shard,
        "use_of_actors": {
            str(count): simulate(count, service, per_shard) for count in ACTORS
        },
    }


def simulate(actors: int, service: float, cost: float, rounds: int = 50) -> float:
    """The share of their time in which fake actors work.

    One coordinator gives each free actor a shard, one after the other, `cost` seconds
    each; the actor is busy for `service` seconds, a tenth more or less by turns.
    """
    free = [(0.0, actor) for actor in range(actors)]
    coordinator = busy = 0.0
    end = 0.0
    for number in range(actors * rounds):
        at, actor = heapq.heappop(free)
        coordinator = max(coordinator, at) + cost
        duration = service * (0.9 + 0.2 * (number % 11) / 10)
        busy += duration
        end = max(end, coordinator + duration)
        heapq.heappush(free, (coordinator + duration, actor))
    return busy / (actors * end)


def measure_memory(bench: Bench) -> Figures:
    """The most memory of a process that tags so much text, with ever new words."""
    found: Figures = {}
    small, large = bench.megabytes
    for megabytes in (small, large):
        path = bench.folder / f"{megabytes}.txt"
        with path.open("w", encoding="utf8") as file:
            for round in itertools.count():
                if file.tell() > megabytes * 1e6:
                    break
                for i, text in enumerate(bench.texts):
                    file.write(f"{text} new{round}x{i}word\n")
        line = [sys.executable, __file__, "--model", bench.model, "--child", str(path)]
        done = subprocess.run(line, capture_output=True, text=True, check=True)
        found[f"{megabytes}_mb"] = int(done.stdout) / 1e6
        path.unlink()
    growth = found[f"{large}_mb"] - found[f"{small}_mb"]
    return {**found, "growth_mb": growth}


def child(model: str, path: str) -> None:
    """Tag a file and say how much memory that took."""
    with open(os.devnull, "wb") as nowhere:
        tag(spacy.load(model), path, nowhere)
    print(peak_memory())


MEASURES: Dict[str, Callable[[Bench], Figures]] = {
    "ends": measure_ends,
    "bookkeeping": measure_bookkeeping,
    "stages": measure_stages,
    "processes": measure_processes,
    "coordinator": measure_coordinator,
    "memory": measure_memory,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--texts", help="JSON lines, packed with gzip")
    parser.add_argument("--limit", type=int, help="the first so many texts")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--measure", nargs="+", choices=MEASURES, default=[*MEASURES])
    parser.add_argument("--megabytes", type=int, nargs=2, default=[50, 500])
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("-o", "--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.child:
        child(arguments.model, arguments.child)
        return
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments, Path(folder))
        for name in arguments.measure:
            figures = {"tokens": bench.tokens, **MEASURES[name](bench)}
            results = {}
            if arguments.output.exists():
                results = json.loads(arguments.output.read_text())
            results[name] = figures
            arguments.output.write_text(json.dumps(results, indent=2) + "\n")
            print(name, json.dumps(figures, indent=2), flush=True)


if __name__ == "__main__":
    main()
