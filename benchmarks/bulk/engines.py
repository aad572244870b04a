"""Several processes against one, Ray against them, and how many one process feeds."""

import heapq
import os
import statistics
import time
from functools import partial
from typing import Any, Callable, Dict, List, Tuple

from .bench import Bench, Figures, processor_seconds
from .tree import processor_times

ACTORS = (1, 10, 100, 300, 1000)

ENGINES: Dict[str, Dict[str, Any]] = {
    "one": {},
    "two": {"n_process": 2},
    "ray": {"n_process": 2, "engine": "ray"},
}


def steady(run: Callable[..., Any], workers: int) -> Tuple[float, float]:
    """Tokens per second, from when each worker has done one part to the last part.

    So the start, which a long run has once, does not count. What is done is a batch,
    with Ray a shard; here both are the same.

    Returns:
        By the clock; and what idle cores would allow, by processor time: no run ends
        before its busiest process, nor before two cores have done all of the work.
    """
    seen: List[Tuple[float, int, Dict[int, float]]] = []

    def watch(status: Any) -> None:
        seen.append((time.perf_counter(), status.tokens, processor_times(os.getpid())))

    run(progress=watch)
    (first, before, used), (last, after, spent) = seen[workers - 1], seen[-1]
    tokens = after - before
    work = [seconds - used.get(pid, 0.0) for pid, seconds in spent.items()]
    return tokens / (last - first), tokens / max(max(work), sum(work) / 2)


def measure_processes(bench: Bench) -> Figures:
    """Two processes over one, and Ray with two actors over two processes."""
    clock: Dict[str, List[float]] = {name: [] for name in ENGINES}
    processor: Dict[str, List[float]] = {name: [] for name in ENGINES}
    for _ in range(bench.runs):
        for name, more in ENGINES.items():
            run = partial(bench.tag, bench.text, "out/", shard_size="400KB", **more)
            by_clock, by_processor = steady(run, more.get("n_process", 1))
            clock[name].append(by_clock)
            processor[name].append(by_processor)
    return {
        "clock": _compare(clock),
        "processor_time": _compare(processor),
        "load": os.getloadavg()[0],
    }


def _compare(rates: Dict[str, List[float]]) -> Figures:
    found = {name: statistics.median(values) for name, values in rates.items()}
    return {
        **{f"{name}_rate": rate for name, rate in found.items()},
        "two_over_one": found["two"] / found["one"],
        "ray_over_two": found["ray"] / found["two"],
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
