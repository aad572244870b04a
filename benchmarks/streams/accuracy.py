"""Scores of labels that were given with a delay."""

from pathlib import Path
from typing import Any, Dict, List, Optional, Set

import spacy
from recipes.corpora import CORPORA
from recipes.scoring import read
from records import add_result, read_results
from spacy.language import Language
from spacy.training import Example

from .models import LAGS, trained

KEY = ("corpus", "network", "seed", "lag")
AT_ONCE = 200
"""Sentences that are streamed side by side."""


def score_all(models: Path, folders: Dict[str, Path], results: Path) -> None:
    """Score what is trained and not scored yet."""
    known = known_keys(results)
    for corpus, network, seed, path in trained(models):
        open_lags = [
            lag for lag in LAGS if (corpus, network.name, seed, lag) not in known
        ]
        if corpus not in folders or not open_lags:
            continue
        nlp = spacy.load(path)
        for lag in open_lags:
            score = score_streamed(nlp, corpus, folders[corpus], lag)
            entry = {"corpus": corpus, "network": network.name, "seed": seed}
            entry |= {"lag": lag, "score": round(score, 5)}
            add_result(results, entry, KEY)
            print(*entry.values(), flush=True)


def known_keys(results: Path) -> Set[tuple]:
    return {tuple(entry[name] for name in KEY) for entry in read_results(results)}


def score_streamed(
    nlp: Language, corpus: str, folder: Path, lag: Optional[int]
) -> float:
    """The score on dev, sentence by sentence: F1 of exact spans, or accuracy.

    Args:
        lag: words that a label waits for; None for the pipeline as it is.
    """
    facts = CORPORA[corpus]
    examples = read(nlp, facts, folder / facts.dev)
    (name,) = nlp.pipe_names
    pipe: Any = nlp.get_pipe(name)
    scored: List[Example] = []
    for first in range(0, len(examples), AT_ONCE):
        chosen = examples[first : first + AT_ONCE]
        docs = [example.predicted for example in chosen]
        streams = pipe.streams(len(docs), lag=lag)
        opened = [streams[i] for i in range(len(docs))]
        streams.push([[token.text for token in doc] for doc in docs])
        streams.finish()
        scored += [
            Example(stream.doc(), example.reference)
            for stream, example in zip(opened, chosen, strict=True)
        ]
    return pipe.score(scored)[facts.score]
