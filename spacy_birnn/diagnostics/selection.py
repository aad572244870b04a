"""The texts that are worth annotating next: those that a pipeline is least sure of.

Uncertainty sampling for sequence labelling (Settles & Craven 2008): by the entropy of
all label sequences of a text, per token so that long texts are not preferred for their
length, or by the margin between the two best ones. Both are exact, and both use the
temperature of a calibrated pipeline.
"""

import math
import re
from collections import Counter
from dataclasses import dataclass
from heapq import heappush, heappushpop
from itertools import chain
from typing import Dict, Iterable, Iterator, List, Optional, Sequence, Set, Tuple

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch

from ..errors import BirnnError, Errors
from ..pipeline.base import BiRNNPipe
from ..progress import show_progress
from .components import find_component

MEASURES = ("entropy", "margin")

BATCH_SIZE = 256
"""Documents whose uncertainty is computed at once."""

RESERVE, LEAST_RESERVE = 20, 1000
"""So many of the most uncertain documents are held for each one that is asked for, and
at least so many in all: near duplicates are replaced by the next of them."""

_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class Selected:
    """A document worth annotating.

    Attributes:
        doc: as the pipeline has annotated it.
        index: its place among the documents that were given, from 0.
        uncertainty: see `uncertainties`.
    """

    doc: Doc
    index: int
    uncertainty: float


def select(
    nlp: Language,
    docs: Iterable[Doc],
    n: int,
    *,
    by: str = "entropy",
    component: Optional[str] = None,
    similarity: float = 0.8,
) -> List[Selected]:
    """Choose the documents that a pipeline is least sure of, without near duplicates.

    Documents without a word are left out. Of two whose words are nearly the same, the
    one that is less sure stays, see `without_duplicates`.

    Args:
        nlp: the pipeline, whose annotation the chosen documents have.
        docs: as its tokenizer makes them; read once, in batches.
        n: how many to choose.
        by: "entropy" or "margin", see `uncertainties`.
        component: name of the component to ask; None for the only one that is ours.
        similarity: Jaccard similarity of the words from which on two documents are near
            duplicates, above 0; more than 1 keeps all.

    Returns:
        The least sure first; fewer than n where there are no more.

    Raises:
        BirnnError: an argument is out of range, or there is no such component.
    """
    if by not in MEASURES:
        raise BirnnError(Errors.B442.format(by=by, known=", ".join(MEASURES)))
    if n < 1:
        raise BirnnError(Errors.B443.format(n=n))
    if not similarity > 0.0:
        raise BirnnError(Errors.B444.format(similarity=similarity))
    pipe = find_component(nlp, component)
    size = max(RESERVE * n, LEAST_RESERVE)
    held: List[Tuple[float, int, Doc]] = []  # a heap: the surest of them comes first
    scored = show_progress(_scored(nlp, pipe, docs, by), "Selecting", "texts")
    for index, (doc, value) in enumerate(scored):
        if math.isnan(value):
            continue
        entry = (value, -index, doc)  # of equal ones the first is preferred
        if len(held) < size:
            heappush(held, entry)
        else:
            heappushpop(held, entry)
    ranked = [Selected(doc, -place, value) for value, place, doc in sorted(held)[::-1]]
    return without_duplicates(ranked, n, similarity)


def _scored(
    nlp: Language, pipe: BiRNNPipe, docs: Iterable[Doc], by: str
) -> Iterator[Tuple[Doc, float]]:
    names, pipes = zip(*nlp.pipeline)
    after = pipes.index(pipe) + 1
    for batch in minibatch(docs, BATCH_SIZE):
        # Asked before later components set sentence starts that it did not know of.
        with nlp.select_pipes(enable=names[:after]):
            annotated = list(nlp.pipe(batch))
        values = uncertainties(pipe, annotated, by)
        with nlp.select_pipes(enable=names[after:]):
            annotated = list(nlp.pipe(annotated))
        yield from zip(annotated, values)


def uncertainties(
    pipe: BiRNNPipe, docs: Sequence[Doc], by: str = "entropy"
) -> List[float]:
    """How unsure a component is of each document; NaN of one without words.

    Args:
        pipe: a trained component.
        docs: of what is set on them sentence starts alone count.
        by: "entropy": that of the distribution over label sequences, in nats per word.
            "margin": 1 less the difference of the probabilities of the two best label
            sequences (Scheffer et al. 2001), 0…1.
    """
    if by == "margin":
        values = [_margin_uncertainty(best) for best in pipe.k_best(docs, k=2)]
        return [
            value if _n_words(doc) else math.nan for doc, value in zip(docs, values)
        ]
    return [
        entropy / _n_words(doc) if _n_words(doc) else math.nan
        for doc, entropy in zip(docs, pipe.entropies(docs))
    ]


def _margin_uncertainty(best: Sequence[Tuple[List[str], float]]) -> float:
    first, second = (math.exp(log) for _, log in [*best, ([], -math.inf)][:2])
    return 1.0 - (first - second)


def _n_words(doc: Doc) -> int:
    return sum(not token.is_space for token in doc)


def without_duplicates(
    ranked: Iterable[Selected], n: int, similarity: float
) -> List[Selected]:
    """The first n documents, leaving out those too similar to one before.

    Two documents are compared as sets of words, in lower case and with every digit as
    0, by the size of the intersection over that of the union (Jaccard).

    Args:
        ranked: the documents, best first.
        n: how many.
        similarity: from which on one is left out.
    """
    chosen: List[Selected] = []
    sizes: List[int] = []
    holders: Dict[str, List[int]] = {}  # of each word, the chosen ones that have it
    for candidate in ranked:
        if len(chosen) == n:
            break
        words = _words(candidate.doc)
        shared = Counter(chain.from_iterable(holders.get(w, ()) for w in words))
        if any(
            both / (len(words) + sizes[i] - both) >= similarity
            for i, both in shared.items()
        ):
            continue
        for word in words:
            holders.setdefault(word, []).append(len(chosen))
        chosen.append(candidate)
        sizes.append(len(words))
    return chosen


def _words(doc: Doc) -> Set[str]:
    return {_DIGIT.sub("0", token.lower_) for token in doc if not token.is_space}
