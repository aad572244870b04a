"""Which words of a corpus have no vector, by kind.

    python benchmarks/vector_coverage.py VECTORS FILE... -o OUT.json

VECTORS is a folder that `spacy init vectors` or `scripts/make_vectors.py` made. Words
are looked up as our embedding does: as written, in lower case, with digits as 0.
"""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Optional

import spacy
from spacy.language import Language

from spacy_birnn.data.corpus import AnyCorpus
from spacy_birnn.files import replacing
from spacy_birnn.models.vectors import RULES, find, no_own, row_finder

EXAMPLES = 5


def kind_of(form: str) -> str:
    """The kind of a word, of which the first that fits counts."""
    if any(character.isdigit() for character in form):
        return "has a digit"
    if not any(character.isalpha() for character in form):
        return "punctuation"
    if len(form) == 1:
        return "one letter"
    if "'" in form or "’" in form:
        return "has an apostrophe"
    if "." in form:
        return "has a dot"
    return "other"


def coverage(nlp: Language, paths: List[Path]) -> Dict[str, Any]:
    """The share of tokens without a vector, in percent, in all and by kind.

    Args:
        nlp: a pipeline whose vocabulary has vectors.
        paths: annotated files.
    """
    forms: Counter = Counter()
    for path in paths:
        for example in AnyCorpus(path=path)(nlp):
            forms.update(token.text for token in example.reference)
    row_of = row_finder(nlp.vocab.vectors)
    missing: Dict[str, Counter] = {}
    for form, count in forms.items():
        found = find(form, nlp.vocab.strings.add(form), row_of, no_own)
        if RULES[found.rule] == "unknown":
            missing.setdefault(kind_of(form), Counter())[form] = count

    def share(count: int) -> float:
        return round(100 * count / forms.total(), 1)

    return {
        "files": [path.name for path in paths],
        "tokens": forms.total(),
        "without a vector": share(sum(map(Counter.total, missing.values()))),
        "kinds": {
            kind: {
                "share": share(counts.total()),
                "examples": [form for form, _ in counts.most_common(EXAMPLES)],
            }
            for kind, counts in sorted(missing.items())
        },
    }


def main(arguments: Optional[List[str]] = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("vectors", type=Path)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("-o", "--output", type=Path, help="write JSON there")
    args = parser.parse_args(arguments)
    nlp = spacy.blank("en")
    nlp.vocab.vectors.from_disk(args.vectors / "vocab")
    nlp.vocab.strings.from_disk(args.vectors / "vocab" / "strings.json")
    text = json.dumps(coverage(nlp, args.files), indent=2, ensure_ascii=False) + "\n"
    print(text, end="")
    if args.output:
        with replacing(args.output) as file:
            file.write(text.encode("utf8"))


if __name__ == "__main__":
    main()
