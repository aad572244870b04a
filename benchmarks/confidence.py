"""The price of confidences: how much longer `confidence = true` takes.

    python benchmarks/confidence.py MODEL FILE -o benchmarks/results/confidence.json

MODEL has a `birnn_ner`, FILE has CoNLL columns; its words are tagged, sentence by
sentence and document by document. Both sides run in turn in one process on one thread,
and each ratio is of neighbours in time.
"""

import argparse
import json
from collections import deque
from functools import partial
from pathlib import Path
from statistics import median
from typing import Dict, List

import spacy
from measures.timing import Side, alternate, threads
from spacy.language import Language
from spacy.tokens import Doc

from spacy_birnn.data.conll import create_conll_reader
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
    with threads(1):
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
        reader = create_conll_reader(path, columns, docs=docs)  # type: ignore[arg-type]
        given = [example.predicted for example in reader(pipelines[0])]
        sides = [
            Side(partial(tag, nlp), partial(copies, given, nlp)) for nlp in pipelines
        ]
        ours, other = alternate(sides, runs)
        ratios = [a / b for a, b in zip(ours, other, strict=True)]
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


def tag(nlp: Language, docs: List[Doc]) -> None:
    deque(nlp.pipe(docs, batch_size=BATCH_SIZE), maxlen=0)


if __name__ == "__main__":
    main()
