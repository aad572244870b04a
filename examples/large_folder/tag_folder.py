"""Tag a folder of any size into shards, then count names over them.

python tag_folder.py MODEL TEXTS OUT --n-process 4
"""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

import spacy

from spacy_birnn.tagging import tag


def tag_folder(model: str, texts: Path, out: Path, n_process: int) -> str:
    """Tag all that is in a folder; what an earlier run has finished is kept."""
    summary = tag(
        spacy.load(model),
        texts,
        f"{out}/",
        shard_size="16MB",
        on_error="skip",
        resume=True,
        n_process=n_process,
    )
    return (
        f"{summary.documents} documents, {summary.tokens} tokens, "
        f"{summary.skipped} skipped; {summary.resumed} of {summary.shards} shards "
        "were done before"
    )


def read_documents(out: Path) -> Iterator[Dict[str, Any]]:
    """The tagged documents of all shards, one after the other."""
    for shard in sorted(out.glob("part-*.jsonl")):
        with shard.open(encoding="utf8") as lines:
            yield from map(json.loads, lines)


def count_names(out: Path) -> "Counter[tuple[str, str]]":
    """How often each entity is named."""
    counts: Counter[tuple[str, str]] = Counter()
    for document in read_documents(out):
        for ent in document["ents"]:
            name = document["text"][ent["start"] : ent["end"]]
            counts[" ".join(name.split()), ent["label"]] += 1
    return counts


def main(arguments: Optional[List[str]] = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("model")
    parser.add_argument("texts", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--n-process", type=int, default=1)
    args = parser.parse_args(arguments)
    print(tag_folder(args.model, args.texts, args.out, args.n_process))
    for (name, label), count in count_names(args.out).most_common(10):
        print(f"{count:7,}  {label:8} {name}")


# A worker process imports this file, and must not begin anew.
if __name__ == "__main__":
    main()
