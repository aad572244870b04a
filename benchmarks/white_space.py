"""The cost of white space: the score of one pipeline on one corpus, laid out in several
ways.

    python benchmarks/white_space.py MODEL FILE -o benchmarks/results/white_space.json

MODEL is one of our components alone: a `birnn_ner` (the score is F1 of exact entities)
or a `birnn_tagger` (accuracy). FILE is CoNLL-U, or has CoNLL columns with what MODEL
predicts in the last one; its documents are marked. The words and the annotation are
always the same: what differs is which white-space tokens stand between the words, and
where documents end.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Literal, Optional, cast

import spacy
from spacy.language import Language
from spacy.pipeline import Sentencizer
from spacy.tokens import Doc
from spacy.training import Example

from spacy_birnn.data.corpus import AnyCorpus
from spacy_birnn.files import replacing
from spacy_birnn.pipeline.base import BiRNNPipe

LINE, BLANK_LINE = "\n", "\n\n"


@dataclass(frozen=True)
class Layout:
    """Where white-space tokens are put in.

    Attributes:
        docs: a `Doc` per "sentence" or per "document"; a document has no sentence
            starts, as running text has none.
        within: stands after each 8th word of a sentence, but its last one.
        between: stands after each sentence of a document, but its last one.
        every: sentences after which `between` stands.
        split: whether spaCy's rule-based `sentencizer` sets sentence starts.
    """

    docs: Literal["sentence", "document"]
    within: Optional[str] = None
    between: Optional[str] = None
    every: int = 1
    split: bool = False


LAYOUTS: Dict[str, Layout] = {
    "sentences": Layout("sentence"),
    "sentences, wrapped": Layout("sentence", within=LINE),
    "sentences, wrapped with blank lines": Layout("sentence", within=BLANK_LINE),
    "documents": Layout("document"),
    "documents, wrapped": Layout("document", within=LINE),
    "documents, wrapped with blank lines": Layout("document", within=BLANK_LINE),
    "a sentence per line": Layout("document", between=LINE),
    "a sentence per paragraph": Layout("document", between=BLANK_LINE),
    "three sentences per paragraph": Layout("document", between=BLANK_LINE, every=3),
    "three sentences per paragraph, wrapped": Layout(
        "document", LINE, BLANK_LINE, every=3
    ),
    "a sentence per line, sentencizer": Layout("document", between=LINE, split=True),
    "a sentence per paragraph, sentencizer": Layout(
        "document", between=BLANK_LINE, split=True
    ),
}
WORDS = 8


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="a pipeline of one component")
    parser.add_argument("file", type=Path, help="annotated documents")
    parser.add_argument("--name", default="now", help="of this run in the results")
    parser.add_argument("-o", "--output", type=Path, help="results, JSON; others stay")
    args = parser.parse_args()
    nlp = spacy.load(args.model)
    scores = {name: score(nlp, args.file, layout) for name, layout in LAYOUTS.items()}
    for name, value in scores.items():
        print(f"{100 * value:6.2f}  {name}")
    if args.output:
        results = {}
        if args.output.exists():
            results = json.loads(args.output.read_text("utf-8"))
        results[args.name] = {name: round(value, 4) for name, value in scores.items()}
        with replacing(args.output) as file:
            file.write(json.dumps(results, indent=2).encode("utf-8") + b"\n")


def score(nlp: Language, path: Path, layout: Layout) -> float:
    """F1 of the exact entities, or the accuracy of the tags."""
    (_, pipe), *_ = nlp.pipeline
    target = cast(BiRNNPipe, pipe).target
    columns = {"word": 0, target: -1}
    reader = AnyCorpus(path, columns=columns, docs=layout.docs)
    examples = [lay_out(example.reference, layout) for example in reader(nlp)]
    return nlp.evaluate(examples)["ents_f" if target == "ents" else f"{target}_acc"]


def lay_out(gold: Doc, layout: Layout) -> Example:
    """The same document with white-space tokens, its sentence starts forgotten."""
    words: List[str] = []
    annotation: Dict[str, Any] = {"ents": [], "tags": [], "pos": []}
    for i, space in enumerate(separators(gold, layout)):
        token = gold[i]
        kind = f"-{token.ent_type_}" if token.ent_type_ else ""
        words.append(token.text)
        annotation["ents"].append(f"{token.ent_iob_}{kind}")
        annotation["tags"].append(token.tag_)
        annotation["pos"].append(token.pos_)
        if space:
            goes_on = i + 1 < len(gold) and gold[i + 1].ent_iob_ == "I"
            words.append(space)
            annotation["ents"].append(f"I{kind}" if goes_on else "O")
            annotation["tags"].append("")
            annotation["pos"].append("")
    predicted = Doc(gold.vocab, words=words)
    if layout.split:
        Sentencizer()(predicted)
    return Example(predicted, Doc(gold.vocab, words=words, **annotation))


def separators(gold: Doc, layout: Layout) -> Iterator[Optional[str]]:
    """The white-space token that stands after each token, if any."""
    n_sentences, n_words = 0, 0
    for token in gold:
        n_words += 1
        if token.i + 1 == len(gold):
            yield None
        elif gold[token.i + 1].is_sent_start:
            n_sentences, n_words = n_sentences + 1, 0
            yield layout.between if n_sentences % layout.every == 0 else None
        else:
            yield layout.within if n_words % WORDS == 0 else None


if __name__ == "__main__":
    main()
