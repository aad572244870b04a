"""Processor time of scoring per token: over arrays, against spaCy's and seqeval's.

    python benchmarks/scoring.py --data eng.testa --columns word=0,ents=3

Predictions are the gold spans or tags, of which every ninth is wrong. The two ways take
turns; the figures are medians of the runs.
"""

import argparse
import statistics
from pathlib import Path
from time import process_time
from typing import Any, Callable, Dict, List
from unittest import mock

import spacy
from spacy.tokens import Span
from spacy.training import Example

from spacy_birnn import scorers
from spacy_birnn.cli.options import parse_columns
from spacy_birnn.data.conll import ConllCorpus


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="CoNLL columns")
    parser.add_argument("--columns", type=parse_columns, required=True)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    target = next(name for name in args.columns if name != "word")
    reader = ConllCorpus(args.data, columns=args.columns)
    examples = list(reader(spacy.blank("en")))
    predict(examples, target)
    settings = {"target": "spans" if target == "chunks" else target}
    n_tokens = sum(len(example.reference) for example in examples)
    times: Dict[str, List[float]] = {"arrays": [], "libraries": []}
    for _ in range(args.runs):
        times["arrays"].append(seconds(scorers.seqeval_score, examples, settings))
        with (
            mock.patch.object(scorers, "span_scores", return_value=None),
            mock.patch.object(scorers, "token_accuracy", return_value=None),
        ):
            times["libraries"].append(
                seconds(scorers.seqeval_score, examples, settings)
            )
    medians = {way: 1e6 * statistics.median(t) / n_tokens for way, t in times.items()}
    ratio = medians["libraries"] / medians["arrays"]
    print(
        f"{target}, {n_tokens:,} tokens: {medians['arrays']:.2f} µs per token over "
        f"arrays, {medians['libraries']:.2f} by the libraries ({ratio:.0f} x)"
    )


def predict(examples: List[Example], target: str) -> None:
    """Write predictions of which every ninth is wrong."""
    for n, example in enumerate(examples):
        gold, doc = example.reference, example.predicted
        if target in ("ents", "chunks"):
            spans = gold.ents if target == "ents" else gold.spans["chunks"]
            found = [
                Span(doc, s.start, s.end, "WRONG" if (n + i) % 9 == 0 else s.label_)
                for i, s in enumerate(spans)
            ]
            if target == "ents":
                doc.ents = found  # type: ignore[assignment]
            else:
                doc.spans["chunks"] = found
            continue
        for i, (mine, theirs) in enumerate(zip(doc, gold)):
            value = "X" if (n + i) % 9 == 0 else getattr(theirs, f"{target}_")
            setattr(mine, f"{target}_", value)


def seconds(score: Callable, examples: List[Example], settings: Any) -> float:
    """Of scoring examples that are new, as after each evaluation."""
    examples = [Example(e.predicted.copy(), e.reference) for e in examples]
    began = process_time()
    score(examples, **settings)
    return process_time() - began


if __name__ == "__main__":
    main()
