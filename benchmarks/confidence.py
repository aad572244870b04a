"""The price of confidences: how much longer `confidence = true` takes.

    python benchmarks/confidence.py MODEL FILE -o benchmarks/results/confidence.json

MODEL has a `birnn_ner`, FILE has CoNLL columns; its words are tagged, sentence by
sentence and document by document. Both sides run in turn on one thread, each ratio is
of neighbours in time. The clock is that of the processor: what else runs on the machine
hardly counts.
"""

import argparse
import gc
import json
import time
from collections import deque
from pathlib import Path
from statistics import median
from typing import Dict, List

import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc

from spacy_birnn.data.conll import ConllCorpus
from spacy_birnn.files import replacing

BATCH_SIZE = 256


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="a pipeline with a birnn_ner")
    parser.add_argument("file", type=Path, help="CoNLL columns")
    parser.add_argument("--runs", type=int, default=9, help="of each side")
    parser.add_argument("-o", "--output", type=Path, help="results, JSON")
    args = parser.parse_args()
    torch.set_num_threads(1)
    results = measure(args.model, args.file, args.runs)
    for case, ratio in results.items():
        spread = f"{ratio['min']:.2f} to {ratio['max']:.2f}"
        print(f"{ratio['median']:.2f} times as long ({spread}): {case}")
    if args.output:
        with replacing(args.output) as file:
            file.write(json.dumps(results, indent=2).encode("utf-8") + b"\n")


def measure(model: str, path: Path, runs: int) -> Dict[str, Dict[str, float]]:
    """Time with confidences over time without, by what a `Doc` is."""
    settings = [{"components.birnn_ner.confidence": wanted} for wanted in (True, False)]
    pipelines = [spacy.load(model, config=setting) for setting in settings]
    columns = {"word": 0, "ents": -1}
    results = {}
    for docs in ("sentence", "document"):
        reader = ConllCorpus(path, columns=columns, docs=docs)
        given = [example.predicted for example in reader(pipelines[0])]
        rounds = [[seconds(nlp, given) for nlp in pipelines] for _ in range(runs + 1)]
        ratios = [ours / other for ours, other in rounds[1:]]  # the first warms up
        results[f"one {docs} per Doc"] = {
            "median": round(median(ratios), 3),
            "min": round(min(ratios), 3),
            "max": round(max(ratios), 3),
            "runs": runs,
        }
    return results


def copies(docs: List[Doc], nlp: Language) -> List[Doc]:
    """Documents that nobody has tagged yet, in the vocabulary of a pipeline."""
    return [
        Doc(
            nlp.vocab,
            words=[token.text for token in doc],
            sent_starts=[bool(token.is_sent_start) for token in doc],
        )
        for doc in docs
    ]


def seconds(nlp: Language, docs: List[Doc]) -> float:
    """Processor time of tagging them once."""
    fresh = copies(docs, nlp)
    gc.collect()
    began = time.thread_time()
    deque(nlp.pipe(fresh, batch_size=BATCH_SIZE), maxlen=0)
    return time.thread_time() - began


if __name__ == "__main__":
    main()
