"""The cost of tagging files in one process: ends, bookkeeping, stages."""

from functools import partial
from typing import Any, Callable, Dict

from spacy_birnn.tagging.inputs import find_inputs
from spacy_birnn.tagging.items import cut
from spacy_birnn.tagging.reading import Reading, ShardReader
from spacy_birnn.tagging.shards import Piece, Shard, parse_size, plan_shards
from spacy_birnn.tagging.sinks import SINKS
from spacy_birnn.tagging.targets import pipeline_targets

from .bench import (
    BATCH,
    Bench,
    Figures,
    alternating,
    alternating_clocks,
    medians,
    ratio,
    use_up,
)


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
    found = medians(times).items()
    rates = {f"{name}_rate": bench.tokens / seconds for name, seconds in found}
    ratios = {
        f"{name}_over_{base}": ratio(times[base], times[name])
        for name in ("text_to_jsonl", "jsonl_to_parquet")
        for base in ("pipe_texts", "pipe_docs")
    }
    return {**rates, **ratios}


def measure_bookkeeping(bench: Bench) -> Figures:
    """The cost of shards, checksums and notes: a stream has none of them.

    By processor time; and by the clock, with the waits for the disk, which wants an
    idle machine.
    """
    works = {
        "stream": lambda: bench.stream(bench.text),
        "file": lambda: bench.tag(bench.text, "out.jsonl"),
        "folder": lambda: bench.tag(bench.text, "out/", shard_size="2MB"),
    }
    bench.pipe_texts()
    clock, processor = alternating_clocks(works, bench.runs)
    return {
        kind: {
            f"{name}_over_stream": ratio(times[name], times["stream"])
            for name in ("file", "folder")
        }
        for kind, times in (("clock", clock), ("processor_time", processor))
    }


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
    times = medians(alternating(works, bench.runs))
    rates = {name: bench.tokens / seconds for name, seconds in times.items()}
    return {**rates, "bytes_per_token": size / bench.tokens}


def _items(shard: Shard) -> Any:
    return ShardReader(shard, Reading()).items()
