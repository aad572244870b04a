"""Where running text costs: spans that are lost beside the starts of sentences."""

from itertools import accumulate
from pathlib import Path
from typing import Dict, List, Set, Tuple

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from .corpora import Corpus
from .scoring import read, running_text

Place = Tuple[int, int, str]
"""First token and the one after the last, counted over the file, and the label."""


def count_losses(nlp: Language, corpus: Corpus, path: Path) -> Dict[str, int]:
    """Compare what is found on sentences and on running text, of the same file.

    Returns:
        `gold`: spans of the file; `lost`: those found on sentences alone; `lost beside
        a start`: of these, those that begin or end where a sentence does; `won`: found
        on running text alone; `across`: spans of running text with a sentence start
        within.
    """
    sentences = read(nlp, corpus, path)
    runs = list(running_text(read(nlp, corpus, path)))
    gold = places(corpus, [example.reference for example in sentences])
    apart, running = (
        places(corpus, list(nlp.pipe(example.predicted for example in examples)))
        for examples in (sentences, runs)
    )
    starts = sentence_starts(sentences)
    lost = (gold & apart) - running
    beside = [span for span in lost if {span[0], span[1]} & starts]
    across = [
        (start, end)
        for start, end, _ in running
        if starts.intersection(range(start + 1, end))
    ]
    return {
        "gold": len(gold),
        "lost": len(lost),
        "lost beside a start": len(beside),
        "won": len((gold & running) - apart),
        "across": len(across),
    }


def places(corpus: Corpus, docs: List[Doc]) -> Set[Place]:
    found, first = set(), 0
    for doc in docs:
        for span in spans_of(corpus, doc):
            found.add((first + span.start, first + span.end, span.label_))
        first += len(doc)
    return found


def spans_of(corpus: Corpus, doc: Doc) -> List[Span]:
    return list(doc.ents) if corpus.task == "ner" else list(doc.spans["chunks"])


def sentence_starts(sentences: List[Example]) -> Set[int]:
    """Of all sentences, and the end of the last one."""
    lengths = (len(example.reference) for example in sentences)
    return set(accumulate(lengths, initial=0))
