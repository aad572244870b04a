"""A pipeline and texts to tag, and how work on them is timed."""

import argparse
import gzip
import itertools
import json
import os
import statistics
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import spacy
from spacy.language import Language

from spacy_birnn.tagging import tag

BATCH = 256

Figures = Dict[str, Any]


def processor_seconds(work: Callable[[], Any]) -> float:
    """Processor time of this process, which a busy machine hardly stretches."""
    began = time.process_time()
    work()
    return time.process_time() - began


def alternating(
    works: Dict[str, Callable[[], Any]], runs: int
) -> Dict[str, List[float]]:
    """The processor time of each work in each round, all of them once a round."""
    return alternating_clocks(works, runs)[1]


def alternating_clocks(
    works: Dict[str, Callable[[], Any]], runs: int
) -> Tuple[Dict[str, List[float]], Dict[str, List[float]]]:
    """As `alternating`, and by the clock, which goes on while a disk is waited for.

    Returns:
        The time by the clock, and the processor time.
    """
    clock: Dict[str, List[float]] = {name: [] for name in works}
    processor: Dict[str, List[float]] = {name: [] for name in works}
    for _ in range(runs):
        for name, work in works.items():
            began = time.perf_counter()
            processor[name].append(processor_seconds(work))
            clock[name].append(time.perf_counter() - began)
    return clock, processor


def medians(times: Dict[str, List[float]]) -> Dict[str, float]:
    """The median of each list."""
    return {name: statistics.median(found) for name, found in times.items()}


def ratio(values: List[float], base: List[float]) -> Dict[str, float]:
    """Values over a base, round by round: the median, the least and the greatest."""
    found = [value / other for value, other in zip(values, base, strict=True)]
    return {"median": statistics.median(found), "min": min(found), "max": max(found)}


def use_up(stream: Any) -> None:
    """Ask for all of a stream."""
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
        self.engines = arguments.engines
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
        """Tag a file into the folder."""
        return tag(self.nlp, source, self.folder / name, force=True, **settings)

    def stream(self, source: Path) -> Any:
        """Tag a file into nowhere, without shards, checksums and notes."""
        with open(os.devnull, "wb") as nowhere:
            return tag(self.nlp, source, nowhere)

    def docs(self) -> List[Any]:
        """The texts as Docs that are not tagged."""
        return list(map(self.nlp.make_doc, self.texts))

    def pipe_texts(self) -> None:
        """Tag the texts with spaCy's own loop."""
        use_up(self.nlp.pipe(self.texts, batch_size=BATCH))

    def pipe_docs(self, docs: List[Any]) -> None:
        """Tag ready Docs with spaCy's own loop."""
        use_up(self.nlp.pipe(docs, batch_size=BATCH))
