"""Scores of a trained pipeline on sentences, on running text and with line breaks."""

from pathlib import Path
from typing import Callable, Dict, Iterable, Iterator, List, Set, Tuple, Union

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_birnn.data.corpus import AnyCorpus
from spacy_birnn.data.joining import join
from spacy_birnn.diagnostics.training_words import read_tags
from spacy_birnn.tagging.targets import Target, pipeline_targets, spans_of

from .corpora import Corpus

SENTENCES = 10
"""Consecutive sentences in a Doc of running text, in the order of the file and across
its documents."""

WORDS = 8
"""Words between two line breaks."""

Examples = List[Example]

Label = Tuple[int, int, int, str]
"""The number of a sentence, the first token, the one after the last, and the label."""


def score_dev(nlp: Language, corpus: Corpus, path: Path) -> Dict[str, float]:
    """The score on a file by layout: `sentences`, `running` and, for spans, `newlines`.

    Only the file's own sentences are scored with their sentence starts.
    """
    layouts: Dict[str, Callable[[Examples], Examples]] = {
        "sentences": lambda examples: examples,
        "running": lambda examples: list(running_text(examples)),
    }
    if corpus.has_spans:
        layouts["newlines"] = lambda examples: list(map(break_lines, examples))
    return {
        name: nlp.evaluate(lay_out(read(nlp, corpus, path)))[corpus.score]
        for name, lay_out in layouts.items()
    }


def score_test(nlp: Language, corpus: Corpus, path: Path) -> float:
    """The score on the sentences of a file."""
    return nlp.evaluate(read(nlp, corpus, path))[corpus.score]


def missed(nlp: Language, corpus: Corpus, path: Path) -> Tuple[Set[Label], int]:
    """The gold labels that a pipeline does not find, each with the number of its
    sentence, and how many there are in all."""
    (target,) = (t for t in pipeline_targets(nlp) if t.name in corpus.score)
    lost: Set[Label] = set()
    total = 0
    examples = read(nlp, corpus, path)
    docs = nlp.pipe(example.predicted for example in examples)
    for number, (doc, example) in enumerate(zip(docs, examples, strict=True)):
        gold, found = (_labels(side, target) for side in (example.reference, doc))
        lost |= {(number, *label) for label in gold - found}
        total += len(gold)
    return lost, total


def _labels(doc: Doc, target: Target) -> Set[Tuple[int, int, str]]:
    if target.is_spans:
        return {(span.start, span.end, span.label_) for span in spans_of(doc, target)}
    tags = enumerate(read_tags(doc, target.name))
    return {(i, i + 1, tag) for i, tag in tags if tag}


def read(nlp: Language, corpus: Corpus, path: Path) -> Examples:
    """One Example per sentence."""
    return list(AnyCorpus(path, columns=corpus.columns)(nlp))


def score_documents(nlp: Language, corpus: Corpus, path: Path) -> Dict[str, float]:
    """The score on a file that names its documents, by layout.

    Returns:
        `sentences`: each a Doc; `documents`: each a Doc with its sentence starts;
        `running`: each a Doc without any.
    """
    documents = list(AnyCorpus(path, columns=corpus.columns, docs="document")(nlp))
    layouts = {
        "sentences": read(nlp, corpus, path),
        "documents": documents,
        "running": [without_starts(example) for example in documents],
    }
    return {name: nlp.evaluate(laid)[corpus.score] for name, laid in layouts.items()}


def without_starts(example: Example) -> Example:
    """The same text, whose sentences the pipeline is not told."""
    words = [token.text for token in example.predicted]
    return Example(Doc(example.predicted.vocab, words=words), example.reference)


def running_text(examples: Examples, size: int = SENTENCES) -> Iterator[Example]:
    """Join so many consecutive sentences each into a Doc without sentence starts."""
    for first in range(0, len(examples), size):
        yield join(examples[first : first + size])


def break_lines(example: Example, every: int = WORDS) -> Example:
    """Put a token that is a line break after each so many words, but the last one.

    Spans of the reference go on over the line breaks within them.
    """
    predicted, gold = example.predicted, example.reference
    words: List[str] = []
    place = []  # of each word among the new tokens
    for i, token in enumerate(gold):
        if i and i % every == 0:
            words.append("\n")
        place.append(len(words))
        words.append(token.text)
    spaces = [word != "\n" for word in words]
    starts: List[Union[bool, int, None]] = [i == 0 for i in range(len(words))]
    reference = Doc(predicted.vocab, words=words, spaces=spaces, sent_starts=starts)

    def moved(spans: Iterable[Span]) -> List[Span]:
        return [
            Span(reference, place[s.start], place[s.end - 1] + 1, s.label)
            for s in spans
        ]

    reference.set_ents(moved(gold.ents))
    for key in gold.spans:
        reference.spans[key] = moved(gold.spans[key])
    broken = Doc(predicted.vocab, words=words, spaces=spaces, sent_starts=starts)
    return Example(broken, reference)
